// SPDX-License-Identifier: Apache-2.0
// glob_set: all patterns of a list, matched in one pass over a text. "*" is any run of bytes, "/" included,
// "?" is one byte; letters match in either case, because some backends do not tell them apart.
#pragma once
#include "policy/document.h"

#define GLOBS_MAX 256u           // patterns in a set
#define GLOB_BYTES_MAX 256u      // of one pattern
#define GLOB_SET_BYTES_MAX 4096u // of all of them

struct glob_set;

// Builds a set.
//   borrows  the patterns, which must outlive the set; there are at most GLOBS_MAX, within the bounds above
//   returns  a set in the arena; NULL when the arena is full
MUST_USE struct glob_set *glob_set_new(const struct bytes *patterns, size_t count, struct arena *arena);

// The first pattern that matches the whole path, or absent. A folder is matched with what is in it: "/a/*"
// matches
// "/a" too, as in routes. Time is path.len times a constant of the set.
struct bytes glob_set_match(const struct glob_set *set, struct bytes path);
