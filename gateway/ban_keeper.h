// SPDX-License-Identifier: Apache-2.0
// ban_keeper: bans on the main thread: those that the loops began are told to the log and to the journal
// within a second, and those of operators at once. Does nothing when the file has no "reputation".
#pragma once
#include "gateway/config.h"
#include "gateway/loop.h"
#include "policy/state.h"

struct ban_keeper;

// Reads the journal, where there is a state.directory.
//   borrows  everything, as long as it is there
//   fails    NULL after telling the log why
MUST_USE struct ban_keeper *ban_keeper_new(struct loop *l, const struct config *config, struct state *state);
void                        ban_keeper_free(struct ban_keeper **k); // writes what is left

// What an operator wants. All return NULL, or why not, in words (static text).
MUST_USE const char *ban_keeper_add(struct ban_keeper *k, const struct prefix *prefix, uint64_t for_ms,
                                    struct bytes why);
MUST_USE const char *ban_keeper_lift(struct ban_keeper *k, const struct prefix *prefix);

// The next of all bans that last; `place` begins at 0.
//   fails  false behind the last
MUST_USE bool ban_keeper_next(struct ban_keeper *k, size_t *place, struct ban *ban_r, uint64_t *left_ms_r);
bool          ban_keeper_is_shadow(const struct ban_keeper *k); // nobody is refused
