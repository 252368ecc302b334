// SPDX-License-Identifier: Apache-2.0
// route_index: which route is the first that matches, found without looking at the others. It says exactly
// what route_matches and route_hides say when all routes are tried from the top; finding costs as many steps
// as host and path have labels and segments in common with some pattern, however many routes there are.
#pragma once
#include "policy/route.h"

struct route_index;

// An empty index with room for all of these.
//   borrows  the routes, which must outlive it; their texts are read when they are added
//   returns  an index in the arena; NULL when the arena is full
MUST_USE struct route_index *route_index_new(const struct route *routes, size_t count, struct arena *arena);

// Adds routes[number]; numbers go up.
void route_index_add(struct route_index *index, size_t number);
// Called once, when all are added: forgets those that can never be the first.
void route_index_close(struct route_index *index);

// The first route added so far that matches; NULL: none.
const struct route *route_index_find(const struct route_index *index, const struct host *host,
                                     struct bytes path, enum method method);
// The first route added so far, and before closing, that matches everything that `route` does; or that has
// its name. NULL: none.
const struct route *route_index_hider(const struct route_index *index, const struct route *route);
const struct route *route_index_namesake(const struct route_index *index, const struct route *route);
