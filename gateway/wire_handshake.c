// SPDX-License-Identifier: Apache-2.0
// wire_handshake: TLS handshakes, one step a turn: established connections are served first, and only so many
// are at work at a time.
#include "gateway/wire_private.h"

#define SILENCE_MS 500u // of a client in its handshake, while others cannot begin theirs

static struct wire_queue *queue_of(struct wire *w)
{
    return w->ssl ? &w->loop->handshakes.at_work : &w->loop->handshakes.to_begin;
}

void wire_leave_turn(struct wire *w)
{
    if (w->reading.is_silent)
        TAILQ_REMOVE(&w->loop->handshakes.silent, w, turn);
    w->reading.is_silent = false;
    if (!w->waits_turn)
        return;
    TAILQ_REMOVE(queue_of(w), w, turn);
    w->loop->handshakes.waiting--;
    w->waits_turn = false;
}

void wire_end_handshake(struct wire *w)
{
    if (!w->handshaking)
        return;
    w->handshaking = false;
    if (!w->ssl)
        return;
    w->loop->handshakes.begun--;
    if (wire_next_handshake(w->loop))
        loop_hurry(w->loop);
}

void wire_queue_handshake(struct wire *w)
{
    if (w->waits_turn) {
        wire_watch(w); // those who cannot begin for now need not be reported again
        return;
    }
    wire_leave_turn(w);
    w->waits_turn = true;
    w->loop->handshakes.waiting++;
    TAILQ_INSERT_TAIL(queue_of(w), w, turn);
    wire_watch(w);
    if (wire_next_handshake(w->loop))
        loop_hurry(w->loop);
}

// The first byte of TLS is that of a record, 22 for a handshake; HTTP begins with the letters of a method.
static bool is_plain_http(struct bytes in)
{
    size_t letters = 0;
    while (letters < in.len && in.at[letters] >= 'A' && in.at[letters] <= 'Z')
        letters++;
    return letters > 0 && (letters == in.len || in.at[letters] == ' ');
}

static void handshake_step(struct wire *w)
{
    struct loop_buffers *b = &w->loop->buffers;
    bool                 begins = !w->ssl;
    size_t               n = wire_receive(w, b->cipher, LOOP_CIPHER_BYTES);
    if (n == 0)
        return;
    if (!w->ssl && is_plain_http((struct bytes){b->cipher, n})) {
        w->handshaking = false;
        w->tls_context = NULL;
        w->events->on_plain(w);
        return;
    }
    // The SSL is made with the first byte: a connection that sends nothing costs no TLS memory.
    if (!w->ssl && !(w->ssl = tls_new(w->tls_context, &b->tls))) {
        wire_break_off(w, WIRE_END_BROKEN);
        return;
    }
    w->loop->handshakes.begun += begins;
    b->tls.in = (struct bytes){b->cipher, n};
    wire_claim(w, LOOP_RECEIVE_BYTES);
    enum tls_step step = tls_handshake(w->ssl);
    if (step == TLS_MORE)
        return;
    if (step != TLS_DONE) {
        b->tls.in.len = 0;
        wire_ship(w->loop); // the alert that says why
        wire_break_off(w, WIRE_END_HANDSHAKE);
        return;
    }
    wire_end_handshake(w);
    if (SSL_version(w->ssl) ==
        TLS1_3_VERSION) // all the client needs it has: the ticket can wait for the answer
        wire_hold(w);
    w->events->on_open(w);
    if (!w->is_closed && b->tls.in.len > 0)
        wire_open_records(w);
}

struct wire *wire_next_handshake(const struct loop *l)
{
    const struct handshakes *h = &l->handshakes;
    struct wire             *w = TAILQ_FIRST(&h->at_work);
    return w || h->begun >= h->begun_max ? w : TAILQ_FIRST(&h->to_begin);
}

static void wait_for_client(struct wire *w)
{
    if (!w->handshaking || !w->ssl || w->is_broken)
        return;
    w->reading.is_silent = true;
    w->reading.silent_ms = loop_now_ms(w->loop);
    TAILQ_INSERT_TAIL(&w->loop->handshakes.silent, w, turn);
}

// Handshakes that were begun and left alone must not keep all others from beginning until their deadlines.
static void make_room(struct loop *l)
{
    struct handshakes *h = &l->handshakes;
    struct wire       *w;
    while (!TAILQ_EMPTY(&h->to_begin) && h->begun >= h->begun_max && (w = TAILQ_FIRST(&h->silent)) &&
           loop_now_ms(l) - w->reading.silent_ms >= SILENCE_MS) {
        wire_break_off(w, WIRE_END_HANDSHAKE);
        wire_settle(l);
    }
}

void wire_turn_handshakes(struct loop *l)
{
    make_room(l);
    struct wire *w = wire_next_handshake(l);
    if (!w)
        return;
    wire_leave_turn(w);
    handshake_step(w);
    wait_for_client(w);
    wire_watch(w);
    wire_settle(l);
}
