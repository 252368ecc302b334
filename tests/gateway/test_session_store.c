// SPDX-License-Identifier: Apache-2.0
// The session store: keys are made once and for the owner alone, sessions outlive the process, and a file
// that cannot be written or read costs nothing but itself.
#include "gateway/session_store.h"
#include "policy/session_snapshot.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
#define NOW (100 * SECOND_NS) // of the monotonic clock

static const struct session_lives lives = {.idle_ms = 1800000, .absolute_ms = 43200000, .grace_ms = 30000};

static char                 directory[] = "/tmp/portcullis-sessions-XXXXXX";
static char                 why_memory[2048];
static struct bytes_out     why;
static struct session_facts facts;

static const char *path_of(const char *name)
{
    static char     paths[2][sizeof directory + 32]; // one call may need two
    static unsigned turn;
    char           *path = paths[turn++ % 2];
    (void)snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static void make_directory(void)
{
    cr_assert_not_null(mkdtemp(directory));
}

static void remove_directory(void)
{
    static const char *const names[] = {"keys", "sessions", "sessions.new", "sessions.lock", "other"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path_of(names[i]));
    cr_expect_eq(rmdir(directory), 0, "nothing is left behind");
}

TestSuite(session_store, .init = make_directory, .fini = remove_directory);

static struct session_store *try_open(const char *where, const char *keys, uint64_t now)
{
    struct session_store_plan plan = {.directory = bytes_of(where), .keys = bytes_of(keys), .sessions = 64};
    memset(why_memory, 0, sizeof why_memory);
    why = (struct bytes_out){.at = why_memory, .cap = sizeof why_memory - 1};
    return session_store_open(&plan, now, &why);
}

static struct session_store *open_store(uint64_t now)
{
    struct session_store *store = try_open(directory, "", now);
    cr_assert_not_null(store, "%s", why_memory);
    return store;
}

static void write_file(const char *name, const char *text, size_t length)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert(fd >= 0 && write(fd, text, length) == (ssize_t)length);
    close(fd);
}

static size_t read_whole(const char *name, char *memory, size_t room)
{
    int     fd = open(path_of(name), O_RDONLY);
    ssize_t n = read(fd, memory, room);
    cr_assert(fd >= 0 && n >= 0);
    close(fd);
    return (size_t)n;
}

static mode_t mode_of(const char *name)
{
    struct stat is;
    cr_assert_eq(stat(path_of(name), &is), 0, "%s", name);
    return is.st_mode & 07777;
}

static const struct sid sid = {"0123456789abcde"};

static enum session_answer login(struct session_store *s, uint64_t now)
{
    return session_rotate(session_store_table(s), &sid, 0, ROTATION_LOGIN, &lives,
                          session_store_now_ms(s, now), &facts);
}

static enum session_answer admit(struct session_store *s, uint32_t generation, uint64_t now)
{
    return session_admit(session_store_table(s), &sid, generation, &lives, session_store_now_ms(s, now),
                         &facts);
}

// A token of this store's ring; where it opens, the ring is the same.
static struct bytes token_of(struct session_store *s)
{
    static char      memory[256];
    struct bytes_out token = {.at = memory, .cap = sizeof memory};
    cr_assert(seal_write(session_store_ring(s), (const unsigned char *)"0123456789abcdef", BYTES("host"),
                         BYTES("inner"), &token));
    return out_written(&token);
}

static bool opens(struct session_store *s, struct bytes token)
{
    char             memory[256];
    struct bytes_out plain = {.at = memory, .cap = sizeof memory};
    return seal_open(session_store_ring(s), BYTES("host"), token, &plain);
}

// --- keys ---

Test(session_store, keys_are_made_once_and_for_the_owner_alone)
{
    umask(0);
    struct session_store *store = open_store(NOW);
    char                  before[1024], after[1024];
    struct bytes          token = token_of(store);
    size_t                length = read_whole("keys", before, sizeof before);
    cr_expect_eq(mode_of("keys"), 0600);
    cr_expect_eq(mode_of("sessions"), 0600);
    session_store_close(&store, NOW);
    cr_expect_null(store);
    store = open_store(NOW);
    cr_expect(opens(store, token));
    cr_expect_eq(read_whole("keys", after, sizeof after), length);
    cr_expect_eq(memcmp(before, after, length), 0);
    session_store_close(&store, NOW);
}

Test(session_store, two_directories_have_two_rings)
{
    struct session_store *store = open_store(NOW);
    struct bytes          token = token_of(store);
    session_store_close(&store, NOW);
    cr_assert_eq(unlink(path_of("keys")), 0);
    store = open_store(NOW);
    cr_expect_not(opens(store, token));
    session_store_close(&store, NOW);
}

Test(session_store, without_a_directory_nothing_is_kept)
{
    struct session_store *store = try_open("", "", NOW), *other = try_open("", "", NOW);
    cr_assert(store && other, "%s", why_memory);
    cr_expect_eq(session_store_due_ms(store), 0);
    cr_expect(session_store_attend(store, 1000 * SECOND_NS));
    cr_expect_eq(session_table_crashed_ms(session_store_table(store)), 0, "there are no cookies of before");
    cr_expect_not(opens(other, token_of(store)));
    session_store_close(&store, NOW);
    session_store_close(&other, NOW);
}

Test(session_store, a_ring_of_its_own_file_is_shared)
{
    struct session_store *store = open_store(NOW);
    struct bytes          token = token_of(store);
    session_store_close(&store, NOW);
    cr_assert_eq(rename(path_of("keys"), path_of("other")), 0);
    cr_assert_not_null(store = try_open(directory, path_of("other"), NOW), "%s", why_memory);
    cr_expect(opens(store, token));
    session_store_close(&store, NOW);
    cr_expect_neq(access(path_of("keys"), F_OK), 0, "no second one is made");
    cr_assert_not_null(store = try_open("", path_of("other"), NOW), "%s", why_memory);
    cr_expect(opens(store, token));
    cr_expect_neq(session_table_crashed_ms(session_store_table(store)), 0, "cookies of before may come");
    session_store_close(&store, NOW);
}

Test(session_store, of_gateways_that_begin_at_once_one_makes_the_ring)
{
    pid_t children[8];
    int   ends[2];
    char  marks[8][64];
    cr_assert_eq(pipe(ends), 0);
    for (size_t i = 0; i < 8; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct session_store *store = try_open(directory, "", NOW);
            unsigned char         hash[64] = {0};
            if (!store || !keyed_hash(session_store_ring(store), "x", NULL, 0, hash))
                _exit(1);
            _exit(write(ends[1], hash, sizeof hash) != (ssize_t)sizeof hash);
        }
    }
    close(ends[1]);
    for (size_t i = 0; i < 8; i++) {
        int status;
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_expect_eq(status, 0);
        cr_assert_eq(read(ends[0], marks[i], sizeof marks[i]), (ssize_t)sizeof marks[i]);
        cr_expect_eq(memcmp(marks[i], marks[0], KEYED_HASH_BYTES), 0, "another ring");
    }
}

static void expect_refused(const char *label, const char *keys, const char *expected)
{
    struct session_store *store = try_open(directory, keys, NOW);
    cr_assert_null(store, "%s", label);
    cr_expect_not_null(strstr(why_memory, expected), "%s: %s", label, why_memory);
}

Test(session_store, what_is_wrong_is_told_with_its_file)
{
    static char long_path[5000];
    write_file("other", "# mine\n1 abc\n", 13);
    expect_refused("a bad key", path_of("other"), "/other:2: a key is 32 bytes");
    write_file("other", "", 0);
    expect_refused("an empty file", path_of("other"), "/other: no key");
    expect_refused("a named file that is not there", "/nonexistent/keys", "/nonexistent/keys: no such file");
    memset(long_path, 'x', sizeof long_path - 1);
    expect_refused("a long path", long_path, "state.keys: the path is too long");
    cr_expect_null(try_open("/nonexistent", "", NOW));
    cr_expect_not_null(strstr(why_memory, "/nonexistent: no such file"), "%s", why_memory);
    cr_expect_null(try_open(long_path, "", NOW));
    cr_expect_null(try_open(path_of("other"), "", NOW));
    cr_expect_not_null(strstr(why_memory, "not a directory"), "%s", why_memory);
}

// --- snapshots ---

Test(session_store, sessions_outlive_the_process)
{
    struct session_store *store = open_store(NOW);
    cr_assert_eq(login(store, NOW), SESSION_ROTATED);
    session_store_close(&store, NOW + SECOND_NS);
    store = open_store(5 * SECOND_NS); // another monotonic clock
    cr_expect_eq(admit(store, 0, 5 * SECOND_NS), SESSION_TOO_OLD);
    cr_expect_eq(admit(store, 1, 5 * SECOND_NS), SESSION_ADMITTED);
    cr_expect(facts.is_authenticated);
    cr_expect_eq(session_table_crashed_ms(session_store_table(store)), 0);
    session_store_close(&store, 6 * SECOND_NS);
}

// Ends without its end.
static void crash(struct session_store *store, uint64_t attend_at)
{
    pid_t child = fork();
    int   status;
    if (child == 0)
        _exit(!session_store_attend(store, attend_at));
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
}

Test(session_store, after_a_crash_the_last_snapshot_counts_and_the_crash_is_known)
{
    struct session_store *store = open_store(NOW), *again;
    cr_assert_eq(login(store, NOW), SESSION_ROTATED);
    crash(store, NOW + 5 * SECOND_NS);
    again = open_store(NOW);
    cr_expect_eq(admit(again, 1, NOW), SESSION_ADMITTED);
    cr_expect_eq(session_table_crashed_ms(session_store_table(again)), session_store_now_ms(again, NOW));
    session_store_close(&again, NOW);
    session_store_close(&store, NOW);
}

Test(session_store, before_the_first_snapshot_a_crash_is_known_too)
{
    struct session_store *store = open_store(NOW), *again = open_store(NOW);
    cr_expect_neq(session_table_crashed_ms(session_store_table(again)), 0);
    session_store_close(&again, NOW);
    session_store_close(&store, NOW);
}

static const struct {
    const char *label;
    bool        logs_in, touches;
    uint64_t    after_ms;
    bool        written;
} intervals[] = {
    {"nothing happened", false, false, 600000, false},
    {"a login, too early", true, false, 4999, false},
    {"a login", true, false, 5000, true},
    {"seen, not yet for a minute", false, true, 59999, false},
    {"seen, a minute ago", false, true, 60000, true},
};

Test(session_store, it_is_written_when_something_changed)
{
    for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++) {
        struct session_store *store = open_store(NOW);
        uint64_t              at = NOW + intervals[i].after_ms * 1000000;
        if (intervals[i].touches) {
            cr_assert_eq(login(store, NOW), SESSION_ROTATED);
            session_store_close(&store, NOW);
            store = open_store(NOW);
            cr_assert_eq(admit(store, 1, NOW), SESSION_ADMITTED);
        }
        if (intervals[i].logs_in)
            cr_assert_eq(login(store, NOW), SESSION_ROTATED);
        cr_expect_eq(session_store_due_ms(store), NOW / 1000000 + 5000);
        cr_assert_eq(unlink(path_of("sessions")), 0);
        cr_expect(session_store_attend(store, at));
        cr_expect_eq(access(path_of("sessions"), F_OK) == 0, intervals[i].written, "%s", intervals[i].label);
        session_store_close(&store, at);
        cr_assert_eq(unlink(path_of("sessions")), 0);
        cr_assert_eq(unlink(path_of("keys")), 0);
    }
}

Test(session_store, a_file_cut_anywhere_is_a_crash_and_no_more)
{
    char                  whole[2048], token[256];
    struct session_store *store = open_store(NOW);
    struct bytes          sealed = token_of(store);
    memcpy(token, sealed.at, sealed.len);
    cr_assert_eq(login(store, NOW), SESSION_ROTATED);
    session_store_close(&store, NOW);
    size_t length = read_whole("sessions", whole, sizeof whole);
    cr_assert_lt(length, sizeof whole);
    for (size_t n = 0; n <= length; n++) {
        write_file("sessions", whole, n);
        store = open_store(NOW);
        bool crashed = session_table_crashed_ms(session_store_table(store)) != 0;
        cr_assert_eq(crashed, n < length, "%zu bytes", n);
        cr_assert_eq(admit(store, 1, NOW), n < length ? SESSION_UNKNOWN : SESSION_ADMITTED, "%zu bytes", n);
        cr_assert(opens(store, (struct bytes){token, sealed.len}));
        session_store_close(&store, NOW);
    }
}

// The writing process is limited to n bytes of a file, or killed at them: what was there stays.
static void write_cut(struct session_store *store, size_t n, bool is_killed)
{
    pid_t child = fork();
    int   status;
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = n, .rlim_max = n};
        signal(SIGXFSZ, is_killed ? SIG_DFL : SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &limit);
        limit = (struct rlimit){0};
        (void)setrlimit(RLIMIT_CORE, &limit);
        _exit(session_store_attend(store, NOW + 5 * SECOND_NS));
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : is_killed, "it cannot have been written");
}

Test(session_store, writing_cut_anywhere_leaves_the_old_file)
{
    char                  before[2048], after[2048];
    struct session_store *store = open_store(NOW);
    size_t                length = read_whole("sessions", before, sizeof before);
    cr_assert_eq(login(store, NOW), SESSION_ROTATED);
    for (size_t n = 0; n < length + 88; n++) { // a record of a session
        write_cut(store, n, n % 2 == 0);
        cr_assert_eq(read_whole("sessions", after, sizeof after), length, "%zu bytes", n);
        cr_assert_eq(memcmp(before, after, length), 0, "%zu bytes", n);
    }
    cr_expect(session_store_attend(store, NOW + 5 * SECOND_NS));
    cr_expect_eq(read_whole("sessions", after, sizeof after), length + 88);
    session_store_close(&store, NOW);
}

Test(session_store, what_could_not_be_written_is_tried_again)
{
    struct session_store *store = open_store(NOW);
    cr_assert_eq(login(store, NOW), SESSION_ROTATED);
    cr_assert_eq(mkdir(path_of("sessions.new"), 0700), 0);
    cr_expect_not(session_store_attend(store, NOW + 5 * SECOND_NS));
    cr_expect(session_store_attend(store, NOW + 6 * SECOND_NS), "not yet");
    cr_expect_not(session_store_attend(store, NOW + 10 * SECOND_NS));
    cr_assert_eq(rmdir(path_of("sessions.new")), 0);
    cr_expect(session_store_attend(store, NOW + 15 * SECOND_NS));
    crash(store, NOW);
    struct session_store *again = open_store(NOW);
    cr_expect_eq(admit(again, 1, NOW), SESSION_ADMITTED);
    session_store_close(&again, NOW);
    session_store_close(&store, NOW);
}

Test(session_store, where_nothing_can_be_written_it_does_not_begin)
{
    struct session_store *store = open_store(NOW);
    session_store_close(&store, NOW);
    cr_assert_eq(mkdir(path_of("sessions.new"), 0700), 0);
    expect_refused("no snapshot", "", "/sessions: ");
    cr_assert_eq(rmdir(path_of("sessions.new")), 0);
    store = open_store(NOW);
    cr_expect_eq(session_table_crashed_ms(session_store_table(store)), 0, "it has not run in between");
    session_store_close(&store, NOW);
}

Test(session_store, another_ring_s_sessions_are_a_crash)
{
    struct session_store *store = open_store(NOW);
    cr_assert_eq(login(store, NOW), SESSION_ROTATED);
    session_store_close(&store, NOW);
    cr_assert_eq(unlink(path_of("keys")), 0);
    store = open_store(NOW);
    cr_expect_eq(admit(store, 1, NOW), SESSION_UNKNOWN);
    cr_expect_neq(session_table_crashed_ms(session_store_table(store)), 0);
    session_store_close(&store, NOW);
}

Test(session_store, the_clock_never_goes_back)
{
    struct session_store *store = open_store(NOW);
    uint64_t              first = session_store_now_ms(store, NOW);
    cr_expect_eq(session_store_now_ms(store, NOW + 3 * SECOND_NS), first + 3000);
    session_store_close(&store, NOW + 1000000 * SECOND_NS); // the wall clock was ahead
    store = open_store(SECOND_NS);
    cr_expect_eq(session_store_now_ms(store, SECOND_NS), first + UINT64_C(1000000000));
    cr_expect_eq(session_store_now_ms(store, 0), first + UINT64_C(999999000));
    session_store_close(&store, SECOND_NS);
}
