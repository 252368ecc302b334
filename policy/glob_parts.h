// SPDX-License-Identifier: Apache-2.0
// glob_parts: the two machines that a glob_set is made of, one for patterns with wildcards at their ends
// only, one for all others. Only glob_*.c include it.
#pragma once
#include "policy/glob_set.h"

#define GLOB_NONE UINT32_MAX

// The lowest number of a pattern that matches the path, and of one that matches the path and a slash.
// GLOB_NONE: none. `folder` need only be right when no pattern of the set matches the path.
struct glob_hit {
    uint32_t path, folder;
};

struct glob_literals;

// A pattern that is one literal, perhaps with stars at its ends.
//   returns  false for every other pattern
bool glob_literal(struct bytes pattern, struct bytes *literal_r, bool *open_front_r, bool *open_back_r);

// `numbers` says which of the patterns it shall know.
//   returns  NULL when there is no memory, or for want of room: more than 64 MiB
MUST_USE struct glob_literals *glob_literals_new(const struct bytes *patterns, const uint32_t *numbers,
                                                 size_t count, struct arena *arena);
struct glob_hit                glob_literals_match(const struct glob_literals *l, struct bytes path);

struct glob_automaton;

// Any patterns, at most GLOB_INNER_MAX with GLOB_INNER_BYTES_MAX.
//   borrows  the numbers
MUST_USE struct glob_automaton *glob_automaton_new(const struct bytes *patterns, const uint32_t *numbers,
                                                   size_t count, struct arena *arena);
struct glob_hit                 glob_automaton_match(const struct glob_automaton *a, struct bytes path);
