// SPDX-License-Identifier: Apache-2.0
// glob_automaton: the bit-parallel automaton of Wu and Manber (1992), for all patterns side by side.
//
//   "*.bak"    state   0  1  2  3  4       A state is "this much of the pattern has been read". A byte moves
//              byte       .  b  a  k       every live state one to the right where the pattern allows it, and
//              stays   x              A    a state that "*" follows also stays. A: the whole pattern is read.
//
// Without backtracking: the cost of a byte is a shift, two ANDs and an OR for every 64 states.
#include "policy/glob_parts.h"

#define WORD_BITS 64u
#define WORDS_MAX ((GLOB_INNER_BYTES_MAX + GLOB_INNER_MAX + WORD_BITS - 1) / WORD_BITS)

struct glob_automaton {
    const uint32_t *numbers; // of the patterns
    size_t          words;
    uint64_t       *start; // states that are live before the first byte
    uint64_t       *stays; // states that "*" follows
    uint64_t       *accepts;
    uint64_t       *moves;      // [byte][word]: states that may be entered by reading this byte
    uint16_t       *pattern_of; // state → pattern
};

static void set_bit(uint64_t *words, size_t bit)
{
    words[bit / WORD_BITS] |= UINT64_C(1) << bit % WORD_BITS;
}

static void allow(struct glob_automaton *set, char c, size_t state)
{
    uint8_t byte = (uint8_t)c;
    bool    letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    set_bit(set->moves + byte * set->words, state);
    if (letter)
        set_bit(set->moves + (byte ^ 0x20) * set->words, state);
}

// Lays out the states of one pattern from `state` on; returns the first free one.
static size_t add_pattern(struct glob_automaton *set, size_t index, struct bytes pattern, size_t state)
{
    set_bit(set->start, state);
    set->pattern_of[state] = (uint16_t)index;
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.at[i] == '*') {
            set_bit(set->stays, state);
            continue;
        }
        set->pattern_of[++state] = (uint16_t)index;
        if (pattern.at[i] != '?')
            allow(set, pattern.at[i], state);
        for (unsigned byte = 0; pattern.at[i] == '?' && byte < 256; byte++)
            set_bit(set->moves + byte * set->words, state);
    }
    set_bit(set->accepts, state);
    return state + 1;
}

struct glob_automaton *glob_automaton_new(const struct bytes *patterns, const uint32_t *numbers, size_t count,
                                          struct arena *arena)
{
    size_t states = 0;
    ASSERT(count <= GLOB_INNER_MAX);
    for (size_t i = 0; i < count; i++)
        states += patterns[numbers[i]].len + 1;
    size_t                 words = (states + WORD_BITS - 1) / WORD_BITS;
    struct glob_automaton *set = arena_alloc(arena, sizeof *set);
    uint64_t              *masks = arena_zalloc(arena, (3 + 256) * words * sizeof *masks);
    uint16_t              *pattern_of = arena_zalloc(arena, words * WORD_BITS * sizeof *pattern_of);
    ASSERT(words <= WORDS_MAX);
    if (set == NULL || masks == NULL || pattern_of == NULL)
        return NULL;
    *set = (struct glob_automaton){.numbers = numbers,
                                   .words = words,
                                   .start = masks,
                                   .stays = masks + words,
                                   .accepts = masks + 2 * words,
                                   .moves = masks + 3 * words,
                                   .pattern_of = pattern_of};
    for (size_t i = 0, state = 0; i < count; i++)
        state = add_pattern(set, i, patterns[numbers[i]], state);
    return set;
}

static void feed(const struct glob_automaton *set, uint64_t *live, char c)
{
    const uint64_t *moves = set->moves + (uint8_t)c * set->words;
    uint64_t        carry = 0;
    for (size_t w = 0; w < set->words; w++) {
        uint64_t before = live[w];
        live[w] = ((before << 1 | carry) & moves[w]) | (before & set->stays[w]);
        carry = before >> (WORD_BITS - 1);
    }
}

static uint32_t accepted(const struct glob_automaton *set, const uint64_t *live)
{
    for (size_t w = 0; w < set->words; w++) {
        uint64_t ends = live[w] & set->accepts[w];
        if (ends != 0)
            return set->numbers[set->pattern_of[w * WORD_BITS + (size_t)__builtin_ctzll(ends)]];
    }
    return GLOB_NONE;
}

struct glob_hit glob_automaton_match(const struct glob_automaton *a, struct bytes path)
{
    uint64_t        live[WORDS_MAX];
    struct glob_hit hit;
    for (size_t w = 0; w < a->words; w++)
        live[w] = a->start[w];
    for (size_t i = 0; i < path.len; i++)
        feed(a, live, path.at[i]);
    hit.path = accepted(a, live);
    feed(a, live, '/');
    hit.folder = accepted(a, live);
    return hit;
}
