// SPDX-License-Identifier: Apache-2.0
// deadline: the wheel.
#include "gateway/deadline.h"

static void insert(struct deadline **head, struct deadline *d)
{
    d->next = *head;
    d->link = head;
    if (d->next)
        d->next->link = &d->next;
    *head = d;
}

static void take_out(struct deadline *d)
{
    *d->link = d->next;
    if (d->next)
        d->next->link = d->link;
    d->link = NULL;
}

void wheel_init(struct wheel *w, uint64_t now_ms)
{
    *w = (struct wheel){.tick = now_ms / WHEEL_TICK_MS};
}

void deadline_init(struct deadline *d, void (*expired)(struct deadline *d))
{
    *d = (struct deadline){.expired = expired};
}

void deadline_arm(struct wheel *w, struct deadline *d, uint64_t due_ms)
{
    // A slot is turned only when all of its tick has passed, so that nothing fires early; a moment that has
    // passed already goes into the next slot to be turned.
    uint64_t tick = due_ms / WHEEL_TICK_MS + 1;
    if (tick <= w->tick)
        tick = w->tick + 1;
    if (d->link)
        take_out(d);
    d->due_ms = due_ms;
    insert(&w->slots[tick % WHEEL_SLOTS], d);
}

void deadline_disarm(struct deadline *d)
{
    if (d->link)
        take_out(d);
}

// The slot is moved to a list of its own first: what its functions arm belongs to a later turn.
static void turn_slot(struct wheel *w, struct deadline **slot, uint64_t now_ms)
{
    struct deadline *due = *slot;
    *slot = NULL;
    if (due)
        due->link = &due;
    while (due) {
        struct deadline *d = due;
        take_out(d);
        if (d->due_ms > now_ms)
            deadline_arm(w, d, d->due_ms); // of a later round
        else
            d->expired(d);
    }
}

void wheel_turn(struct wheel *w, uint64_t now_ms)
{
    uint64_t until = now_ms / WHEEL_TICK_MS;
    if (until > w->tick + WHEEL_SLOTS) // the loop slept longer than a round: one look at each slot is enough
        w->tick = until - WHEEL_SLOTS;
    while (w->tick < until) {
        w->tick++;
        turn_slot(w, &w->slots[w->tick % WHEEL_SLOTS], now_ms);
    }
}
