// SPDX-License-Identifier: Apache-2.0
// reputation: what the ladder does to a request: ban and tarpit refuse it (the gateway holds the latter up
// first, while there is room), a delay holds it. Who has how many points was looked up when the head was
// there; here nothing is counted. Its rules stand at the root of the file, because offences belong to an
// address and not to a route.
#include "policy/ladder.h"
#include "policy/policy.h"

#define DETAIL_MAX 32 // a number of 20 digits and a word
#define NS_PER_MS UINT64_C(1000000)

static const void *load(struct node settings, const struct policy_scope *scope)
{
    if (settings.item != NULL) {
        node_problem(settings, "write \"reputation\": {...} beside \"policies\"; it holds for all routes",
                     "reputation is no policy of a route");
        return NULL;
    }
    return scope->ladder;
}

static struct bytes points(const struct subject *s)
{
    struct bytes_out out = {.at = arena_alloc(s->arena, DETAIL_MAX), .cap = DETAIL_MAX};
    if (out.at == NULL)
        return (struct bytes){NULL, 0};
    out_uint(&out, s->standing->points);
    out_text(&out, " points");
    return out_written(&out);
}

static struct verdict verdict(enum verdict_kind kind, enum reason reason, const struct subject *s,
                              uint64_t ms)
{
    return (struct verdict){.kind = kind,
                            .reason = reason,
                            .detail = points(s),
                            .ms = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX};
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct standing *standing = s->standing;
    uint64_t               now_ms = s->now_ns / NS_PER_MS;
    (void)rules;
    if (standing == NULL)
        return PASS;
    if (standing->until_ms > now_ms)
        return verdict(VERDICT_DENY, REASON_BANNED, s, standing->until_ms - now_ms);
    if (standing->rung != NULL && standing->rung->act == RUNG_TARPIT)
        return verdict(VERDICT_DENY, REASON_TARPIT, s, standing->rung->ms);
    return PASS;
}

static struct verdict on_admit(const void *rules, const struct subject *s, void **held)
{
    (void)rules;
    (void)held;
    const struct rung *rung = s->standing != NULL ? s->standing->rung : NULL;
    return rung != NULL && rung->act == RUNG_DELAY ? verdict(VERDICT_DELAY, REASON_SLOWED, s, rung->ms)
                                                   : PASS;
}

const struct policy policy_reputation = {
    .name = "reputation", .load = load, .on_head = on_head, .on_admit = on_admit};
