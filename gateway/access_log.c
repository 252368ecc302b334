// SPDX-License-Identifier: Apache-2.0
// access_log: the row, the feeds, and the writer.
#include "gateway/access_log.h"
#include "gateway/log.h"
#include "parser/date.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (64u * 1024u)
#define BUFFERS_A_FEED 4u
#define TEXT_MAX 2048u        // of one text in a row; the rest is cut
#define ROW_MAX (16u * 1024u) // paths and hosts are visible ASCII: escaping them at most doubles them
#define CLOSE_WAIT_S 2        // for a writer that is stuck in a pipe nobody reads

struct buffer {
    STAILQ_ENTRY(buffer) next;
    struct access_feed *home;
    size_t              len;
    char                at[BUFFER_BYTES];
};
STAILQ_HEAD(buffers, buffer);

struct access_feed {
    STAILQ_ENTRY(access_feed) next;
    struct access_log *log;
    struct buffer     *filling; // NULL: the writer has them all
    uint64_t           dropped; // since the last row that got through
    struct buffers     free;    // under the log's lock
};
STAILQ_HEAD(feeds, access_feed);

struct access_log {
    int             fd;
    pthread_t       writer;
    pthread_mutex_t lock;
    pthread_cond_t  news;
    struct buffers  full;
    struct feeds    feeds;
    bool            closing;
    bool            torn; // the last write ended in the middle of a row
    uint64_t        lost; // rows since writing failed
};

// --- the row ---

// Keys come with their comma, quotes and colon, so that each is one copy of known length.
#define KEY(name) BYTES(",\"" name "\":")

static inline void put_text(struct bytes_out *out, struct bytes key, struct bytes value)
{
    out_bytes(out, key);
    if (!value.at) {
        out_bytes(out, BYTES("null"));
        return;
    }
    out_char(out, '"');
    out_json(out, (struct bytes){value.at, value.len < TEXT_MAX ? value.len : TEXT_MAX});
    out_char(out, '"');
}

// A word of ours, which needs no escaping.
static inline void put_own(struct bytes_out *out, struct bytes key, struct bytes word)
{
    out_bytes(out, key);
    if (!word.at) {
        out_bytes(out, BYTES("null"));
        return;
    }
    out_char(out, '"');
    out_bytes(out, word);
    out_char(out, '"');
}

static inline void put_token(struct bytes_out *out, struct bytes key, const char *token)
{
    put_own(out, key, token ? bytes_of(token) : (struct bytes){0});
}

static inline void put_number(struct bytes_out *out, struct bytes key, uint64_t n)
{
    out_bytes(out, key);
    out_uint(out, n);
}

// Milliseconds with three places.
static void put_ms(struct bytes_out *out, struct bytes key, uint64_t ns)
{
    uint64_t us = ns / 1000;
    put_number(out, key, us / 1000);
    out_char(out, '.');
    out_padded(out, us % 1000, 3);
}

// The query is left out: it is where passwords and tokens end up.
static void put_request(struct bytes_out *out, const struct request *q)
{
    put_token(out, KEY("method"), q ? method_name(q->method) : NULL);
    put_text(out, KEY("host"), q ? q->host.received : (struct bytes){0});
    put_text(out, KEY("path"), q ? q->target.path : (struct bytes){0});
}

static void put_row(struct bytes_out *out, const struct record *r, uint64_t now_ns, uint64_t dropped)
{
    struct timespec  wall;
    char             address[IP_TEXT_MAX];
    struct bytes_out ip = {.at = address, .cap = sizeof address};
    clock_gettime(CLOCK_REALTIME_COARSE, &wall);
    ip_print(&r->peer->address, &ip);
    out_bytes(out, BYTES("{\"time\":\""));
    date_rfc3339((int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000, out);
    out_char(out, '"');
    put_text(out, KEY("id"), r->id);
    put_own(out, KEY("peer"), out_written(&ip));
    put_number(out, KEY("port"), r->peer->port);
    put_request(out, r->request);
    put_number(out, KEY("status"), r->status);
    put_number(out, KEY("request_bytes"), r->request_bytes);
    put_number(out, KEY("response_bytes"), r->response_bytes);
    put_ms(out, KEY("duration_ms"), now_ns - r->started_ns);
    put_text(out, KEY("upstream"), r->upstream);
    put_ms(out, KEY("upstream_ms"), r->upstream_ns);
    put_text(out, KEY("route"), r->route ? r->route->name : (struct bytes){0});
    put_token(out, KEY("verdict"), record_verdict_name(r->verdict));
    put_text(out, KEY("policy"), r->policy);
    put_token(out, KEY("reason"), r->reason);
    put_text(out, KEY("detail"), r->detail);
    put_token(out, KEY("close"), r->close == CLOSE_NONE ? NULL : close_token(r->close));
    put_token(out, KEY("tls"), r->tls ? r->tls->version : NULL);
    if (dropped)
        put_number(out, KEY("dropped"), dropped);
    out_bytes(out, BYTES("}\n"));
}

// --- a loop's end ---

struct access_feed *access_feed_new(struct access_log *log)
{
    struct access_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return NULL;
    feed->log = log;
    STAILQ_INIT(&feed->free);
    for (unsigned i = 0; i < BUFFERS_A_FEED; i++) {
        struct buffer *b = malloc(sizeof *b);
        if (!b)
            break; // fewer will do
        b->home = feed;
        b->len = 0;
        STAILQ_INSERT_TAIL(&feed->free, b, next);
    }
    pthread_mutex_lock(&log->lock);
    STAILQ_INSERT_TAIL(&log->feeds, feed, next);
    pthread_mutex_unlock(&log->lock);
    return feed;
}

static struct buffer *take_free(struct access_feed *feed)
{
    pthread_mutex_lock(&feed->log->lock);
    struct buffer *b = STAILQ_FIRST(&feed->free);
    if (b)
        STAILQ_REMOVE_HEAD(&feed->free, next);
    pthread_mutex_unlock(&feed->log->lock);
    return b;
}

void access_feed_flush(struct access_feed *feed)
{
    struct buffer *b = feed->filling;
    if (!b || b->len == 0)
        return;
    feed->filling = NULL;
    pthread_mutex_lock(&feed->log->lock);
    STAILQ_INSERT_TAIL(&feed->log->full, b, next);
    pthread_cond_signal(&feed->log->news);
    pthread_mutex_unlock(&feed->log->lock);
}

void access_feed_write(struct access_feed *feed, const struct record *r, uint64_t now_ns)
{
    if (feed->filling && BUFFER_BYTES - feed->filling->len < ROW_MAX)
        access_feed_flush(feed);
    if (!feed->filling)
        feed->filling = take_free(feed);
    if (!feed->filling) {
        feed->dropped++;
        return;
    }
    struct buffer   *b = feed->filling;
    struct bytes_out out = {.at = b->at + b->len, .cap = BUFFER_BYTES - b->len};
    put_row(&out, r, now_ns, feed->dropped);
    if (out.overflowed) {
        feed->dropped++;
        return;
    }
    feed->dropped = 0;
    b->len += out.len;
}

// --- the writer ---

static uint64_t count_rows(struct bytes rows)
{
    uint64_t count = 0;
    for (size_t i = 0; i < rows.len; i++)
        count += rows.at[i] == '\n';
    return count;
}

// Writes what can be written. Returns how much that was: less than everything after an error.
static size_t write_some(int fd, struct bytes rows)
{
    size_t done = 0;
    while (done < rows.len) {
        ssize_t       n = write(fd, rows.at + done, rows.len - done);
        struct pollfd until = {.fd = fd, .events = POLLOUT};
        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN) // somebody made our stdout non-blocking
            poll(&until, 1, -1);
        else if (errno != EINTR)
            break;
    }
    return done;
}

static void write_all(struct access_log *log, const struct buffer *b)
{
    struct bytes rows = {b->at, b->len};
    if (log->torn && write_some(log->fd, BYTES("\n")) == 1) // half a row stands at the end
        log->torn = false;
    size_t done = log->torn ? 0 : write_some(log->fd, rows);
    if (done == rows.len) {
        if (log->lost > 0)
            log_info("access log: it can be written again; %" PRIu64 " rows are lost", log->lost);
        log->lost = 0;
        return;
    }
    if (log->lost == 0)
        log_error("access log: %s; rows are lost until it can be written again", strerror(errno));
    log->torn = log->torn || (done > 0 && rows.at[done - 1] != '\n');
    log->lost += count_rows(bytes_after(rows, done));
}

static void *write_buffers(void *argument)
{
    struct access_log *log = argument;
    pthread_mutex_lock(&log->lock);
    for (;;) {
        struct buffer *b = STAILQ_FIRST(&log->full);
        if (!b && log->closing)
            break;
        if (!b) {
            pthread_cond_wait(&log->news, &log->lock);
            continue;
        }
        STAILQ_REMOVE_HEAD(&log->full, next);
        pthread_mutex_unlock(&log->lock);
        write_all(log, b);
        pthread_mutex_lock(&log->lock);
        b->len = 0;
        STAILQ_INSERT_TAIL(&b->home->free, b, next);
    }
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

struct access_log *access_log_open(struct bytes target)
{
    char path[4096];
    if (target.len >= sizeof path) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    memcpy(path, target.at, target.len);
    path[target.len] = '\0';
    struct access_log *log = calloc(1, sizeof *log);
    if (!log)
        return NULL;
    bool is_stdout = bytes_equal(target, BYTES("stdout"));
    log->fd = is_stdout ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    STAILQ_INIT(&log->full);
    STAILQ_INIT(&log->feeds);
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->news, NULL);
    if (log->fd >= 0 && (errno = pthread_create(&log->writer, NULL, write_buffers, log)) == 0)
        return log;
    int why = errno;
    if (log->fd >= 0)
        close(log->fd);
    free(log);
    errno = why;
    return NULL;
}

static void free_feeds(struct access_log *log)
{
    struct access_feed *feed;
    while ((feed = STAILQ_FIRST(&log->feeds))) {
        STAILQ_REMOVE_HEAD(&log->feeds, next);
        struct buffer *b;
        while ((b = take_free(feed)))
            free(b);
        free(feed->filling);
        free(feed);
    }
}

void access_log_close(struct access_log **log)
{
    struct access_log *l = *log;
    pthread_mutex_lock(&l->lock);
    l->closing = true;
    pthread_cond_signal(&l->news);
    pthread_mutex_unlock(&l->lock);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CLOSE_WAIT_S;
    *log = NULL;
    if (pthread_timedjoin_np(l->writer, NULL, &until)) {
        log_error("access log: its reader does not read; the last lines are lost");
        return; // the process ends, and the stuck thread with it
    }
    free_feeds(l);
    close(l->fd);
    pthread_cond_destroy(&l->news);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
