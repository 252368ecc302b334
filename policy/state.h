// SPDX-License-Identifier: Apache-2.0
// state: the tables that outlive a configuration: what clients have spent, who is in flight, who is banned.
// One for the whole process, shared by all loops; a reload changes the rules and keeps the tables.
#pragma once
#include "policy/reputation.h"

struct key_ring;
struct session_table;
struct rate_table;
struct flight_table;

struct state {
    uint64_t              seed[2];  // of every keyed hash; random, as long as the process
    struct key_ring      *keys;     // of sealed cookies; borrowed; NULL: no policy seals
    struct session_table *sessions; // borrowed; NULL: the same
    struct reputation    *reputation;
    struct rate_table    *rates;   // what clients have spent
    struct flight_table  *flights; // what is in flight
};

struct state_sizes {
    uint32_t rate_keys; // limits.rate_keys
    uint32_t flights;   // keys that may be in flight at once
};

#define STATE_RATE_KEYS 524288u // by default: 9 MiB

size_t state_bytes(const struct state_sizes *sizes); // what the tables take at most

// Makes empty tables.
//   `seed`  128 random bits, which no client may learn
//   fails   NULL when memory is exhausted
MUST_USE struct state *state_new(const struct state_sizes *sizes, const uint64_t seed[2]);
void                   state_free(struct state **s); // and the tables, but not what is borrowed
