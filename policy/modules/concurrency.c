// SPDX-License-Identifier: Apache-2.0
// concurrency: so many requests at the same time, counted by client, route, field or cookie; a few more may
// wait for their turn. A request is in flight from its admission to the end of its answer.
#include "policy/flight_table.h"
#include "policy/keys.h"
#include "policy/state.h"

#define MAX_MAX 1000000u
#define QUEUE_MAX 100000u
#define WAIT_MS 5000u
#define WAIT_MAX_MS (60u * 1000u)
#define NS_PER_MS UINT64_C(1000000)
#define AGAIN_MS 1000u // Retry-After: nobody knows when a request ends

struct rules {
    struct keys keys;
    uint64_t    id;
    uint32_t    max, queue, wait_ms, v6_bits;
    bool        allows_crowd; // who cannot be counted passes
};

struct claimed {
    struct flight flight;
    uint64_t      until; // ns: when it will have waited long enough
};

static bool load_number(struct node settings, const char *key, uint64_t min, uint64_t max, uint32_t *value)
{
    struct node n;
    uint64_t    count;
    if (!node_find(settings, key, &n))
        return true;
    if (!node_count(n, min, max, &count))
        return false;
    *value = (uint32_t)count;
    return true;
}

static bool load_wait(struct node settings, struct rules *r)
{
    struct node n;
    uint64_t    ms;
    if (!node_find(settings, "wait", &n))
        return true;
    if (!node_duration(n, 1, WAIT_MAX_MS, &ms))
        return false;
    r->wait_ms = (uint32_t)ms;
    if (r->queue > 0)
        return true;
    node_problem(n, "add \"queue\": 10", "nobody waits without a \"queue\"");
    return false;
}

static bool load_prefix(struct node settings, struct rules *r)
{
    struct node n;
    r->v6_bits = 64;
    if (!load_number(settings, "ipv6_prefix", 48, 64, &r->v6_bits))
        return false;
    if (r->v6_bits % 8 == 0)
        return true;
    (void)node_find(settings, "ipv6_prefix", &n);
    node_problem(n, NULL, "48, 56 or 64 is needed here");
    return false;
}

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {"type", "mode",        "max",         "key", "queue",
                                       "wait", "on_pressure", "ipv6_prefix", NULL};
    static const char *const pressures[] = {"deny", "allow", NULL};
    struct rules            *r = arena_zalloc(scope->arena, sizeof *r);
    struct node              n;
    size_t                   pressure = 0;
    if (r == NULL)
        return NULL;
    *r = (struct rules){.keys = {.parts = {{.kind = KEY_CLIENT}}, .count = 1, .by_client = true},
                        .id = keys_id(node_key(settings), "concurrency"),
                        .wait_ms = WAIT_MS};
    node_keys(settings, keys);
    bool good = !node_find(settings, "key", &n) || keys_load(n, &r->keys);
    good = load_number(settings, "max", 1, MAX_MAX, &r->max) && good;
    good = load_number(settings, "queue", 0, QUEUE_MAX, &r->queue) && good;
    good = load_wait(settings, r) && good;
    good = load_prefix(settings, r) && good;
    if (node_find(settings, "on_pressure", &n))
        good = node_choice(n, pressures, &pressure) && good;
    r->allows_crowd = pressure == 1;
    if (!node_find(settings, "max", &n)) {
        node_problem(settings, "add \"max\": 20", "a concurrency without a \"max\"");
        good = false;
    }
    return good ? r : NULL;
}

static uint64_t key_of(const struct rules *r, const struct subject *s)
{
    unsigned bits = ip_is_v4(&s->peer->address) ? 32 : r->v6_bits;
    return keys_hash(s, r->id, r->keys.by_client ? bits : 0, keys_rest(&r->keys, s));
}

static struct verdict refuse(const struct rules *r, enum reason why)
{
    return (struct verdict){
        .kind = VERDICT_DENY, .reason = why, .ms = AGAIN_MS, .shared = !r->keys.by_client};
}

static struct verdict wait_until(const struct subject *s, uint64_t until)
{
    return (struct verdict){.kind = VERDICT_WAIT,
                            .reason = REASON_FLIGHTS,
                            .ms = (uint32_t)((until - s->now_ns + NS_PER_MS - 1) / NS_PER_MS)};
}

// It was in the queue: by now it was let in, or has waited long enough, or was asked early.
static struct verdict ask_again(const struct rules *r, const struct subject *s, struct claimed *c)
{
    if (flight_state(s->state->flights, &c->flight) == FLIGHT_IN)
        return PASS;
    if (s->now_ns < c->until)
        return wait_until(s, c->until);
    flight_leave(s->state->flights,
                 &c->flight); // or let in at this very moment: then the next one is, instead
    return refuse(r, REASON_FLIGHTS);
}

static struct verdict on_admit(const void *rules, const struct subject *s, void **held)
{
    const struct rules *r = rules;
    struct claimed     *c = *held;
    if (c != NULL)
        return ask_again(r, s, c);
    c = arena_zalloc(s->arena, sizeof *c);
    if (c == NULL)
        return refuse(r, REASON_CROWDED);
    *held = c;
    c->until = s->now_ns + r->wait_ms * NS_PER_MS;
    switch (flight_enter(s->state->flights, &c->flight, key_of(r, s), r->max, r->queue, s->waiter)) {
    case FLIGHT_ENTERED:
        return PASS;
    case FLIGHT_QUEUED:
        return wait_until(s, c->until);
    case FLIGHT_FULL:
        return refuse(r, REASON_FLIGHTS);
    case FLIGHT_CROWDED:
        break;
    }
    return r->allows_crowd ? PASS : refuse(r, REASON_CROWDED);
}

static void on_end(const void *rules, const struct subject *s, void *held, enum ending ending)
{
    (void)rules;
    (void)ending;
    struct claimed *c = held;
    if (c != NULL)
        flight_leave(s->state->flights, &c->flight);
}

const struct policy policy_concurrency = {
    .name = "concurrency", .takes_a_place = true, .load = load, .on_admit = on_admit, .on_end = on_end};
