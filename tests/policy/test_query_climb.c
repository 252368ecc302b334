// SPDX-License-Identifier: Apache-2.0
// Paths that climb up in a query, in every spelling; and what only looks like one.
#include "policy/query_climb.h"
#include <criterion/criterion.h>

static struct arena arena;

static const struct {
    const char *label, *query, *name; // the raw name of the parameter; NULL: none climbs
} rows[] = {
    {"as it is written", "f=../etc/passwd", "f"},
    {"the second parameter", "a=b&file=x/../y", "file"},
    {"at the end", "f=a/..", "f"},
    {"nothing else", "f=..", "f"},
    {"in a name", "../../etc/passwd", "../../etc/passwd"},
    {"in an empty name", "=../x", ""},
    {"backslashes", "f=..\\windows", "f"},
    {"mixed separators", "f=a\\../b", "f"},
    {"encoded dots", "f=%2e%2E/x", "f"},
    {"an encoded slash", "f=..%2Fx", "f"},
    {"an encoded backslash", "f=..%5cx", "f"},
    {"encoded twice", "f=%252e%252e%252f", "f"},
    {"encoded very often", "f=%25252525252525252525252e./x", "f"},
    {"escapes inside escapes", "f=%%32e%2%65/", "f"},
    {"a NUL behind it", "f=..%00.png", "f"},
    {"a blank behind it", "f=..%20/x", "f"},
    {"a plus behind it", "f=..+/x", "f"},
    {"wide escapes", "f=%u002e%u002E%u2215x", "f"},
    {"a wide percent sign", "f=%u00252e./", "f"},
    {"overlong dots", "f=%c0%ae%c0%ae/x", "f"},
    {"overlong slashes", "f=..%c0%afx", "f"},
    {"three bytes", "f=%e0%80%ae%e0%80%ae/x", "f"},
    {"four bytes", "f=%f0%80%80%ae./x", "f"},
    {"a broken overlong form", "f=%c0.%c0./x", "f"},
    {"full-width", "f=%EF%BC%8E%EF%BC%8E%EF%BC%8Fx", "f"},
    {"a file address", "f=file:///var/www/../../etc", "f"},
    {"inside another address", "next=http%3A%2F%2Fa%2F..%2Fb", "next"},

    {"behind a semicolon", "a=1;file=../secret", "a"},
    {"behind a name in a filter", "f=php://filter/resource=../config", "f"},
    {"behind a drive", "f=C:..\\secret", "f"},
    {"before a semicolon", "f=..;a=1", "f"},

    {"a range with names", "q=from=1..2;to=3..4", NULL},
    {"no query", "", NULL},
    {"dots in a word", "q=a..b", NULL},
    {"a range", "v=1..2", NULL},
    {"a range behind a slash", "v=/1..2/", NULL},
    {"three dots", "q=.../x", NULL},
    {"one dot", "f=./x", NULL},
    {"an ellipsis at the end", "q=wait...", NULL},
    {"dots in a text", "q=a .. b", NULL},
    {"dots in a text with plus", "q=wait+..+what", NULL},
    {"a name with dots in front", "f=/..x/y", NULL},
    {"a name with dots behind", "f=/x../y", NULL},
    {"encoded dots in a word", "q=a%2e%2eb", NULL},
    {"percent signs", "q=100%&r=%zz", NULL},
    {"UTF-8", "q=%C3%A9t%C3%A9+%E2%82%AC", NULL},
    {"an address", "next=https%3A%2F%2Fa.example%2Fb%3Fc%3Dd", NULL},
    {"dots that an end parts", "a=.&b=./", NULL},
};

Test(query_climb, rows)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool full;
        arena_init(&arena, NULL, 1u << 20);
        struct bytes name = query_climb(bytes_of(rows[i].query), &arena, &full);
        cr_expect_not(full);
        cr_expect_eq(name.at != NULL, rows[i].name != NULL, "%s", rows[i].label);
        if (rows[i].name != NULL)
            cr_expect(bytes_equal(name, bytes_of(rows[i].name)), "%s: %.*s", rows[i].label, (int)name.len,
                      name.at);
        arena_reset(&arena);
    }
}

Test(query_climb, a_full_arena_is_told)
{
    bool full;
    arena_init(&arena, NULL, 16);
    cr_expect_null(query_climb(BYTES("file=../aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), &arena, &full).at);
    cr_expect(full);
    arena_reset(&arena);
}

Test(query_climb, time_is_linear_in_what_is_encoded_again_and_again)
{
    // "%2525…25" folds into one byte at each step: a pass for each level would be 300,000 passes here.
    static char      query[1000 * 1000];
    struct bytes_out out = {.at = query, .cap = sizeof query};
    bool             full;
    out_text(&out, "f=%");
    while (out.len < 900 * 1000)
        out_text(&out, "25");
    out_text(&out, "2e./");
    arena_init(&arena, NULL, 2u << 20);
    cr_expect(query_climb(out_written(&out), &arena, &full).at != NULL);
    arena_reset(&arena);
}
