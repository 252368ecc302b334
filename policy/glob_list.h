// SPDX-License-Identifier: Apache-2.0
// glob_list: patterns of paths as the operator writes them down.
#pragma once
#include "policy/document.h"
#include "policy/glob_set.h"

// Reads an array of patterns, each of which begins with "/" or "*"; an empty one matches nothing.
//   returns  a set in the arena
//   fails    NULL after telling the document why
MUST_USE const struct glob_set *glob_list_load(struct node list, struct arena *arena);
