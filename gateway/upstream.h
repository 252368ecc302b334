// SPDX-License-Identifier: Apache-2.0
// upstream: the named groups of servers, as one loop knows them, and which server is asked next.
#pragma once
#include "gateway/upstream_pool.h"

struct upstreams;

// Borrows config. NULL when memory is exhausted.
MUST_USE struct upstreams *upstreams_new(struct loop *l, const struct config *config);
void                       upstreams_retire(struct upstreams *u); // closes what is idle
void                       upstreams_free(struct upstreams **u);

// The server whose turn it is (round robin; each loop has its own turn). `upstream` is the index that routes
// carry.
struct endpoint *upstream_pick(struct upstreams *u, size_t upstream);
size_t           upstream_size(const struct upstreams *u, size_t upstream); // number of its servers
