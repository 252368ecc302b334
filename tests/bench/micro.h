// SPDX-License-Identifier: Apache-2.0
// micro: what the files with rows share. A new area is a file micro_*.c with a table of its own.
#pragma once
#include <stdint.h>

// Does so many rounds of what is measured, on whatever `context` is.
typedef void micro_step(void *context, uint64_t rounds);

// Nanoseconds of one round: the best of several runs, because the machine is never faster than it is.
double micro_timed(micro_step *step, void *context);

// What the compiler must not leave out is added here.
extern volatile uint64_t micro_sink;

struct micro_row {
    const char *name;
    double (*function)(void); // nanoseconds
};

// Tables end with a NULL name.
extern const struct micro_row micro_lists[], micro_rates[], micro_reputation[], micro_sessions[];
