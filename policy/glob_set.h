// SPDX-License-Identifier: Apache-2.0
// glob_set: all patterns of a list, matched in one pass over a text. "*" is any run of bytes, "/" included,
// "?" is one byte; letters match in either case, because some backends do not tell them apart.
#pragma once
#include "parser/arena.h"

#define GLOBS_MAX 16384u                   // patterns in a set
#define GLOB_BYTES_MAX 256u                // of one pattern
#define GLOB_SET_BYTES_MAX (1024u * 1024u) // of all of them
// Of those that have a wildcard anywhere but at their ends: each costs every path a little.
#define GLOB_INNER_MAX 256u
#define GLOB_INNER_BYTES_MAX 4096u

struct glob_set;

// Builds a set.
//   borrows  the patterns, which must outlive the set and are within the bounds above
//   returns  a set in the arena; NULL when the arena is full, or when the patterns have so many different
//            beginnings that they would take more than 64 MiB
MUST_USE struct glob_set *glob_set_new(const struct bytes *patterns, size_t count, struct arena *arena);

// Has it a wildcard anywhere but at its ends?
bool glob_is_inner(struct bytes pattern);

// The first pattern that matches the whole path, or absent. A folder is matched with what is in it: "/a/*"
// matches "/a" too, as in routes. Time is path.len times a constant, which only patterns with inner wildcards
// raise.
struct bytes glob_set_match(const struct glob_set *set, struct bytes path);
