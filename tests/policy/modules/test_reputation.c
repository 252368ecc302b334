// SPDX-License-Identifier: Apache-2.0
// What the ladder says to a request, and where it stands in a chain.
#include "policy/reputation.h"
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>

#define NOW_MS UINT64_C(5000)
#define LADDER(more)                                                                                         \
    "{\"reputation\": {" more                                                                                \
    "\"steps\": [{\"at\": 20, \"do\": \"delay\", \"for\": \"250ms\"}, {\"at\": 60, \"do\": \"tarpit\"}, {"   \
    "\"at\": 100, \"do\": \"ban\"}]}}"

static struct rules rules;
static struct arena arena;

static void begin(const char *json)
{
    rules_load(&rules, json, 1);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    arena_init(&arena, NULL, 1u << 20);
}

static void end(void)
{
    arena_reset(&arena);
    rules_free(&rules);
}

TestSuite(reputation_policy, .fini = end);

static const struct row {
    const char       *label;
    bool              is_known;
    uint32_t          points;
    int               rung; // -1: none
    uint64_t          until_ms;
    enum verdict_kind head, admit;
    enum reason       reason;
    uint32_t          ms;
    const char       *detail;
} rows[] = {
    {"nobody knows it", false, 0, -1, 0, VERDICT_PASS, VERDICT_PASS, REASON_NONE, 0, NULL},
    {"no points", true, 0, -1, 0, VERDICT_PASS, VERDICT_PASS, REASON_NONE, 0, NULL},
    {"a delay", true, 33, 0, 0, VERDICT_PASS, VERDICT_DELAY, REASON_SLOWED, 250, "33 points"},
    {"the tarpit", true, 77, 1, 0, VERDICT_DENY, VERDICT_PASS, REASON_TARPIT, 20000, "77 points"},
    {"a ban", true, 120, 1, NOW_MS + 7500, VERDICT_DENY, VERDICT_PASS, REASON_BANNED, 7500, "120 points"},
    {"an operator's ban", true, 0, -1, NOW_MS + 1, VERDICT_DENY, VERDICT_PASS, REASON_BANNED, 1, "0 points"},
    {"a ban that is over", true, 10, -1, NOW_MS, VERDICT_PASS, VERDICT_PASS, REASON_NONE, 0, NULL},
};

Test(reputation_policy, rows)
{
    begin(LADDER(""));
    const struct chain  *chain = snapshot_route_at(rules.snapshot, 0)->chain;
    const struct policy *policy = chain_link(chain, 0)->policy;
    const struct ladder *ladder = snapshot_ladder(rules.snapshot);
    cr_assert_str_eq(policy->name, "reputation", "the first in the chain");
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        void           *held = NULL;
        struct standing standing = {.points = row->points,
                                    .rung = row->rung < 0 ? NULL : &ladder->rungs[row->rung],
                                    .until_ms = row->until_ms};
        struct subject  s = {
             .standing = row->is_known ? &standing : NULL, .now_ns = NOW_MS * 1000000, .arena = &arena};
        struct verdict head = policy->on_head(ladder, &s), admit = policy->on_admit(ladder, &s, &held);
        struct verdict said = head.kind != VERDICT_PASS ? head : admit;
        cr_expect_eq(head.kind, row->head, "%s", row->label);
        cr_expect_eq(admit.kind, row->admit, "%s", row->label);
        cr_expect_eq(said.reason, row->reason, "%s", row->label);
        cr_expect_eq(said.ms, row->ms, "%s", row->label);
        cr_expect(row->detail == NULL || bytes_equal(said.detail, bytes_of(row->detail)), "%s", row->label);
    }
}

Test(reputation_policy, its_mode_is_its_own_or_that_of_the_route)
{
    static const struct {
        const char *json;
        enum mode   mode;
    } modes[] = {
        {LADDER(""), MODE_ENFORCE},
        {LADDER("\"mode\": \"shadow\", "), MODE_SHADOW},
        {"{\"mode\": \"shadow\", \"reputation\": {}}", MODE_SHADOW},
        {"{\"mode\": \"shadow\", \"reputation\": {\"mode\": \"enforce\"}}", MODE_ENFORCE},
        {"{\"reputation\": {}, \"routes\": [{\"name\": \"a\", \"mode\": \"shadow\"}]}", MODE_SHADOW},
        {"{\"reputation\": {\"mode\": \"enforce\"}, \"routes\": [{\"name\": \"a\", \"mode\": \"shadow\"}]}",
         MODE_ENFORCE},
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        begin(modes[i].json);
        const struct link *link = chain_link(snapshot_route_at(rules.snapshot, 0)->chain, 0);
        cr_expect_str_eq(link->policy->name, "reputation", "%s", modes[i].json);
        cr_expect_eq(link->mode, modes[i].mode, "%s", modes[i].json);
        end();
    }
    begin("{}");
}

Test(reputation_policy, without_a_ladder_it_is_in_no_chain)
{
    begin("{}");
    const struct chain *chain = snapshot_route_at(rules.snapshot, 0)->chain;
    for (size_t i = 0; i < chain_length(chain); i++)
        cr_expect_str_neq(chain_link(chain, i)->policy->name, "reputation");
}
