// SPDX-License-Identifier: Apache-2.0
// rate_limit: so many requests in so much time, counted by client, route, field or cookie.
//
// A limit is one budget, or two where clients make the key up: one for each value, and one for all values of
// one client together ("per_client"). An IPv4 client is one account in a budget; an IPv6 client is three: its
// /64, its /56 with four times as much and its /48 with sixteen times as much, for who owns a prefix has all
// addresses in it. All accounts are charged, or none. The table knows hashes only: a new configuration goes
// on where the last one was, as long as the policy keeps its name.
#include "policy/keys.h"
#include "policy/policy.h"
#include "policy/rate_table.h"
#include "policy/reputation.h"
#include "policy/siphash.h"
#include "policy/state.h"
#include "policy/status_set.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)
#define BUDGETS 2u
#define ACCOUNTS 3u // of one budget
#define DELAY_MAX_MS 10000u
#define BURST_MAX 1000000u
#define COST_MAX 1000u
#define FASTEST_NS 1000u // a million a second
#define JITTER_PERCENT 20u

enum pressure { PRESSURE_PARENT, PRESSURE_DENY, PRESSURE_ALLOW };

// An account: so many bits of the address, with so many times the rate.
struct level {
    unsigned    bits;
    bool        parent; // stands where there is always room: its number is small
    struct rate rate;
};

struct budget {
    uint64_t     id;
    uint64_t     burst; // events
    bool         by_client, by_rest;
    bool         is_for_all;    // nothing in its key is the client's: there are few of it
    struct level v4, v4_parent; // the parent only when there is no room for the other
    struct level v6[ACCOUNTS];  // from the widest, of which there are few, to the narrowest
};

struct rules {
    struct keys       keys;
    struct budget     budgets[BUDGETS];
    size_t            count;
    uint64_t          cost;
    enum pressure     on_pressure;
    bool              counts_some; // only answers in `counted`
    struct status_set counted;
    struct bytes      rate;   // as written
    struct bytes      policy; // the line RateLimit-Policy; empty: no such fields
    struct bytes      name;   // of the policy, as a structured text
};

// What an exchange was charged, and what its client is told.
struct account {
    struct rate_charge charges[BUDGETS * ACCOUNTS];
    size_t             count;
    uint64_t           remaining, wait, idle, delay;
    bool               shared; // what was spent is not the client's alone
};

// --- load ---

static void make_budget(struct budget *b, const struct rate *rate, uint64_t burst, unsigned v4_bits)
{
    struct rate four = rate_times(rate, 4), sixteen = rate_times(rate, 16), parent = rate_times(rate, 32);
    b->burst = burst;
    b->v4 = (struct level){v4_bits, false, *rate};
    b->v4_parent = (struct level){v4_bits == 24 ? 16 : 24, true, parent};
    b->v6[0] = (struct level){48, true, sixteen};
    b->v6[1] = (struct level){56, false, four};
    b->v6[2] = (struct level){64, false, *rate};
}

static bool check_rate(struct node n, uint64_t events, uint64_t period_ms)
{
    if (period_ms * NS_PER_MS / events >= FASTEST_NS)
        return true;
    node_problem(n, NULL, "more than a million a second cannot be told apart");
    return false;
}

// "rate", "burst" and "delay_after".
static bool load_rate(struct node settings, struct rules *r, struct rate *rate_r, uint64_t *burst_r)
{
    struct node n, burst, after;
    uint64_t    events, period_ms;
    if (!node_find(settings, "rate", &n)) {
        node_problem(settings, "add \"rate\": \"60/min\"", "a rate_limit without a \"rate\"");
        return false;
    }
    if (!node_rate(n, &events, &period_ms) || !check_rate(n, events, period_ms) || !node_text(n, &r->rate))
        return false;
    *burst_r = events < BURST_MAX ? events : BURST_MAX;
    if (node_find(settings, "burst", &burst) && !node_count(burst, 1, BURST_MAX, burst_r))
        return false;
    uint64_t undelayed = *burst_r;
    if (node_find(settings, "delay_after", &after) && !node_count(after, 0, *burst_r, &undelayed))
        return false;
    if (!rate_make(events, period_ms * NS_PER_MS, *burst_r, undelayed, rate_r)) {
        node_problem(burst.item != NULL ? burst : n, NULL,
                     "at this rate it would take more than 40 days until all of the burst is there again");
        return false;
    }
    if (rate_r->burst - rate_r->undelayed > DELAY_MAX_MS * NS_PER_MS) {
        node_problem(after, "a smaller burst, or a larger delay_after",
                     "requests would be held for more than 10 seconds");
        return false;
    }
    return true;
}

// A field, a cookie or a host can be anything: with a new one each time, nobody would ever reach a limit.
static bool load_per_client(struct node settings, struct rules *r, struct bytes name)
{
    struct node n;
    uint64_t    events, period_ms;
    struct rate rate;
    bool        has = node_find(settings, "per_client", &n);
    if (!has && r->keys.chosen.at != NULL)
        node_problem(settings,
                     "add \"per_client\": \"300/min\": for all values that one client comes with, together",
                     "\"%.*s\" is whatever a client makes up: with a new one each time there is no limit",
                     SHOW(r->keys.chosen));
    if (!has)
        return r->keys.chosen.at == NULL;
    if (!node_rate(n, &events, &period_ms) || !check_rate(n, events, period_ms))
        return false;
    if (r->keys.chosen.at == NULL) {
        node_problem(n, NULL, "\"per_client\" goes together with a field, a cookie or the host as a key");
        return false;
    }
    if (!rate_make(events, period_ms * NS_PER_MS, events, events, &rate)) {
        node_problem(n, NULL, "this rate is out of range");
        return false;
    }
    struct budget *b = &r->budgets[r->count++];
    *b = (struct budget){.id = keys_id(name, "per_client"), .by_client = true};
    make_budget(b, &rate, events, 32);
    return true;
}

// Behind the budgets: a cost beyond one of them would never pass.
static bool load_cost(struct node settings, struct rules *r)
{
    struct node n;
    uint64_t    most = COST_MAX;
    for (size_t i = 0; i < r->count; i++)
        most = r->budgets[i].burst < most ? r->budgets[i].burst : most;
    r->cost = 1;
    return !node_find(settings, "cost", &n) || node_count(n, 1, most, &r->cost);
}

static bool load_count(struct node settings, struct rules *r)
{
    static const char *const count_keys[] = {"status", NULL};
    struct node              n, status;
    if (!node_find(settings, "count", &n))
        return true;
    if (!node_expect_object(n))
        return false;
    node_keys(n, count_keys);
    r->counts_some = true;
    if (node_find(n, "status", &status))
        return status_set_load(status, &r->counted);
    node_problem(n, "\"count\": { \"status\": [\"401\", \"403\"] }", "which answers are to be counted?");
    return false;
}

// RFC 9651 3.3.3: printable ASCII; quotes and backslashes with a backslash in front.
static bool put_name(struct bytes_out *out, struct bytes name)
{
    out_char(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] < ' ' || name.at[i] > '~')
            return false;
        if (name.at[i] == '"' || name.at[i] == '\\')
            out_char(out, '\\');
        out_char(out, name.at[i]);
    }
    out_char(out, '"');
    return true;
}

// draft-ietf-httpapi-ratelimit-headers: a quota of q in a window of w seconds.
static bool load_headers(struct node settings, const struct policy_scope *scope, struct rules *r,
                         struct bytes name, uint64_t burst)
{
    struct node n;
    bool        wanted = false;
    if (!node_find(settings, "headers", &n))
        return true;
    if (!node_bool(n, &wanted) || !wanted)
        return !wanted && node_bool(n, &wanted);
    size_t           room = 2 * name.len + 96;
    struct bytes_out text = {.at = arena_alloc(scope->arena, room), .cap = room};
    struct bytes_out line = {.at = arena_alloc(scope->arena, room), .cap = room};
    if (text.at == NULL || line.at == NULL)
        return false;
    if (!put_name(&text, name)) {
        node_problem(n, NULL, "the name of a policy that is told to clients must be plain ASCII");
        return false;
    }
    r->name = out_written(&text);
    out_text(&line, "RateLimit-Policy: ");
    out_bytes(&line, r->name);
    out_text(&line, ";q=");
    out_uint(&line, burst);
    out_text(&line, ";w=");
    out_uint(&line, (r->budgets[0].v4.rate.burst + NS_PER_S - 1) / NS_PER_S);
    out_text(&line, "\r\n");
    r->policy = out_written(&line);
    return true;
}

static bool load_key(struct node settings, struct rules *r, uint64_t *v4_bits_r)
{
    struct node n;
    if (node_find(settings, "key", &n)) {
        if (!keys_load(n, &r->keys))
            return false;
    } else {
        r->keys = (struct keys){.parts = {{.kind = KEY_CLIENT}}, .count = 1, .by_client = true};
    }
    *v4_bits_r = 32;
    if (!node_find(settings, "ipv4_prefix", &n))
        return true;
    if (!node_count(n, 24, 32, v4_bits_r))
        return false;
    if (*v4_bits_r == 24 || *v4_bits_r == 32)
        return true;
    node_problem(n, "32 is one address, 24 are 256", "24 or 32 is needed here");
    return false;
}

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {"type",        "mode",  "rate",        "burst",   "delay_after",
                                       "key",         "cost",  "on_pressure", "headers", "per_client",
                                       "ipv4_prefix", "count", NULL};
    static const char *const pressures[] = {"parent", "deny", "allow", NULL};
    struct rules            *r = arena_zalloc(scope->arena, sizeof *r);
    struct bytes             name = node_key(settings);
    struct node              n;
    struct rate              rate;
    uint64_t                 v4_bits, burst = 0;
    size_t                   pressure = PRESSURE_PARENT;
    if (r == NULL)
        return NULL;
    node_keys(settings, keys);
    bool good = load_key(settings, r, &v4_bits);
    good = load_rate(settings, r, &rate, &burst) && good;
    if (!good)
        return NULL;
    r->count = 1;
    r->budgets[0] =
        (struct budget){.id = keys_id(name, "rate"), .by_client = r->keys.by_client, .by_rest = true};
    r->budgets[0].is_for_all = !r->keys.by_client && r->keys.chosen.at == NULL;
    make_budget(&r->budgets[0], &rate, burst, (unsigned)v4_bits);
    if (node_find(settings, "on_pressure", &n))
        good = node_choice(n, pressures, &pressure) && good;
    r->on_pressure = (enum pressure)pressure;
    good = load_per_client(settings, r, name) && good;
    good = load_cost(settings, r) && good;
    good = load_count(settings, r) && good;
    return load_headers(settings, scope, r, name, burst) && good ? r : NULL;
}

// --- the moments of a request ---

static void give_back(const struct subject *s, struct account *a)
{
    while (a->count > 0)
        rate_give_back(s->state->rates, &a->charges[--a->count], s->now_ns);
}

// The tightest account is the one that the client is told about.
static void note(struct account *a, const struct rate_outcome *o)
{
    a->wait = o->wait > a->wait ? o->wait : a->wait;
    a->delay = o->delay > a->delay ? o->delay : a->delay;
    a->idle = o->idle > a->idle ? o->idle : a->idle;
    a->remaining = o->remaining < a->remaining ? o->remaining : a->remaining;
}

// Whoever stands on the ladder pays more, but can still pay.
static uint64_t cost_of(const struct rules *r, const struct budget *b, const struct subject *s)
{
    uint64_t cost = r->cost * standing_cost(s->standing);
    return cost < b->burst ? cost : b->burst;
}

static enum rate_answer charge(const struct rules *r, const struct budget *b, const struct level *level,
                               uint64_t rest, const struct subject *s, struct account *a)
{
    uint64_t            key = keys_hash(s, b->id, level->bits, rest);
    struct rate_charge *c = &a->charges[a->count];
    struct rate_outcome o = (level->parent ? rate_take_parent : rate_take)(s->state->rates, key, &level->rate,
                                                                           cost_of(r, b, s), s->now_ns, c);
    if (o.answer == RATE_CROWDED)
        return o.answer;
    if (o.answer == RATE_PASSES)
        a->count++;
    note(a, &o);
    return o.answer;
}

// There is no room for it. What bounds all together is not loosened: it stands with the few.
static enum rate_answer charge_parent(const struct rules *r, const struct budget *b, uint64_t rest,
                                      const struct subject *s, struct account *a)
{
    const struct level same = {.parent = true, .rate = b->v4.rate};
    a->shared = true;
    if (b->is_for_all)
        return charge(r, b, &same, rest, s, a);
    return charge(r, b, ip_is_v4(&s->peer->address) ? &b->v4_parent : &b->v6[0], 0, s, a);
}

// All accounts of one budget. RATE_CROWDED: one could not be counted, and that is to be refused.
static enum rate_answer charge_budget(const struct rules *r, const struct budget *b, uint64_t rest,
                                      const struct subject *s, struct account *a)
{
    struct level        alone = b->v4;
    const struct level *levels = &alone;
    size_t              count = 1;
    alone.bits = b->by_client ? alone.bits : 0;
    a->shared = !b->by_client;
    if (b->by_client && !ip_is_v4(&s->peer->address)) {
        levels = b->v6;
        count = ACCOUNTS;
        // Who alone is over its limit is refused without touching what it shares with others.
        const struct level *own = &b->v6[ACCOUNTS - 1];
        struct rate_outcome o = rate_look(s->state->rates, false, keys_hash(s, b->id, own->bits, rest),
                                          &own->rate, cost_of(r, b, s), s->now_ns);
        if (o.answer == RATE_SPENT) {
            note(a, &o);
            return RATE_SPENT;
        }
    }
    for (size_t i = 0; i < count; i++) {
        enum rate_answer answer = charge(r, b, &levels[i], rest, s, a);
        if (answer == RATE_CROWDED && r->on_pressure == PRESSURE_PARENT)
            // The widest prefix of IPv6 has paid already.
            answer = count == ACCOUNTS ? RATE_PASSES : charge_parent(r, b, rest, s, a);
        if (answer == RATE_SPENT || (answer == RATE_CROWDED && r->on_pressure == PRESSURE_DENY))
            return answer;
    }
    return RATE_PASSES;
}

// Rounded up, and up to a fifth more, never less: those who were refused together do not come back together.
static uint32_t wait_ms(const struct subject *s, uint64_t wait_ns)
{
    struct siphash h;
    uint64_t       ms = (wait_ns + NS_PER_MS - 1) / NS_PER_MS;
    siphash_begin(&h, s->state->seed);
    siphash_word(&h, s->now_ns);
    siphash_bytes(&h, (struct bytes){(const char *)s->peer->address.octet, sizeof s->peer->address.octet});
    ms += siphash_end(&h) % (ms * JITTER_PERCENT / 100 + 1);
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX; // RATE_SPAN_MAX and a fifth fit
}

static struct verdict on_admit(const void *rules, const struct subject *s, void **held)
{
    const struct rules *r = rules;
    struct account     *a = arena_alloc(s->arena, sizeof *a);
    enum rate_answer    answer = RATE_PASSES;
    if (a == NULL)
        return (struct verdict){.kind = VERDICT_DENY, .reason = REASON_CROWDED, .ms = 1000};
    *a = (struct account){.remaining = UINT64_MAX};
    *held = a;
    uint64_t rest = keys_rest(&r->keys, s);
    // That of one client first: who is over it touches no key that it makes up.
    for (size_t i = r->count; i > 0 && answer == RATE_PASSES; i--)
        answer = charge_budget(r, &r->budgets[i - 1], r->budgets[i - 1].by_rest ? rest : 0, s, a);
    if (answer == RATE_PASSES && a->delay == 0)
        return PASS;
    if (answer == RATE_PASSES)
        return (struct verdict){.kind = VERDICT_DELAY,
                                .reason = REASON_RATE,
                                .detail = r->rate,
                                .ms = (uint32_t)((a->delay + NS_PER_MS - 1) / NS_PER_MS)};
    give_back(s, a);
    return (struct verdict){.kind = VERDICT_DENY,
                            .reason = answer == RATE_SPENT ? REASON_RATE : REASON_CROWDED,
                            .detail = r->rate,
                            .shared = a->shared,
                            .ms = wait_ms(s, a->wait > 0 ? a->wait : NS_PER_S)};
}

static void put_fields(const struct rules *r, const struct subject *s, const struct account *a,
                       struct edits *edits)
{
    size_t           room = r->name.len + 64;
    struct bytes_out out = {.at = arena_alloc(s->arena, room), .cap = room};
    if (out.at == NULL || a->remaining == UINT64_MAX)
        return;
    out_bytes(&out, r->name);
    out_text(&out, ";r=");
    out_uint(&out, a->remaining);
    out_text(&out, ";t=");
    out_uint(&out, ((a->wait > 0 ? a->wait : a->idle) + NS_PER_S - 1) / NS_PER_S);
    edits_add_lines(edits, r->policy);
    edits_add(edits, BYTES("RateLimit"), out_written(&out));
}

static void on_reply(const void *rules, const struct subject *s, const struct answer *answer, void *held,
                     struct edits *edits)
{
    const struct rules *r = rules;
    struct account     *a = held;
    if (a == NULL)
        return;
    // Charged when it came in, so that a hundred tries at once are not all admitted before the first answer.
    // What then never was answered by the app stays charged: it was tried, and who hangs up early would try
    // for free.
    if (r->counts_some && !answer->own && !status_set_has(&r->counted, answer->status))
        give_back(s, a);
    if (r->policy.len > 0 && edits != NULL)
        put_fields(r, s, a, edits);
}

static void on_end(const void *rules, const struct subject *s, void *held, enum ending ending)
{
    (void)rules;
    if (held != NULL && ending == ENDING_WITHDRAWN)
        give_back(s, held);
}

const struct policy policy_rate_limit = {
    .name = "rate_limit", .load = load, .on_admit = on_admit, .on_reply = on_reply, .on_end = on_end};
