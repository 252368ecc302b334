// SPDX-License-Identifier: Apache-2.0
// test_status_set: which codes are in a set, at every edge.
#include "policy/status_set.h"
#include <criterion/criterion.h>

static const struct {
    const char *json;
    unsigned    first, last; // all of these, and no other
} rows[] = {
    {"[\"302\"]", 302, 302},          {"[\"100\"]", 100, 100},
    {"[\"599\"]", 599, 599},          {"[\"4xx\"]", 400, 499},
    {"[\"1xx\", \"200\"]", 100, 200}, {"[\"1xx\", \"2xx\", \"3xx\", \"4xx\", \"5xx\"]", 100, 599},
};

Test(status_set, rows)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct document  *d = document_parse(bytes_of(rows[i].json), "x.json");
        struct status_set set = {0};
        cr_assert(status_set_load(document_root(d), &set), "%s", rows[i].json);
        for (unsigned status = 0; status < 1100; status++)
            cr_expect_eq(status_set_has(&set, status), status >= rows[i].first && status <= rows[i].last,
                         "%s: %u", rows[i].json, status);
        document_free(&d);
    }
}

Test(status_set, what_is_none)
{
    static const char *const none[] = {"[\"xxx\"]",  "[\"4x\"]", "[\"40x\"]", "[\"099\"]", "[\"600\"]",
                                       "[\"4xx \"]", "[302]",    "[]",        "\"302\"",   "[\"302\", \"\"]"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct document  *d = document_parse(bytes_of(none[i]), "x.json");
        struct status_set set = {{1}};
        cr_expect(!status_set_load(document_root(d), &set), "%s", none[i]);
        cr_expect(document_has_problems(d), "%s", none[i]);
        cr_expect_eq(set.bits[0], 1u, "%s", none[i]);
        document_free(&d);
    }
}
