// SPDX-License-Identifier: Apache-2.0
// glob_set: nearly all patterns are a literal with stars at its ends; they are matched together, at one price
// for any number of them. The few others go through an automaton of their own.
#include "policy/glob_parts.h"

struct glob_set {
    const struct bytes          *patterns;
    const struct glob_literals  *literals;
    const struct glob_automaton *inner; // NULL: no pattern has inner wildcards
};

static bool is_literal(struct bytes pattern)
{
    struct bytes ignored;
    bool         front, back;
    return glob_literal(pattern, &ignored, &front, &back);
}

struct glob_set *glob_set_new(const struct bytes *patterns, size_t count, struct arena *arena)
{
    struct glob_set *set = arena_zalloc(arena, sizeof *set);
    uint32_t        *numbers = arena_alloc(arena, count * sizeof *numbers);
    size_t           literals = 0, others = 0;
    if (set == NULL || numbers == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (is_literal(patterns[i]))
            numbers[literals++] = (uint32_t)i;
    for (size_t i = 0; i < count; i++)
        if (!is_literal(patterns[i]))
            numbers[literals + others++] = (uint32_t)i;
    set->patterns = patterns;
    set->literals = glob_literals_new(patterns, numbers, literals, arena);
    if (others > 0)
        set->inner = glob_automaton_new(patterns, numbers + literals, others, arena);
    return set->literals == NULL || (others > 0 && set->inner == NULL) ? NULL : set;
}

// What the patterns of a list come to.
struct tally {
    size_t bytes, inner, inner_bytes;
};

static bool load_pattern(struct node n, struct bytes *pattern_r, struct tally *tally)
{
    if (!node_text(n, pattern_r))
        return false;
    if (pattern_r->len == 0 || (pattern_r->at[0] != '/' && pattern_r->at[0] != '*')) {
        node_problem(n, NULL, "a pattern begins with \"/\" or \"*\", otherwise it matches nothing");
        return false;
    }
    if (pattern_r->len > GLOB_BYTES_MAX) {
        node_problem(n, NULL, "a pattern longer than %u bytes", GLOB_BYTES_MAX);
        return false;
    }
    bool inner = !is_literal(*pattern_r);
    tally->bytes += pattern_r->len;
    tally->inner += inner;
    tally->inner_bytes += inner ? pattern_r->len : 0;
    return true;
}

static bool within_bounds(struct node array, const struct tally *tally)
{
    if (tally->bytes > GLOB_SET_BYTES_MAX) {
        node_problem(array, NULL, "these patterns have more than %u bytes together", GLOB_SET_BYTES_MAX);
        return false;
    }
    if (tally->inner <= GLOB_INNER_MAX && tally->inner_bytes <= GLOB_INNER_BYTES_MAX)
        return true;
    node_problem(array, "any number may have stars at their ends only: \"/a/*\", \"*.bak\", \"*/.git/*\"",
                 "more than %u patterns, or %u bytes of them, with \"*\" or \"?\" in their middle",
                 GLOB_INNER_MAX, GLOB_INNER_BYTES_MAX);
    return false;
}

struct glob_set *glob_set_load(struct node array, struct arena *arena)
{
    size_t       count = node_length(array);
    struct tally tally = {0};
    if (!node_expect_array(array))
        return NULL;
    if (count > GLOBS_MAX) {
        node_problem(array, NULL, "more than %u patterns", GLOBS_MAX);
        return NULL;
    }
    struct bytes *patterns = arena_alloc(arena, count * sizeof *patterns);
    bool          good = patterns != NULL;
    struct node   n = count > 0 ? node_at(array, 0) : array;
    for (size_t i = 0; patterns != NULL && i < count; i++, n = node_next(n))
        good = load_pattern(n, &patterns[i], &tally) && good;
    if (!good || !within_bounds(array, &tally))
        return NULL;
    struct glob_set *set = glob_set_new(patterns, count, arena);
    if (set == NULL)
        node_problem(array, "shorter ones, or ones that begin alike", "these patterns need too much memory");
    return set;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

struct bytes glob_set_match(const struct glob_set *set, struct bytes path)
{
    struct glob_hit hit = glob_literals_match(set->literals, path);
    if (set->inner != NULL) {
        struct glob_hit inner = glob_automaton_match(set->inner, path);
        hit = (struct glob_hit){least(hit.path, inner.path), least(hit.folder, inner.folder)};
    }
    uint32_t number = hit.path != GLOB_NONE ? hit.path : hit.folder;
    return number == GLOB_NONE ? (struct bytes){NULL, 0} : set->patterns[number];
}
