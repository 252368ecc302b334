// SPDX-License-Identifier: Apache-2.0
// test_chain_places: a delayed request and the places that others wait for, with the real policies.
#include "policy/state.h"
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>

#define LIMITED                                                                                              \
    "{\"policies\": {\"one\": {\"type\": \"concurrency\", \"max\": 1, \"key\": \"route\"},"                  \
    "  \"slow\": {\"type\": \"rate_limit\", \"rate\": \"2/s\", \"burst\": 3, \"delay_after\": 1}},"          \
    " \"routes\": [{\"name\": \"r\", \"policies\": [\"one\", \"slow\"]}]}"

static struct rules        rules;
static struct arena        arena;
static struct request      request;
static struct state       *state;
static const struct chain *chain;

static void begin(void)
{
    static const uint64_t seed[2] = {1, 2};
    arena_init(&arena, NULL, 1u << 20);
    rules_load(&rules, LIMITED, 1);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    chain = snapshot_route_at(rules.snapshot, 0)->chain;
    request = request_for(&arena, "GET", NULL, "/");
    state = state_new(&(struct state_sizes){.rate_keys = 64, .flights = 64}, seed);
}

static void end(void)
{
    state_free(&state); // says so when a place was not given back
    arena_reset(&arena);
    rules_free(&rules);
}

TestSuite(chain_places, .init = begin, .fini = end);

static struct subject from(const struct peer *peer)
{
    static struct waiter waiter;
    return (struct subject){.peer = peer,
                            .request = &request,
                            .route = BYTES("r"),
                            .now_ns = UINT64_C(1) << 40,
                            .state = state,
                            .waiter = &waiter,
                            .arena = &arena};
}

static const struct peer first = {.address.octet = {[10] = 0xff, [11] = 0xff, [15] = 1}};
static const struct peer second = {.address.octet = {[10] = 0xff, [11] = 0xff, [15] = 2}};
static const struct peer third = {.address.octet = {[10] = 0xff, [11] = 0xff, [15] = 3}};

// Answers one request of the first client, and judges the next.
static void delay(struct subject *s, struct ruling *delayed_r)
{
    struct ruling at_once;
    cr_expect_not_null(chain_on_head(chain, s, &at_once));
    chain_end(chain, s, &at_once, ENDING_DONE);
    cr_expect_null(chain_on_head(chain, s, delayed_r));
    cr_expect_eq(delayed_r->verdict.kind, VERDICT_WAIT);
    cr_expect_eq(delayed_r->verdict.ms, 500u, "%u ms", delayed_r->verdict.ms);
}

Test(chain_places, who_is_delayed_holds_none)
{
    struct subject slow = from(&first), other = from(&second), late = from(&third);
    struct ruling  delayed, judged;
    delay(&slow, &delayed);
    cr_expect_not_null(chain_on_head(chain, &other, &judged), "the place is free meanwhile");
    chain_end(chain, &other, &judged, ENDING_DONE);
    cr_expect_not_null(chain_go_on(chain, &slow, &delayed), "it is taken when the delay is over");
    cr_expect_eq(delayed.delay_ms, 0u, "and nothing is delayed twice");
    cr_expect_null(chain_on_head(chain, &late, &judged));
    cr_expect_eq(judged.verdict.reason, REASON_FLIGHTS);
    chain_end(chain, &slow, &delayed, ENDING_DONE);
}

Test(chain_places, who_finds_none_behind_his_delay_is_refused)
{
    struct subject slow = from(&first), other = from(&second);
    struct ruling  delayed, judged;
    delay(&slow, &delayed);
    cr_expect_not_null(chain_on_head(chain, &other, &judged));
    cr_expect_null(chain_go_on(chain, &slow, &delayed));
    cr_expect_eq(delayed.verdict.kind, VERDICT_DENY);
    cr_expect_eq(delayed.verdict.reason, REASON_FLIGHTS);
    chain_end(chain, &other, &judged, ENDING_DONE);
}

Test(chain_places, who_leaves_in_his_delay_owes_none)
{
    struct subject slow = from(&first);
    struct ruling  delayed;
    delay(&slow, &delayed);
    chain_end(chain, &slow, &delayed, ENDING_WITHDRAWN);
}
