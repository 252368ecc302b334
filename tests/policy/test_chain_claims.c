// SPDX-License-Identifier: Apache-2.0
// test_chain_claims: what policies take is given back exactly once, whoever says no and whenever.
#include "policy/state.h"
#include "tests/support/puppets.h"
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define DELAY(for_ms) ((struct verdict){.kind = VERDICT_DELAY, .reason = REASON_METHOD, .ms = (for_ms)})
#define WAIT(for_ms) ((struct verdict){.kind = VERDICT_WAIT, .reason = REASON_METHOD, .ms = (for_ms)})
#define NO DENY(REASON_METHOD, BYTES("no"))

static struct rules        rules;
static struct arena        arena;
static struct request      request;
static struct state       *state;
static const struct chain *chain;
static struct ruling       ruling;

static void begin_in(const char *policies)
{
    static const uint64_t seed[2] = {1, 2};
    char                  json[1024];
    puppets_reset();
    arena_init(&arena, NULL, 1u << 20);
    (void)snprintf(json, sizeof json, "{%s}", policies);
    rules_load(&rules, json, 1);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    chain = snapshot_route_at(rules.snapshot, 0)->chain;
    request = request_for(&arena, "GET", NULL, "/");
    state = state_new(&(struct state_sizes){.rate_keys = 64}, seed);
}

static void begin(void)
{
    begin_in(PUPPETS_IN("enforce"));
}

static void end(void)
{
    state_free(&state);
    arena_reset(&arena);
    rules_free(&rules);
}

TestSuite(chain_claims, .fini = end);

static struct subject subject(void)
{
    static struct waiter waiter;
    return (struct subject){.request = &request, .state = state, .waiter = &waiter, .arena = &arena};
}

static bool judge(void)
{
    struct subject s = subject();
    return chain_on_head(chain, &s, &ruling) != NULL;
}

static bool go_on(void)
{
    struct subject s = subject();
    return chain_go_on(chain, &s, &ruling) != NULL;
}

static void finish(enum ending ending)
{
    struct subject s = subject();
    chain_end(chain, &s, &ruling, ending);
}

static void expect_ends(const char *when, unsigned done, unsigned withdrawn, size_t first, size_t last)
{
    for (size_t i = first; i <= last; i++)
        cr_expect(puppets[i].done == done && puppets[i].withdrawn == withdrawn,
                  "%s: policy %zu ended %u times, was withdrawn %u times", when, i, puppets[i].done,
                  puppets[i].withdrawn);
}

Test(chain_claims, what_passes_is_ended_once)
{
    begin();
    cr_expect(judge());
    expect_ends("admitted", 0, 0, 0, 2);
    finish(ENDING_DONE);
    finish(ENDING_DONE);
    expect_ends("ended twice", 1, 0, 0, 2);
}

Test(chain_claims, a_head_that_is_denied_takes_nothing)
{
    begin();
    puppets[2].head = NO;
    cr_expect(!judge());
    cr_expect_eq(puppets[0].admitted, 0u, "the last on_head comes before the first on_admit");
    finish(ENDING_WITHDRAWN);
    expect_ends("denied", 0, 0, 0, 2);
}

Test(chain_claims, who_denies_withdraws_those_before)
{
    begin();
    puppets[1].admit[0] = NO;
    cr_expect(!judge());
    cr_expect_eq(ruling.verdict.kind, VERDICT_DENY);
    cr_expect(bytes_equal(ruling.by->name, BYTES("b")));
    expect_ends("before", 0, 1, 0, 0);
    expect_ends("itself and behind", 0, 0, 1, 2);
    cr_expect_eq(puppets[2].admitted, 0u);
    finish(ENDING_DONE);
    expect_ends("nothing is owed any more", 0, 1, 0, 0);
}

Test(chain_claims, the_longest_delay_counts)
{
    begin();
    puppets[0].admit[0] = DELAY(20);
    puppets[1].admit[0] = DELAY(500);
    puppets[2].admit[0] = DELAY(100);
    cr_expect(judge());
    cr_expect_eq(ruling.delay_ms, 500u);
    cr_expect_null(ruling.shadow);
    finish(ENDING_DONE);
    expect_ends("who delays has taken", 1, 0, 0, 2);
}

Test(chain_claims, a_wait_is_asked_again_and_nobody_else)
{
    begin();
    puppets[1].admit[0] = WAIT(70);
    puppets[1].admit[1] = WAIT(30);
    cr_expect(!judge());
    cr_expect_eq(ruling.verdict.kind, VERDICT_WAIT);
    cr_expect_eq(ruling.verdict.ms, 70u);
    cr_expect(!go_on());
    cr_expect_eq(ruling.verdict.ms, 30u);
    cr_expect(go_on());
    cr_expect_eq(puppets[0].admitted, 1u);
    cr_expect_eq(puppets[1].admitted, 3u);
    cr_expect_eq(puppets[2].admitted, 1u);
    finish(ENDING_DONE);
    expect_ends("all", 1, 0, 0, 2);
}

Test(chain_claims, who_leaves_while_he_waits_is_withdrawn)
{
    begin();
    puppets[1].admit[0] = WAIT(70);
    cr_expect(!judge());
    finish(ENDING_WITHDRAWN);
    expect_ends("who had passed, and who waits", 0, 1, 0, 1);
    expect_ends("behind", 0, 0, 2, 2);
}

Test(chain_claims, a_wait_that_ends_in_a_denial_withdraws_only_the_others)
{
    begin();
    puppets[1].admit[0] = WAIT(70);
    puppets[1].admit[1] = NO;
    cr_expect(!judge());
    cr_expect(!go_on());
    cr_expect_eq(ruling.verdict.kind, VERDICT_DENY);
    expect_ends("before", 0, 1, 0, 0);
    expect_ends("itself: it has taken nothing", 0, 0, 1, 1);
}

Test(chain_claims, a_shadow_takes_but_neither_denies_nor_delays_nor_waits)
{
    const struct verdict rows[] = {NO, DELAY(100), WAIT(100)};
    for (size_t i = 0; i < 3; i++) {
        begin_in(PUPPETS_IN("shadow"));
        puppets[1].admit[0] = rows[i];
        cr_expect(judge());
        cr_expect_eq(ruling.delay_ms, 0u);
        cr_assert_not_null(ruling.shadow);
        cr_expect(bytes_equal(ruling.shadow->name, BYTES("b")));
        finish(ENDING_DONE);
        unsigned kept = rows[i].kind == VERDICT_DELAY, left = rows[i].kind == VERDICT_WAIT;
        expect_ends("the shadow", kept, left, 1, 1);
        expect_ends("the others", 1, 0, 0, 0);
        if (i < 2)
            end();
    }
}

Test(chain_claims, what_is_off_is_not_asked)
{
    begin_in(PUPPETS_IN("off"));
    puppets[1].admit[0] = NO;
    cr_expect(judge());
    cr_expect_eq(puppets[1].admitted, 0u);
    finish(ENDING_DONE);
    expect_ends("off", 0, 0, 1, 1);
}

Test(chain_claims, who_only_looks_takes_nothing)
{
    begin();
    struct state *kept = state;
    state = NULL;
    cr_expect(judge());
    cr_expect_eq(puppets[0].admitted, 0u);
    state = kept;
}

Test(chain_claims, no_memory_for_the_claims_takes_nothing)
{
    begin();
    struct arena all = arena;
    arena_init(&arena, NULL, 0);
    cr_expect(!judge());
    cr_expect_eq(ruling.verdict.kind, VERDICT_PASS);
    expect_ends("full", 0, 0, 0, 2);
    arena = all;
}

Test(chain_claims, a_shadow_changes_no_message)
{
    begin_in(PUPPETS_IN("shadow"));
    puppets[0].lines = "A: 1\r\n";
    puppets[1].lines = "B: 2\r\n";
    puppets[1].drops = 0;
    puppets[2].lines = "C: 3\r\n";
    struct edits        edits;
    char                text[64];
    struct bytes_out    out = {.at = text, .cap = sizeof text};
    const struct fields fields = request.fields;
    cr_expect(judge());
    edits_init(&edits, fields.count, &arena);
    struct subject s = subject();
    chain_on_request(chain, &s, &ruling, &edits);
    edits_print(&edits, &out);
    cr_expect(bytes_equal(out_written(&out), BYTES("A: 1\r\nC: 3\r\n")), "%.*s", SHOW(out_written(&out)));
    cr_expect(!edits_drops(&edits, 0));
    edits_init(&edits, fields.count, &arena);
    chain_on_reply(chain, &s, &ruling, &(struct answer){.status = 201, .fields = &fields}, &edits);
    cr_expect_eq(puppets[1].replies, 1u, "a shadow counts all the same");
    cr_expect_eq(puppets[1].status, 201u);
    cr_expect_eq(edits_room(&edits), 12u);
    finish(ENDING_DONE);
}

Test(chain_claims, a_hand_over_ends_when_one_that_counts_says_so)
{
    begin_in(PUPPETS_IN("shadow"));
    cr_assert(judge());
    struct subject s = subject();
    cr_expect(chain_watches(chain));
    cr_expect(chain_still_admits(chain, &s, &ruling));
    cr_expect(puppets[1].is_shadow && !puppets[0].is_shadow, "who only watches is told so");
    puppets[1].is_over = true;
    cr_expect(chain_still_admits(chain, &s, &ruling), "in shadow");
    puppets[2].is_over = true;
    cr_expect(!chain_still_admits(chain, &s, &ruling));
    chain_end(chain, &s, &ruling, ENDING_DONE);
}
