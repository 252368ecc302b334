// SPDX-License-Identifier: Apache-2.0
// ip_set: a set of CIDR prefixes, immutable after load. Asking costs the same however many there are.
#pragma once
#include "parser/host.h"
#include "policy/document.h"

#define IP_SET_MAX 1000000u                         // prefixes
#define IP_SET_FILE_BYTES_MAX (64u * 1024u * 1024u) // of one file with prefixes

struct ip_set;

// `bits` counts in all 128: "192.0.2.0/24" has 120.
struct ip_prefix {
    struct ip address; // no bit is set behind the prefix
    uint8_t   bits;
};

// Builds a set. Memory is 8 bytes for an IPv4 prefix, 24 for an IPv6 one up to /64, 48 for a longer one;
// times 2, 4 or 8 where its length is 1, 2 or 3 below a multiple of four.
//   borrows  nothing
//   returns  a set in the arena; NULL when there is no memory
MUST_USE struct ip_set *ip_set_new(const struct ip_prefix *prefixes, size_t count, struct arena *arena);

// Reads an array of "a.b.c.d", "a.b.c.d/n", "x::y", "x::y/n". A prefix with host bits set is a problem, with
// the right one as the hint.
//   returns  a set in the arena, empty for an absent node; NULL after telling the document why
MUST_USE struct ip_set *ip_set_load(struct node array, struct arena *arena);
// The same, where "@/path" stands for the prefixes of a file: one in a line, "#" and ";" begin a comment.
//   `count_r`  how many prefixes were written, those of the files included
MUST_USE struct ip_set *ip_set_load_files(struct node array, document_reader *read, struct arena *arena,
                                          size_t *count_r);

bool ip_set_has(const struct ip_set *set, const struct ip *address);
// The same with the signature that forwarded_client asks for.
bool ip_set_trusts(const void *set, const struct ip *address);
