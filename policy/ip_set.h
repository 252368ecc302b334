// SPDX-License-Identifier: Apache-2.0
// ip_set: a set of CIDR prefixes, immutable after load.
#pragma once
#include "parser/host.h"
#include "policy/document.h"

struct ip_set;

// Reads an array of "a.b.c.d", "a.b.c.d/n", "x::y", "x::y/n". A prefix with host bits set is a problem, with
// the right one as the hint.
//   returns  a set in the arena, empty for an absent node; NULL after telling the document why
MUST_USE struct ip_set *ip_set_load(struct node array, struct arena *arena);
bool                    ip_set_has(const struct ip_set *set, const struct ip *address);
// The same with the signature that forwarded_client asks for.
bool ip_set_trusts(const void *set, const struct ip *address);
