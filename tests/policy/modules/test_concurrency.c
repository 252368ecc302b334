// SPDX-License-Identifier: Apache-2.0
// test_concurrency: who is counted with whom, who waits for whom and how long, and what cannot be written
// down.
#include "policy/flight_table.h"
#include "policy/state.h"
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define MS UINT64_C(1000000)
#define START (1000 * 1000 * MS)
#define HEAD(fields) "GET / HTTP/1.1\r\nHost: a.example\r\n" fields "\r\n"

static struct rules  rules;
static struct state *state;
static struct arena  arena;
static uint64_t      now;

// One request, from its judgement to its end.
struct visit {
    struct waiter  waiter;
    unsigned       woken;
    struct peer    peer;
    struct request request;
    struct ruling  ruling;
    bool           admitted;
};

static void load(const char *settings)
{
    char json[1024];
    (void)snprintf(json, sizeof json, "{\"type\": \"concurrency\"%s}", settings);
    rules_load_policy(&rules, json);
    cr_assert_not_null(rules.snapshot, "%s: %s", settings, rules.problems);
}

static void begin(const char *settings)
{
    static const uint64_t seed[2] = {1, 2};
    arena_init(&arena, NULL, 4u << 20);
    state = state_new(&(struct state_sizes){.rate_keys = 64, .flights = 64}, seed);
    cr_assert_not_null(state);
    now = START;
    load(settings);
}

// Every visit must have left: a table that is freed with somebody in it ends the test.
static void done(void)
{
    state_free(&state);
    arena_reset(&arena);
    rules_free(&rules);
}

static void on_wake(struct waiter *w)
{
    ((struct visit *)w)->woken++;
}

static struct subject subject_of(struct visit *v)
{
    return (struct subject){.peer = &v->peer,
                            .request = &v->request,
                            .route = snapshot_route_at(rules.snapshot, 0)->name,
                            .now_ns = now,
                            .state = state,
                            .waiter = &v->waiter,
                            .arena = &arena};
}

static const struct chain *chain(void)
{
    return snapshot_route_at(rules.snapshot, 0)->chain;
}

static enum verdict_kind comes(struct visit *v, const char *from, const char *head)
{
    *v = (struct visit){
        .waiter = {on_wake}, .peer = {.port = 1}, .request = request_of(&arena, head ? head : HEAD(""))};
    cr_assert(ip_parse(bytes_of(from), &v->peer.address));
    struct subject s = subject_of(v);
    v->admitted = chain_on_head(chain(), &s, &v->ruling) != NULL;
    return v->ruling.verdict.kind;
}

static enum verdict_kind is_asked_again(struct visit *v)
{
    struct subject s = subject_of(v);
    v->admitted = chain_go_on(chain(), &s, &v->ruling) != NULL;
    return v->ruling.verdict.kind;
}

static void leaves(struct visit *v)
{
    struct subject s = subject_of(v);
    chain_end(chain(), &s, &v->ruling, v->admitted ? ENDING_DONE : ENDING_WITHDRAWN);
}

static const struct row {
    const char *label, *settings;
    const char *first, *first_head;
    const char *second, *second_head;
    bool        together; // the second is refused while the first is in flight
} rows[] = {
    {"the same address", "", "192.0.2.1", NULL, "192.0.2.1", NULL, true},
    {"its neighbour", "", "192.0.2.1", NULL, "192.0.2.2", NULL, false},
    {"its mapped form", "", "192.0.2.1", NULL, "::ffff:192.0.2.1", NULL, true},
    {"one /64", "", "2001:db8:0:1::1", NULL, "2001:db8:0:1:ffff::2", NULL, true},
    {"the next /64", "", "2001:db8:0:1::1", NULL, "2001:db8:0:2::1", NULL, false},
    {"one /56", ", \"ipv6_prefix\": 56", "2001:db8:0:1::1", NULL, "2001:db8:0:ff::1", NULL, true},
    {"the next /56", ", \"ipv6_prefix\": 56", "2001:db8:0:1::1", NULL, "2001:db8:0:101::1", NULL, false},
    {"one /48", ", \"ipv6_prefix\": 48", "2001:db8:0:1::1", NULL, "2001:db8:0:ffff::1", NULL, true},
    {"a prefix is nothing to IPv4", ", \"ipv6_prefix\": 48", "192.0.2.1", NULL, "192.0.2.2", NULL, false},
    {"a route is everybody's", ", \"key\": \"route\"", "192.0.2.1", NULL, "2001:db8::1", NULL, true},
    {"the same cookie", ", \"key\": \"cookie:id\"", "192.0.2.1", HEAD("Cookie: id=1\r\n"), "192.0.2.2",
     HEAD("Cookie: id=1\r\n"), true},
    {"another cookie", ", \"key\": \"cookie:id\"", "192.0.2.1", HEAD("Cookie: id=1\r\n"), "192.0.2.1",
     HEAD("Cookie: id=2\r\n"), false},
    {"a second one beside it makes another key", ", \"key\": \"cookie:id\"", "192.0.2.1",
     HEAD("Cookie: id=1\r\n"), "192.0.2.1", HEAD("Cookie: id=1; id=2\r\n"), false},
    {"the same cookie of another client", ", \"key\": [\"client_ip\", \"cookie:id\"]", "192.0.2.1",
     HEAD("Cookie: id=1\r\n"), "192.0.2.2", HEAD("Cookie: id=1\r\n"), false},
};

Test(concurrency, who_is_counted_with_whom)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        char         settings[256];
        struct visit first, second;
        (void)snprintf(settings, sizeof settings, ", \"max\": 1%s", row->settings);
        begin(settings);
        cr_expect_eq(comes(&first, row->first, row->first_head), VERDICT_PASS, "%s", row->label);
        cr_expect_eq(comes(&second, row->second, row->second_head),
                     row->together ? VERDICT_DENY : VERDICT_PASS, "%s", row->label);
        leaves(&second);
        leaves(&first);
        cr_expect_eq(comes(&second, row->second, row->second_head), VERDICT_PASS, "%s: it has ended",
                     row->label);
        leaves(&second);
        done();
    }
}

Test(concurrency, who_is_one_too_many_is_told_to_come_back)
{
    struct visit in, out;
    begin(", \"max\": 1");
    cr_expect_eq(comes(&in, "192.0.2.1", NULL), VERDICT_PASS);
    cr_expect_eq(comes(&out, "192.0.2.1", NULL), VERDICT_DENY);
    cr_expect_eq(out.ruling.verdict.reason, REASON_FLIGHTS);
    cr_expect_eq(out.ruling.verdict.ms, 1000u);
    cr_expect_not(out.ruling.verdict.shared, "its own requests are in its way");
    leaves(&in);
    leaves(&out);
    done();
}

Test(concurrency, what_others_may_have_used_up_is_said_to_be_shared)
{
    static const char *const keys[] = {"\"route\"", "\"cookie:id\"", "\"header:X-Key\""};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char         settings[128];
        struct visit in, out;
        (void)snprintf(settings, sizeof settings, ", \"max\": 1, \"key\": %s", keys[i]);
        begin(settings);
        cr_expect_eq(comes(&in, "192.0.2.1", NULL), VERDICT_PASS, "%s", keys[i]);
        cr_expect_eq(comes(&out, "192.0.2.2", NULL), VERDICT_DENY, "%s", keys[i]);
        cr_expect(out.ruling.verdict.shared, "%s", keys[i]);
        leaves(&in);
        done();
    }
}

Test(concurrency, a_queue_lets_in_who_waited_longest)
{
    struct visit in, first, second, third;
    begin(", \"max\": 1, \"queue\": 2");
    cr_expect_eq(comes(&in, "192.0.2.1", NULL), VERDICT_PASS);
    cr_expect_eq(comes(&first, "192.0.2.1", NULL), VERDICT_WAIT);
    cr_expect_eq(comes(&second, "192.0.2.1", NULL), VERDICT_WAIT);
    cr_expect_eq(comes(&third, "192.0.2.1", NULL), VERDICT_DENY, "the queue is full");
    cr_expect_eq(first.ruling.verdict.ms, 5000u, "by default");
    leaves(&in);
    cr_expect(first.woken == 1 && second.woken == 0);
    cr_expect_eq(is_asked_again(&first), VERDICT_PASS);
    cr_expect_eq(comes(&third, "192.0.2.1", NULL), VERDICT_WAIT, "nobody overtakes");
    leaves(&second); // gives up
    leaves(&first);
    cr_expect(second.woken == 0 && third.woken == 1, "its place is gone with it");
    cr_expect_eq(is_asked_again(&third), VERDICT_PASS);
    leaves(&third);
    done();
}

Test(concurrency, a_wait_is_as_long_as_it_says_however_often_it_is_asked)
{
    struct visit in, waits;
    begin(", \"max\": 1, \"queue\": 1, \"wait\": \"2s\"");
    cr_expect_eq(comes(&in, "192.0.2.1", NULL), VERDICT_PASS);
    cr_expect_eq(comes(&waits, "192.0.2.1", NULL), VERDICT_WAIT);
    cr_expect_eq(waits.ruling.verdict.ms, 2000u);
    now = START + 500 * MS;
    cr_expect_eq(is_asked_again(&waits), VERDICT_WAIT);
    cr_expect_eq(waits.ruling.verdict.ms, 1500u);
    now = START + 2000 * MS - 1;
    cr_expect_eq(is_asked_again(&waits), VERDICT_WAIT);
    cr_expect_eq(waits.ruling.verdict.ms, 1u, "rounded up: a wait of nothing would be asked without end");
    now = START + 2000 * MS;
    cr_expect_eq(is_asked_again(&waits), VERDICT_DENY);
    cr_expect_eq(waits.ruling.verdict.reason, REASON_FLIGHTS);
    leaves(&in);
    cr_expect_eq(waits.woken, 0u, "it has left");
    done();
}

Test(concurrency, a_shadow_waits_for_nobody_and_takes_no_place)
{
    struct visit in, over;
    begin(", \"max\": 1, \"queue\": 1, \"mode\": \"shadow\"");
    cr_expect_eq(comes(&in, "192.0.2.1", NULL), VERDICT_PASS);
    cr_expect_eq(comes(&over, "192.0.2.1", NULL), VERDICT_PASS);
    cr_expect_not_null(over.ruling.shadow);
    cr_expect_eq(over.ruling.shadow_verdict.reason, REASON_FLIGHTS);
    leaves(&in);
    leaves(&over);
    cr_expect_eq(over.woken, 0u);
    done();
}

Test(concurrency, a_new_configuration_counts_those_from_before)
{
    struct visit old, fresh;
    begin(", \"max\": 1");
    cr_expect_eq(comes(&old, "192.0.2.1", NULL), VERDICT_PASS);
    struct rules before = rules;
    load(", \"max\": 1, \"queue\": 1");
    cr_expect_eq(comes(&fresh, "192.0.2.1", NULL), VERDICT_WAIT);
    struct rules after = rules;
    rules = before;
    leaves(&old);
    rules_free(&rules);
    rules = after;
    cr_expect_eq(fresh.woken, 1u);
    cr_expect_eq(is_asked_again(&fresh), VERDICT_PASS);
    leaves(&fresh);
    done();
}

// Every key that the table has room for is in flight.
static unsigned of_a_crowd(const char *settings, enum reason *why_r)
{
    enum { MANY = 4096 };
    static struct flight flights[MANY];
    static struct waiter nobody;
    unsigned             passed = 0;
    struct visit         v;
    begin(settings);
    for (uint64_t i = 0; i < MANY; i++) {
        uint64_t key = i << 60 | i; // evenly over the shards
        cr_assert(flight_enter(state->flights, &flights[i], key, 1, 0, &nobody) != FLIGHT_QUEUED);
    }
    for (unsigned i = 0; i < 32; i++) {
        char from[32];
        (void)snprintf(from, sizeof from, "192.0.2.%u", i);
        passed += comes(&v, from, NULL) == VERDICT_PASS;
        *why_r = v.ruling.verdict.reason;
        leaves(&v);
    }
    for (size_t i = 0; i < MANY; i++)
        flight_leave(state->flights, &flights[i]);
    done();
    return passed;
}

Test(concurrency, more_keys_than_there_is_room_for)
{
    enum reason why;
    cr_expect_eq(of_a_crowd(", \"max\": 1", &why), 0u);
    cr_expect_eq(why, REASON_CROWDED);
    cr_expect_eq(of_a_crowd(", \"max\": 1, \"on_pressure\": \"deny\"", &why), 0u);
    cr_expect_eq(of_a_crowd(", \"max\": 1, \"on_pressure\": \"allow\"", &why), 32u);
}

Test(concurrency, no_memory_for_the_flight_counts_nothing)
{
    struct visit v;
    unsigned     refused = 0;
    begin(", \"max\": 1");
    cr_expect_eq(comes(&v, "192.0.2.1", NULL), VERDICT_PASS);
    leaves(&v);
    struct arena all = arena;
    for (size_t taken = ARENA_BLOCK - 512; taken < ARENA_BLOCK; taken += 8) {
        arena_init(&arena, NULL, ARENA_BLOCK);
        (void)(arena_alloc(&arena, taken) == NULL);
        struct subject s = subject_of(&v);
        v.admitted = chain_on_head(chain(), &s, &v.ruling) != NULL;
        refused += v.ruling.verdict.reason == REASON_CROWDED;
        leaves(&v);
        arena_reset(&arena);
    }
    arena = all;
    cr_expect_gt(refused, 0u);
    cr_expect_eq(comes(&v, "192.0.2.1", NULL), VERDICT_PASS, "nothing was left behind");
    leaves(&v);
    done();
}

static const struct refusal {
    const char *label, *settings, *problem, *hint;
} refusals[] = {
    {"no max", "", "a concurrency without a \"max\"", "add \"max\": 20"},
    {"a max of none", ", \"max\": 0", "0 is out of range", "between 1 and 1000000"},
    {"a max beyond counting", ", \"max\": 1000001", "1000001 is out of range", "between 1 and 1000000"},
    {"a max that is no number", ", \"max\": \"20\"", "a number is needed here, not text", ""},
    {"a queue without an end", ", \"max\": 1, \"queue\": 100001", "100001 is out of range",
     "between 0 and 100000"},
    {"a wait of nothing", ", \"max\": 1, \"queue\": 1, \"wait\": \"0s\"", "out of range", "1ms"},
    {"a wait of an hour", ", \"max\": 1, \"queue\": 1, \"wait\": \"1h\"", "out of range", "1m"},
    {"a wait without a queue", ", \"max\": 1, \"wait\": \"1s\"", "nobody waits without a \"queue\"",
     "add \"queue\": 10"},
    {"a wait in a queue of none", ", \"max\": 1, \"queue\": 0, \"wait\": \"1s\"",
     "nobody waits without a \"queue\"", ""},
    {"a prefix between", ", \"max\": 1, \"ipv6_prefix\": 60", "48, 56 or 64 is needed here", ""},
    {"a prefix too wide", ", \"max\": 1, \"ipv6_prefix\": 40", "40 is out of range", "between 48 and 64"},
    {"an unknown key", ", \"max\": 1, \"key\": \"ip\"", "\"ip\" is nothing to count by",
     "write \"client_ip\""},
    {"no key", ", \"max\": 1, \"key\": []", "one to 8 parts make a key", ""},
    {"a parent, of which there is none", ", \"max\": 1, \"on_pressure\": \"parent\"", "\"parent\"",
     "one of: deny, allow"},
    {"an unknown setting", ", \"max\": 1, \"rate\": \"1/s\"", "\"rate\"", ""},
};

Test(concurrency, what_cannot_be_written_down)
{
    for (const struct refusal *r = refusals; r < refusals + sizeof refusals / sizeof *refusals; r++) {
        char json[512];
        (void)snprintf(json, sizeof json, "{\"type\": \"concurrency\"%s}", r->settings);
        rules_load_policy(&rules, json);
        cr_expect_null(rules.snapshot, "%s", r->label);
        cr_expect(strstr(rules.problems, r->problem) != NULL, "%s: %s", r->label, rules.problems);
        cr_expect(strstr(rules.problems, r->hint) != NULL, "%s: %s", r->label, rules.problems);
        rules_free(&rules);
    }
}
