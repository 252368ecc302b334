// SPDX-License-Identifier: Apache-2.0
// pace: the bucket.
#include "gateway/pace.h"

#define THOUSANDTHS 1000u

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void pace_begin(struct pace *p, const struct pace_rule *r, uint64_t moved, uint64_t now_ms)
{
    if (p->running)
        return;
    *p = (struct pace){.running = true,
                       .left = (uint64_t)r->rate * r->grace_ms,
                       .moved = moved,
                       .looked_ms = now_ms,
                       .progress_ms = now_ms};
}

void pace_end(struct pace *p)
{
    p->running = false;
}

uint64_t pace_look(struct pace *p, const struct pace_rule *r, uint64_t moved, uint64_t now_ms)
{
    ASSERT(p->running && now_ms >= p->looked_ms && moved >= p->moved);
    uint64_t owed = (now_ms - p->looked_ms) * r->rate;
    uint64_t paid = (moved - p->moved) * THOUSANDTHS;
    p->left = least(p->left + paid, owed + (uint64_t)r->rate * r->stall_ms); // at most a stall, from now on
    p->left -= least(p->left, owed);
    if (moved > p->moved)
        p->progress_ms = now_ms;
    p->moved = moved;
    p->looked_ms = now_ms;
    uint64_t stalled_ms = p->progress_ms + r->stall_ms;
    uint64_t due_ms = r->rate == 0 ? stalled_ms : least(stalled_ms, now_ms + p->left / r->rate);
    return due_ms > now_ms ? due_ms : now_ms;
}

bool pace_is_stall(const struct pace *p, const struct pace_rule *r)
{
    return p->looked_ms - p->progress_ms >= r->stall_ms;
}
