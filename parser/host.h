// SPDX-License-Identifier: Apache-2.0
// host: the authority of a request (RFC 9110 7.2, RFC 3986 3.2.2) and IP addresses as values.
#pragma once
#include "parser/arena.h"
#include "parser/faults.h"

// An address, always 16 bytes in network order; IPv4 is kept as ::ffff:a.b.c.d, so that a v4-mapped peer and
// a plain one are the same value.
struct ip {
    uint8_t octet[16];
};

#define IP_TEXT_MAX 46 // enough for any text form and its NUL

// Fails on anything but one complete IPv4 (four decimals, no leading zeros) or IPv6 text; no zone, no
// brackets.
MUST_USE bool ip_parse(struct bytes text, struct ip *ip_r);
bool          ip_is_v4(const struct ip *ip);
// Writes the canonical text (RFC 5952; IPv4 dotted).
void ip_print(const struct ip *ip, struct bytes_out *out);

struct host {
    struct bytes name; // lower case, no port, without the brackets of an IPv6 literal, without a final dot
    struct bytes received; // host and port as they came, valid; what is forwarded. Empty when there was none
    uint16_t     port;     // 0 when none was given
    bool         is_v6;    // the name was an IPv6 literal
};

// Reads `host [":" port]`.
//   borrows  text, which must outlive host_r
//   returns  host_r; its name lives in the arena, or in text where that is already in lower case
//   fails    FAULT_HOST_SYNTAX (empty, port 0 or above 65535 or signed, characters outside a host name,
//            empty label, label over 63, name over 253, percent-encoding, broken IPv4 or IPv6 literal; "_" is
//            allowed, because old intranets use it), FAULT_USERINFO on "@", FAULT_NO_MEMORY
MUST_USE enum fault host_parse(struct bytes text, struct arena *arena, struct host *host_r);
