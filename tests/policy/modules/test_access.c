// SPDX-License-Identifier: Apache-2.0
// Who may come, and who may not.
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct rules rules;
static struct arena arena;

static void load(const char *settings)
{
    char json[512];
    (void)snprintf(json, sizeof json, "{\"type\": \"access\"%s}", settings);
    rules_load_policy(&rules, json);
    arena_init(&arena, NULL, 1u << 20);
}

static void done(void)
{
    arena_reset(&arena);
    rules_free(&rules);
}

struct row {
    const char *label, *settings, *address;
    const char *detail; // NULL: passes
};

#define DENIED "on the deny list"
#define STRANGER "not on the allow list"

static const struct row rows[] = {
    {"denied", ", \"deny\": [\"192.0.2.0/24\"]", "192.0.2.9", DENIED},
    {"not denied", ", \"deny\": [\"192.0.2.0/24\"]", "192.0.3.9", NULL},
    {"a denied IPv4 address in the clothes of IPv6", ", \"deny\": [\"192.0.2.0/24\"]", "::ffff:192.0.2.9",
     DENIED},
    {"allowed", ", \"allow\": [\"192.0.2.0/24\"]", "192.0.2.9", NULL},
    {"not allowed", ", \"allow\": [\"192.0.2.0/24\"]", "192.0.3.9", STRANGER},
    {"IPv6 where only IPv4 is allowed", ", \"allow\": [\"0.0.0.0/0\"]", "2001:db8::1", STRANGER},
    {"both, and on both lists", ", \"allow\": [\"192.0.2.0/24\"], \"deny\": [\"192.0.2.9\"]", "192.0.2.9",
     DENIED},
    {"deny wins where allow is more specific", ", \"allow\": [\"192.0.2.9\"], \"deny\": [\"192.0.2.0/24\"]",
     "192.0.2.9", DENIED},
    {"both, and only on the allow list", ", \"allow\": [\"192.0.2.0/24\"], \"deny\": [\"192.0.2.9\"]",
     "192.0.2.8", NULL},
    {"both, and on none", ", \"allow\": [\"192.0.2.0/24\"], \"deny\": [\"192.0.2.9\"]", "198.51.100.1",
     STRANGER},
    {"a file", ", \"deny\": [\"@/prefixes\"]", "2001:db8::9", DENIED},
    {"a file, and somebody else", ", \"deny\": [\"@/prefixes\"]", "2001:db9::9", NULL},
    {"a file beside prefixes", ", \"allow\": [\"10.0.0.0/8\", \"@/prefixes\"]", "10.1.1.1", NULL},
    {"nobody is denied", ", \"deny\": []", "192.0.2.9", NULL},
    {"nobody is denied by an empty file", ", \"deny\": [\"@/none\"]", "192.0.2.9", NULL},
};

Test(access, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        load(row->settings);
        cr_assert_not_null(rules.snapshot, "%s: %s", row->label, rules.problems);
        struct request request = request_for(&arena, "GET", NULL, "/");
        struct verdict verdict = rules_ask_from(&rules, row->address, &request, &arena);
        cr_expect_eq(verdict.reason, row->detail == NULL ? REASON_NONE : REASON_ADDRESS, "%s", row->label);
        cr_expect(row->detail == NULL || bytes_equal(verdict.detail, bytes_of(row->detail)), "%s: %.*s",
                  row->label, SHOW(verdict.detail));
        done();
    }
}

Test(access, refusals)
{
    static const char *const wrong[][2] = {
        {"", "without a list nobody is kept out (/policies/asked)"},
        {", \"deny\": null", "without a list nobody is kept out"},
        {", \"allow\": []", "nobody is on this list: nobody could come (/policies/asked/allow)"},
        {", \"allow\": [\"@/none\"]", "nobody is on this list"},
        {", \"deny\": [\"@/wrong\"]",
         "error: /wrong:2:2: \"nonsense\" is not an address or prefix (/policies/asked/deny/0)"},
        {", \"deny\": [\"@/nowhere\"]",
         "cannot read /nowhere: no such file or directory (/policies/asked/deny/0)"},
        {", \"deny\": [\"10.0.0.1/8\"]", "did you mean \"10.0.0.0/8\"?"},
        {", \"deny\": \"10.0.0.0/8\"", "an array is needed here, not text (/policies/asked/deny)"},
        {", \"denny\": [], \"deny\": []", "did you mean \"deny\"?"},
        {", \"allow\": [\"x\"], \"deny\": [\"y\"]", "2 problems"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        load(wrong[i][0]);
        cr_expect_null(rules.snapshot, "%s", wrong[i][0]);
        cr_expect_not_null(strstr(rules.problems, wrong[i][1]), "%s: %s", wrong[i][0], rules.problems);
        done();
    }
}
