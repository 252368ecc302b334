// SPDX-License-Identifier: Apache-2.0
// exchange_time: how long an exchange waits, for whom, and who kept it waiting. A client is measured only
// while it is its turn: its body while the server takes it, its reading while bytes are queued for it.
// Whatever moves renews the wait for the server; it never renews what a client owes, which is a rate.
#include "gateway/ceilings.h"
#include "gateway/exchange_private.h"

// What ends the wait first.
struct bound {
    uint64_t          at_ms;
    enum close_reason why;
};

#define WATCH_MS 1000u // between looks at whether a silent hand-over may go on
#define DRAIN_MS 2000u // for the rest of a request behind its answer

enum patience {
    WAIT_NONE,
    WAIT_HEAD,
    WAIT_HOLD,
    WAIT_CONNECT,
    WAIT_ANSWER,
    WAIT_PROGRESS,
    WAIT_HANDOVER,
    WAIT_DRAIN
};

static const enum patience patience_in[STATE_COUNT] = {
    [HEAD] = WAIT_HEAD,      [HOLD] = WAIT_HOLD,         [CONNECT] = WAIT_CONNECT, [AWAIT] = WAIT_ANSWER,
    [RELAY] = WAIT_PROGRESS, [HANDOVER] = WAIT_HANDOVER, [DRAIN] = WAIT_DRAIN,
};

static uint32_t tightened(const struct exchange *x, uint32_t ms)
{
    return ceilings_tighten(x->seat->loop->ceilings, ms);
}

static bool client_owes(const struct exchange *x)
{
    return !x->from_client.ended && !relay_is_full(&x->to_upstream);
}

static void sooner(struct bound *b, uint64_t at_ms, enum close_reason why)
{
    if (at_ms < b->at_ms)
        *b = (struct bound){at_ms, why};
}

struct pace_rule seat_pace_rule(const struct exchange_seat *seat)
{
    const struct config_timeouts *t = &seat->config->timeouts;
    return (struct pace_rule){.rate = t->minimum_rate,
                              .grace_ms = ceilings_tighten(seat->loop->ceilings, t->grace_ms),
                              .stall_ms = ceilings_tighten(seat->loop->ceilings, t->idle_ms)};
}

uint64_t seat_reader_bound(struct exchange_seat *seat, enum close_reason *why_r)
{
    *why_r = CLOSE_NONE;
    wire_push(
        seat->client); // the end of an answer would be seen one event late: when nothing happens any more
    if (wire_queued(seat->client) == 0) {
        pace_end(&seat->reader);
        return UINT64_MAX;
    }
    struct pace_rule rule = seat_pace_rule(seat);
    uint64_t         now_ms = loop_now_ms(seat->loop);
    uint64_t         read = wire_delivered(seat->client);
    pace_begin(&seat->reader, &rule, read, now_ms);
    uint64_t at_ms = pace_look(&seat->reader, &rule, read, now_ms);
    *why_r = pace_is_stall(&seat->reader, &rule) ? CLOSE_READER_TIMEOUT : CLOSE_READER_TOO_SLOW;
    return at_ms;
}

static void bound_body(struct exchange *x, struct bound *b)
{
    if (!client_owes(x)) {
        pace_end(&x->body);
        return;
    }
    struct pace_rule rule = seat_pace_rule(x->seat);
    uint64_t         now_ms = loop_now_ms(x->seat->loop);
    pace_begin(&x->body, &rule, x->from_client.used, now_ms);
    uint64_t at_ms = pace_look(&x->body, &rule, x->from_client.used, now_ms);
    sooner(b, at_ms, pace_is_stall(&x->body, &rule) ? CLOSE_BODY_TIMEOUT : CLOSE_CLIENT_TOO_SLOW);
}

static void bound_reader(struct exchange *x, struct bound *b)
{
    enum close_reason why;
    uint64_t          at_ms = seat_reader_bound(x->seat, &why);
    sooner(b, at_ms, why);
}

// The first bound of the present state.
static struct bound first_bound(struct exchange *x)
{
    struct bound b = {x->wait_until_ms, CLOSE_UPSTREAM_CONNECT_TIMEOUT};
    switch (patience_in[x->state]) {
    case WAIT_NONE:
    case WAIT_HOLD: // its end is no failure
    case WAIT_CONNECT:
        break;
    case WAIT_HEAD:
        b.why = CLOSE_HEAD_TIMEOUT;
        break;
    case WAIT_ANSWER:
        if (client_owes(x))
            b.at_ms = UINT64_MAX;
        b.why = CLOSE_UPSTREAM_TIMEOUT;
        bound_body(x, &b);
        break;
    case WAIT_PROGRESS:
        b.why = CLOSE_UPSTREAM_STALLED;
        if (wire_queued(x->seat->client) > 0 || client_owes(x))
            b.at_ms = UINT64_MAX;
        bound_body(x, &b);
        bound_reader(x, &b);
        break;
    case WAIT_HANDOVER:
        b.why = relay_is_full(&x->to_upstream) ? CLOSE_UPSTREAM_STALLED : CLOSE_IDLE;
        if (wire_queued(x->seat->client) > 0) // it reads, if slowly: that is measured as a rate
            b.at_ms = UINT64_MAX;
        bound_reader(x, &b);
        break;
    case WAIT_DRAIN:
        b.why = CLOSE_NONE;
        break;
    }
    return b;
}

static uint32_t wait_of(const struct exchange *x)
{
    const struct config_timeouts *t = &x->seat->config->timeouts;
    const struct config_upstream *group =
        x->record.route ? &x->seat->config->upstreams[x->record.route->upstream] : NULL;
    switch (patience_in[x->state]) {
    case WAIT_HEAD:
        return tightened(x, t->head_ms);
    case WAIT_HOLD:
        if (x->hold.in_tarpit)
            return rules_tarpit_ms(x);
        return x->admission ? x->ruling.delay_ms : x->ruling.verdict.ms;
    case WAIT_CONNECT:
        return group->connect_ms;
    case WAIT_ANSWER:
        return x->from_client.ended ? group->first_byte_ms : t->idle_ms;
    case WAIT_DRAIN:
        return DRAIN_MS;
    default:
        return t->idle_ms;
    }
}

static bool is_watched(const struct exchange *x)
{
    return x->state == HANDOVER && rules_watch(x);
}

static void wait_until(struct exchange *x, uint64_t at_ms)
{
    uint64_t look_ms = loop_now_ms(x->seat->loop) + WATCH_MS;
    loop_deadline_at(x->seat->loop, &x->deadline, is_watched(x) && look_ms < at_ms ? look_ms : at_ms);
}

void exchange_arm(struct exchange *x)
{
    x->armed = true;
    if (patience_in[x->state] == WAIT_NONE) {
        deadline_disarm(&x->deadline);
        return;
    }
    x->wait_until_ms = loop_now_ms(x->seat->loop) + wait_of(x);
    wait_until(x, first_bound(x).at_ms);
}

static enum exchange_state give_up(struct exchange *x, enum close_reason why)
{
    if (why != CLOSE_NONE && why != CLOSE_IDLE)
        return fail(x, why);
    x->record.close = why; // the answer was given, or nobody owes anybody anything
    return DONE;
}

void exchange_on_deadline(struct deadline *d)
{
    struct exchange *x = (struct exchange *)((char *)d - offsetof(struct exchange, deadline));
    ASSERT(x->magic == EXCHANGE_MAGIC);
    struct bound b = first_bound(x);
    if (b.at_ms > loop_now_ms(x->seat->loop)) { // somebody has moved since
        wait_until(x, b.at_ms);
        if (is_watched(x))
            exchange_run_and_tell(x);
        return;
    }
    if (x->state == CONNECT)
        x->lease.late = x->lease.broken = true; // the next server may do better
    else if (x->state == HOLD)
        x->hold.over = true;
    else
        exchange_enter(x, give_up(x, b.why));
    exchange_run_and_tell(x);
}
