// SPDX-License-Identifier: Apache-2.0
// catalog: the ordered array of all policies. The order of judging is this one, never that of the JSON text:
// operators choose what is checked, we answer for the sequence.
#pragma once
#include "policy/policy.h"

struct catalog_row {
    const struct policy *policy;
    bool by_default; // part of every chain with its default settings, unless the route names its own
};

extern const struct catalog_row catalog[];
extern const size_t             catalog_count;
extern const char *const        catalog_names[]; // of the policies, in the same order, NULL behind the last

// The row's index, or catalog_count.
size_t catalog_find(struct bytes name);
