// SPDX-License-Identifier: Apache-2.0
// route: host + path + method → chain and upstream. The first match wins; none means 404.
#pragma once
#include "policy/chain.h"

struct route {
    struct bytes        name;
    const struct chain *chain;
    size_t              upstream; // index into the names given to snapshot_load
    uint32_t            line;     // of its JSON object; 0 for the route of the short form
    struct bytes path; // pattern; empty: any. "/a/*" matches "/a" and everything below, "/a" only itself, a
                       // "*" elsewhere is refused at load
    struct bytes host; // lower case; empty: any. "*.example.com" matches one or more labels in front
    uint32_t     methods; // set of 1u << enum method; 0: any
};

// Reads one element of "routes" (all but its chain, which needs the policies).
//   fails  false after telling the document why
MUST_USE bool route_load(struct node n, const struct bytes *upstreams, size_t upstream_count,
                         struct arena *arena, struct route *route_r);

// "/a/*" → "/a", and true; every other pattern stays, and false.
bool route_is_subtree(struct bytes pattern, struct bytes *prefix_r);

bool route_matches(const struct route *r, const struct host *host, struct bytes path, enum method method);
// Does `a` match everything that `b` does?
bool route_hides(const struct route *a, const struct route *b);
