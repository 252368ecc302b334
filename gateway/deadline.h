// SPDX-License-Identifier: Apache-2.0
// deadline: one timer per owner, re-armed, never allocated. A hashed wheel of intrusive lists; arming and
// disarming are O(1). Never early; late by less than two WHEEL_TICK_MS on a
// loop, whose tick is not aligned to the slots.
#pragma once
#include "parser/bytes.h"

#define WHEEL_TICK_MS 32u
#define WHEEL_SLOTS 1024u // a power of two; one turn is 32 s, later deadlines wait for their round

struct deadline {
    struct deadline  *next;
    struct deadline **link; // NULL: not armed
    uint64_t          due_ms;
    void (*expired)(struct deadline *d);
};

struct wheel {
    struct deadline *slots[WHEEL_SLOTS];
    uint64_t         tick; // the last one that was turned
};

void wheel_init(struct wheel *w, uint64_t now_ms);
// Fires everything that is due. An expired deadline is disarmed before its function is called, which may arm
// and disarm any deadline.
void wheel_turn(struct wheel *w, uint64_t now_ms);

void deadline_init(struct deadline *d, void (*expired)(struct deadline *d));
void deadline_arm(struct wheel *w, struct deadline *d, uint64_t due_ms); // moves it when it was armed
void deadline_disarm(struct deadline *d);                                // safe twice
