// SPDX-License-Identifier: Apache-2.0
// ceilings: how many client connections there may be, in total and of one address (IPv4 /32, IPv6 /64).
// Shared by all loops; every function may be called from any thread. Bounded: an address has an entry only
// while it has a connection.
#pragma once
#include "parser/host.h"

struct ceilings;

// `connections` in total, `per_address` of them from one address. NULL when memory or randomness is
// exhausted.
MUST_USE struct ceilings *ceilings_new(uint32_t connections, uint32_t per_address);
void                      ceilings_free(struct ceilings **c);

// Nobody may be accepted until somebody leaves. Loops that ask at the same moment may exceed it by one each.
bool ceilings_are_reached(const struct ceilings *c);
// One connection more.
//   `from`   its address; NULL: counts in total only (a trusted proxy)
//   returns  false when the address has as many as it may: nothing was counted
MUST_USE bool ceilings_enter(struct ceilings *c, const struct ip *from);
void          ceilings_leave(struct ceilings *c, const struct ip *from); // one that had entered

// A time allowed to a client, as it is to be granted now: all of it up to 70 % of the connections, 20 % of it
// when all are taken, and linear in between.
uint32_t ceilings_tighten(const struct ceilings *c, uint32_t ms);
