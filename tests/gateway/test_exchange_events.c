// SPDX-License-Identifier: Apache-2.0
// test_exchange_events: who keeps up and who does not, who leaves, and who is too late.
#include "tests/support/expect_text.h"
#include "tests/support/script.h"

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST_5 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define OK_HEAD_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
#define SHORT_TIMES                                                                                          \
    "\"timeouts\": {\"head\": \"10s\", \"idle\": \"60s\", \"minimum_rate\": \"0B/s\"}, \"upstreams\": "      \
    "{\"app\": {\"timeouts\": "                                                                              \
    "{\"connect\": \"2s\", \"first_byte\": \"30s\"}, \"servers\": "
#define ONE_SERVER SCRIPT_LISTEN SHORT_TIMES "[\"http://127.0.0.1:9001\"]}}}"
#define TWO_SERVERS SCRIPT_LISTEN SHORT_TIMES "[\"http://127.0.0.1:9001\", \"http://127.0.0.1:9002\"]}}}"
#define TICK WHEEL_TICK_MS

static struct script *s;

static void begin(void)
{
    s = script_new(ONE_SERVER);
}

static void end(void)
{
    script_free(&s);
}

TestSuite(exchange_events, .init = begin, .fini = end);

static void begin_with(const char *json)
{
    script_free(&s);
    s = script_new(json);
}

// --- back-pressure ---

Test(exchange_events, a_server_that_does_not_keep_up_stops_the_client)
{
    script_client_sends(s, POST_5);
    actor_stops_reading(script_upstream(s));
    script_client_sends(s, "he");
    cr_expect(!s->client->is_wanted);
    script_client_sends(s, "llo");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhe");
    actor_reads_on(script_upstream(s));
    cr_expect(s->client->is_wanted);
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhello");
}

Test(exchange_events, a_client_that_does_not_keep_up_stops_the_server)
{
    script_client_sends(s, GET);
    actor_stops_reading(s->client);
    script_upstream_sends(s, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    cr_expect(!script_upstream(s)->is_wanted);
    script_upstream_sends(s, "cd");
    EXPECT_ENDS(script_client_sees(s), "\r\n\r\nab");
    actor_reads_on(s->client);
    EXPECT_ENDS(script_client_sees(s), "\r\n\r\nabcd");
    cr_expect(script_upstream(s)->is_wanted, "kept, and listened to");
}

Test(exchange_events, the_end_of_a_server_counts_only_when_all_before_it_was_read)
{
    script_client_sends(s, GET);
    actor_stops_reading(s->client);
    script_upstream_sends(s, "HTTP/1.1 200 OK\r\n\r\nab");
    script_upstream_sends(s, "cd");
    actor_finishes(script_upstream(s));
    actor_reads_on(s->client);
    EXPECT_ENDS(script_client_sees(s), "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n");
}

Test(exchange_events, when_nobody_reads_time_ends_it)
{
    script_client_sends(s, POST_5);
    actor_stops_reading(script_upstream(s));
    actor_stops_reading(s->client);
    script_client_sends(s, "he");
    script_upstream_sends(s, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    cr_expect(!s->client->is_wanted && !script_upstream(s)->is_wanted);
    script_passes_ms(s, 60000 + 2 * WHEEL_TICK_MS);
    cr_expect_eq(script_failed_because(s), CLOSE_READER_TIMEOUT);
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
}

Test(exchange_events, an_answer_that_ends_first_frees_a_client_that_was_stopped)
{
    script_client_sends(s, POST_5);
    actor_stops_reading(script_upstream(s));
    script_client_sends(s, "he");
    cr_expect(!s->client->is_wanted);
    script_upstream_sends(s, OK_2);
    cr_expect(s->client->is_wanted, "the server need not take the rest any more");
    script_client_sends(s, "llo" GET);
    cr_expect_eq(script_upstreams(s), 2);
}

// --- who leaves ---

Test(exchange_events, a_client_that_leaves_takes_the_servers_connection_with_it)
{
    static const struct {
        const char *label, *request, *answer;
    } rows[] = {
        {"in its head", "GET / HT", ""},
        {"in its body", POST_5 "he", ""},
        {"before the answer", GET, ""},
        {"in the answer's head", GET, "HTTP/1.1 2"},
        {"in the answer's body", GET, OK_HEAD_2 "o"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        begin_with(ONE_SERVER);
        script_client_sends(s, rows[i].request);
        if (script_upstreams(s) > 0)
            script_upstream_sends(s, rows[i].answer);
        actor_resets(s->client);
        cr_expect_null(s->client->wire, "%s", rows[i].label);
        cr_expect(script_upstreams(s) == 0 || script_upstream(s)->end == ACTOR_CLOSED, "%s", rows[i].label);
        cr_expect_eq(caught_count(), 1, "%s", rows[i].label);
        cr_expect_eq(script_record(s)->record.verdict, RECORD_ERROR, "%s", rows[i].label);
        cr_expect_str_eq(script_record(s)->reason, "client_gone", "%s", rows[i].label);
        EXPECT_LACKS(script_upstream_sees(s), "he0");
        caught_clear();
    }
}

Test(exchange_events, a_chunked_request_that_was_cut_is_never_ended)
{
    script_client_sends(s, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    actor_resets(s->client);
    EXPECT_ENDS(script_upstream_sees(s), "3\r\nabc\r\n");
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
}

Test(exchange_events, a_client_that_leaves_while_the_server_is_called_ends_the_call)
{
    wire_script_take_calls(false);
    script_client_sends(s, GET);
    actor_resets(s->client);
    cr_expect_null(script_upstream(s)->wire);
    cr_expect_str_eq(script_record(s)->reason, "client_gone");
}

// --- time ---

// The deadline's moment: nothing yet a millisecond before, all of it a tick after.
#define EXPECT_AT(ms, condition)                                                                             \
    do {                                                                                                     \
        script_passes_ms(s, (ms)-1);                                                                         \
        cr_expect(!(condition), "too early");                                                                \
        script_passes_ms(s, 1 + 2 * TICK);                                                                   \
        cr_expect((condition), "too late");                                                                  \
    } while (0)

Test(exchange_events, a_head_that_never_ends_is_cut_off)
{
    script_client_sends(s, "GET / HTTP/1.1\r\nHost: a\r\nX-");
    script_passes_ms(s, 5000);
    script_client_sends(s, "Slow: "); // that does not help: the bound is absolute
    EXPECT_AT(5000, caught_count() == 1);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 408 ");
    EXPECT_HAS(script_client_sees(s), "Connection: close\r\n");
    cr_expect_eq(script_failed_because(s), CLOSE_HEAD_TIMEOUT);
    cr_expect_eq(script_upstreams(s), 0);
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
}

Test(exchange_events, a_body_that_stops_is_a_408_and_never_ended)
{
    script_client_sends(s, POST_5 "he");
    script_passes_ms(s, 59000);
    script_client_sends(s, "l"); // progress
    EXPECT_AT(60000, caught_count() == 1);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 408 ");
    cr_expect_eq(script_failed_because(s), CLOSE_BODY_TIMEOUT);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhel");
}

Test(exchange_events, a_server_that_takes_nothing_of_a_body_is_the_one_to_blame)
{
    script_client_sends(s, POST_5);
    actor_stops_reading(script_upstream(s));
    script_client_sends(s, "he");
    EXPECT_AT(60000, caught_count() == 1);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 504 ");
    cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_TIMEOUT);
}

Test(exchange_events, a_server_that_does_not_answer_is_a_504)
{
    script_client_sends(s, GET);
    EXPECT_AT(30000, caught_count() == 1);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 504 ");
    cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_TIMEOUT);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
    cr_expect_eq(s->client->end, ACTOR_OPEN, "it is not the client's fault");
}

Test(exchange_events, the_wait_for_an_answer_begins_with_the_end_of_the_request)
{
    script_client_sends(s, POST_5 "he");
    script_passes_ms(s, 40000);
    script_client_sends(s, "llo");
    EXPECT_AT(30000, caught_count() == 1);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 504 ");
}

Test(exchange_events, pieces_of_a_head_do_not_prolong_the_wait_for_an_answer)
{
    script_client_sends(s, GET);
    for (const char *c = "HTTP/1.1 200"; *c != '\0' && caught_count() == 0; c++) {
        actor_sends(script_upstream(s), (struct bytes){c, 1});
        script_passes_ms(s, 10000);
    }
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 504 ");
}

Test(exchange_events, a_server_that_stops_in_its_answer_is_cut_off)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, OK_HEAD_2);
    script_passes_ms(s, 59000);
    script_upstream_sends(s, "o");
    EXPECT_AT(60000, caught_count() == 1);
    cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_STALLED);
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
}

Test(exchange_events, a_client_that_stops_reading_is_cut_off)
{
    script_client_sends(s, GET);
    actor_stops_reading(s->client);
    script_upstream_sends(s, OK_HEAD_2 "o");
    EXPECT_AT(60000, caught_count() == 1);
    cr_expect_eq(script_failed_because(s), CLOSE_READER_TIMEOUT);
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
}

Test(exchange_events, a_client_that_reads_a_little_is_not)
{
    script_client_sends(s, GET);
    for (int i = 0; i < 2; i++) {
        actor_stops_reading(s->client);
        script_upstream_sends(s, i == 0 ? OK_HEAD_2 "o" : "");
        script_passes_ms(s, 59000);
        actor_reads_on(s->client);
    }
    script_upstream_sends(s, "k");
    cr_expect_str_eq(script_client_sees(s), OK_2);
}

Test(exchange_events, a_call_that_is_not_taken_goes_to_the_next_server)
{
    begin_with(TWO_SERVERS);
    wire_script_take_calls(false);
    script_client_sends(s, GET);
    EXPECT_AT(2000, script_upstreams(s) == 2);
    cr_expect_eq(script_upstream_at(s, 0)->end, ACTOR_CLOSED);
    cr_expect_eq(script_upstream(s)->port, 9002);
    script_passes_ms(s, 2000 + TICK);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 504 ");
    cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_CONNECT_TIMEOUT);
    cr_expect_eq(script_upstreams(s), 2);
}

Test(exchange_events, a_single_server_is_called_once)
{
    wire_script_take_calls(false);
    script_client_sends(s, GET);
    EXPECT_AT(2000, caught_count() == 1);
    cr_expect_eq(script_upstreams(s), 1);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 504 ");
}

Test(exchange_events, nothing_is_left_ticking_behind_an_answer)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, OK_2);
    script_passes_ms(s, 59000); // the server's connection still has a second, and so has the client's
    cr_expect_eq(caught_count(), 1);
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    cr_expect_eq(script_upstream(s)->end, ACTOR_OPEN);
}
