// SPDX-License-Identifier: Apache-2.0
// hand_clock: the loop's wheel, arenas and ids; no descriptors, no buffers.
#include "tests/support/hand_clock.h"
#include <stdlib.h>

#define BLOCKS_KEPT 256u

struct hand_loop {
    struct loop loop; // MUST be first: callers know nothing else
    uint64_t    now_ms;
};

struct loop *loop_new(unsigned index, void (*on_command)(struct loop *l), void *owner)
{
    struct hand_loop *h = calloc(1, sizeof *h);
    ASSERT(h != NULL);
    h->now_ms = HAND_CLOCK_START_MS;
    h->loop.index = index;
    h->loop.on_command = on_command;
    h->loop.owner = owner;
    wheel_init(&h->loop.wheel, h->now_ms);
    arena_pool_init(&h->loop.arenas, BLOCKS_KEPT);
    return &h->loop;
}

void loop_free(struct loop **l)
{
    arena_pool_drain(&(*l)->arenas);
    free(*l);
    *l = NULL;
}

uint64_t loop_now_ms(const struct loop *l)
{
    return ((const struct hand_loop *)l)->now_ms;
}

void loop_deadline(struct loop *l, struct deadline *d, uint32_t in_ms)
{
    deadline_arm(&l->wheel, d, loop_now_ms(l) + in_ms);
}

void loop_deadline_at(struct loop *l, struct deadline *d, uint64_t at_ms)
{
    deadline_arm(&l->wheel, d, at_ms);
}

void loop_next_id(struct loop *l, uint64_t id_r[2])
{
    id_r[0] = 0x1d;
    id_r[1] = ++l->random[0];
}

void hand_clock_pass(struct loop *l, uint64_t ms, void (*after)(struct loop *l))
{
    struct hand_loop *h = (struct hand_loop *)l;
    for (uint64_t step; ms > 0; ms -= step) {
        step = ms < WHEEL_TICK_MS ? ms : WHEEL_TICK_MS;
        h->now_ms += step;
        wheel_turn(&l->wheel, h->now_ms);
        after(l);
    }
}
