// SPDX-License-Identifier: Apache-2.0
// wire_send: the sending half of a wire: staging, one send an event, the backlog.
#include "gateway/wire_private.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define DIRECT_BYTES (8u * 1024u) // a larger plain piece is sent from where it lies instead of being staged
#define SEAL_BYTES (128u * 1024u) // most that is encrypted before the staging buffer is asked for room again

void wire_drop_backlog(struct wire *w)
{
    free(w->backlog.at);
    w->backlog = (struct wire_backlog){0};
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

// Sends the backlog and the pieces, as much as the kernel takes at once; the rest becomes the backlog.
static void transmit(struct wire *w, const struct iovec *pieces, int count)
{
    if (w->is_broken)
        return;
    size_t sent = 0;
    if (!w->blocked && !w->connecting) {
        struct iovec  all[4] = {{w->backlog.at + w->backlog.start, w->backlog.len}};
        int           first = w->backlog.len > 0;
        struct msghdr message = {.msg_iov = all, .msg_iovlen = (size_t)(first + count)};
        for (int i = 0; i < count; i++)
            all[first + i] = pieces[i];
        ssize_t n = sendmsg(w->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            wire_break_off(w, WIRE_END_BROKEN);
            return;
        }
        sent = n > 0 ? (size_t)n : 0;
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

void wire_flush(struct loop *l)
{
    struct loop_buffers *b = &l->buffers;
    struct wire         *w = b->staged_for;
    struct iovec         staged = {b->staged.at, b->staged.len};
    b->staged_for = NULL;
    b->staged.len = 0;
    if (w && staged.iov_len > 0)
        transmit(w, &staged, 1);
}

// Makes the staging buffer this wire's, with room for `need` bytes.
struct staging *wire_claim(struct wire *w, size_t need)
{
    struct loop_buffers *b = &w->loop->buffers;
    if (b->staged_for != w || b->staged.cap - b->staged.len < need)
        wire_flush(w->loop);
    b->staged_for = w;
    return &b->staged;
}

static void stage(struct wire *w, struct bytes piece)
{
    if (piece.len == 0)
        return;
    struct staging *s = wire_claim(w, piece.len);
    memcpy(s->at + s->len, piece.at, piece.len);
    s->len += piece.len;
}

static void send_plain(struct wire *w, struct bytes head, struct bytes body)
{
    if (head.len + body.len <= DIRECT_BYTES) {
        stage(w, head);
        stage(w, body);
        return;
    }
    struct staging *s = wire_claim(w, 0);
    struct iovec    pieces[3] = {{s->at, s->len}, {(void *)head.at, head.len}, {(void *)body.at, body.len}};
    s->len = 0;
    transmit(w, pieces, 3);
}

static void send_tls(struct wire *w, struct bytes head, struct bytes body)
{
    do {
        struct bytes part = {body.at, body.len < SEAL_BYTES ? body.len : SEAL_BYTES};
        struct bytes start = {head.at, head.len < SEAL_BYTES ? head.len : SEAL_BYTES};
        if (start.len < head.len) // a head larger than one slice goes first, alone
            part.len = 0;
        wire_claim(w, start.len + part.len + TLS_OVERHEAD_BYTES);
        if (!tls_seal(w->ssl, start, part)) {
            wire_break_off(w, WIRE_END_BROKEN);
            return;
        }
        head = (struct bytes){head.at + start.len, head.len - start.len};
        body = (struct bytes){body.at + part.len, body.len - part.len};
    } while (head.len + body.len > 0);
}

void wire_send(struct wire *w, struct bytes head, struct bytes body)
{
    ASSERT(w->magic == WIRE_MAGIC && !w->handshaking && !w->finishing);
    if (w->is_broken || w->is_closed || head.len + body.len == 0)
        return;
    if (w->ssl)
        send_tls(w, head, body);
    else
        send_plain(w, head, body);
}

size_t wire_queued(const struct wire *w)
{
    return w->blocked ? w->backlog.len : 0;
}

void wire_hold(struct wire *w)
{
    struct staging *s = wire_claim(w, 0);
    if (s->len > 0 && !backlog_add(&w->backlog, s->at, s->len))
        wire_break_off(w, WIRE_END_BROKEN);
    s->len = 0;
}

void wire_finish(struct wire *w)
{
    if (w->is_broken || w->is_closed || w->finishing)
        return;
    if (w->ssl && !w->handshaking) {
        wire_claim(w, TLS_OVERHEAD_BYTES);
        tls_goodbye(w->ssl);
    }
    w->finishing = true;
    wire_flush(w->loop);
    if (!w->blocked)
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
