// SPDX-License-Identifier: Apache-2.0
// wire: sockets, readiness, one send an event. See the header for the states and the promises.
#include "gateway/wire_private.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK_FIRST (64u * 1024u)
#define CHUNK_LEAST (32u * 1024u)
#define UNREAD_BYTES (16u * 1024u) // what a TLS peer may leave unread while it makes us answer
#define HANDSHAKES_WATCHED                                                                                   \
    64 // those behind are not watched until their turn: each poll would report all of them again
#define READS_A_TURN 4 // a peer that sends faster than we read must not starve the others

static void on_poll(uv_poll_t *poll, int status, int events);

void wire_watch(struct wire *w)
{
    int  want = 0;
    bool silenced = w->waits_turn && (w->loop->handshakes.waiting > HANDSHAKES_WATCHED ||
                                      !wire_next_handshake(w->loop)); // nobody's turn comes for now
    if (w->wants_bytes && !w->ended && !w->connecting && !silenced)
        want |= UV_READABLE;
    if (w->blocked || w->connecting)
        want |= UV_WRITABLE;
    if (want == w->polled || w->is_closed)
        return;
    w->polled = (uint8_t)want;
    if (want)
        uv_poll_start(&w->poll, want, on_poll);
    else
        uv_poll_stop(&w->poll);
}

void wire_break_off(struct wire *w, enum wire_end how)
{
    if (w->is_broken || w->is_closed)
        return;
    wire_leave_turn(w);
    wire_forget_round(w);
    w->is_broken = true;
    w->ended = true;
    w->end = how;
    w->blocked = false;
    TAILQ_INSERT_TAIL(&w->loop->broken, w, turn);
    wire_watch(w);
}

// --- receiving ---

static void finished(struct wire *w)
{
    w->ended = true;
    wire_watch(w);
    w->events->on_end(w, WIRE_END_FINISHED);
}

size_t wire_receive(struct wire *w, char *into, size_t max)
{
    ssize_t n = recv(w->fd, into, max, 0);
    if (n > 0) {
        size_t taken = (size_t)n;
        w->loop->turn.left -= taken < w->loop->turn.left ? taken : w->loop->turn.left;
        return taken;
    }
    if (n == 0 && !w->mute) // a reset that a send has met already looks like an end here
        finished(w);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        wire_break_off(w, WIRE_END_BROKEN);
    return 0;
}

static bool may_read_on(const struct wire *w)
{
    const struct loop_turn *t = &w->loop->turn;
    return w->wants_bytes && !w->ended && !w->is_closed && t->left > 0 && t->passed_over == 0;
}

// Speculative: a short read means that the socket is drained, without asking a second time.
static void read_plain(struct wire *w)
{
    for (int i = 0; i == 0 || (i < READS_A_TURN && may_read_on(w)); i++) {
        size_t max = w->loop->turn.left > 0 ? w->reading.chunk : CHUNK_LEAST;
        size_t n = wire_receive(w, w->loop->buffers.receive, max);
        w->reading.is_bulk = n >= CHUNK_LEAST;
        if (n == 0)
            return;
        if (n == max && w->reading.chunk < LOOP_RECEIVE_BYTES)
            w->reading.chunk *= 2;
        w->events->on_bytes(w, (struct bytes){w->loop->buffers.receive, n});
        if (n < max)
            return;
    }
}

void wire_open_records(struct wire *w)
{
    struct loop_buffers *b = &w->loop->buffers;
    struct bytes_out     plain = {.at = b->receive, .cap = LOOP_PLAIN_BYTES};
    struct staging      *out =
        wire_claim(w, LOOP_CIPHER_BYTES + TLS_OVERHEAD_BYTES); // answers to key updates, alerts
    size_t        before = out->len;
    enum tls_step step = tls_open(w->ssl, &b->tls, &plain);
    b->tls.in.len = 0;
    if (out->len > before && wire_queued(w) > UNREAD_BYTES)
        step = TLS_BROKEN; // it makes us answer, and does not read the answers
    if (plain.len > 0)
        w->events->on_bytes(w, out_written(&plain));
    if (w->is_closed || step == TLS_MORE)
        return;
    if (step == TLS_CLOSED) {
        finished(w);
        return;
    }
    wire_ship(w->loop); // the alert that says why
    wire_break_off(w, WIRE_END_BROKEN);
}

static void read_tls(struct wire *w)
{
    struct loop_buffers *b = &w->loop->buffers;
    for (int i = 0; i == 0 || (i < READS_A_TURN && may_read_on(w)); i++) {
        size_t n = wire_receive(w, b->cipher, LOOP_CIPHER_BYTES);
        w->reading.is_bulk = n >= CHUNK_LEAST;
        if (n == 0)
            return;
        b->tls.in = (struct bytes){b->cipher, n};
        wire_open_records(w);
        if (n < LOOP_CIPHER_BYTES)
            return;
    }
}

static void readable(struct wire *w)
{
    if (wire_must_wait(w))
        return;
    if (w->handshaking)
        wire_queue_handshake(w);
    else if (w->ssl)
        read_tls(w);
    else
        read_plain(w);
}

// --- the life of a wire ---

static void connected(struct wire *w)
{
    int       error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
        wire_break_off(w, WIRE_END_CONNECT);
        return;
    }
    w->connecting = false;
    wire_watch(w);
    w->events->on_open(w);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct wire *w = poll->data;
    ASSERT(w->magic == WIRE_MAGIC);
    if (status < 0) { // libuv has stopped watching by itself; what can still be read is read first
        w->polled = 0;
        w->reading.is_bulk = false; // now or never
    }
    if (w->connecting)
        connected(w);
    else {
        if ((events & UV_WRITABLE) && w->blocked)
            wire_writable(w);
        if ((events & UV_READABLE || status < 0) && w->wants_bytes && !w->ended && !w->is_closed)
            readable(w);
    }
    if (status < 0)
        wire_break_off(w, WIRE_END_BROKEN);
    wire_settle(w->loop);
}

static bool start(struct wire *w, struct loop *l, int fd, const struct wire_events *events, void *owner)
{
    w->magic = WIRE_MAGIC;
    w->loop = l;
    w->fd = fd;
    w->wants_bytes = true;
    w->reading.chunk = CHUNK_FIRST;
    wire_own(w, events, owner);
    if (uv_poll_init(&l->uv, &w->poll, fd)) {
        close(fd);
        return false;
    }
    w->poll.data = w;
    return true;
}

bool wire_accept(struct wire *w, struct loop *l, int fd, SSL_CTX *tls_context,
                 const struct wire_events *events, void *owner)
{
    if (!start(w, l, fd, events, owner))
        return false;
    w->tls_context = tls_context;
    w->handshaking = tls_context != NULL;
    wire_watch(w);
    return true;
}

bool wire_connect(struct wire *w, struct loop *l, const struct sockaddr *address, socklen_t len,
                  const struct wire_events *events, void *owner)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, address, len) && errno != EINPROGRESS) {
        close(fd);
        return false;
    }
    if (!start(w, l, fd, events, owner))
        return false;
    w->connecting = true;
    w->backlog.keeps = true;
    wire_watch(w);
    return true;
}

void wire_own(struct wire *w, const struct wire_events *events, void *owner)
{
    w->events = events;
    w->owner = owner;
    w->backlog.before = w->backlog.sent;
}

void wire_want(struct wire *w, bool bytes)
{
    if (w->wants_bytes == bytes)
        return;
    w->wants_bytes = bytes;
    wire_forget_round(w);
    if (!bytes && w->reading.chunk > CHUNK_LEAST)
        w->reading.chunk /= 2; // the other side does not keep up: hold less of it
    wire_watch(w);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct wire *w = handle->data;
    ASSERT(w->magic == WIRE_MAGIC && w->is_closed);
    w->magic = 0;
    w->closed(w);
}

static void let_go(struct wire *w, void (*closed)(struct wire *w))
{
    wire_leave_turn(w);
    wire_forget_round(w);
    wire_end_handshake(w);
    wire_forget_staged(w);
    if (w->is_broken && !w->is_told)
        TAILQ_REMOVE(&w->loop->broken, w, turn);
    w->is_closed = true;
    w->closed = closed;
    wire_drop_backlog(w);
    tls_free(&w->ssl);
    uv_close((uv_handle_t *)&w->poll, on_handle_closed);
    close(w->fd);
}

void wire_close(struct wire *w, void (*closed)(struct wire *w))
{
    ASSERT(w->magic == WIRE_MAGIC && !w->is_closed);
    wire_finish(w);
    let_go(w, closed);
}

void wire_abort(struct wire *w, void (*closed)(struct wire *w))
{
    ASSERT(w->magic == WIRE_MAGIC && !w->is_closed);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    let_go(w, closed);
}

bool wire_is_quiet(const struct wire *w)
{
    char byte;
    return !w->is_broken && !w->mute && !w->ended && recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           errno == EAGAIN;
}

void wire_settle(struct loop *l)
{
    struct wire *w;
    wire_flush(l);
    while ((w = TAILQ_FIRST(&l->broken))) {
        TAILQ_REMOVE(&l->broken, w, turn);
        w->is_told = true;
        w->events->on_end(w, w->end);
        wire_flush(l);
    }
}
