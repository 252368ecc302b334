// SPDX-License-Identifier: Apache-2.0
// ladder: the operator's rules for those who misbehave, read from "reputation" of the file.
#pragma once
#include "policy/document.h"
#include "policy/reputation.h"

#define LADDER_DELAY_MS_MAX 30000u
#define LADDER_TARPIT_MS_MAX 60000u
#define LADDER_COST_MAX 100u

// Reads "never", "half_life" and "steps" of the object ("mode" is left to the caller). What it does not say
// has its default.
//   borrows  nothing
//   fails    NULL after telling the document why
MUST_USE const struct ladder *ladder_load(struct node object, struct arena *arena);
