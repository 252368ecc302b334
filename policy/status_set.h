// SPDX-License-Identifier: Apache-2.0
// status_set: status codes as the operator writes them down: "302" is one, "4xx" is a hundred.
#pragma once
#include "policy/document.h"

#define STATUS_FIRST 100u
#define STATUS_LAST 599u

struct status_set {
    uint64_t bits[(STATUS_LAST - STATUS_FIRST) / 64 + 1];
};

// Reads an array of texts, at least one.
//   returns  false when the node is absent, or wrong and reported; *set_r is then untouched
bool status_set_load(struct node array, struct status_set *set_r);
bool status_set_has(const struct status_set *set, unsigned status);
