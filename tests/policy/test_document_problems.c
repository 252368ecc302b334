// SPDX-License-Identifier: Apache-2.0
// What is printed: whole, bounded, and harmless to a terminal.
#include "policy/document_problems.h"
#include <criterion/criterion.h>
#include <stdio.h>

static char printed[64 * 1024];

static const char *print(const struct problems *problems, struct bytes text)
{
    struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
    problems_print(problems, "f", text, &out);
    cr_assert_not(out.overflowed);
    printed[out.len] = '\0';
    return printed;
}

Test(document_problems, nothing_wrong_prints_nothing)
{
    const struct problems none = {.count = 0};
    cr_expect_str_eq(print(&none, BYTES("{}")), "");
}

Test(document_problems, the_caret_underlines_the_whole_word)
{
    struct problems p = {.count = 0};
    problems_add(&p, 2, "text", "/a", NULL);
    problems_add(&p, 13, "word", "/a", NULL);
    problems_add(&p, 18, "bracket", "/a", NULL);
    problems_add(&p, 20, "end", "/a", NULL);
    print(&p, BYTES("{ \"a\\\"\xC3\xA9,b\": true, [ "));
    cr_expect_not_null(strstr(printed, "f:1:3: error: text (/a)\n"), "%s", printed);
    cr_expect_not_null(strstr(printed, "      |   ^^^^^^^^\n"), "%s", printed);
    cr_expect_not_null(strstr(printed, "f:1:13: error: word (/a)\n"), "%s", printed);
    cr_expect_not_null(strstr(printed, "      |             ^^^^\n"), "%s", printed);
    cr_expect_not_null(strstr(printed, "      |                  ^\n"), "%s", printed);
    cr_expect_not_null(strstr(printed, "      |                    ^\n"), "%s", printed);
}

// Prints a problem at `at` in a line of `len` letters and returns the two lines below its head.
static void show_long(size_t len, size_t at, char line_r[256], char caret_r[256])
{
    static char     text[4096];
    struct problems p = {.count = 0};
    memset(text, 'x', len);
    text[at - 1] = ' ';
    text[at + 5] = ' ';
    problems_add(&p, at, "here", "", "hint");
    print(&p, (struct bytes){text, len});
    char *line = strchr(printed, '\n') + 1, *caret = strchr(line, '\n') + 1;
    *strchr(caret, '\n') = '\0';
    caret[-1] = '\0';
    (void)snprintf(line_r, 256, "%s", line);
    (void)snprintf(caret_r, 256, "%s", caret);
}

Test(document_problems, long_lines_are_cut_around_the_caret)
{
    static const size_t places[] = {10, 59, 60, 61, 100, 2000, 3900, 3990};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char line[256], caret[256];
        show_long(4000, places[i], line, caret);
        cr_expect_leq(strlen(line), strlen("    1 | ") + 3 + 120 + 3, "%s", line);
        const char *first = strchr(caret, '^');
        cr_assert_not_null(first, "%s", caret);
        const char *below = line + (first - caret);
        cr_expect(below[-1] == ' ' && strncmp(below, "xxxxx ", 6) == 0, "at %zu:\n%s\n%s", places[i], line,
                  caret);
        cr_expect(strncmp(first, "^^^^^ hint", 10) == 0, "%s", caret);
    }
}

Test(document_problems, nothing_printed_can_move_a_terminal)
{
    static const char text[] = "\t\x1b[31m\x7f\xC2\x9B\xE2\x80\xAE\xFF\xC3\xA9x";
    struct problems   p = {.count = 0};
    problems_add(&p, strlen(text) - 1, "said \x1b[2J", "/a\rb", "hint\x08\n");
    print(&p, bytes_of(text));
    cr_expect_str_eq(printed, "f:1:12: error: said ?[2J (/a?b)\n"
                              "    1 |  ?[31m????\xC3\xA9x\n"
                              "      |            ^ hint??\n"
                              "1 problem: nothing was loaded\n");
}

Test(document_problems, windows_line_ends_are_not_shown)
{
    struct problems p = {.count = 0};
    problems_add(&p, 5, "here", "", NULL);
    print(&p, BYTES("{ \r\n x\r\n}"));
    cr_expect_not_null(strstr(printed, "f:2:2: error: here (root)\n    2 |  x\n      |  ^\n"), "%s", printed);
}

Test(document_problems, long_sentences_are_cut)
{
    char            long_text[2000];
    struct problems p = {.count = 0};
    memset(long_text, 'y', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    problems_add(&p, 0, long_text, long_text, long_text);
    problems_add(&p, 0, long_text, long_text, long_text);
    cr_expect_eq(p.count, 1u, "the same problem, though it was cut");
    cr_expect_lt(strlen(print(&p, BYTES("x"))), 1000u);
}
