// SPDX-License-Identifier: Apache-2.0
// exchange_rules: the exchange and the chain of its route. A policy may hold the request back: for a time, or
// until it wakes it, from whichever thread.
#include "gateway/exchange_private.h"
#include "gateway/session_store.h"
#include "policy/state.h"

#define TARPIT_LOOK_MS 1000u           // between looks at whether we are ending
#define TARPIT_SHARE 50u               // one of so many connections may be held in it
#define TARPIT_BYTES (2 * ARENA_BLOCK) // a request of ordinary size; more is not held for a refusal

static void on_wake(struct waiter *w)
{
    struct exchange *x = (struct exchange *)((char *)w - offsetof(struct exchange, hold.waiter));
    loop_call(x->seat->loop, &x->hold.call);
}

static void on_woken(struct loop_call *c)
{
    struct exchange *x = (struct exchange *)((char *)c - offsetof(struct exchange, hold.call));
    ASSERT(x->magic == EXCHANGE_MAGIC);
    if (x->state != HOLD || x->admission) // late: it has gone on, and a delay is not cut short
        return;
    x->hold.over = true;
    exchange_run_and_tell(x);
}

void rules_begin(struct exchange *x)
{
    x->hold = (struct hold){.waiter = {on_wake}, .call = {.run = on_woken}};
}

// Of the sessions, where there are any: it never goes back.
static uint64_t unix_ms(const struct loop *l, uint64_t now_ns)
{
    return l->sessions ? session_store_now_ms(l->sessions, now_ns) : loop_unix_ms(l);
}

static struct subject subject_of(struct exchange *x)
{
    uint64_t now_ns = loop_now_ns(x->seat->loop);
    return (struct subject){.peer = &x->peer,
                            .tls = x->seat->tls.version ? &x->seat->tls : NULL,
                            .request = &x->request,
                            .route = x->record.route->name,
                            .body_bytes = x->record.request_bytes,
                            .now_ns = now_ns,
                            .unix_ms = unix_ms(x->seat->loop, now_ns),
                            .trace = &x->seat->trace,
                            .state = x->seat->loop->state,
                            .standing = x->known.is_counted ? &x->known.standing : NULL,
                            .waiter = &x->hold.waiter,
                            .arena = &x->arena};
}

// Who is to be refused may be held up before, when that costs us little: no memory to speak of, no byte that
// it sends in the meantime, and one of few places.
static bool enter_tarpit(struct exchange *x)
{
    uint32_t places = x->seat->config->ceilings.connections / TARPIT_SHARE;
    x->hold.in_tarpit = x->arena.taken <= TARPIT_BYTES && !x->seat->loop->draining &&
                        reputation_hold(x->seat->loop->state->reputation, places > 0 ? places : 1);
    x->hold.tarpit_until_ms = loop_now_ms(x->seat->loop) + x->ruling.verdict.ms;
    return x->hold.in_tarpit;
}

// A drain does not wait for scanners.
uint32_t rules_tarpit_ms(const struct exchange *x)
{
    uint64_t now_ms = loop_now_ms(x->seat->loop), until_ms = x->hold.tarpit_until_ms;
    if (x->seat->loop->draining || until_ms <= now_ms)
        return 0;
    return until_ms - now_ms < TARPIT_LOOK_MS ? (uint32_t)(until_ms - now_ms) : TARPIT_LOOK_MS;
}

void rules_leave_tarpit(struct exchange *x)
{
    if (x->hold.in_tarpit)
        reputation_let_go(x->seat->loop->state->reputation);
    x->hold.in_tarpit = false;
}

// What the ruling means.
static enum exchange_state obey(struct exchange *x)
{
    if (x->admission)
        return x->ruling.delay_ms > 0 ? HOLD : LEASE;
    if (x->ruling.verdict.kind == VERDICT_DENY && x->ruling.verdict.reason == REASON_TARPIT &&
        enter_tarpit(x))
        return HOLD;
    return x->ruling.verdict.kind == VERDICT_WAIT ? HOLD : refuse_ruling(x);
}

enum exchange_state rules_judge(struct exchange *x)
{
    x->known.is_counted = reputation_look_up(x->seat->loop, x->seat->config, &x->peer, &x->known.standing);
    struct subject subject = subject_of(x);
    x->admission = chain_on_head(x->record.route->chain, &subject, &x->ruling);
    return obey(x);
}

enum exchange_state rules_go_on(struct exchange *x)
{
    struct subject subject = subject_of(x);
    x->admission = chain_go_on(x->record.route->chain, &subject, &x->ruling);
    return obey(x);
}

bool rules_pass_piece(struct exchange *x, struct bytes piece)
{
    const struct chain *chain = x->record.route->chain;
    if (!chain_wants_body(chain))
        return true;
    struct subject subject = subject_of(x);
    subject.piece = piece;
    return chain_on_body(chain, &subject, &x->ruling);
}

void rules_edit_request(struct exchange *x, struct edits *edits_r)
{
    struct subject subject = subject_of(x);
    edits_init(edits_r, x->request.fields.count, &x->arena);
    chain_on_request(x->record.route->chain, &subject, &x->ruling, edits_r);
}

void rules_edit_answer(struct exchange *x, unsigned status, const struct fields *fields,
                       struct edits *edits_r)
{
    static const struct fields none = {NULL, 0};
    const struct answer        answer = {.status = status, .fields = fields ? fields : &none, .own = !fields};
    edits_init(edits_r, answer.fields->count, &x->arena);
    if (!x->record.route)
        return;
    struct subject subject = subject_of(x);
    chain_on_reply(x->record.route->chain, &subject, &x->ruling, &answer, edits_r);
}

bool rules_watch(const struct exchange *x)
{
    return chain_watches(x->record.route->chain);
}

bool rules_still_admit(struct exchange *x)
{
    if (!rules_watch(x))
        return true;
    struct subject subject = subject_of(x);
    return chain_still_admits(x->record.route->chain, &subject, &x->ruling);
}

void rules_settle(struct exchange *x)
{
    if (x->record.route) {
        struct subject subject = subject_of(x);
        bool           forwarded = x->admission && x->state > HOLD;
        chain_end(x->record.route->chain, &subject, &x->ruling, forwarded ? ENDING_DONE : ENDING_WITHDRAWN);
    }
    rules_leave_tarpit(x);
    loop_call_off(x->seat->loop, &x->hold.call);
}
