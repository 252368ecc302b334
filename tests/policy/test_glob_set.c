// SPDX-License-Identifier: Apache-2.0
// Many patterns, one pass.
#include "policy/glob_set.h"
#include <criterion/criterion.h>

static struct arena arena;

static bool matches(const char *pattern, const char *text)
{
    const struct bytes p = bytes_of(pattern);
    struct glob_set   *set = glob_set_new(&p, 1, &arena);
    return glob_set_match(set, bytes_of(text)).at != NULL;
}

struct row {
    const char *label, *pattern, *text;
    bool        matches;
};

static const struct row rows[] = {
    {"a plain pattern is the whole text", "/a", "/a", true},
    {"not its beginning", "/a", "/ab", false},
    {"not its end", "/a", "/b/a", false},
    {"not less", "/ab", "/a", false},
    {"the empty text", "/a", "", false},
    {"a star is any run", "/a*c", "/abbbc", true},
    {"a star may be nothing", "/a*c", "/ac", true},
    {"a star goes over slashes", "/a*c", "/a/b/c", true},
    {"a star at the end", "/a/*", "/a/b/c", true},
    {"a folder is matched with what is in it", "/a/*", "/a", true},
    {"a star at the end needs what is before", "/a/*", "/b", false},
    {"a name that goes on is no folder", "/a/*", "/ab", false},
    {"a star at the front", "*.bak", "/x/y.bak", true},
    {"a star at the front needs what is behind", "*.bak", "/x/y.bak2", false},
    {"a star alone", "*", "/anything", true},
    {"a star alone and nothing", "*", "", true},
    {"two stars are one", "/a**b", "/axxb", true},
    {"several stars", "*/.git/*", "/x/.git/config", true},
    {"several stars, none of them used", "*/.git/*", "/.git/", true},
    {"a near miss", "*/.git/*", "/.gitx/config", false},
    {"the last possible place counts", "*aab", "aaaaab", true},
    {"a question mark is one byte", "/a?c", "/abc", true},
    {"a question mark is not nothing", "/a?c", "/ac", false},
    {"a question mark is not two", "/a?c", "/abbc", false},
    {"a question mark may be a slash", "/a?c", "/a/c", true},
    {"letters match in either case", "/Admin/*", "/aDMIN/x", true},
    {"other bytes do not change", "/[", "/{", false},
    {"bytes above ASCII", "/\xC3\xA9*", "/\xC3\xA9t\xC3\xA9", true},
};

Test(glob_set, rows)
{
    arena_init(&arena, NULL, 1u << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(matches(rows[i].pattern, rows[i].text), rows[i].matches, "%s: \"%s\" against \"%s\"",
                     rows[i].label, rows[i].pattern, rows[i].text);
    arena_reset(&arena);
}

Test(glob_set, the_first_pattern_that_matches_is_named)
{
    // Long enough that states lie in several words, and patterns across their borders.
    static const struct bytes patterns[] = {
        BYTES("/0123456789012345678901234567890123456789"),
        BYTES("/abcdefghijklmnopqrstuvwxyz*"),
        BYTES("*.bak"),
        BYTES("/0123456789012345678901234567890123456789x*y"),
        BYTES("*k"),
        BYTES("/last"),
    };
    static const struct {
        const char *text;
        int         index; // -1: none
    } texts[] = {{"/0123456789012345678901234567890123456789", 0},
                 {"/abcdefghijklmnopqrstuvwxyz", 1},
                 {"/abcdefghijklmnopqrstuvwxyz.bak", 1},
                 {"/a.bak", 2},
                 {"/0123456789012345678901234567890123456789xzzzy", 3},
                 {"/ok", 4},
                 {"/last", 5},
                 {"/lastly", -1},
                 {"/", -1}};
    arena_init(&arena, NULL, 1u << 20);
    struct glob_set *set = glob_set_new(patterns, sizeof patterns / sizeof *patterns, &arena);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct bytes found = glob_set_match(set, bytes_of(texts[i].text));
        struct bytes expected = texts[i].index < 0 ? (struct bytes){NULL, 0} : patterns[texts[i].index];
        cr_expect(bytes_equal(found, expected) && (found.at == NULL) == (texts[i].index < 0),
                  "%s gave \"%.*s\"", texts[i].text, SHOW(found));
    }
    arena_reset(&arena);
}

Test(glob_set, an_empty_set_matches_nothing)
{
    arena_init(&arena, NULL, 1u << 20);
    cr_expect_null(glob_set_match(glob_set_new(NULL, 0, &arena), BYTES("/")).at);
    cr_expect_null(glob_set_match(glob_set_new(NULL, 0, &arena), BYTES("")).at);
    arena_reset(&arena);
}

static struct bytes tail(struct bytes b)
{
    return (struct bytes){b.at + 1, b.len - 1};
}

// A reader with backtracking, to compare with.
static bool slow(struct bytes p, struct bytes t)
{
    if (p.len > 0 && *p.at == '*')
        return slow(tail(p), t) || (t.len > 0 && slow(p, tail(t)));
    if (p.len == 0 || t.len == 0)
        return p.len == t.len;
    return (*p.at == '?' || *p.at == *t.at) && slow(tail(p), tail(t));
}

// The n-th text of that length over four letters.
static struct bytes spell(unsigned n, size_t len, const char letters[4], char *room)
{
    for (size_t i = 0; i < len; i++, n /= 4)
        room[i] = letters[n % 4];
    return (struct bytes){room, len};
}

Test(glob_set, agrees_with_a_slow_reader)
{
    arena_init(&arena, NULL, 1u << 20);
    for (unsigned p = 0; p < 4 * 4 * 4 * 4 * 4; p++) {
        char               room[2][8]; // the text is tried as a folder too
        const struct bytes pattern = spell(p, 5, "ab*?", room[0]);
        struct glob_set   *set = glob_set_new(&pattern, 1, &arena);
        for (unsigned t = 0; t < 4 * 4 * 4 * 4; t++) {
            struct bytes text = spell(t, 4, "ab.a", room[1]);
            room[1][text.len] = '/';
            bool expected = slow(pattern, text) || slow(pattern, (struct bytes){text.at, text.len + 1});
            cr_assert_eq(glob_set_match(set, text).at != NULL, expected, "\"%.*s\" against \"%.*s\"",
                         SHOW(pattern), SHOW(text));
        }
        arena_reset(&arena);
    }
}

Test(glob_set, the_largest_set_has_room)
{
    static char         text[GLOB_SET_BYTES_MAX];
    static struct bytes patterns[GLOBS_MAX];
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < GLOBS_MAX; i++)
        patterns[i] = (struct bytes){text, GLOB_SET_BYTES_MAX / GLOBS_MAX};
    arena_init(&arena, NULL, 1u << 20);
    struct glob_set *set = glob_set_new(patterns, GLOBS_MAX, &arena);
    cr_assert_not_null(set);
    cr_expect_eq(glob_set_match(set, patterns[0]).at, text);
    cr_expect_null(glob_set_match(set, (struct bytes){text, 17}).at);
    arena_reset(&arena);
}

Test(glob_set, a_full_arena_is_an_answer)
{
    const struct bytes pattern = BYTES("/a");
    arena_init(&arena, NULL, 1024);
    cr_expect_null(glob_set_new(&pattern, 1, &arena));
    arena_reset(&arena);
}
