// SPDX-License-Identifier: Apache-2.0
// Chains: what is in them, in which order, and what each mode makes of a denial.
#include "policy/chain.h"
#include "policy/catalog.h"
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct rules rules;
static struct arena arena;

// Loads a chain: the members of "policies", the names that the route gives, the route's and the file's mode.
static const struct chain *load(const char *policies, const char *names, const char *route_mode,
                                const char *file_mode)
{
    char json[4096];
    arena_init(&arena, NULL, 1u << 20);
    (void)snprintf(
        json, sizeof json,
        "{\"mode\": %s, \"policies\": {%s}, \"routes\": [{\"name\": \"r\", \"mode\": %s, \"policies\": %s}]}",
        file_mode, policies, route_mode, names);
    rules_load(&rules, json, 1);
    return rules.snapshot == NULL ? NULL : snapshot_route_at(rules.snapshot, 0)->chain;
}

static void done(void)
{
    arena_reset(&arena);
    rules_free(&rules);
}

static void expect_names(const struct chain *chain, const char *expected)
{
    char             text[256];
    struct bytes_out out = {.at = text, .cap = sizeof text};
    cr_assert_not_null(chain, "%s", rules.problems);
    for (size_t i = 0; i < chain_length(chain); i++) {
        out_text(&out, i > 0 ? " " : "");
        out_bytes(&out, chain_link(chain, i)->name);
    }
    cr_expect(bytes_equal(out_written(&out), bytes_of(expected)), "%.*s instead of %s",
              SHOW(out_written(&out)), expected);
}

#define PATHS "\"paths\": {\"type\": \"path_traversal\"}"
#define SMALL "\"small\": {\"type\": \"size_limit\", \"body\": \"10B\"}"
#define SMALLER "\"smaller\": {\"type\": \"size_limit\", \"body\": \"5B\"}"
#define READ "\"read\": {\"type\": \"method_allow\", \"methods\": [\"GET\"]}"

Test(chain, a_route_that_names_nothing_has_the_defaults)
{
    const struct chain *chain = load("", "[]", "null", "null");
    expect_names(chain, "method_allow size_limit path_traversal headers");
    for (size_t i = 0; i < chain_length(chain); i++) {
        cr_expect_eq(chain_link(chain, i)->mode, MODE_ENFORCE);
        cr_expect_eq(chain_link(chain, i)->line, 0u);
        cr_expect_not_null(chain_link(chain, i)->rules);
    }
    done();
}

Test(chain, the_order_is_that_of_the_catalogue)
{
    expect_names(load(PATHS "," SMALL "," READ, "[\"paths\", \"small\", \"read\"]", "null", "null"),
                 "read small paths headers");
    done();
}

Test(chain, a_named_policy_replaces_the_default_of_its_type)
{
    const struct chain *chain = load(SMALL, "[\"small\"]", "null", "null");
    expect_names(chain, "method_allow small path_traversal headers");
    cr_expect_eq(chain_link(chain, 1)->line, 1u);
    done();
}

Test(chain, two_of_one_type_stand_in_the_order_of_the_route)
{
    expect_names(load(SMALL "," SMALLER "," PATHS, "[\"smaller\", \"paths\", \"small\"]", "null", "null"),
                 "method_allow smaller small paths headers");
    done();
    expect_names(load(SMALL "," SMALLER, "[\"small\", \"smaller\"]", "null", "null"),
                 "method_allow small smaller path_traversal headers");
    done();
}

struct mode_row {
    const char *label, *policy, *route, *file;
    enum mode   named, by_default; // of the named policy, of the default ones
};

static const struct mode_row mode_rows[] = {
    {"nothing said", "", "null", "null", MODE_ENFORCE, MODE_ENFORCE},
    {"the file's", "", "null", "\"shadow\"", MODE_SHADOW, MODE_SHADOW},
    {"the route's wins over the file's", "", "\"off\"", "\"shadow\"", MODE_OFF, MODE_OFF},
    {"the policy's own wins over both", ", \"mode\": \"enforce\"", "\"off\"", "\"shadow\"", MODE_ENFORCE,
     MODE_OFF},
    {"the policy's own wins, also to be weaker", ", \"mode\": \"shadow\"", "\"enforce\"", "null", MODE_SHADOW,
     MODE_ENFORCE},
};

Test(chain, the_most_specific_mode_wins)
{
    for (const struct mode_row *row = mode_rows; row < mode_rows + sizeof mode_rows / sizeof *mode_rows;
         row++) {
        char policy[256];
        (void)snprintf(policy, sizeof policy, "\"p\": {\"type\": \"size_limit\"%s}", row->policy);
        const struct chain *chain = load(policy, "[\"p\"]", row->route, row->file);
        cr_assert_not_null(chain, "%s: %s", row->label, rules.problems);
        cr_expect_eq(chain_link(chain, 1)->mode, row->named, "%s", row->label);
        cr_expect_eq(chain_link(chain, 0)->mode, row->by_default, "%s", row->label);
        done();
    }
}

struct refusal {
    const char *label, *policies, *names, *problem, *hint;
};

static const struct refusal refusals[] = {
    {"an unknown name", SMALL, "[\"smal\"]", "unknown policy \"smal\" (/routes/0/policies/0)",
     "did you mean \"small\"?"},
    {"a name where there are no policies", "", "[\"small\"]", "unknown policy \"small\"", NULL},
    {"an unknown type", "\"p\": {\"type\": \"size_limits\"}", "[]",
     "\"size_limits\" is not known here (/policies/p/type)", "did you mean \"size_limit\"?"},
    {"an unknown mode", "\"p\": {\"type\": \"size_limit\", \"mode\": \"shaddow\"}", "[]",
     "\"shaddow\" is not known here (/policies/p/mode)", "did you mean \"shadow\"?"},
    {"no type", "\"p\": {}", "[]", "a policy without a \"type\" (/policies/p)", NULL},
    {"no object", "\"p\": \"size_limit\"", "[]", "an object is needed here, not text (/policies/p)", NULL},
    {"an unknown key", "\"p\": {\"type\": \"size_limit\", \"bodi\": \"1MiB\"}", "[]",
     "unknown key \"bodi\" (/policies/p)", "did you mean \"body\"?"},
    {"the same policy twice", SMALL, "[\"small\", \"small\"]",
     "this policy is named twice (/routes/0/policies/1)", NULL},
    {"names that are no array", SMALL, "\"small\"", "an array is needed here, not text (/routes/0/policies)",
     NULL},
    {"a name that is no text", SMALL, "[1]", "text is needed here, not a number (/routes/0/policies/0)",
     NULL},
    {"a wrong policy that is used is one problem", "\"p\": {\"type\": \"size_limit\", \"body\": 1}",
     "[\"p\"]", "1 problem:", NULL},
    {"a wrong policy that is not used is a problem too", "\"p\": {\"type\": \"size_limit\", \"body\": 1}",
     "[]", "1 problem:", NULL},
};

Test(chain, refusals)
{
    for (const struct refusal *row = refusals; row < refusals + sizeof refusals / sizeof *refusals; row++) {
        cr_expect_null(load(row->policies, row->names, "null", "null"), "%s", row->label);
        cr_expect_not_null(strstr(rules.problems, row->problem), "%s: %s", row->label, rules.problems);
        cr_expect(row->hint == NULL || strstr(rules.problems, row->hint) != NULL, "%s: %s", row->label,
                  rules.problems);
        done();
    }
}

Test(chain, the_number_of_names_is_bounded)
{
    char             names[1024];
    struct bytes_out out = {.at = names, .cap = sizeof names};
    for (int i = 0; i < 65; i++)
        out_text(&out, i == 0 ? "[\"x\"" : ",\"x\"");
    out_bytes(&out, BYTES("]\0"));
    cr_expect_null(load(SMALL, names, "null", "null"));
    cr_expect_not_null(strstr(rules.problems, "more than 64 policies for one route"), "%s", rules.problems);
    done();
}

#define POST_20 "POST /.git/config HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n"

struct walk {
    const char *label, *policies, *names;
    const char *by;     // who denies; NULL: admitted
    enum reason reason; // why
    const char *shadow; // who would have, first; NULL: none
    enum reason shadow_reason;
};

// All against POST_20, which three policies dislike.
static const struct walk walks[] = {
    {"only the default paths policy dislikes it", "", "[]", "path_traversal", REASON_PATH_DENIED, NULL,
     REASON_NONE},
    {"the first in the order denies", READ "," SMALL, "[\"small\", \"read\"]", "read", REASON_METHOD, NULL,
     REASON_NONE},
    {"the next one denies when the first is off",
     "\"read\": {\"type\": \"method_allow\", \"methods\": [\"GET\"], \"mode\": \"off\"}," SMALL,
     "[\"small\", \"read\"]", "small", REASON_BODY_SIZE, NULL, REASON_NONE},
    {"a shadow is noted and does not end the walk",
     "\"read\": {\"type\": \"method_allow\", \"methods\": [\"GET\"], \"mode\": \"shadow\"}," SMALL,
     "[\"small\", \"read\"]", "small", REASON_BODY_SIZE, "read", REASON_METHOD},
    {"the first of two shadows is noted, and the request passes",
     "\"read\": {\"type\": \"method_allow\", \"methods\": [\"GET\"], \"mode\": \"shadow\"},"
     "\"paths\": {\"type\": \"path_traversal\", \"mode\": \"shadow\"}",
     "[\"read\", \"paths\"]", NULL, REASON_NONE, "read", REASON_METHOD},
    {"all off: nothing is said", "\"paths\": {\"type\": \"path_traversal\", \"mode\": \"off\"}",
     "[\"paths\"]", NULL, REASON_NONE, NULL, REASON_NONE},
};

static bool is_link(const struct link *link, const char *name)
{
    return name == NULL ? link == NULL : link != NULL && bytes_equal(link->name, bytes_of(name));
}

Test(chain, walks)
{
    for (const struct walk *row = walks; row < walks + sizeof walks / sizeof *walks; row++) {
        const struct chain *chain = load(row->policies, row->names, "null", "null");
        cr_assert_not_null(chain, "%s: %s", row->label, rules.problems);
        struct request          request = request_of(&arena, POST_20);
        struct subject          subject = {.request = &request, .arena = &arena};
        struct ruling           ruling;
        const struct admission *a = chain_on_head(chain, &subject, &ruling);
        cr_expect_eq(a != NULL, row->by == NULL, "%s", row->label);
        cr_expect_eq(ruling.verdict.kind, row->by == NULL ? VERDICT_PASS : VERDICT_DENY, "%s", row->label);
        cr_expect_eq(ruling.verdict.reason, row->reason, "%s", row->label);
        cr_expect(is_link(ruling.by, row->by), "%s", row->label);
        cr_expect(is_link(ruling.shadow, row->shadow), "%s", row->label);
        cr_expect_eq(ruling.shadow_verdict.reason, row->shadow_reason, "%s", row->label);
        cr_expect(a == NULL || admission_request(a) == &request, "%s", row->label);
        done();
    }
}

Test(chain, a_full_arena_gives_no_admission_and_no_verdict)
{
    struct request      request = {.method = METHOD_GET};
    struct arena        full;
    struct ruling       ruling;
    const struct chain *chain = load("", "[]", "null", "null");
    request = request_for(&arena, "GET", NULL, "/");
    arena_init(&full, NULL, 1);
    struct subject subject = {.request = &request, .arena = &full};
    cr_expect_null(chain_on_head(chain, &subject, &ruling));
    cr_expect_eq(ruling.verdict.kind, VERDICT_PASS);
    cr_expect(full.overflowed);
    arena_reset(&full);
    done();
}

Test(chain, bodies_are_judged_piece_by_piece)
{
    const struct chain *chain = load(SMALL, "[\"small\"]", "null", "null");
    struct request      request = request_for(&arena, "GET", NULL, "/");
    struct ruling       ruling = {.verdict = PASS};
    cr_expect(chain_wants_body(chain));
    for (uint64_t sum = 1; sum <= 10; sum++) {
        struct subject subject = {.request = &request, .body_bytes = sum, .arena = &arena};
        cr_expect(chain_on_body(chain, &subject, &ruling), "%ju bytes", (uintmax_t)sum);
    }
    struct subject subject = {.request = &request, .body_bytes = 11, .arena = &arena};
    cr_expect_not(chain_on_body(chain, &subject, &ruling));
    cr_expect_eq(ruling.verdict.reason, REASON_BODY_SIZE);
    cr_expect(is_link(ruling.by, "small"));
    done();
}

Test(chain, a_shadow_on_the_body_never_hides_the_one_on_the_head)
{
    const struct chain *chain = load(READ "," SMALL, "[\"small\", \"read\"]", "\"shadow\"", "null");
    struct request      request = request_for(&arena, "POST", NULL, "/");
    struct subject      subject = {.request = &request, .arena = &arena};
    struct ruling       ruling;
    cr_assert_not_null(chain_on_head(chain, &subject, &ruling));
    subject.body_bytes = 11;
    cr_expect(chain_on_body(chain, &subject, &ruling));
    cr_expect(is_link(ruling.shadow, "read"));
    cr_expect_eq(ruling.shadow_verdict.reason, REASON_METHOD);

    ruling = (struct ruling){.verdict = PASS};
    cr_expect(chain_on_body(chain, &subject, &ruling));
    cr_expect(is_link(ruling.shadow, "small"), "while there is none, it is noted");
    cr_expect_eq(ruling.verdict.kind, VERDICT_PASS);
    done();
}

Test(chain, a_policy_that_is_off_wants_no_body)
{
    cr_expect_not(chain_wants_body(load("", "[]", "\"off\"", "null")));
    done();
}

Test(chain, asking_one_link_ignores_its_mode)
{
    const struct chain *chain = load(READ, "[\"read\"]", "\"off\"", "null");
    struct request      request = request_for(&arena, "POST", NULL, "/");
    struct subject      subject = {.request = &request, .arena = &arena};
    cr_expect_eq(chain_ask(chain, 0, &subject).reason, REASON_METHOD);
    cr_expect_eq(chain_ask(chain, 1, &subject).kind, VERDICT_PASS);
    done();
}
