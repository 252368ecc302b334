// SPDX-License-Identifier: Apache-2.0
// descriptors: two a connection, and some to spare.
#include "gateway/descriptors.h"

#define A_CONNECTION 2u
#define A_LOOP 8u     // the poll, the wake-up, and those of libuv
#define A_LISTENER 2u // its socket and its reserve, in each loop
#define SPARE 32u     // the standard three, the log, files that are open for a moment

static uint64_t held(const struct config *c)
{
    return SPARE + c->loops * (A_LOOP + A_LISTENER * c->listener_count);
}

uint64_t descriptors_needed(const struct config *c)
{
    return held(c) + (uint64_t)A_CONNECTION * c->ceilings.connections;
}

uint32_t descriptors_suffice_for(const struct config *c, uint64_t allowed)
{
    if (allowed >= descriptors_needed(c))
        return c->ceilings.connections;
    return allowed < held(c) + A_CONNECTION ? 1 : (uint32_t)((allowed - held(c)) / A_CONNECTION);
}
