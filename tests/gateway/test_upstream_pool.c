// SPDX-License-Identifier: Apache-2.0
// test_upstream_pool: leases, what is kept, and for how long.
#include "gateway/upstream_pool.h"
#include "tests/support/expect_text.h"
#include "tests/support/script.h"

#define KEPT_TWO                                                                                             \
    SCRIPT_LISTEN "\"upstreams\": {\"app\": {\"keepalive\": 2, \"servers\": [\"http://127.0.0.1:9001\"]}}}"

static struct script  *s;
static struct endpoint endpoint;
static unsigned        opened, got_bytes, ended;

static void on_open(struct wire *w)
{
    cr_expect_eq(w->owner, &opened);
    opened++;
}

static void on_bytes(struct wire *w, struct bytes in)
{
    (void)w;
    got_bytes += (unsigned)in.len;
}

static void on_end(struct wire *w, enum wire_end how)
{
    (void)w;
    (void)how;
    ended++;
}

static const struct wire_events events = {.on_open = on_open, .on_bytes = on_bytes, .on_end = on_end};

static void begin(void)
{
    s = script_new(KEPT_TWO);
    const struct config_upstream *group = &s->config->upstreams[0];
    endpoint_init(&endpoint, s->loop, group, &group->servers[0]);
}

static void end(void)
{
    endpoint_retire(&endpoint);
    wire_script_settle();
    script_free(&s);
}

TestSuite(upstream_pool, .init = begin, .fini = end);

static struct upstream_connection *open_one(void)
{
    struct upstream_connection *c = upstream_pool_open(&endpoint, &events, &opened);
    cr_assert_not_null(c);
    wire_script_settle();
    return c;
}

static struct actor *server_of(struct upstream_connection *c)
{
    return upstream_wire(c)->poll.data;
}

Test(upstream_pool, a_new_connection_says_when_it_is_there)
{
    wire_script_take_calls(false);
    struct upstream_connection *c = open_one();
    cr_expect_eq(opened, 0);
    cr_expect(!upstream_is_reused(c));
    actor_opens(server_of(c));
    cr_expect_eq(opened, 1);
    upstream_pool_discard(&c);
    cr_expect_null(c);
}

Test(upstream_pool, the_one_used_last_is_taken_first)
{
    struct upstream_connection *a = open_one(), *b = open_one();
    struct upstream_connection *first = a, *last = b;
    cr_expect_null(upstream_pool_take(&endpoint, &events, &opened), "leased ones are not idle");
    upstream_pool_give_back(&a);
    upstream_pool_give_back(&b);
    cr_expect_eq(endpoint.idle_count, 2);
    cr_expect_eq(upstream_pool_take(&endpoint, &events, &opened), last);
    cr_expect_eq(upstream_pool_take(&endpoint, &events, &opened), first);
    cr_expect(upstream_is_reused(first));
    cr_expect_eq(endpoint.idle_count, 0);
    upstream_pool_discard(&first);
    upstream_pool_discard(&last);
}

Test(upstream_pool, no_more_are_kept_than_configured)
{
    struct upstream_connection *c[3] = {open_one(), open_one(), open_one()};
    struct actor               *third = server_of(c[2]);
    for (size_t i = 0; i < 3; i++)
        upstream_pool_give_back(&c[i]);
    wire_script_settle();
    cr_expect_eq(endpoint.idle_count, 2);
    cr_expect_eq(third->end, ACTOR_CLOSED);
}

Test(upstream_pool, one_that_still_has_something_to_take_is_not_kept)
{
    struct upstream_connection *c = open_one();
    struct actor               *server = server_of(c);
    actor_stops_reading(server);
    wire_send(upstream_wire(c), BYTES("GET"), BYTES(""));
    upstream_pool_give_back(&c);
    wire_script_settle();
    cr_expect_eq(endpoint.idle_count, 0);
    cr_expect_eq(server->end, ACTOR_CLOSED);
}

Test(upstream_pool, what_a_server_says_or_does_while_idle_ends_it)
{
    for (int i = 0; i < 3; i++) {
        struct upstream_connection *c = open_one();
        struct actor               *server = server_of(c);
        wire_want(upstream_wire(c), false);
        upstream_pool_give_back(&c);
        cr_expect_eq(endpoint.idle_count, 1);
        if (i == 0)
            actor_sends(server, BYTES("HTTP/1.1 408 Request Timeout\r\n\r\n"));
        else if (i == 1)
            actor_finishes(server);
        else
            actor_resets(server);
        cr_expect_eq(endpoint.idle_count, 0, "%d", i);
        cr_expect_eq(server->end, ACTOR_CLOSED, "%d", i);
        cr_expect_null(upstream_pool_take(&endpoint, &events, &opened), "%d", i);
    }
    cr_expect_eq(got_bytes + ended, 0, "and the last owner does not hear of it");
}

Test(upstream_pool, what_was_said_and_not_read_yet_is_noticed_on_taking)
{
    struct upstream_connection *a = open_one(), *b = open_one(), *good = a;
    struct actor               *server = server_of(b);
    upstream_pool_give_back(&a);
    upstream_pool_give_back(&b);
    actor_sends_unnoticed(server, BYTES("HTTP/1.1 200 OK\r\n"));
    cr_expect_eq(upstream_pool_take(&endpoint, &events, &opened), good);
    wire_script_settle();
    cr_expect_eq(server->end, ACTOR_CLOSED);
    upstream_pool_give_back(&good);
    actor_finishes_unnoticed(wire_script_actor(1));
    cr_expect_null(upstream_pool_take(&endpoint, &events, &opened));
}

Test(upstream_pool, unused_ones_grow_old_and_go)
{
    struct upstream_connection *c = open_one();
    struct actor               *server = server_of(c);
    upstream_pool_give_back(&c);
    script_passes_ms(s, UPSTREAM_IDLE_MS - 1);
    cr_expect_eq(endpoint.idle_count, 1);
    c = upstream_pool_take(&endpoint, &events, &opened);
    cr_assert_not_null(c);
    script_passes_ms(s, 2 * UPSTREAM_IDLE_MS);
    cr_expect_eq(server->end, ACTOR_OPEN, "no time runs while it is leased");
    upstream_pool_give_back(&c);
    script_passes_ms(s, UPSTREAM_IDLE_MS + 2 * WHEEL_TICK_MS);
    cr_expect_eq(endpoint.idle_count, 0);
    cr_expect_eq(server->end, ACTOR_CLOSED);
}

Test(upstream_pool, nothing_is_kept_while_draining)
{
    struct upstream_connection *c = open_one();
    s->loop->draining = true;
    upstream_pool_give_back(&c);
    wire_script_settle();
    cr_expect_eq(endpoint.idle_count, 0);
}

Test(upstream_pool, retiring_closes_what_is_idle)
{
    struct upstream_connection *c = open_one();
    struct actor               *server = server_of(c);
    upstream_pool_give_back(&c);
    endpoint_retire(&endpoint);
    wire_script_settle();
    cr_expect_eq(server->end, ACTOR_CLOSED);
    cr_expect_null(server->wire);
}

Test(upstream_pool, without_descriptors_there_is_no_connection)
{
    wire_script_no_descriptors(true);
    cr_expect_null(upstream_pool_open(&endpoint, &events, &opened));
}
