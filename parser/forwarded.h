// SPDX-License-Identifier: Apache-2.0
// forwarded: who the client is, behind proxies that we trust. X-Forwarded-For is walked from the right: each
// address is believed only when the one that reported it is trusted; the first untrusted one is the client.
// Never leftmost.
#pragma once
#include "parser/host.h"
#include "parser/request.h"

#define FORWARDED_HOPS_MAX 32 // entries looked at; whoever sends more is not believed further

// Says whether a proxy at this address may report who is behind it.
typedef bool forwarded_trusts(const void *trusted, const struct ip *address);

// The client's address as it may be trusted.
//   `sender`   the address of the TCP peer
//   `fields`   of the request; all its X-Forwarded-For lines, in order, form one list
//   returns    sender when it is not trusted, or when the entry it reported is not an address;
//              a port behind an entry ("1.2.3.4:5", "[::1]:5") is accepted and dropped
struct ip forwarded_client(const struct ip *sender, const struct fields *fields, forwarded_trusts *trusts,
                           const void *trusted);
