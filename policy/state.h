// SPDX-License-Identifier: Apache-2.0
// state: the tables that outlive a configuration: what clients have spent, who is in flight, who is banned.
// One for the whole process, shared by all loops; a reload changes the rules and keeps the tables.
#pragma once
#include "policy/reputation.h"

struct key_ring;
struct session_table;

struct state {
    uint64_t              seed[2];  // of every keyed hash; random, as long as the process
    struct key_ring      *keys;     // of sealed cookies; NULL: no policy seals
    struct session_table *sessions; // NULL: the same
    struct reputation    *reputation;
};

// Makes empty tables.
//   `seed`  128 random bits, which no client may learn
//   fails   NULL when memory is exhausted
MUST_USE struct state *state_new(const uint64_t seed[2]);
void                   state_free(struct state **s); // and the tables
