// SPDX-License-Identifier: Apache-2.0
// Many patterns, one pass.
#include "policy/document.h"
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

// --- sets ---

static uint64_t seed;

static size_t draw(size_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % below;
}

// A text of up to `most` of these letters.
static struct bytes draw_text(const char *letters, size_t most)
{
    size_t           len = draw(most + 1);
    struct bytes_out out = {.at = arena_alloc(&arena, most), .cap = most};
    for (size_t i = 0; i < len; i++)
        out_char(&out, letters[draw(strlen(letters))]);
    return out_written(&out);
}

// Of the kinds that people write, and any.
static struct bytes draw_pattern(void)
{
    static const struct bytes star = {"*", 1}, none = {"", 0};
    struct bytes_out          out = {.at = arena_alloc(&arena, 16), .cap = 16};
    if (draw(4) == 0)
        return draw_text("ab/.*?", 6);
    out_bytes(&out, draw(2) == 0 ? star : none);
    out_bytes(&out, draw_text("aAb/.", 4));
    out_bytes(&out, draw(2) == 0 ? star : none);
    return out_written(&out);
}

static struct bytes lower(struct bytes b)
{
    struct bytes_out out = {.at = arena_alloc(&arena, b.len), .cap = b.len};
    for (size_t i = 0; i < b.len; i++)
        out_char(&out, b.at[i] >= 'A' && b.at[i] <= 'Z' ? (char)(b.at[i] | 0x20) : b.at[i]);
    return out_written(&out);
}

// The first that matches the text, otherwise the first that matches it as a folder.
static struct bytes first_match(const struct bytes *patterns, size_t count, struct bytes text)
{
    struct bytes_out folder = {.at = arena_alloc(&arena, text.len + 1), .cap = text.len + 1};
    out_bytes(&folder, lower(text));
    out_char(&folder, '/');
    for (size_t len = text.len; len <= text.len + 1; len++)
        for (size_t i = 0; i < count; i++)
            if (slow(lower(patterns[i]), (struct bytes){folder.at, len}))
                return patterns[i];
    return (struct bytes){NULL, 0};
}

Test(glob_set, sets_agree_with_asking_one_after_the_other)
{
    size_t found = 0, asked = 0;
    for (seed = 1; asked < 4000 * 40;) {
        struct bytes patterns[30];
        size_t       count = draw(draw(2) == 0 ? 4 : 30);
        arena_init(&arena, NULL, 8u << 20);
        for (size_t i = 0; i < count; i++)
            patterns[i] = draw_pattern();
        const struct glob_set *set = glob_set_new(patterns, count, &arena);
        cr_assert_not_null(set);
        for (size_t i = 0; i < 40; i++, asked++) {
            struct bytes text = draw_text("aAbB/.c", 9), expected = first_match(patterns, count, text);
            struct bytes answer = glob_set_match(set, text);
            cr_assert(answer.at == expected.at && answer.len == expected.len,
                      "\"%.*s\" gave \"%.*s\" instead of \"%.*s\"", SHOW(text), SHOW(answer), SHOW(expected));
            found += answer.at != NULL;
        }
        arena_reset(&arena);
    }
    cr_expect(found > asked / 10 && found < asked * 9 / 10, "%zu of %zu found something", found, asked);
}

Test(glob_set, a_full_arena_is_an_answer)
{
    char               text[250];
    const struct bytes patterns[2] = {{text, sizeof text}, BYTES("/a*b")};
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 26);
    for (size_t room = 0; room <= 24576; room += 4096) {
        arena_init(&arena, NULL, room);
        cr_expect_null(glob_set_new(patterns, 2, &arena));
        arena_reset(&arena);
    }
}
