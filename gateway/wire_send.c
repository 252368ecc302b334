// SPDX-License-Identifier: Apache-2.0
// wire_send: the sending half of a wire: staging, one send an event, the backlog.
#include "gateway/wire_private.h"
#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define SEAL_BYTES (128u * 1024u) // most that is encrypted before the sealed bytes are asked for room again

void wire_drop_backlog(struct wire *w)
{
    struct wire_backlog *b = &w->backlog;
    free(b->at);
    *b = (struct wire_backlog){.sent = b->sent, .before = b->before, .keeps = b->keeps};
}

static bool backlog_add(struct wire_backlog *b, const void *at, size_t len)
{
    if (b->start > 0 && b->start + b->len + len > b->cap) {
        memmove(b->at, b->at + b->start, b->len);
        b->start = 0;
    }
    if (b->len + len > b->cap) {
        char *grown = realloc(b->at, b->len + len);
        if (!grown)
            return false;
        b->at = grown;
        b->cap = b->len + len;
    }
    memcpy(b->at + b->start + b->len, at, len);
    b->len += len;
    return true;
}

static size_t took(size_t *sent, size_t len)
{
    size_t n = *sent < len ? *sent : len;
    *sent -= n;
    return n;
}

static bool is_unsent(const struct wire *w)
{
    return w->backlog.keeps && w->backlog.sent == w->backlog.before;
}

// Its owner may say it again to another peer. At most what one event sends.
static void keep_unsent(struct wire *w, const struct iovec *pieces, int count)
{
    for (int i = 0; i < count && is_unsent(w); i++)
        w->backlog.keeps =
            pieces[i].iov_len == 0 || backlog_add(&w->backlog, pieces[i].iov_base, pieces[i].iov_len);
}

struct bytes wire_unsent(const struct wire *w)
{
    const struct wire_backlog *b = &w->backlog;
    return w->is_broken && is_unsent(w) && b->len > 0 ? (struct bytes){b->at + b->start, b->len}
                                                      : (struct bytes){0};
}

// The peer takes nothing more. What it said before is still worth reading (a server's early answer): the end
// is told when that has been read, and at once when nobody reads.
static void fall_silent(struct wire *w)
{
    if (w->ended || !w->wants_bytes || is_unsent(w)) { // what was asked nothing has nothing to say
        wire_break_off(w, WIRE_END_BROKEN);
        return;
    }
    w->mute = true;
    w->blocked = false;
    wire_drop_backlog(w);
    wire_watch(w);
}

// Sends the backlog and the pieces, as much as the kernel takes at once; the rest becomes the backlog.
static void transmit(struct wire *w, const struct iovec *pieces, int count)
{
    if (w->is_broken || w->mute) {
        keep_unsent(w, pieces, count);
        return;
    }
    size_t sent = 0;
    if (!w->blocked && !w->connecting) {
        struct iovec  all[3];
        int           first = w->backlog.len > 0;
        struct msghdr message = {.msg_iov = all, .msg_iovlen = (size_t)(first + count)};
        if (first)
            all[0] = (struct iovec){w->backlog.at + w->backlog.start, w->backlog.len};
        for (int i = 0; i < count; i++)
            all[first + i] = pieces[i];
        ssize_t n = sendmsg(w->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            keep_unsent(w, pieces, count);
            fall_silent(w);
            return;
        }
        sent = n > 0 ? (size_t)n : 0;
        w->backlog.sent += sent;
        size_t old = took(&sent, w->backlog.len);
        w->backlog.start += old;
        w->backlog.len -= old;
    }
    for (int i = 0; i < count; i++) {
        size_t done = took(&sent, pieces[i].iov_len);
        if (done < pieces[i].iov_len &&
            !backlog_add(&w->backlog, (const char *)pieces[i].iov_base + done, pieces[i].iov_len - done)) {
            wire_break_off(w, WIRE_END_BROKEN); // no memory: this connection ends, the process lives
            return;
        }
    }
    w->blocked = w->backlog.len > 0;
    if (!w->blocked)
        wire_drop_backlog(w);
    wire_watch(w);
}

void wire_ship(struct loop *l)
{
    struct loop_buffers *b = &l->buffers;
    struct wire         *w = b->sealed_for;
    struct iovec         sealed = {b->sealed.at, b->sealed.len};
    b->sealed_for = NULL;
    b->sealed.len = 0;
    if (w && sealed.iov_len > 0)
        transmit(w, &sealed, 1);
}

struct staging *wire_claim(struct wire *w, size_t need)
{
    struct loop_buffers *b = &w->loop->buffers;
    if (b->sealed_for != w || b->sealed.cap - b->sealed.len < need)
        wire_ship(w->loop);
    b->sealed_for = w;
    return &b->sealed;
}

static void seal(struct wire *w, struct bytes plain)
{
    while (plain.len > 0 && !w->is_broken) {
        struct bytes part = {plain.at, plain.len < SEAL_BYTES ? plain.len : SEAL_BYTES};
        wire_claim(w, part.len + TLS_OVERHEAD_BYTES);
        if (!tls_seal(w->ssl, part))
            wire_break_off(w, WIRE_END_BROKEN);
        plain = bytes_after(plain, part.len);
    }
}

// What is staged, and `more` after it, which is not worth copying.
static void pass_on(struct loop *l, struct bytes more)
{
    struct loop_buffers *b = &l->buffers;
    struct wire         *w = b->staged_for;
    struct bytes         staged = {b->staged.at, b->staged.len};
    b->staged_for = NULL;
    b->staged.len = 0;
    if (!w || staged.len + more.len == 0)
        return;
    if (w->ssl) {
        seal(w, staged);
        seal(w, more);
        return;
    }
    struct iovec pieces[2] = {{(void *)staged.at, staged.len}, {(void *)more.at, more.len}};
    transmit(w, pieces, 2);
}

void wire_flush(struct loop *l)
{
    pass_on(l, (struct bytes){0});
    wire_ship(l);
}

// Fills the staged record first, so that a head and the beginning of its body share one.
static void stage(struct wire *w, struct bytes piece)
{
    struct loop_buffers *b = &w->loop->buffers;
    if (b->staged_for != w)
        pass_on(w->loop, (struct bytes){0});
    b->staged_for = w;
    size_t room = b->staged.cap - b->staged.len;
    size_t fits = piece.len <= room || w->ssl ? (piece.len < room ? piece.len : room) : 0;
    if (fits > 0)
        memcpy(b->staged.at + b->staged.len, piece.at, fits);
    b->staged.len += fits;
    if (fits < piece.len)
        pass_on(w->loop, bytes_after(piece, fits));
}

void wire_send(struct wire *w, struct bytes head, struct bytes body)
{
    ASSERT(w->magic == WIRE_MAGIC && !w->handshaking && !w->finishing);
    if (w->is_closed || ((w->is_broken || w->mute) && !is_unsent(w)))
        return;
    stage(w, head);
    stage(w, body);
}

void wire_push(struct wire *w)
{
    if (w->loop->buffers.staged_for == w || w->loop->buffers.sealed_for == w)
        wire_flush(w->loop);
}

size_t wire_queued(const struct wire *w)
{
    return w->blocked ? w->backlog.len : 0;
}

uint64_t wire_delivered(const struct wire *w)
{
    int kept = 0; // not acknowledged yet
    return ioctl(w->fd, SIOCOUTQ, &kept) == 0 && (uint64_t)kept < w->backlog.sent
               ? w->backlog.sent - (uint64_t)kept
               : 0;
}

void wire_hold(struct wire *w)
{
    struct staging *s = wire_claim(w, 0);
    if (s->len > 0 && !backlog_add(&w->backlog, s->at, s->len))
        wire_break_off(w, WIRE_END_BROKEN);
    s->len = 0;
}

void wire_forget_staged(struct wire *w)
{
    struct loop_buffers *b = &w->loop->buffers;
    if (b->staged_for == w) {
        b->staged_for = NULL;
        b->staged.len = 0;
    }
    if (b->sealed_for == w) {
        b->sealed_for = NULL;
        b->sealed.len = 0;
    }
}

void wire_finish(struct wire *w)
{
    if (w->is_broken || w->is_closed || w->finishing)
        return;
    wire_flush(w->loop);
    if (w->ssl && !w->handshaking) {
        wire_claim(w, TLS_OVERHEAD_BYTES);
        tls_goodbye(w->ssl);
        wire_ship(w->loop);
    }
    w->finishing = true;
    if (!w->blocked && !w->is_broken)
        shutdown(w->fd, SHUT_WR);
}

void wire_writable(struct wire *w)
{
    w->blocked = false;
    transmit(w, NULL, 0);
    if (w->blocked || w->is_broken)
        return;
    if (w->finishing)
        shutdown(w->fd, SHUT_WR);
    w->events->on_drained(w);
}
