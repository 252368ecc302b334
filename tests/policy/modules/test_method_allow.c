// SPDX-License-Identifier: Apache-2.0
// Which methods pass, and what the others are told.
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define READING ", \"methods\": [\"GET\", \"POST\"]"
#define USUAL "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"

struct row {
    const char *label, *settings, *method;
    const char *allow; // what a denial names; NULL: it passes
};

static const struct row rows[] = {
    {"GET is usual", "", "GET", NULL},
    {"HEAD is usual", "", "HEAD", NULL},
    {"POST is usual", "", "POST", NULL},
    {"PUT is usual", "", "PUT", NULL},
    {"DELETE is usual", "", "DELETE", NULL},
    {"PATCH is usual", "", "PATCH", NULL},
    {"OPTIONS is usual", "", "OPTIONS", NULL},
    {"WebDAV is not", "", "PROPFIND", USUAL},
    {"nor is its search", "", "SEARCH", USUAL},
    {"nor are its locks", "", "LOCK", USUAL},
    {"WebDAV where it is named", ", \"methods\": [\"GET\", \"PROPFIND\"]", "PROPFIND", NULL},
    {"what is named is all", ", \"methods\": [\"GET\", \"HEAD\", \"POST\"]", "PUT", "GET, HEAD, POST"},
    {"GET does not bring HEAD", ", \"methods\": [\"GET\"]", "HEAD", "GET"},
};

Test(method_allow, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        static struct rules rules;
        struct arena        arena;
        char                json[256];
        (void)snprintf(json, sizeof json, "{\"type\": \"method_allow\"%s}", row->settings);
        rules_load_policy(&rules, json);
        cr_assert_not_null(rules.snapshot, "%s: %s", row->label, rules.problems);
        arena_init(&arena, NULL, 1u << 20);
        struct request request = request_for(&arena, row->method, NULL, "/");
        struct verdict verdict = rules_ask(&rules, &request, &arena);
        cr_expect_eq(verdict.reason, row->allow == NULL ? REASON_NONE : REASON_METHOD, "%s", row->label);
        cr_expect(row->allow == NULL || bytes_equal(verdict.detail, bytes_of(row->allow)), "%s: %.*s",
                  row->label, SHOW(verdict.detail));
        arena_reset(&arena);
        rules_free(&rules);
    }
}

static const struct {
    const char *label, *settings, *field;
    bool        passes;
} overrides[] = {
    {"another method that is allowed", "", "X-HTTP-Method-Override: PUT", true},
    {"one that is not", READING, "X-HTTP-Method-Override: DELETE", false},
    {"in small letters", READING, "x-http-method-override: delete", false},
    {"as CGI spells it", READING, "X_HTTP_Method_Override: DELETE", false},
    {"by a shorter name", READING, "X-HTTP-Method: PUT", false},
    {"by another name", READING, "X-Method-Override: PATCH", false},
    {"the second of two", READING, "X-HTTP-Method: POST\r\nX-HTTP-Method: PUT", false},
    {"one that nobody knows", "", "X-HTTP-Method: FROBNICATE-WITHOUT-END", false},
    {"a name that only begins so", READING, "X-HTTP-Methods: PUT", true},
};

Test(method_allow, a_field_cannot_ask_for_another_method)
{
    for (size_t i = 0; i < sizeof overrides / sizeof *overrides; i++) {
        static struct rules rules;
        struct arena        arena;
        char                json[256], head[256];
        (void)snprintf(json, sizeof json, "{\"type\": \"method_allow\"%s}", overrides[i].settings);
        (void)snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", overrides[i].field);
        rules_load_policy(&rules, json);
        cr_assert_not_null(rules.snapshot, "%s: %s", overrides[i].label, rules.problems);
        arena_init(&arena, NULL, 1u << 20);
        struct request request = request_of(&arena, head);
        struct verdict verdict = rules_ask(&rules, &request, &arena);
        cr_expect_eq(verdict.reason, overrides[i].passes ? REASON_NONE : REASON_METHOD, "%s",
                     overrides[i].label);
        arena_reset(&arena);
        rules_free(&rules);
    }
}

Test(method_allow, refusals)
{
    static const char *const wrong[][2] = {
        {"{\"type\": \"method_allow\", \"method\": [\"GET\"]}", "did you mean \"methods\"?"},
        {"{\"type\": \"method_allow\", \"methods\": []}",
         "this list of methods is empty (/policies/asked/methods)"},
        {"{\"type\": \"method_allow\", \"methods\": [\"GTE\"]}",
         "unknown method \"GTE\" (/policies/asked/methods/0)"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        static struct rules rules;
        rules_load_policy(&rules, wrong[i][0]);
        cr_expect_null(rules.snapshot, "%s", wrong[i][0]);
        cr_expect_not_null(strstr(rules.problems, wrong[i][1]), "%s", rules.problems);
        rules_free(&rules);
    }
}
