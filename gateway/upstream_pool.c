// SPDX-License-Identifier: Apache-2.0
// upstream_pool: leases and idle lists.
#include "gateway/upstream_pool.h"
#include <stdlib.h>

struct upstream_connection {
    struct wire      wire;
    struct endpoint *endpoint;
    struct deadline  unused; // armed while idle
    LIST_ENTRY(upstream_connection) next;
    bool is_idle;
    bool reused;
};

static struct upstream_connection *of_wire(struct wire *w)
{
    return (struct upstream_connection *)((char *)w - offsetof(struct upstream_connection, wire));
}

static void leave_idle(struct upstream_connection *c)
{
    if (!c->is_idle)
        return;
    c->is_idle = false;
    LIST_REMOVE(c, next);
    c->endpoint->idle_count--;
    deadline_disarm(&c->unused);
}

static void on_closed(struct wire *w)
{
    free(of_wire(w));
}

static void discard(struct upstream_connection *c)
{
    leave_idle(c);
    wire_close(&c->wire, on_closed);
}

// While idle: whatever the server says or does ends the connection. Bytes that nobody asked for would
// otherwise be the answer to the next request.
static void on_idle_bytes(struct wire *w, struct bytes in)
{
    (void)in;
    discard(w->owner);
}

static void on_idle_end(struct wire *w, enum wire_end how)
{
    (void)how;
    discard(w->owner);
}

static void on_idle_drained(struct wire *w)
{
    (void)w;
}

static const struct wire_events idle_events = {
    .on_bytes = on_idle_bytes, .on_end = on_idle_end, .on_drained = on_idle_drained};

static void on_unused(struct deadline *d)
{
    discard((struct upstream_connection *)((char *)d - offsetof(struct upstream_connection, unused)));
}

void endpoint_init(struct endpoint *e, struct loop *l, const struct config_upstream *group,
                   const struct config_server *server)
{
    *e = (struct endpoint){.loop = l, .group = group, .server = server};
    LIST_INIT(&e->idle);
}

void endpoint_retire(struct endpoint *e)
{
    struct upstream_connection *c;
    while ((c = LIST_FIRST(&e->idle)))
        discard(c);
}

struct upstream_connection *upstream_pool_take(struct endpoint *e, const struct wire_events *events,
                                               void *owner)
{
    struct upstream_connection *c;
    // What came since the last answer, in this very turn perhaps, would be taken for the next one.
    while ((c = LIST_FIRST(&e->idle)) && !wire_is_quiet(&c->wire))
        discard(c);
    if (!c)
        return NULL;
    leave_idle(c);
    c->reused = true;
    wire_own(&c->wire, events, owner);
    return c;
}

struct upstream_connection *upstream_pool_open(struct endpoint *e, const struct wire_events *events,
                                               void *owner)
{
    struct upstream_connection *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    const union config_address *to = &e->server->address;
    socklen_t                   len = to->any.sa_family == AF_INET6 ? sizeof to->v6 : sizeof to->v4;
    c->endpoint = e;
    deadline_init(&c->unused, on_unused);
    if (!wire_connect(&c->wire, e->loop, &to->any, len, events, owner)) {
        free(c);
        return NULL;
    }
    return c;
}

void upstream_pool_give_back(struct upstream_connection **lease)
{
    struct upstream_connection *c = *lease;
    struct endpoint            *e = c->endpoint;
    *lease = NULL;
    wire_own(&c->wire, &idle_events, c);
    wire_push(&c->wire);
    if (e->loop->draining || e->idle_count >= e->group->keepalive || wire_queued(&c->wire) > 0) {
        discard(c);
        return;
    }
    c->is_idle = true;
    LIST_INSERT_HEAD(&e->idle, c, next);
    e->idle_count++;
    wire_want(&c->wire, true);
    loop_deadline(e->loop, &c->unused, UPSTREAM_IDLE_MS);
}

void upstream_pool_discard(struct upstream_connection **lease)
{
    struct upstream_connection *c = *lease;
    *lease = NULL;
    discard(c);
}

struct wire *upstream_wire(struct upstream_connection *c)
{
    return &c->wire;
}

bool upstream_is_reused(const struct upstream_connection *c)
{
    return c->reused;
}
