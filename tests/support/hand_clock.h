// SPDX-License-Identifier: Apache-2.0
// hand_clock: a twin of gateway/loop.c without libuv. Time stands still until a test moves it.
#pragma once
#include "gateway/loop.h"

#define HAND_CLOCK_UNIX_MS UINT64_C(1700000000000) // 2023-11-14
#define HAND_CLOCK_START_MS 1000000u

// Moves the clock and turns the wheel, a tick at a time, as the real loop would. `after` runs behind every
// tick.
void hand_clock_pass(struct loop *l, uint64_t ms, void (*after)(struct loop *l));
