// SPDX-License-Identifier: Apache-2.0
// signals: blocked in every thread, and taken one by one on one loop: no code runs inside a handler.
#pragma once
#include "gateway/loop.h"
#include <signal.h>

struct signals;

// Blocks those of the set in this thread and in all that it starts from now on.
void signals_block(const sigset_t *set);

// Borrows set during the call. NULL when memory or descriptors are exhausted.
MUST_USE struct signals *signals_new(struct loop *l, const sigset_t                   *set,
                                     void (*on_signal)(void *owner, int number), void *owner);
// Its memory goes in a later turn of the loop.
void signals_close(struct signals **s);
