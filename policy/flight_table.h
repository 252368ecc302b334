// SPDX-License-Identifier: Apache-2.0
// flight_table: how many requests of a key are in flight, and who waits for one of them to end. Shared by all
// loops; every function but new and free may be called from any thread. Bounded: a key has an entry only
// while somebody of it is in flight or waits.
#pragma once
#include "parser/bytes.h"
#include "policy/waiter.h"

enum flight_state { FLIGHT_OUT, FLIGHT_WAITING, FLIGHT_IN };

// One request. Its memory is the caller's, and stays until flight_leave has returned.
struct flight {
    uint64_t          key;
    uint32_t          max;
    enum flight_state state; // read it with flight_state: another thread may let it in
    struct waiter    *waiter;
    struct flight    *before, *behind; // in the queue of its key
};

enum flight_answer {
    FLIGHT_ENTERED,
    FLIGHT_QUEUED, // its waiter is woken when it has been let in
    FLIGHT_FULL,   // as many are in flight and wait as may; nothing was counted
    FLIGHT_CROWDED // there is no room for one more key; nothing was counted
};

struct flight_table;

// Room for `keys` keys. NULL when memory is exhausted.
MUST_USE struct flight_table *flight_table_new(size_t keys);
void                          flight_table_free(struct flight_table **t);
size_t                        flight_table_bytes(size_t keys);

// Enters, when fewer than `max` of the key are in flight; otherwise waits behind those who came before, when
// they are fewer than `queue`.
MUST_USE enum flight_answer flight_enter(struct flight_table *t, struct flight *f, uint64_t key, uint32_t max,
                                         uint32_t queue, struct waiter *waiter);
MUST_USE enum flight_state  flight_state(struct flight_table *t, struct flight *f);
// Whatever its state: it is out, and no wake comes behind this call. Who waits longest comes in instead. Safe
// to call twice.
void flight_leave(struct flight_table *t, struct flight *f);
