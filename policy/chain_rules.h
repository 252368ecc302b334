// SPDX-License-Identifier: Apache-2.0
// chain_rules: what policies have read already. A policy that many routes name is read once, and so is a
// default one: lists of prefixes and patterns exist once, however many chains ask them.
#pragma once
#include "policy/policy.h"

struct chain_rules;

// Lives in the arena of a snapshot while it is loaded. NULL when the arena is full.
MUST_USE struct chain_rules *chain_rules_new(struct arena *arena);

// policy->load, or what it returned before for the same settings (and under the same limits.body, where the
// policy says so). Failures are kept too: their problems are told.
const void *chain_rules_load(const struct policy *policy, struct node settings,
                             const struct policy_scope *scope);
