// SPDX-License-Identifier: Apache-2.0
// session_store: files for the ring and the table.
#include "gateway/session_store.h"
#include "gateway/file.h"
#include "gateway/log.h"
#include "policy/session_snapshot.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define KEYS "keys"
#define SESSIONS "sessions"
#define SESSIONS_NEW "sessions.new"
#define SESSIONS_LOCK "sessions.lock" // a lock on the directory is held by the bans, all the time
#define SNAPSHOT_BYTES_MAX ((size_t)SESSION_BYTES * SESSIONS_MAX)
#define OWNER_ONLY 0600

struct session_store {
    struct key_ring       *ring;
    struct session_table  *table;
    int                    directory; // -1: nothing outlives the process
    int                    lock;      // of a file; -1: the same
    char                   keys[PATH_MAX];
    char                   sessions[PATH_MAX];
    bool                   has_new_keys; // of this start: there were no cookies before
    bool                   is_failing;
    uint64_t               mark;
    uint64_t               offset_ms; // from the monotonic clock to that of the sessions; may wrap
    uint64_t               due_ms;
    uint64_t               written_ms;
    struct session_changes written;
};

static const char *error_text(void)
{
    return uv_strerror(uv_translate_sys_error(errno));
}

static bool tell(struct bytes_out *why, const char *path, const char *text)
{
    out_text(why, path);
    out_text(why, ": ");
    out_text(why, text);
    return false;
}

static uint64_t wall_ms(void)
{
    struct timespec wall = {0};
    clock_gettime(CLOCK_REALTIME, &wall);
    return (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000;
}

static bool write_all(int fd, struct bytes text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.at, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text = bytes_after(text, (size_t)n);
    }
    return true;
}

// --- the key ring ---

static bool write_keys(int fd)
{
    unsigned char    random[KEY_RING_RANDOM_BYTES];
    char             memory[1024];
    struct bytes_out text = {.at = memory, .cap = sizeof memory};
    errno = EIO; // of RAND_bytes, which has none
    bool written = RAND_bytes(random, sizeof random) == 1 && key_ring_generate(random, &text) &&
                   write_all(fd, out_written(&text)) && fsync(fd) == 0;
    OPENSSL_cleanse(random, sizeof random);
    OPENSSL_cleanse(memory, sizeof memory);
    return written;
}

// Makes a ring, unless somebody else has made one meanwhile.
static bool make_keys(struct session_store *store, const char *directory)
{
    char path[PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/" KEYS ".XXXXXX", directory);
    int fd = mkostemp(path, O_CLOEXEC); // 0600
    if (fd < 0)
        return false;
    bool is_ours = write_keys(fd) && link(path, store->keys) == 0;
    int  why = errno;
    close(fd);
    unlink(path);
    store->has_new_keys = is_ours;
    errno = why;
    return (is_ours || why == EEXIST) && fsync(store->directory) == 0;
}

static bool parse_keys(struct session_store *store, struct bytes text, struct bytes_out *why)
{
    struct key_ring_problem problem;
    store->ring = key_ring_read(text, &problem);
    if (store->ring)
        return true;
    out_text(why, store->keys);
    if (problem.line > 0) {
        out_char(why, ':');
        out_uint(why, problem.line);
    }
    out_text(why, ": ");
    out_text(why, problem.why);
    return false;
}

static bool read_keys(struct session_store *store, struct bytes_out *why)
{
    char             memory[KEY_RING_BYTES_MAX];
    struct bytes_out text = {.at = memory, .cap = sizeof memory};
    struct stat      is;
    if (stat(store->keys, &is) == 0 && (is.st_mode & S_IRWXO) != 0)
        log_warning("%s: everybody on this machine may read the keys of all sessions: chmod 600",
                    store->keys);
    const char *failed = file_read(store->keys, &text);
    bool        read = failed ? tell(why, store->keys, failed) : parse_keys(store, out_written(&text), why);
    OPENSSL_cleanse(memory, sizeof memory);
    return read;
}

// A ring that nobody keeps.
static bool invent_keys(struct session_store *store, struct bytes_out *why)
{
    unsigned char    random[KEY_RING_RANDOM_BYTES];
    char             memory[1024];
    struct bytes_out text = {.at = memory, .cap = sizeof memory};
    bool             made = RAND_bytes(random, sizeof random) == 1 && key_ring_generate(random, &text) &&
                parse_keys(store, out_written(&text), why);
    OPENSSL_cleanse(random, sizeof random);
    OPENSSL_cleanse(memory, sizeof memory);
    store->has_new_keys = true;
    return made;
}

static bool open_keys(struct session_store *store, const char *directory, bool is_given,
                      struct bytes_out *why)
{
    if (store->keys[0] == '\0')
        return invent_keys(store, why);
    if (!is_given && access(store->keys, F_OK) != 0) {
        if (errno != ENOENT || !make_keys(store, directory))
            return tell(why, store->keys, error_text());
    }
    unsigned char hash[KEYED_HASH_BYTES];
    if (!read_keys(store, why))
        return false;
    if (!keyed_hash(store->ring, "snapshot", NULL, 0, hash))
        return tell(why, store->keys, "no memory");
    store->mark = bytes_load8((const char *)hash);
    return true;
}

// --- the snapshot ---

static bool append(void *to, struct bytes piece)
{
    const int *fd = to;
    return write_all(*fd, piece);
}

static bool write_snapshot(struct session_store *store, bool is_last, uint64_t now_ns)
{
    struct session_changes changes = session_table_changes(store->table); // what comes later is written again
    struct session_snapshot about = {
        .mark = store->mark, .taken_ms = session_store_now_ms(store, now_ns), .is_last = is_last};
    (void)flock(store->lock, LOCK_EX); // while one gateway follows another, both may write
    int  fd = openat(store->directory, SESSIONS_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                     OWNER_ONLY);
    bool written = fd >= 0 && session_table_write(store->table, &about, append, &fd) && fsync(fd) == 0 &&
                   renameat(store->directory, SESSIONS_NEW, store->directory, SESSIONS) == 0 &&
                   fsync(store->directory) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    (void)flock(store->lock, LOCK_UN);
    if (written) {
        store->written = changes;
        store->written_ms = now_ns / 1000000;
    }
    errno = why;
    return written;
}

// As a whole into memory.
//   returns  NULL, or what is wrong with the snapshot; failing is another matter: *failed_r
static const char *read_snapshot(struct session_store *store, uint64_t now_ns, const char **failed_r)
{
    struct stat is;
    *failed_r = NULL;
    if (stat(store->sessions, &is) != 0) {
        *failed_r = errno == ENOENT ? NULL : error_text();
        return store->has_new_keys ? NULL : "there is no snapshot of the sessions of before";
    }
    size_t           size = is.st_size > 0 ? (size_t)is.st_size : 1;
    struct bytes_out text = {.at = size <= SNAPSHOT_BYTES_MAX ? malloc(size) : NULL, .cap = size};
    if (text.at == NULL) {
        *failed_r = size <= SNAPSHOT_BYTES_MAX ? "no memory" : "the file is larger than allowed";
        return NULL;
    }
    struct session_snapshot about = {0};
    const char             *wrong = NULL;
    *failed_r = file_read(store->sessions, &text);
    if (!*failed_r)
        wrong = session_table_read(store->table, out_written(&text), store->mark,
                                   session_store_now_ms(store, now_ns), &about);
    free(text.at);
    if (*failed_r || wrong)
        return wrong;
    uint64_t now_ms = session_store_now_ms(store, now_ns);
    if (about.taken_ms > now_ms) // the wall clock was ahead then
        store->offset_ms += about.taken_ms - now_ms;
    if (!about.is_last)
        session_table_crashed(store->table, session_store_now_ms(store, now_ns));
    return NULL;
}

static bool open_snapshot(struct session_store *store, uint64_t now_ns, struct bytes_out *why)
{
    const char *failed, *wrong = read_snapshot(store, now_ns, &failed);
    if (failed)
        return tell(why, store->sessions, failed);
    if (wrong) {
        log_warning("%s: %s; cookies of before may be refused", store->sessions, wrong);
        session_table_crashed(store->table, session_store_now_ms(store, now_ns));
    } else if (session_table_crashed_ms(store->table) == session_store_now_ms(store, now_ns)) {
        log_warning("%s: the gateway did not come to its end; logins of its last seconds may be lost",
                    store->sessions);
    }
    return write_snapshot(store, false, now_ns) || tell(why, store->sessions, error_text());
}

// --- the life of a store ---

static bool join(char path_r[PATH_MAX], struct bytes directory, const char *name)
{
    int length = snprintf(path_r, PATH_MAX, "%.*s%s", (int)directory.len, directory.at, name);
    return length > 0 && length < PATH_MAX;
}

static bool open_files(struct session_store *store, const struct session_store_plan *plan, uint64_t now_ns,
                       struct bytes_out *why)
{
    char directory[PATH_MAX] = "";
    bool keeps = plan->directory.len > 0, is_given = plan->keys.len > 0;
    if (keeps && (!join(directory, plan->directory, "") || !join(store->keys, plan->directory, "/" KEYS) ||
                  !join(store->sessions, plan->directory, "/" SESSIONS)))
        return tell(why, "state.directory", "the path is too long");
    if (is_given && !join(store->keys, plan->keys, ""))
        return tell(why, "state.keys", "the path is too long");
    if (keeps && (store->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return tell(why, directory, error_text());
    if (!open_keys(store, directory, is_given, why))
        return false;
    if (keeps && (store->lock = openat(store->directory, SESSIONS_LOCK,
                                       O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, OWNER_ONLY)) < 0)
        return tell(why, store->sessions, error_text());
    if (keeps)
        return open_snapshot(store, now_ns, why);
    if (is_given) // there are cookies of before
        session_table_crashed(store->table, session_store_now_ms(store, now_ns));
    return true;
}

struct session_store *session_store_open(const struct session_store_plan *plan, uint64_t now_ns,
                                         struct bytes_out *why)
{
    struct session_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        out_text(why, "no memory");
        return NULL;
    }
    store->directory = store->lock = -1;
    store->offset_ms = wall_ms() - now_ns / 1000000;
    store->table = session_table_new(plan->sessions);
    if (store->table == NULL)
        out_text(why, "no memory for the table of sessions");
    if (store->table && open_files(store, plan, now_ns, why)) {
        store->due_ms = store->directory >= 0 ? now_ns / 1000000 + SESSION_STORE_RECORDS_MS : 0;
        return store;
    }
    if (store->directory >= 0) { // not again as if this were its end
        close(store->directory);
        store->directory = -1;
    }
    session_store_close(&store, now_ns);
    return NULL;
}

void session_store_close(struct session_store **store, uint64_t now_ns)
{
    if ((*store)->directory >= 0) {
        if (!write_snapshot(*store, true, now_ns))
            log_error("%s: %s; what sessions did last is lost", (*store)->sessions, error_text());
        close((*store)->directory);
    }
    if ((*store)->lock >= 0)
        close((*store)->lock);
    if ((*store)->table)
        session_table_free(&(*store)->table);
    if ((*store)->ring)
        key_ring_free(&(*store)->ring);
    free(*store);
    *store = NULL;
}

struct key_ring *session_store_ring(const struct session_store *store)
{
    return store->ring;
}

struct session_table *session_store_table(const struct session_store *store)
{
    return store->table;
}

uint64_t session_store_now_ms(const struct session_store *store, uint64_t now_ns)
{
    return now_ns / 1000000 + store->offset_ms;
}

uint64_t session_store_due_ms(const struct session_store *store)
{
    return store->due_ms;
}

static bool has_changed(const struct session_store *store, uint64_t now_ms)
{
    struct session_changes now = session_table_changes(store->table);
    return now.records != store->written.records ||
           (now.touches != store->written.touches && now_ms - store->written_ms >= SESSION_STORE_TOUCHES_MS);
}

bool session_store_attend(struct session_store *store, uint64_t now_ns)
{
    uint64_t now_ms = now_ns / 1000000;
    if (store->due_ms == 0 || now_ms < store->due_ms)
        return true;
    store->due_ms = now_ms + SESSION_STORE_RECORDS_MS;
    bool fine = !has_changed(store, now_ms) || write_snapshot(store, false, now_ns);
    if (!fine && !store->is_failing)
        log_error("%s: %s; trying again", store->sessions, error_text());
    else if (fine && store->is_failing)
        log_info("%s: written again", store->sessions);
    store->is_failing = !fine;
    return fine;
}
