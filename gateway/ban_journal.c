// SPDX-License-Identifier: Apache-2.0
// ban_journal: read whole, written by lines, replaced by renaming.
#include "gateway/ban_journal.h"
#include "gateway/file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define HEADING "portcullis bans 1\n"
#define READ_MAX (2 * BAN_JOURNAL_BYTES_MAX)
#define NOTED_BYTES (64u * 1024u)

struct ban_journal {
    struct reputation   *reputation;
    const struct ladder *ladder;
    int                  directory;
    int                  fd;    // -1: none could be made
    bool                 stale; // it does not hold all that was noted: only a new one will
    size_t               size;
    size_t               damaged;
    struct bytes_out     noted; // and not written yet
};

struct ban_time ban_time_now(void)
{
    struct timespec wall = {0};
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct ban_time){.now_ms = uv_hrtime() / 1000000,
                             .wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000};
}

// --- reading ---

static void restore(struct ban_journal *j, const struct ban *ban, struct ban_time t)
{
    if (ban->until_ms == 0) {
        // It may be a ban that ended long ago; then there is nothing to lift.
        bool ignored = reputation_pardon(j->reputation, &ban->prefix, 0);
        (void)ignored;
    } else {
        bool ignored = reputation_ban(j->reputation, j->ladder, ban, t.now_ms); // or the table is full
        (void)ignored;
    }
}

static void read_lines(struct ban_journal *j, struct bytes text, struct ban_time t)
{
    struct bytes heading = BYTES(HEADING);
    if (text.len == 0)
        return;
    if (bytes_starts_with(text, heading))
        text = bytes_after(text, heading.len);
    while (text.len > 0) {
        const char  *end = memchr(text.at, '\n', text.len);
        struct bytes line = {text.at, end ? (size_t)(end - text.at) : text.len};
        struct ban   ban;
        if (end && ban_line_read(line, t, &ban))
            restore(j, &ban, t);
        else
            j->damaged++;
        text = bytes_after(text, end ? line.len + 1 : line.len);
    }
}

static bool read_file(struct ban_journal *j, const char *path, struct ban_time t, const char **why_r)
{
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return true;
    struct bytes_out text = {.at = malloc(READ_MAX), .cap = READ_MAX};
    *why_r = text.at ? file_read(path, &text) : "no memory";
    if (!*why_r)
        read_lines(j, out_written(&text), t);
    free(text.at);
    return *why_r == NULL;
}

// --- writing ---

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

static bool flush(struct ban_journal *j)
{
    bool written = j->fd >= 0 && write_all(j->fd, out_written(&j->noted));
    j->size += j->noted.len;
    j->noted.len = 0;
    return written;
}

static void note(struct ban_journal *j, const struct ban *ban, struct ban_time t)
{
    if (j->noted.cap - j->noted.len < BAN_LINE_MAX && !flush(j))
        j->stale = true;
    ban_line_print(ban, t, &j->noted);
}

static bool write_bans(struct ban_journal *j, struct ban_time t)
{
    struct ban ban;
    j->size = 0;
    j->noted.len = 0;
    j->stale = false;
    out_text(&j->noted, HEADING);
    for (size_t place = 0; reputation_next_ban(j->reputation, BANS_REMEMBER, t.now_ms, &place, &ban);)
        note(j, &ban, t);
    return flush(j) && !j->stale && fdatasync(j->fd) == 0;
}

// Writes all that counts into a new file, and puts it in the place of the old one.
static bool renew(struct ban_journal *j, struct ban_time t)
{
    int old = j->fd;
    j->fd = openat(j->directory, "bans.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool renewed = j->fd >= 0 && write_bans(j, t) &&
                   renameat(j->directory, "bans.new", j->directory, "bans") == 0 && fsync(j->directory) == 0;
    int why = errno;
    if (old >= 0)
        close(old);
    if (!renewed && j->fd >= 0) { // what it holds is not what counts
        close(j->fd);
        j->fd = -1;
    }
    j->stale = !renewed;
    errno = why;
    return renewed;
}

void ban_journal_note(struct ban_journal *j, const struct ban *ban, struct ban_time t)
{
    if (!j->stale) // otherwise the table itself will be written
        note(j, ban, t);
}

bool ban_journal_settle(struct ban_journal *j, struct ban_time t)
{
    if (j->stale || j->size + j->noted.len > BAN_JOURNAL_BYTES_MAX)
        return renew(j, t);
    if (j->noted.len == 0)
        return true;
    j->stale = !flush(j) || fdatasync(j->fd) != 0;
    return !j->stale;
}

// --- the life of a journal ---

static const char *error_text(void)
{
    return uv_strerror(uv_translate_sys_error(errno));
}

struct ban_journal *ban_journal_open(struct bytes directory, struct reputation *r, const struct ladder *l,
                                     struct ban_time t, const char **why_r)
{
    char                path[PATH_MAX], file[PATH_MAX + sizeof "/bans"];
    struct ban_journal *j = calloc(1, sizeof *j);
    int                 length = snprintf(path, sizeof path, "%.*s", (int)directory.len, directory.at);
    *why_r = !j ? "no memory" : (size_t)length >= sizeof path ? "the path is too long" : NULL;
    if (*why_r) {
        free(j);
        return NULL;
    }
    *j = (struct ban_journal){.reputation = r, .ladder = l, .fd = -1};
    j->noted = (struct bytes_out){.at = malloc(NOTED_BYTES), .cap = NOTED_BYTES};
    j->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(file, sizeof file, "%s/bans", path);
    if (!j->noted.at || j->directory < 0)
        *why_r = error_text();
    else if (flock(j->directory, LOCK_EX | LOCK_NB) != 0)
        *why_r = "another gateway keeps its bans there";
    else if (read_file(j, file, t, why_r) && !renew(j, t))
        *why_r = error_text();
    if (*why_r)
        ban_journal_close(&j);
    return j;
}

void ban_journal_close(struct ban_journal **j)
{
    if ((*j)->fd >= 0)
        close((*j)->fd);
    if ((*j)->directory >= 0)
        close((*j)->directory);
    free((*j)->noted.at);
    free(*j);
    *j = NULL;
}

size_t ban_journal_damaged(const struct ban_journal *j)
{
    return j->damaged;
}
