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
    STAILQ_INIT(&h->loop.calls.queue);
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

uint64_t loop_now_ns(const struct loop *l)
{
    return loop_now_ms(l) * 1000000;
}

uint64_t loop_unix_ms(const struct loop *l)
{
    return HAND_CLOCK_UNIX_MS + loop_now_ms(l);
}

// There is one thread: what is called runs when the hand clock moves.
void loop_call(struct loop *l, struct loop_call *c)
{
    if (!c->queued)
        STAILQ_INSERT_TAIL(&l->calls.queue, c, entry);
    c->queued = true;
}

void loop_call_off(struct loop *l, struct loop_call *c)
{
    if (c->queued)
        STAILQ_REMOVE(&l->calls.queue, c, loop_call, entry);
    c->queued = false;
}

static void run_calls(struct loop *l)
{
    for (struct loop_call *c; (c = STAILQ_FIRST(&l->calls.queue)) != NULL;) {
        STAILQ_REMOVE_HEAD(&l->calls.queue, entry);
        c->queued = false;
        c->run(c);
    }
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
    run_calls(l);
    for (uint64_t step; ms > 0; ms -= step) {
        step = ms < WHEEL_TICK_MS ? ms : WHEEL_TICK_MS;
        h->now_ms += step;
        wheel_turn(&l->wheel, h->now_ms);
        after(l);
    }
}
