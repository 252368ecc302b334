// SPDX-License-Identifier: Apache-2.0
// wire_turn: who may read in this turn of the loop. See struct loop_turn.
#include "gateway/wire_private.h"

void wire_forget_round(struct wire *w)
{
    w->loop->turn.passed_over -= w->reading.passed_over;
    w->reading.passed_over = false;
}

// Only who has much to say waits; a request or an answer that fits one read never does. Readiness lasts: who
// must wait is reported again, and needs no queue.
bool wire_must_wait(struct wire *w)
{
    struct loop_turn *t = &w->loop->turn;
    if (!w->reading.is_bulk) {
        w->reading.last_turn = t->number;
        return false;
    }
    if (t->passed_over > 0 && !w->reading.passed_over && w->reading.last_turn >= t->round)
        return true;
    wire_forget_round(w);
    if (t->left > 0) {
        w->reading.last_turn = t->number;
        return false;
    }
    if (t->passed_over++ == 0)
        t->round = t->number;
    w->reading.passed_over = true;
    return true;
}
