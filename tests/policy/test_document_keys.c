// SPDX-License-Identifier: Apache-2.0
// Unknown names, and the one that was probably meant.
#include "policy/document.h"
#include <criterion/criterion.h>

static const char *const names[] = {"listen", "upstream", "upstreams", "mode", "off", NULL};

struct row {
    const char *label, *wrong, *meant;
};

static const struct row rows[] = {
    {"a letter missing", "upstrem", "upstream"},
    {"a letter too many", "listenn", "listen"},
    {"a letter replaced", "kisten", "listen"},
    {"two letters swapped", "lisetn", "listen"},
    {"two edits", "lstn", "listen"},
    {"three edits", "ltn", NULL},
    {"the nearest of two", "upstreamss", "upstreams"},
    {"the wrong case", "MODE", "mode"},
    {"nothing in common", "on", NULL},
    {"empty", "", NULL},
    {"much too long", "listenlistenlistenlistenlistenlistenlistenlistenlistenlistenlistenlisten", NULL},
};

Test(document_keys, nearest_name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = nearest_name(bytes_of(rows[i].wrong), names);
        cr_expect(rows[i].meant == NULL ? found == NULL : found != NULL && strcmp(found, rows[i].meant) == 0,
                  "%s: \"%s\" gave %s", rows[i].label, rows[i].wrong, found == NULL ? "nothing" : found);
    }
}

static char printed[8192];

static const char *print(const struct document *d)
{
    struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
    document_print(d, &out);
    printed[out.len] = '\0';
    return printed;
}

Test(document_keys, unknown_keys_are_reported_at_the_key)
{
    struct document *d =
        document_parse(BYTES("{\"a\": [{\"mode\": 1,\n  \"upstrem\": \"erp\", \"Mode\": 2, \"zzz\": 3}]}"),
                       "portcullis.json");
    node_keys(node_at(node_at(document_root(d), 0), 0), names);
    cr_expect_str_eq(print(d), "portcullis.json:2:3: error: unknown key \"upstrem\" (/a/0)\n"
                               "    2 |   \"upstrem\": \"erp\", \"Mode\": 2, \"zzz\": 3}]}\n"
                               "      |   ^^^^^^^^^ did you mean \"upstream\"?\n"
                               "portcullis.json:2:21: error: unknown key \"Mode\" (/a/0)\n"
                               "    2 |   \"upstrem\": \"erp\", \"Mode\": 2, \"zzz\": 3}]}\n"
                               "      |                     ^^^^^^ did you mean \"mode\"?\n"
                               "portcullis.json:2:32: error: unknown key \"zzz\" (/a/0)\n"
                               "    2 |   \"upstrem\": \"erp\", \"Mode\": 2, \"zzz\": 3}]}\n"
                               "      |                                ^^^^^\n"
                               "3 problems: nothing was loaded\n");
    document_free(&d);
}

Test(document_keys, an_unknown_name_gets_the_nearest)
{
    static const struct bytes known[] = {BYTES("wiki"), BYTES("erp")};
    struct document          *d = document_parse(BYTES("[\"erq\", \"x\", 5]"), "f");
    for (size_t i = 0; i < 3; i++)
        node_unknown(node_at(document_root(d), i), "upstream", known, 2);
    cr_expect_not_null(strstr(print(d), "f:1:2: error: unknown upstream \"erq\" (/0)"), "%s", printed);
    cr_expect_not_null(strstr(printed, "^^^^^ did you mean \"erp\"?\n"), "%s", printed);
    cr_expect_not_null(strstr(printed, "unknown upstream \"x\" (/1)"), "%s", printed);
    cr_expect_not_null(strstr(printed, "text is needed here, not a number (/2)"), "%s", printed);
    document_free(&d);
}
