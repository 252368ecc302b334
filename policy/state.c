// SPDX-License-Identifier: Apache-2.0
// state: made once, before the first loop runs; freed behind the last one.
#include "policy/state.h"
#include "policy/seal.h"
#include "policy/session_table.h"
#include <stdlib.h>

struct state *state_new(const uint64_t seed[2])
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct state){.seed = {seed[0], seed[1]}};
    s->reputation = reputation_new(REPUTATION_PREFIXES, seed);
    if (s->reputation == NULL)
        state_free(&s);
    return s;
}

void state_free(struct state **s)
{
    if (*s == NULL)
        return;
    reputation_free(&(*s)->reputation);
    if ((*s)->keys != NULL)
        key_ring_free(&(*s)->keys);
    if ((*s)->sessions != NULL)
        session_table_free(&(*s)->sessions);
    free(*s);
    *s = NULL;
}
