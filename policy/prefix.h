// SPDX-License-Identifier: Apache-2.0
// prefix: the addresses that begin with the same bits.
#pragma once
#include "parser/host.h"

#define PREFIX_BITS 128u   // of a single address
#define PREFIX_V4_BITS 96u // in front of every IPv4 address
#define PREFIX_TEXT_MAX (IP_TEXT_MAX + 4)

struct prefix {
    struct ip first; // the bits behind the prefix are 0
    uint8_t   bits;  // 0 to 128; of IPv4 96 more than are written
};

// The first `bits` bits of an address.
struct prefix prefix_of(const struct ip *ip, unsigned bits);
bool          prefix_has(const struct prefix *prefix, const struct ip *ip);

// Reads "192.0.2.7", "192.0.2.0/24", "2001:db8::/32".
//   fails  what is wrong with it in words (static text); NULL when all is well
MUST_USE const char *prefix_parse(struct bytes text, struct prefix *prefix_r);
// Writes the same; a single address has no "/".
void prefix_print(const struct prefix *prefix, struct bytes_out *out);
