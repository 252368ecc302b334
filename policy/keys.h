// SPDX-License-Identifier: Apache-2.0
// keys: what a limit counts by: the client, the route, the host, a field, a cookie, or several together.
//
// A client is an IPv4 address, or an IPv6 prefix: one user owns a whole /64, many a /56 or a /48. IPv4 that
// is written as IPv6 is IPv4. Fields, cookies and the host are whatever a client makes up: whoever counts by
// them must count the client as well.
#pragma once
#include "policy/policy.h"

#define KEYS_PARTS_MAX 8u

enum key_kind { KEY_CLIENT, KEY_ROUTE, KEY_HOST, KEY_HEADER, KEY_COOKIE };

struct key_part {
    enum key_kind kind;
    struct bytes  name; // of the field or cookie
};

struct keys {
    struct key_part parts[KEYS_PARTS_MAX];
    size_t          count;
    bool            by_client; // KEY_CLIENT is among them
    struct bytes    chosen;    // the first part that clients make up, as written; absent: none
};

// Reads "client_ip", "route", "host", "header:NAME" or "cookie:NAME", or an array of them.
//   borrows  the document
//   returns  false when it is absent, or wrong and reported
bool keys_load(struct node n, struct keys *keys_r);

// A number for the policy of that name, the same in every generation of the configuration, and for what it
// counts (a static word): no two limits share a key by accident.
uint64_t keys_id(struct bytes policy, const char *what);

// All parts but the client, hashed; 0 when there are none. A field or cookie that is not there is one value
// of its own, the same for everybody; one that comes several times is all of them.
uint64_t keys_rest(const struct keys *keys, const struct subject *s);

// The key of a limit: its id, the first `bits` bits of the client's address
// (whole bytes, IPv4: of its 32; 0: not at all), and the rest.
uint64_t keys_hash(const struct subject *s, uint64_t id, unsigned bits, uint64_t rest);
