// SPDX-License-Identifier: Apache-2.0
// test_rate_limit: who is counted with whom, what is told to those who are refused, and what survives.
#include "policy/rate_table.h"
#include "policy/reputation.h"
#include "policy/state.h"
#include "tests/support/expect_text.h"
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define SECOND UINT64_C(1000000000)

static struct rules  rules;
static struct state *state;
static struct arena  arena;
static uint64_t      now;
static char          lines[1024]; // that the last answer was given

static void load(const char *settings)
{
    char json[1024];
    (void)snprintf(json, sizeof json, "{\"type\": \"rate_limit\"%s}", settings);
    rules_load_policy(&rules, json);
    cr_assert_not_null(rules.snapshot, "%s: %s", settings, rules.problems);
}

static void begin(void)
{
    static const uint64_t seed[2] = {1, 2};
    arena_init(&arena, NULL, 1u << 20);
    state = state_new(&(struct state_sizes){.rate_keys = 4096}, seed);
    cr_assert_not_null(state);
    now = 1000 * SECOND;
}

static void done(void)
{
    state_free(&state);
    arena_reset(&arena);
    rules_free(&rules);
}

// One request and its answer.
struct visit {
    uint32_t          ladder; // what each request counts as; 0: nothing is known of the address
    const char       *from, *head;
    unsigned          status; // of the app; 0: an error of ours
    bool              withdrawn;
    enum verdict_kind kind;
    enum reason       reason;
    uint32_t          ms;
    bool              shared;
};

static struct visit visit(struct visit v)
{
    struct peer    peer = {.port = 1};
    struct request request =
        v.head == NULL ? request_for(&arena, "GET", NULL, "/") : request_of(&arena, v.head);
    cr_assert(ip_parse(bytes_of(v.from), &peer.address));
    const struct rung     rung = {.cost = v.ladder};
    const struct standing standing = {.rung = &rung};
    const struct route   *route = snapshot_route_at(rules.snapshot, 0);
    struct subject        s = {.peer = &peer,
                               .request = &request,
                               .standing = v.ladder > 0 ? &standing : NULL,
                               .route = route->name,
                               .now_ns = now,
                               .state = state,
                               .arena = &arena};
    struct ruling         ruling;
    bool                  admitted = chain_on_head(route->chain, &s, &ruling) != NULL;
    struct fields         none = {NULL, 0};
    struct answer         a = {.status = v.status, .fields = &none, .own = v.status == 0 || !admitted};
    struct edits          edits;
    edits_init(&edits, 0, &arena);
    if (v.withdrawn)
        chain_end(route->chain, &s, &ruling, ENDING_WITHDRAWN);
    chain_on_reply(route->chain, &s, &ruling, &a, &edits);
    chain_end(route->chain, &s, &ruling, ENDING_DONE);
    struct bytes_out out = {.at = lines, .cap = sizeof lines - 1};
    edits_print(&edits, &out);
    lines[out.len] = '\0';
    arena_reset(&arena);
    v.kind = ruling.delay_ms > 0 ? VERDICT_DELAY : ruling.verdict.kind;
    v.reason = ruling.verdict.reason;
    v.shared = ruling.verdict.shared;
    v.ms = ruling.delay_ms > 0 ? ruling.delay_ms : ruling.verdict.ms;
    return v;
}

// So many of `tries` requests pass.
static unsigned passes(const char *from, const char *head, unsigned tries)
{
    unsigned passed = 0;
    for (unsigned i = 0; i < tries; i++)
        passed += visit((struct visit){.from = from, .head = head, .status = 200}).kind != VERDICT_DENY;
    return passed;
}

struct row {
    const char *label, *settings;
    const char *first, *first_head;   // spends all it may
    const char *second, *second_head; // comes then
    unsigned    left;                 // so many of the second's five pass
};

#define HEAD(fields) "GET / HTTP/1.1\r\nHost: a.example\r\n" fields "\r\n"
#define FIVE ", \"rate\": \"5/h\""
#define KEYED ", \"rate\": \"5/h\", \"per_client\": \"1000/h\", \"key\": "

static const struct row rows[] = {
    {"the same address", FIVE, "192.0.2.1", NULL, "192.0.2.1", NULL, 0},
    {"its neighbour", FIVE, "192.0.2.1", NULL, "192.0.2.2", NULL, 5},
    {"its mapped form", FIVE, "192.0.2.1", NULL, "::ffff:192.0.2.1", NULL, 0},
    {"its neighbour, with /24", FIVE ", \"ipv4_prefix\": 24", "192.0.2.1", NULL, "192.0.2.2", NULL, 0},
    {"the next /24", FIVE ", \"ipv4_prefix\": 24", "192.0.2.1", NULL, "192.0.3.1", NULL, 5},
    {"one /64", FIVE, "2001:db8:0:1::1", NULL, "2001:db8:0:1:ffff::2", NULL, 0},
    {"the next /64", FIVE, "2001:db8:0:1::1", NULL, "2001:db8:0:2::1", NULL, 5},
    {"without the client, everybody", FIVE ", \"key\": \"route\"", "192.0.2.1", NULL, "2001:db8::1", NULL, 0},
    {"another value of the field", KEYED "\"header:X-Key\"", "192.0.2.1", HEAD("X-Key: a\r\n"), "192.0.2.1",
     HEAD("X-Key: b\r\n"), 5},
    {"the same value from elsewhere", KEYED "\"header:X-Key\"", "192.0.2.1", HEAD("X-Key: a\r\n"),
     "192.0.2.9", HEAD("x-KEY: a\r\n"), 0},
    {"without the field all are one", KEYED "\"header:X-Key\"", "192.0.2.1", NULL, "192.0.2.9", NULL, 0},
    {"no field is not an empty one", KEYED "\"header:X-Key\"", "192.0.2.1", NULL, "192.0.2.9",
     HEAD("X-Key:\r\n"), 5},
    {"the field twice is another key than once", KEYED "\"header:X-Key\"", "192.0.2.1", HEAD("X-Key: a\r\n"),
     "192.0.2.1", HEAD("X-Key: a\r\nX-Key: b\r\n"), 5},
    {"the same cookie", KEYED "\"cookie:id\"", "192.0.2.1", HEAD("Cookie: id=1; x=1\r\n"), "192.0.2.9",
     HEAD("Cookie: x=2; id=\"1\"\r\n"), 0},
    {"another cookie", KEYED "\"cookie:id\"", "192.0.2.1", HEAD("Cookie: id=1\r\n"), "192.0.2.1",
     HEAD("Cookie: id=2\r\n"), 5},
    {"the same host", KEYED "\"host\"", "192.0.2.1", NULL, "192.0.2.9", HEAD(""), 0},
    {"client and field together: another client", KEYED "[\"client_ip\", \"header:X-Key\"]", "192.0.2.1",
     HEAD("X-Key: a\r\n"), "192.0.2.9", HEAD("X-Key: a\r\n"), 5},
    {"client and field together: another value", KEYED "[\"client_ip\", \"header:X-Key\"]", "192.0.2.1",
     HEAD("X-Key: a\r\n"), "192.0.2.1", HEAD("X-Key: b\r\n"), 5},
};

Test(rate_limit, who_is_counted_with_whom)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        begin();
        load(row->settings);
        cr_expect_eq(passes(row->first, row->first_head, 7), 5, "%s", row->label);
        cr_expect_eq(passes(row->second, row->second_head, 5), row->left, "%s", row->label);
        done();
    }
}

Test(rate_limit, who_owns_a_prefix_has_its_share)
{
    unsigned passed = 0;
    char     from[64];
    begin();
    load(FIVE);
    for (unsigned i = 0; i < 64; i++) { // one /56
        (void)snprintf(from, sizeof from, "2001:db8:0:%x::1", i);
        passed += passes(from, NULL, 5);
    }
    cr_expect_eq(passed, 20, "a /56 has four times as much: %u", passed);
    for (unsigned i = 0; i < 64; i++) { // the /48 around it
        (void)snprintf(from, sizeof from, "2001:db8:0:%x::1", i << 8);
        passed += passes(from, NULL, 5);
    }
    cr_expect_eq(passed, 80, "a /48 has sixteen times as much: %u", passed);
    done();
}

Test(rate_limit, keys_that_clients_make_up_do_not_help)
{
    unsigned passed = 0;
    char     head[128];
    begin();
    load(", \"rate\": \"5/h\", \"per_client\": \"20/h\", \"key\": \"header:X-Key\"");
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(head, sizeof head, HEAD("X-Key: %u\r\n"), i);
        passed += passes("2001:db8::1", head, 1);
    }
    cr_expect_eq(passed, 20, "%u", passed);
    cr_expect_eq(passes("192.0.2.1", HEAD("X-Key: 99\r\n"), 9), 5, "what was refused was charged to nobody");
    done();
}

Test(rate_limit, the_wait_is_never_less_than_exact_and_at_most_a_fifth_more)
{
    begin();
    load(FIVE);
    for (unsigned i = 0; i < 5; i++)
        (void)visit((struct visit){.from = "192.0.2.1", .status = 200});
    uint32_t least = UINT32_MAX, most = 0;
    for (unsigned i = 0; i < 200; i++) {
        struct visit v = visit((struct visit){.from = "192.0.2.1"});
        cr_assert_eq(v.kind, VERDICT_DENY);
        cr_expect_eq(v.reason, REASON_RATE);
        least = v.ms < least ? v.ms : least;
        most = v.ms > most ? v.ms : most;
        now++;
    }
    cr_expect(least >= 720000 && most <= 864000 && most > least + 100000, "%u to %u", least, most);
    now += 720 * SECOND;
    cr_expect_eq(visit((struct visit){.from = "192.0.2.1", .status = 200}).kind, VERDICT_PASS);
    done();
}

Test(rate_limit, the_longest_wait_fits)
{
    begin();
    load(", \"rate\": \"1/day\", \"burst\": 40, \"cost\": 40");
    cr_expect_eq(visit((struct visit){.from = "192.0.2.1", .status = 200}).kind, VERDICT_PASS);
    cr_expect_geq(visit((struct visit){.from = "192.0.2.1"}).ms, 40u * 24 * 3600 * 1000);
    done();
}

Test(rate_limit, those_behind_delay_after_are_held)
{
    begin();
    load(", \"rate\": \"10/s\", \"burst\": 4, \"delay_after\": 2");
    static const uint32_t held[] = {0, 0, 100, 200};
    for (size_t i = 0; i < 4; i++) {
        struct visit v = visit((struct visit){.from = "192.0.2.1", .status = 200});
        cr_expect_eq(v.ms, held[i], "%zu: %u", i, v.ms);
        cr_expect_neq(v.kind, VERDICT_DENY);
    }
    cr_expect_eq(visit((struct visit){.from = "192.0.2.1"}).kind, VERDICT_DENY);
    done();
}

struct count_row {
    const char *label;
    unsigned    status;
    bool        withdrawn;
    unsigned    passed; // of ten
};

static const struct count_row count_rows[] = {
    {"the answers that count", 401, false, 5},
    {"a hundred of them", 451, false, 5},
    {"others do not", 200, false, 10},
    {"no answer of the app counts", 0, false, 5},
    {"what was withdrawn does not", 401, true, 10},
};

Test(rate_limit, only_certain_answers_count)
{
    for (const struct count_row *row = count_rows; row < count_rows + sizeof count_rows / sizeof *count_rows;
         row++) {
        unsigned passed = 0;
        begin();
        load(FIVE ", \"count\": {\"status\": [\"401\", \"4xx\"]}");
        for (unsigned i = 0; i < 10; i++)
            passed += visit((struct visit){
                                .from = "2001:db8::1", .status = row->status, .withdrawn = row->withdrawn})
                          .kind == VERDICT_PASS;
        cr_expect_eq(passed, row->passed, "%s: %u", row->label, passed);
        done();
    }
}

Test(rate_limit, a_cost_of_more_than_one)
{
    begin();
    load(", \"rate\": \"10/h\", \"cost\": 3");
    cr_expect_eq(passes("192.0.2.1", NULL, 9), 3);
    done();
}

Test(rate_limit, who_stands_on_the_ladder_pays_more_but_can_pay)
{
    begin();
    load(", \"rate\": \"5/h\"");
    cr_expect_eq(visit((struct visit){.from = "192.0.2.1", .status = 200, .ladder = 2}).kind, VERDICT_PASS);
    cr_expect_eq(passes("192.0.2.1", NULL, 9), 3);
    cr_expect_eq(visit((struct visit){.from = "192.0.2.2", .status = 200, .ladder = 9}).kind, VERDICT_PASS);
    cr_expect_eq(passes("192.0.2.2", NULL, 9), 0);
    done();
}

Test(rate_limit, who_stands_on_the_ladder_can_pay_per_client_too)
{
    begin();
    load(", \"rate\": \"100/h\", \"key\": \"header:X-Key\", \"per_client\": \"5/h\"");
    cr_expect_eq(visit((struct visit){.from = "192.0.2.1", .status = 200, .ladder = 9}).kind, VERDICT_PASS);
    struct visit again = visit((struct visit){.from = "192.0.2.1", .status = 200, .ladder = 9});
    cr_expect_eq(again.kind, VERDICT_DENY);
    cr_expect_geq(again.ms, 3600u * 1000, "%u", again.ms);
    done();
}

Test(rate_limit, the_client_is_told_what_is_left)
{
    begin();
    load(FIVE ", \"headers\": true");
    (void)visit((struct visit){.from = "192.0.2.1", .status = 200});
    EXPECT_HAS(lines, "RateLimit-Policy: \"asked\";q=5;w=3600\r\nRateLimit: \"asked\";r=4;t=720\r\n");
    cr_expect_eq(passes("192.0.2.1", NULL, 4), 4);
    (void)visit((struct visit){.from = "192.0.2.1"});
    EXPECT_HAS(lines, "RateLimit: \"asked\";r=0;t=720\r\n");
    done();
    begin();
    load(FIVE);
    (void)visit((struct visit){.from = "192.0.2.1", .status = 200});
    EXPECT_LACKS(lines, "RateLimit");
    done();
}

Test(rate_limit, a_new_configuration_goes_on_where_the_last_one_was)
{
    begin();
    load(FIVE);
    cr_expect_eq(passes("192.0.2.1", NULL, 3), 3);
    rules_free(&rules);
    load(FIVE);
    cr_expect_eq(passes("192.0.2.1", NULL, 5), 2, "the same rules again");
    rules_free(&rules);
    load(", \"rate\": \"6/h\"");
    cr_expect_eq(passes("192.0.2.1", NULL, 5), 0, "the hour is not over");
    done();
}

Test(rate_limit, shadow_counts_and_refuses_nobody)
{
    begin();
    load(FIVE ", \"mode\": \"shadow\"");
    cr_expect_eq(passes("192.0.2.1", NULL, 9), 9);
    rules_free(&rules);
    load(FIVE);
    cr_expect_eq(passes("192.0.2.1", NULL, 9), 0);
    done();
}

// A table of 64 keys, and more clients than that.
static unsigned of_a_crowd(const char *settings)
{
    static const uint64_t seed[2] = {1, 2};
    unsigned              passed = 0;
    char                  from[64];
    begin();
    state_free(&state);
    state = state_new(&(struct state_sizes){.rate_keys = 64}, seed);
    load(settings);
    for (unsigned i = 0; i < 1024; i++) {
        (void)snprintf(from, sizeof from, "192.0.2.%u", i % 256);
        if (i >= 256)
            (void)snprintf(from, sizeof from, "198.51.100.%u", i % 256);
        passed += passes(from, NULL, 1);
    }
    done();
    return passed;
}

Test(rate_limit, more_clients_than_there_is_room_for)
{
    unsigned parent = of_a_crowd(", \"rate\": \"1/h\"");
    unsigned deny = of_a_crowd(", \"rate\": \"1/h\", \"on_pressure\": \"deny\"");
    unsigned allow = of_a_crowd(", \"rate\": \"1/h\", \"on_pressure\": \"allow\"");
    cr_expect(parent > 64 && parent <= 64 + 2 * 32, "each /24 has 32 times as much: %u", parent);
    cr_expect(deny > 32 && deny <= 64, "%u", deny);
    cr_expect_gt(allow, 800, "%u", allow);
}

// A limit for everybody stays one, however many networks come: there is always room for it.
Test(rate_limit, a_limit_for_a_route_that_finds_no_room)
{
    struct rate        hour;
    struct rate_charge ignored;
    unsigned           passed = 0, filled = 0;
    char               from[64];
    begin();
    load(FIVE ", \"key\": \"route\"");
    cr_assert(rate_make(1, 3600 * SECOND, 1, 1, &hour));
    for (uint64_t key = 1; key <= 65536; key++)
        filled += rate_take(state->rates, key, &hour, 1, now, &ignored).answer == RATE_PASSES;
    cr_assert_eq(filled, 4096);
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(from, sizeof from, "192.0.%u.1", i);
        passed += passes(from, NULL, 1);
    }
    cr_expect_eq(passed, 5, "%u", passed);
    done();
}

static const struct {
    const char *label, *settings, *spender, *refused;
    bool        shared;
} shared_rows[] = {
    {"a client's own", FIVE, "192.0.2.1", "192.0.2.1", false},
    {"its /64", FIVE, "2001:db8::1", "2001:db8::2", false},
    {"a route", FIVE ", \"key\": \"route\"", "192.0.2.1", "192.0.2.9", true},
    {"a field", KEYED "\"header:X-Key\"", "192.0.2.1", "192.0.2.9", true},
    {"a field of each client", KEYED "[\"client_ip\", \"header:X-Key\"]", "192.0.2.1", "192.0.2.1", false},
    {"all fields of a client", ", \"rate\": \"9/h\", \"per_client\": \"5/h\", \"key\": \"header:X-Key\"",
     "192.0.2.1", "192.0.2.1", false},
};

Test(rate_limit, what_others_may_have_used_up_is_said_to_be_shared)
{
    for (size_t i = 0; i < sizeof shared_rows / sizeof *shared_rows; i++) {
        begin();
        load(shared_rows[i].settings);
        cr_expect_eq(passes(shared_rows[i].spender, NULL, 9), 5, "%s", shared_rows[i].label);
        struct visit v = visit((struct visit){.from = shared_rows[i].refused});
        cr_expect_eq(v.reason, REASON_RATE, "%s", shared_rows[i].label);
        cr_expect_eq(v.shared, shared_rows[i].shared, "%s", shared_rows[i].label);
        done();
    }
}

// With a new value each time it would push others out of the places of which there are few.
Test(rate_limit, who_is_over_per_client_touches_nothing_else)
{
    static const uint64_t seed[2] = {1, 2};
    struct rate           other;
    struct rate_charge    ignored;
    unsigned              kept = 0;
    char                  head[128];
    begin();
    state_free(&state);
    state = state_new(&(struct state_sizes){.rate_keys = 64}, seed); // eight parents
    load(", \"rate\": \"9/h\", \"per_client\": \"5/h\", \"key\": [\"client_ip\", \"header:X-Key\"]");
    cr_assert_eq(passes("2001:db8::1", NULL, 9), 5);
    cr_assert(rate_make(1, 10 * SECOND, 1, 1, &other));
    for (uint64_t key = 1; key <= 6; key++)
        kept += rate_take_parent(state->rates, key, &other, 1, now, &ignored).answer == RATE_PASSES;
    cr_assert_eq(kept, 6);
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(head, sizeof head, HEAD("X-Key: %u\r\n"), i);
        cr_expect_eq(passes("2001:db8::1", head, 1), 0);
    }
    for (uint64_t key = 1; key <= 6; key++)
        kept -= rate_look(state->rates, true, key, &other, 1, now).answer == RATE_SPENT;
    cr_expect_eq(kept, 0, "%u were forgotten", kept);
    done();
}

struct refusal {
    const char *label, *settings, *problem, *hint;
};

static const struct refusal refusals[] = {
    {"no rate", "", "a rate_limit without a \"rate\"", "\"rate\": \"60/min\""},
    {"no unit", ", \"rate\": \"60\"", "\"60\" is not a rate", "5/s"},
    {"too fast", ", \"rate\": \"1000001/s\"", "more than a million a second", ""},
    {"a burst of none", ", \"rate\": \"1/s\", \"burst\": 0", "0 is out of range", "between 1 and 1000000"},
    {"a burst of months", ", \"rate\": \"1/day\", \"burst\": 41", "more than 40 days", ""},
    {"held for long", ", \"rate\": \"1/s\", \"burst\": 20, \"delay_after\": 9", "more than 10 seconds",
     "a larger delay_after"},
    {"delayed behind the burst", ", \"rate\": \"1/s\", \"burst\": 2, \"delay_after\": 3", "3 is out of range",
     "between 0 and 2"},
    {"a cost that never passes", ", \"rate\": \"1/s\", \"burst\": 2, \"cost\": 3", "3 is out of range",
     "between 1 and 2"},
    {"a cost that never passes per client",
     ", \"rate\": \"9/s\", \"key\": \"host\", \"per_client\": \"2/s\", \"cost\": 3", "3 is out of range",
     "between 1 and 2"},
    {"an unknown key", ", \"rate\": \"1/s\", \"key\": \"ip\"", "\"ip\" is nothing to count by",
     "write \"client_ip\""},
    {"no key", ", \"rate\": \"1/s\", \"key\": []", "one to 8 parts make a key", ""},
    {"a key twice", ", \"rate\": \"1/s\", \"key\": [\"route\", \"route\"]", "\"route\" is named twice", ""},
    {"a field without a name", ", \"rate\": \"1/s\", \"key\": \"header:\"", "\"header:\" is nothing", ""},
    {"a field alone", ", \"rate\": \"1/s\", \"key\": \"header:X-Key\"",
     "\"header:X-Key\" is whatever a client makes up", "\"per_client\": \"300/min\""},
    {"per_client for nothing", ", \"rate\": \"1/s\", \"per_client\": \"1/s\"", "\"per_client\" goes together",
     ""},
    {"a prefix between", ", \"rate\": \"1/s\", \"ipv4_prefix\": 25", "24 or 32 is needed here", "256"},
    {"count what", ", \"rate\": \"1/s\", \"count\": {}", "which answers are to be counted?", "\"status\""},
    {"headers of a number", ", \"rate\": \"1/s\", \"headers\": 1", "true or false", ""},
    {"an unknown setting", ", \"rate\": \"1/s\", \"brust\": 3", "\"brust\"", "burst"},
};

Test(rate_limit, what_cannot_be_written_down)
{
    for (const struct refusal *r = refusals; r < refusals + sizeof refusals / sizeof *refusals; r++) {
        char json[512];
        (void)snprintf(json, sizeof json, "{\"type\": \"rate_limit\"%s}", r->settings);
        rules_load_policy(&rules, json);
        cr_expect_null(rules.snapshot, "%s", r->label);
        cr_expect(strstr(rules.problems, r->problem) != NULL, "%s: %s", r->label, rules.problems);
        cr_expect(strstr(rules.problems, r->hint) != NULL, "%s: %s", r->label, rules.problems);
        rules_free(&rules);
    }
}
