// SPDX-License-Identifier: Apache-2.0
// Sets of methods.
#include "policy/methods.h"
#include <criterion/criterion.h>

struct row {
    const char *label, *json;
    const char *allow; // NULL: refused
    const char *problem;
};

static const struct row rows[] = {
    {"one", "[\"GET\"]", "GET", NULL},
    {"several, in the order of the table", "[\"POST\", \"HEAD\", \"GET\"]", "GET, HEAD, POST", NULL},
    {"twice the same", "[\"GET\", \"GET\"]", "GET", NULL},
    {"WebDAV", "[\"PROPFIND\", \"LOCK\"]", "PROPFIND, LOCK", NULL},
    {"lower case is another method", "[\"get\"]", NULL, "unknown method \"get\" (/0)"},
    {"nearly a method", "[\"PSOT\"]", NULL, "did you mean \"POST\"?"},
    {"CONNECT", "[\"CONNECT\"]", NULL, "CONNECT is never served (/0)"},
    {"TRACE", "[\"TRACE\"]", NULL, "TRACE is never served (/0)"},
    {"none", "[]", NULL, "this list of methods is empty"},
    {"no array", "\"GET\"", NULL, "an array is needed here, not text"},
    {"no text", "[1]", NULL, "text is needed here, not a number (/0)"},
    {"two wrong ones", "[\"A\", \"GET\", \"B\"]", NULL, "2 problems"},
};

Test(methods, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        char             printed[4096], allow[256];
        struct bytes_out out = {.at = printed, .cap = sizeof printed - 1},
                         list = {.at = allow, .cap = sizeof allow};
        uint32_t         set = 0;
        struct document *d = document_parse(bytes_of(row->json), "f");
        bool             done = methods_load(document_root(d), &set);
        document_print(d, &out);
        printed[out.len] = '\0';
        methods_print(set, &list);
        cr_expect_eq(done, row->allow != NULL, "%s: %s", row->label, printed);
        cr_expect(bytes_equal(out_written(&list), bytes_of(row->allow == NULL ? "" : row->allow)), "%s: %.*s",
                  row->label, SHOW(out_written(&list)));
        cr_expect(row->problem == NULL || strstr(printed, row->problem) != NULL, "%s: %s", row->label,
                  printed);
        document_free(&d);
    }
}
