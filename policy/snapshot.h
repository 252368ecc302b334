// SPDX-License-Identifier: Apache-2.0
// snapshot: one immutable generation of the rules: routes and their chains. Shared by all loops without
// locks.
#pragma once
#include "policy/route.h"

struct snapshot;

struct snapshot_scope {
    const struct bytes *upstreams;        // names, in the order in which route.upstream counts
    size_t              upstream_count;   // 0 only when the document has a problem about it
    document_reader    *read_file;        // NULL: files cannot be named
    uint64_t            body_bytes;       // limits.body
    uint32_t            fields_max;       // what the parser allows
    uint32_t            target_bytes_max; // the same
};

// Reads "mode", "reputation", "policies" and "routes" of the root object. Without "routes" everything goes to
// the only upstream. A policy that no route uses is read and kept for later; a route that an earlier one
// hides completely is a problem, and so are policies without any routes.
//   borrows  the root's document, which must outlive the snapshot
//   fails    NULL after telling the document why, or when the document had problems before
MUST_USE struct snapshot *snapshot_load(struct node root, const struct snapshot_scope *scope);
void                      snapshot_free(struct snapshot **s);

// The route that a request falls under, matched on the decision reading of its path.
//   returns  NULL with *why_r: REASON_NO_ROUTE, or REASON_TWO_ROUTES when the canonical path, which is what
//            the backend gets and decodes once, falls under another route than the decision reading
MUST_USE const struct route *snapshot_route(const struct snapshot *s, const struct request *request,
                                            enum reason *why_r);

// What offences cost; NULL: the file says nothing about that, or "off".
const struct ladder *snapshot_ladder(const struct snapshot *s);
// Whether it is only watched: nobody is refused before there is a route.
bool snapshot_ladder_is_shadow(const struct snapshot *s);

// Whether a route has a policy of that type that is not off.
bool snapshot_uses(const struct snapshot *s, const struct policy *policy);

size_t              snapshot_route_count(const struct snapshot *s);
const struct route *snapshot_route_at(const struct snapshot *s, size_t i);
