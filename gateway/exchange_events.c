// SPDX-License-Identifier: Apache-2.0
// exchange_events: birth, end, and what wires, deadlines and the owner report to an exchange. Each notes what
// happened, lets the steps run, and tells the owner last: it may free the exchange.
#include "gateway/access_log.h"
#include "gateway/exchange_private.h"

#define ID_DIGITS 32u
#define ARENA_FIXED (64u * 1024u)
#define ARENA_HEADS 8u // a head is kept raw (growing), as fields, and written anew, in each direction

static struct bytes make_id(struct loop *l, struct arena *arena)
{
    uint64_t         id[2];
    struct bytes_out out = {.at = arena_alloc(arena, ID_DIGITS), .cap = ID_DIGITS};
    loop_next_id(l, id);
    if (!out.at)
        return (struct bytes){0};
    out_hex(&out, id[0], ID_DIGITS / 2);
    out_hex(&out, id[1], ID_DIGITS / 2);
    return out_written(&out);
}

struct exchange *exchange_new(struct exchange_seat *seat)
{
    // The exchange lives in its own arena: recycled blocks, no heap.
    struct arena arena;
    arena_init(&arena, &seat->loop->arenas, ARENA_FIXED + ARENA_HEADS * seat->config->limits.head_bytes);
    struct exchange *x = arena_zalloc(&arena, sizeof *x);
    if (!x)
        return NULL;
    x->magic = EXCHANGE_MAGIC;
    x->arena = arena;
    x->seat = seat;
    x->peer = seat->peer;
    x->from_client.reader = http1_new(&x->arena, HTTP1_REQUEST, &seat->config->limits);
    x->record = (struct record){.id = make_id(seat->loop, &x->arena),
                                .peer = &x->peer,
                                .tls = seat->tls.version ? &seat->tls : NULL,
                                .started_ns = uv_hrtime()};
    rules_begin(x);
    deadline_init(&x->deadline, exchange_on_deadline);
    if (!x->from_client.reader || !x->record.id.at) {
        arena = x->arena;
        arena_reset(&arena);
        return NULL;
    }
    exchange_arm(x);
    return x;
}

static void write_record(struct exchange *x)
{
    struct record *r = &x->record;
    if (r->verdict == RECORD_PASS && x->ruling.shadow) {
        r->verdict = RECORD_SHADOW;
        r->policy = x->ruling.shadow->name;
        r->reason = reason_token(x->ruling.shadow_verdict.reason);
        r->detail = x->ruling.shadow_verdict.detail;
    }
    if (x->state == DONE && x->outcome == OUTCOME_KEEP)
        r->close = CLOSE_NONE; // whatever went wrong, the connection goes on
    else if (r->close == CLOSE_NONE)
        r->close = CLOSE_DONE;
    reputation_feed_exchange(x->seat->loop, x->seat->config, r);
    if (x->seat->loop->log)
        access_feed_write(x->seat->loop->log, r, uv_hrtime());
}

void exchange_free(struct exchange **exchange, enum close_reason why)
{
    struct exchange *x = *exchange;
    *exchange = NULL;
    if (x->state != DONE && x->state != DRAIN) { // in DRAIN the client has its answer
        x->record.verdict = RECORD_ERROR;
        x->record.reason = close_token(why);
        x->record.close = why;
        drop_lease(x);
        drop_failed(x);
    }
    rules_settle(x);
    write_record(x);
    deadline_disarm(&x->deadline);
    x->magic = 0;
    struct arena arena = x->arena;
    arena_reset(&arena);
}

// --- the owner ---

static bool is_moving(const struct exchange *x)
{
    return x->state == AWAIT || x->state == RELAY || x->state == HANDOVER;
}

// Once, for the state in which it waits now; and anew when something has moved in it.
static void rearm(struct exchange *x, bool moved)
{
    if (moved || !x->armed)
        exchange_arm(x);
}

size_t exchange_take(struct exchange *x, struct bytes in)
{
    if (x->state == DONE)
        return 0;
    if (x->hold.in_tarpit) // its connection ends with the refusal
        return in.len;
    x->from_client.in = in;
    exchange_run(x);
    size_t used = in.len - x->from_client.in.len;
    x->continued = x->continued || x->from_client.in.len > 0;
    x->from_client.in = (struct bytes){0};
    x->from_client.used += used;
    rearm(x, used > 0 && is_moving(x));
    return used;
}

bool exchange_wants_bytes(const struct exchange *x)
{
    if (x->hold.in_tarpit)
        return false;
    return !is_moving(x) || x->from_client.ended || !relay_is_full(&x->to_upstream);
}

void exchange_client_drained(struct exchange *x)
{
    if (x->state != RELAY && x->state != HANDOVER)
        return;
    exchange_arm(x);
    wire_want(upstream_wire(x->lease.connection), true);
}

void exchange_client_finished(struct exchange *x)
{
    if (x->state == DONE || x->from_client.ended)
        return;
    if (x->state == HOLD)
        x->admission = NULL; // it was not let go yet, and never will be
    if (x->state == HANDOVER)
        handover_client_finished(x);
    else
        exchange_enter(x, x->state == DRAIN ? DONE : refuse_fault(x, FAULT_TRUNCATED));
    exchange_run(x);
    rearm(x, false);
}

bool exchange_is_done(const struct exchange *x)
{
    return x->state == DONE;
}

enum exchange_outcome exchange_outcome(const struct exchange *x)
{
    return x->outcome;
}

// --- the upstream ---

static struct exchange *of_wire(struct wire *w)
{
    struct exchange *x = w->owner;
    ASSERT(x->magic == EXCHANGE_MAGIC);
    return x;
}

void exchange_run_and_tell(struct exchange *x)
{
    struct exchange_seat *seat = x->seat;
    exchange_run(x);
    rearm(x, false);
    seat->progressed(seat);
}

static void on_upstream_open(struct wire *w)
{
    struct exchange *x = of_wire(w);
    x->lease.open = true;
    exchange_run_and_tell(x);
}

static void on_upstream_bytes(struct wire *w, struct bytes in)
{
    struct exchange      *x = of_wire(w);
    struct exchange_seat *seat = x->seat;
    x->from_upstream.in = in;
    exchange_run(x);
    x->from_upstream.in = (struct bytes){0};
    rearm(x, x->state == RELAY || x->state == HANDOVER);
    seat->progressed(seat);
}

static void on_upstream_drained(struct wire *w)
{
    struct exchange *x = of_wire(w);
    exchange_arm(x);
    exchange_run_and_tell(x);
}

static void on_upstream_end(struct wire *w, enum wire_end how)
{
    struct exchange *x = of_wire(w);
    if (how == WIRE_END_FINISHED)
        x->lease.finished = true;
    else
        x->lease.broken = true;
    exchange_run_and_tell(x);
}

const struct wire_events exchange_upstream_events = {
    .on_open = on_upstream_open,
    .on_bytes = on_upstream_bytes,
    .on_drained = on_upstream_drained,
    .on_end = on_upstream_end,
};
