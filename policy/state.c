// SPDX-License-Identifier: Apache-2.0
// state: made once, before the first loop runs; freed behind the last one.
#include "policy/state.h"
#include "policy/flight_table.h"
#include "policy/rate_table.h"
#include <stdlib.h>

size_t state_bytes(const struct state_sizes *sizes)
{
    return rate_table_bytes(sizes->rate_keys) + flight_table_bytes(sizes->flights);
}

struct state *state_new(const struct state_sizes *sizes, const uint64_t seed[2])
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct state){.seed = {seed[0], seed[1]},
                        .reputation = reputation_new(REPUTATION_PREFIXES, seed),
                        .rates = rate_table_new(sizes->rate_keys),
                        .flights = flight_table_new(sizes->flights)};
    if (s->reputation == NULL || s->rates == NULL || s->flights == NULL)
        state_free(&s);
    return s;
}

void state_free(struct state **s)
{
    if (*s == NULL)
        return;
    reputation_free(&(*s)->reputation);
    rate_table_free(&(*s)->rates);
    flight_table_free(&(*s)->flights);
    free(*s);
    *s = NULL;
}
