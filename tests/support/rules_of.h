// SPDX-License-Identifier: Apache-2.0
// rules_of: snapshots for tests, made from JSON by the real loader, and what one policy says to a request.
#pragma once
#include "policy/snapshot.h"

struct rules {
    struct document *document;
    struct snapshot *snapshot; // NULL when the text has problems
    char             problems[32 * 1024];
};

// Files that a configuration may name: "/prefixes" has "192.0.2.0/24" and "2001:db8::/32", "/none" is empty,
// and in "/wrong" the second line is nonsense.
//
// Loads a whole configuration with the upstreams "erp" and "wiki", or only the first `upstream_count` of
// them.
void rules_load(struct rules *rules, const char *json, size_t upstream_count);
void rules_free(struct rules *rules);

// Loads a configuration whose only route names only this policy: {"type": ..., ...}.
void rules_load_policy(struct rules *rules, const char *policy_json);
// What that policy says to the head of the request, whatever its mode.
struct verdict rules_ask(const struct rules *rules, const struct request *request, struct arena *arena);
// The same of a request from this address.
struct verdict rules_ask_from(const struct rules *rules, const char *address, const struct request *request,
                              struct arena *arena);
// The same about a body of which so many bytes have arrived. With MODE_ENFORCE only.
struct verdict rules_ask_body(const struct rules *rules, const struct request *request, uint64_t body_bytes,
                              struct arena *arena);
