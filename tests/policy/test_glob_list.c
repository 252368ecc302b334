// SPDX-License-Identifier: Apache-2.0
// Patterns as they are written, and how many there may be.
#include "policy/glob_list.h"
#include <criterion/criterion.h>
#include <stdlib.h>

static struct arena arena;
static uint64_t     seed;

static size_t draw(size_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % below;
}

Test(glob_list, refusals)
{
    static const char *const wrong[][2] = {
        {"\"/a\"", "an array is needed here, not text"},
        {"[\"/a\", \"b/*\"]", "a pattern begins with \"/\" or \"*\", otherwise it matches nothing (/1)"},
        {"[\"\"]", "a pattern begins with"},
        {"[1]", "text is needed here, not a number (/0)"},
        {"[\"a\", \"b\"]", "2 problems"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char             printed[4096];
        struct bytes_out said = {.at = printed, .cap = sizeof printed - 1};
        struct document *d = document_parse(bytes_of(wrong[i][0]), "f");
        arena_init(&arena, NULL, 1u << 20);
        cr_expect_null(glob_list_load(document_root(d), &arena), "%s", wrong[i][0]);
        document_print(d, &said);
        printed[said.len] = '\0';
        cr_expect_not_null(strstr(printed, wrong[i][1]), "%s: %s", wrong[i][0], printed);
        arena_reset(&arena);
        document_free(&d);
    }
}

// Loads `count` patterns of `len` bytes each, with those in the middle: digits, and letters drawn from some.
static bool loads(size_t count, size_t len, const char *begin, const char *letters, const char *problem)
{
    size_t           cap = count * (len + 4) + 16;
    struct bytes_out out = {.at = malloc(cap), .cap = cap};
    char             printed[4096];
    struct bytes_out said = {.at = printed, .cap = sizeof printed - 1};
    seed = 1;
    out_text(&out, "[\n");
    for (size_t i = 0; i < count; i++) {
        out_text(&out, "\"");
        out_text(&out, begin);
        for (size_t k = strlen(begin); k < len; k++)
            out_char(&out, letters[draw(strlen(letters))]);
        out_text(&out, "\",\n");
    }
    out_text(&out, "]");
    cr_assert_not(out.overflowed);
    struct document *d = document_parse(out_written(&out), "f");
    arena_init(&arena, NULL, 256u << 20);
    bool loaded = glob_list_load(document_root(d), &arena) != NULL;
    cr_expect_eq(loaded, !document_has_problems(d));
    document_print(d, &said);
    printed[said.len] = '\0';
    cr_expect(problem == NULL || strstr(printed, problem) != NULL, "%s", printed);
    arena_reset(&arena);
    document_free(&d);
    free(out.at);
    return loaded;
}

Test(glob_list, patterns_are_bounded)
{
    cr_expect(loads(GLOBS_MAX, 12, "/", "abcdefgh", NULL), "as many as allowed");
    cr_expect_not(loads(GLOBS_MAX + 1, 2, "/", "a", "more than 16384 patterns"), "one more");
    cr_expect(loads(1, 256, "/", "a", NULL), "as long as allowed");
    cr_expect_not(loads(1, 257, "/", "a", "a pattern longer than 256 bytes (/0)"), "one byte longer");
    cr_expect(loads(4096, 256, "/", "a", NULL), "as much as allowed together");
    cr_expect_not(loads(4097, 256, "/", "a", "more than 1048576 bytes together"), "more together");
    cr_expect(loads(256, 16, "/a*b", "xy", NULL), "as many with inner wildcards as allowed");
    cr_expect_not(loads(257, 8, "/a?b", "xy", "more than 256 patterns, or 4096 bytes of them"),
                  "one of them more");
    cr_expect(loads(16, 256, "*a*b", "xy", NULL), "as much of them as allowed");
    cr_expect_not(loads(17, 241, "*a*b", "xy", "4096 bytes of them"), "one byte of them more");
    cr_expect_not(loads(3000, 200, "/", "abcdefghijklmnopqrstuvwxyz0123456789", "need too much memory"),
                  "more beginnings than there is room for");
}
