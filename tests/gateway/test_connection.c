// SPDX-License-Identifier: Apache-2.0
// test_connection: one client, his requests one after the other, and how it ends.
#include "tests/support/expect_text.h"
#include "tests/support/heap_count.h"
#include "tests/support/script.h"

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_TWO "GET /two HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST_5 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define IDLE_MS 75000u
#define LINGER_MS 2000u
#define HANDSHAKE_MS 5000u
#define TICK WHEEL_TICK_MS

static struct script *s;

static void begin(void)
{
    s = script_new(SCRIPT_CONFIG);
}

static void end(void)
{
    script_free(&s);
}

TestSuite(connection, .init = begin, .fini = end);

static void begin_anew(void)
{
    script_free(&s);
    s = script_new(SCRIPT_CONFIG);
    caught_clear();
}

static void client_asks_and_is_answered(void)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, OK_2);
}

// --- one after the other ---

Test(connection, requests_in_one_piece_are_answered_in_their_order)
{
    script_client_sends(s, GET GET_TWO GET);
    cr_expect(!s->client->is_wanted, "no more than one read is kept");
    EXPECT_STARTS(script_upstream_sees(s), "GET / ");
    EXPECT_LACKS(script_upstream_sees(s), "/two");
    script_upstream_sends(s, OK_2);
    EXPECT_HAS(script_upstream_sees(s), "GET /two ");
    script_upstream_sends(s, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), OK_2 "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" OK_2);
    cr_expect_eq(caught_count(), 3);
    cr_expect(s->client->is_wanted);
}

Test(connection, a_request_in_the_same_piece_as_the_body_before_it_is_the_next_one)
{
    script_client_sends(s, POST_5 "hello" GET_TWO);
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhello");
    script_upstream_sends(s, OK_2);
    EXPECT_HAS(script_upstream_sees(s), "helloGET /two ");
}

Test(connection, the_next_request_waits_until_the_answer_has_left)
{
    actor_stops_reading(s->client);
    script_client_sends(s, GET GET_TWO);
    script_upstream_sends(s, OK_2);
    EXPECT_LACKS(script_upstream_sees(s), "/two");
    cr_expect(!s->client->is_wanted);
    actor_reads_on(s->client);
    EXPECT_HAS(script_upstream_sees(s), "GET /two ");
}

Test(connection, what_follows_a_last_request_is_not_served)
{
    script_client_sends(s, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET_TWO);
    script_upstream_sends(s, OK_2);
    script_client_sends(s, GET_TWO);
    EXPECT_LACKS(script_upstream_sees(s), "/two");
    cr_expect_eq(caught_count(), 1);
}

// --- half-closed clients ---

Test(connection, a_client_that_finishes_behind_its_request_is_answered)
{
    static const char *const requests[] = {GET, POST_5 "hello", GET GET_TWO};
    for (size_t i = 0; i < ROWS(requests); i++) {
        begin_anew();
        script_client_sends(s, requests[i]);
        actor_finishes(s->client);
        script_upstream_sends(s, OK_2);
        EXPECT_HAS(script_client_sees(s), "\r\n\r\nok");
        if (i == 2)
            script_upstream_sends(s, OK_2);
        cr_expect_null(s->client->wire, "%zu: and then there is nothing to wait for", i);
        cr_expect_eq(s->client->end, ACTOR_CLOSED, "%zu", i);
        cr_expect_eq(caught_count(), i == 2 ? 2 : 1, "%zu", i);
        cr_expect_eq(script_record(s)->record.status, 200, "%zu", i);
    }
}

Test(connection, a_client_that_finishes_before_its_server_is_there_is_answered)
{
    wire_script_take_calls(false);
    script_client_sends(s, POST_5);
    script_client_sends(s, "hello");
    actor_finishes(s->client);
    actor_opens(script_upstream(s));
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhello");
    script_upstream_sends(s, OK_2);
    EXPECT_ENDS(script_client_sees(s), "\r\n\r\nok");
    cr_expect_null(s->client->wire);
}

Test(connection, a_client_that_finishes_inside_its_request_gets_a_400_and_the_server_no_end)
{
    static const struct {
        const char *label, *request, *upstream_ends;
    } rows[] = {
        {"in the head", "GET / HTTP/1.1\r\nHos", ""},
        {"in the body", POST_5 "hell", "\r\n\r\nhell"},
        {"between chunks", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
         "3\r\nabc\r\n"},
        {"in the last chunk",
         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", "3\r\nabc\r\n"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        begin_anew();
        script_client_sends(s, rows[i].request);
        actor_finishes(s->client);
        EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 400 ");
        EXPECT_ENDS(script_upstream_sees(s), rows[i].upstream_ends);
        cr_expect_str_eq(script_record(s)->reason, "truncated", "%s", rows[i].label);
        cr_expect(script_upstreams(s) == 0 || script_upstream(s)->end == ACTOR_CLOSED, "%s", rows[i].label);
        cr_expect_null(s->client->wire, "%s", rows[i].label);
    }
}

Test(connection, a_client_that_finishes_while_its_server_is_called_in_the_middle_of_a_body)
{
    wire_script_take_calls(false);
    script_client_sends(s, POST_5);
    actor_finishes(s->client);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 400 ");
    cr_expect_null(script_upstream(s)->wire, "the call is ended");
}

Test(connection, a_half_closed_client_gets_its_whole_answer_however_slowly_it_reads)
{
    script_client_sends(s, GET);
    actor_stops_reading(s->client);
    script_upstream_sends(s, OK_2);
    actor_finishes(s->client);
    cr_expect_eq(s->client->end, ACTOR_FINISHED, "not closed yet");
    actor_reads_on(s->client);
    cr_expect_str_eq(script_client_sees(s), OK_2);
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
    cr_expect(!s->client->lost_queued);
}

Test(connection, a_client_that_comes_and_goes_leaves_no_record)
{
    actor_finishes(s->client);
    cr_expect_null(s->client->wire);
    cr_expect_eq(caught_count(), 0);
    cr_expect_eq(connections_count(s->loop->connections), 0);
}

// --- time ---

Test(connection, an_idle_client_is_let_go)
{
    script_passes_ms(s, IDLE_MS - 1);
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    script_passes_ms(s, 1 + 2 * TICK);
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
    cr_expect_eq(caught_count(), 0);
}

Test(connection, idle_time_begins_behind_the_last_answer)
{
    script_passes_ms(s, IDLE_MS - 1000);
    client_asks_and_is_answered();
    script_passes_ms(s, IDLE_MS - 1);
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    script_passes_ms(s, 1 + 2 * TICK);
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
}

Test(connection, a_handshake_that_takes_too_long_is_ended)
{
    static const union config_address from = {.v4 = {.sin_family = AF_INET}};
    SSL_CTX                          *never_looked_into = (SSL_CTX *)s;
    cr_assert_eq(
        connection_accept(s->loop->connections, -1, &from, &s->config->listeners[0], never_looked_into),
        WELCOME);
    s->client = wire_script_actor(wire_script_actors() - 1);
    script_passes_ms(s, HANDSHAKE_MS - 1);
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    script_passes_ms(s, 1 + 2 * TICK);
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
}

Test(connection, a_refused_client_is_read_until_it_has_our_answer)
{
    script_client_sends(s, "GET / HTTP/1.1\r\n\r\n");
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
    cr_expect(s->client->is_wanted, "else the kernel would reset the connection over our answer");
    script_passes_ms(s, LINGER_MS - 1);
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
    script_passes_ms(s, 1 + 2 * TICK);
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
}

Test(connection, a_refused_client_that_finishes_is_let_go_at_once)
{
    script_client_sends(s, "GET / HTTP/1.1\r\n\r\n");
    actor_finishes(s->client);
    cr_expect_null(s->client->wire);
}

Test(connection, a_refused_client_cannot_send_for_ever)
{
    static char much[64 * 1024];
    unsigned    pieces = 0;
    script_client_sends(s, "GET / HTTP/1.1\r\n\r\n");
    for (; pieces < 100 && s->client->is_wanted; pieces++)
        actor_sends(s->client, (struct bytes){much, sizeof much});
    cr_expect_eq(pieces, 17, "1 MiB: %u", pieces);
    script_passes_ms(s, LINGER_MS + 2 * TICK);
    cr_expect_null(s->client->wire);
}

Test(connection, the_last_answer_has_its_own_time_to_leave)
{
    script_client_sends(s, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    actor_stops_reading(s->client);
    script_upstream_sends(s, OK_2);
    script_passes_ms(s, LINGER_MS + 2 * TICK);
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
    actor_reads_on(s->client);
    script_passes_ms(s, LINGER_MS + 2 * TICK);
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
    cr_expect(!s->client->lost_queued);
}

Test(connection, an_answer_that_does_not_leave_is_cut_visibly)
{
    static const char *const requests[] = {GET, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"};
    for (size_t i = 0; i < ROWS(requests); i++) {
        begin_anew();
        script_client_sends(s, requests[i]);
        actor_stops_reading(s->client);
        script_upstream_sends(s, OK_2);
        script_passes_ms(s, IDLE_MS + 2 * TICK);
        cr_expect(s->client->lost_queued, "%zu", i);
        cr_expect_eq(s->client->end, ACTOR_ABORTED, "%zu", i);
    }
}

// --- shutdown ---

Test(connection, draining_finishes_what_runs_and_closes_the_rest)
{
    struct actor *busy = s->client;
    script_client_sends(s, GET);
    script_client_connects(s);
    struct actor *idle = s->client;
    script_drains(s);
    cr_expect_eq(idle->end, ACTOR_CLOSED);
    cr_expect_eq(busy->end, ACTOR_OPEN);
    cr_expect_eq(s->emptied, 0);
    script_upstream_sends(s, OK_2);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED, "nothing is kept for a next request");
    EXPECT_HAS(actor_has(busy), "Connection: close\r\n");
    EXPECT_ENDS(actor_has(busy), "\r\n\r\nok");
    cr_expect_eq(busy->end, ACTOR_FINISHED);
    actor_finishes(busy);
    cr_expect_null(busy->wire);
    cr_expect_eq(s->emptied, 1);
}

Test(connection, draining_with_nobody_there_is_done_at_once)
{
    actor_finishes(s->client);
    script_drains(s);
    cr_expect_eq(s->emptied, 1);
}

Test(connection, draining_does_not_begin_what_was_pipelined)
{
    script_client_sends(s, GET GET_TWO);
    script_drains(s);
    script_upstream_sends(s, OK_2);
    EXPECT_LACKS(script_upstream_sees(s), "/two");
    cr_expect_eq(caught_count(), 1);
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
}

Test(connection, draining_does_not_cut_an_answer_that_has_not_left)
{
    script_client_sends(s, GET);
    actor_stops_reading(s->client);
    script_upstream_sends(s, OK_2);
    script_drains(s);
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
    actor_reads_on(s->client);
    cr_expect_str_eq(script_client_sees(s), OK_2);
    script_passes_ms(s, LINGER_MS + 2 * TICK);
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
    cr_expect_eq(s->emptied, 1);
}

Test(connection, cutting_ends_all_at_once_and_says_why)
{
    script_client_sends(s, GET);
    script_client_connects(s);
    cr_expect_eq(connections_cut(s->loop->connections), 1, "the idle one was in the middle of nothing");
    wire_script_settle();
    cr_expect_eq(wire_script_actor(0)->end, ACTOR_ABORTED);
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
    cr_expect_eq(caught_count(), 1);
    cr_expect_eq(script_failed_because(s), CLOSE_SHUTDOWN);
    cr_expect_eq(connections_count(s->loop->connections), 0);
}

// --- memory ---

static void a_get(void)
{
    script_client_sends(
        s, "GET /a?b=c HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\nAccept: */*\r\nCookie: a=b\r\n\r\n");
    script_upstream_sends(s, OK_2);
}

static void a_post(void)
{
    script_client_sends(s, POST_5 "hel");
    script_client_sends(s, "lo");
    script_upstream_sends(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    script_upstream_sends(s, "5\r\nhello\r\n0\r\n\r\n");
}

static void a_refusal(void)
{
    script_client_sends(s, "GET /%2e%2e/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
}

Test(connection, a_thousand_exchanges_ask_the_heap_for_nothing)
{
    static void (*const rows[])(void) = {a_get, a_post};
    for (size_t i = 0; i < ROWS(rows); i++) {
        begin_anew();
        rows[i](); // warms up
        script_all_forget(s);
        cr_assert_gt(heap_count(), 0, "calls are counted");
        size_t heap = heap_count(), kept = s->loop->arenas.kept;
        for (int n = 0; n < 1000; n++) {
            rows[i]();
            script_all_forget(s);
        }
        cr_expect_eq(heap_count() - heap, 0, "%zu: %zu calls", i, heap_count() - heap);
        cr_expect_eq(s->loop->arenas.kept, kept, "%zu: every block came back", i);
        cr_expect_eq(script_upstreams(s), 1, "%zu", i);
        cr_expect_eq(s->client->end, ACTOR_OPEN, "%zu", i);
    }
}

Test(connection, an_idle_connection_holds_no_exchange)
{
    a_get();
    size_t kept = s->loop->arenas.kept;
    cr_expect_gt(kept, 0);
    script_client_sends(s, "G");
    cr_expect_lt(s->loop->arenas.kept, kept);
    script_client_sends(s, "ET / HTTP/1.1\r\nHost: a\r\n\r\n");
    script_upstream_sends(s, OK_2);
    cr_expect_eq(s->loop->arenas.kept, kept);
    a_refusal();
    cr_expect_eq(s->loop->arenas.kept, kept);
}

Test(connection, who_sends_on_without_reading_the_last_answer_is_made_to_read_it)
{
    static char much[1024 * 1024];
    memset(much, 'm', sizeof much);
    script_client_sends(s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n");
    actor_stops_reading(s->client);
    script_upstream_sends(s, OK_2);
    for (int i = 0; i < 2; i++)
        actor_sends(s->client, (struct bytes){much, sizeof much});
    cr_expect_eq(s->client->end, ACTOR_FINISHED, "not aborted");
    cr_expect(!s->client->is_wanted);
    actor_reads_on(s->client);
    cr_expect_not(s->client->lost_queued);
    script_passes_ms(s, LINGER_MS + 2 * TICK);
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
}

Test(connection, who_never_reads_the_last_answer_is_cut_off)
{
    static char much[1024 * 1024];
    memset(much, 'm', sizeof much);
    script_client_sends(s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n");
    actor_stops_reading(s->client);
    script_upstream_sends(s, OK_2);
    for (int i = 0; i < 2; i++)
        actor_sends(s->client, (struct bytes){much, sizeof much});
    script_passes_ms(s, IDLE_MS + 2 * TICK);
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
}
