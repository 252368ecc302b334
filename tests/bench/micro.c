// SPDX-License-Identifier: Apache-2.0
// micro: what single steps cost, in nanoseconds. `micro WORD` runs the rows whose name has it; `micro WORD N`
// does N rounds of each once, for callgrind. Not a test: it measures and says nothing about right or wrong.
#include "tests/bench/micro.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 1000000u
#define REPEATS 7

volatile uint64_t micro_sink;

static uint64_t only; // rounds, without measuring

static double now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double micro_timed(micro_step *step, void *context)
{
    double best = 0;
    if (only > 0) {
        step(context, only);
        return 0;
    }
    step(context, ROUNDS / 8); // warm
    for (int i = 0; i < REPEATS; i++) {
        double start = now_ns();
        step(context, ROUNDS);
        double one = (now_ns() - start) / ROUNDS;
        best = i == 0 || one < best ? one : best;
    }
    return best;
}

static const struct micro_row *const tables[] = {micro_lists, micro_rates, micro_reputation, micro_sessions};

int main(int count, char **words)
{
    only = count > 2 ? strtoull(words[2], NULL, 10) : 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct micro_row *row = tables[i]; row->name != NULL; row++)
            if (count < 2 || strstr(row->name, words[1]) != NULL) {
                printf("%-58s %8.1f ns\n", row->name, row->function());
                (void)fflush(stdout);
            }
    return 0;
}
