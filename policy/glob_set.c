// SPDX-License-Identifier: Apache-2.0
// glob_set: nearly all patterns are a literal with stars at its ends; they are matched together, at one price
// for any number of them. The few others go through an automaton of their own.
#include "policy/glob_parts.h"

struct glob_set {
    const struct bytes          *patterns;
    const struct glob_literals  *literals;
    const struct glob_automaton *inner; // NULL: no pattern has inner wildcards
};

bool glob_is_inner(struct bytes pattern)
{
    struct bytes ignored;
    bool         front, back;
    return !glob_literal(pattern, &ignored, &front, &back);
}

struct glob_set *glob_set_new(const struct bytes *patterns, size_t count, struct arena *arena)
{
    struct glob_set *set = arena_zalloc(arena, sizeof *set);
    uint32_t        *numbers = arena_alloc(arena, count * sizeof *numbers);
    size_t           literals = 0, others = 0;
    if (set == NULL || numbers == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!glob_is_inner(patterns[i]))
            numbers[literals++] = (uint32_t)i;
    for (size_t i = 0; i < count; i++)
        if (glob_is_inner(patterns[i]))
            numbers[literals + others++] = (uint32_t)i;
    set->patterns = patterns;
    set->literals = glob_literals_new(patterns, numbers, literals, arena);
    if (others > 0)
        set->inner = glob_automaton_new(patterns, numbers + literals, others, arena);
    return set->literals == NULL || (others > 0 && set->inner == NULL) ? NULL : set;
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
