// SPDX-License-Identifier: Apache-2.0
// upstream_pool: connections of one loop to one server: opened, leased to an exchange, given back, kept idle.
// The one used last is taken first: hot sockets, and the surplus grows old and goes.
#pragma once
#include "gateway/config.h"
#include "gateway/wire.h"

#define UPSTREAM_IDLE_MS 60000u // how long an unused connection is kept

struct upstream_connection;
LIST_HEAD(upstream_idle, upstream_connection);

// One server of one upstream, as one loop knows it.
struct endpoint {
    struct loop                  *loop;
    const struct config_server   *server;
    const struct config_upstream *group;
    struct upstream_idle          idle;
    uint32_t                      idle_count;
};

void endpoint_init(struct endpoint *e, struct loop *l, const struct config_upstream *group,
                   const struct config_server *server);
// Closes the idle connections.
void endpoint_retire(struct endpoint *e);

// An idle connection, now leased; NULL when there is none.
MUST_USE struct upstream_connection *upstream_pool_take(struct endpoint *e, const struct wire_events *events,
                                                        void *owner);
// A new connection, leased while it is being established: on_open tells when it is. NULL when it cannot even
// begin.
MUST_USE struct upstream_connection *upstream_pool_open(struct endpoint *e, const struct wire_events *events,
                                                        void *owner);
// Ends a lease: for the next exchange (only when both messages ended cleanly and nothing was read beyond), or
// for good.
void upstream_pool_give_back(struct upstream_connection **c);
void upstream_pool_discard(struct upstream_connection **c);

struct wire *upstream_wire(struct upstream_connection *c);
bool         upstream_is_reused(const struct upstream_connection *c); // has served an exchange before
