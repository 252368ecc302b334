// SPDX-License-Identifier: Apache-2.0
// detail: the "what exactly" of a verdict that is about a number.
#pragma once
#include "parser/arena.h"

// "120 fields, 100 allowed"; absent when the arena is full.
struct bytes detail_excess(struct arena *arena, uint64_t found, const char *what, uint64_t allowed);
