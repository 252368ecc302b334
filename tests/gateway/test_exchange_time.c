// SPDX-License-Identifier: Apache-2.0
// test_exchange_time: the least rate of bodies and of readers, and how patience shrinks.
#include "tests/support/expect_text.h"
#include "tests/support/script.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST(length) "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n\r\n"
#define POST_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
#define OK_HEAD(length) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n"
#define SERVER                                                                                               \
    "\"upstreams\": {\"app\": {\"timeouts\": {\"first_byte\": \"30s\"}, \"servers\": "                       \
    "[\"http://127.0.0.1:9001\"]}}}"
#define TICK WHEEL_TICK_MS
#define THOUSAND 1000u

static struct script *s;

static void begin(void)
{
    s = script_new(
        SCRIPT_LISTEN
        "\"timeouts\": {\"head\": \"10s\", \"idle\": \"60s\", \"grace\": \"10s\", \"minimum_rate\": "
        "\"100B/s\"}, " SERVER);
}

static void end(void)
{
    script_free(&s);
}

TestSuite(exchange_time, .init = begin, .fini = end);

// Every second this, until the exchange ends.
//   returns  the seconds; `most` when it has not ended by then
static unsigned seconds_of(const char *piece, unsigned most)
{
    unsigned seconds = 0;
    while (caught_count() == 0 && seconds < most) {
        script_client_sends(s, piece);
        script_passes_ms(s, 1000);
        seconds++;
    }
    return seconds;
}

Test(exchange_time, a_body_that_drips_is_a_408)
{
    script_client_sends(s, POST("1000"));
    unsigned seconds = seconds_of("x", 100);
    cr_expect_eq(seconds, 11, "%u", seconds);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 408 ");
    cr_expect_eq(script_failed_because(s), CLOSE_CLIENT_TOO_SLOW);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
}

Test(exchange_time, chunks_that_drip_are_a_408_as_well)
{
    script_client_sends(s, POST_CHUNKED);
    cr_expect_lt(seconds_of("1\r\nx\r\n", 100), 12);
    cr_expect_eq(script_failed_because(s), CLOSE_CLIENT_TOO_SLOW);
}

Test(exchange_time, a_body_at_the_least_rate_takes_all_the_time_it_needs)
{
    char piece[101];
    memset(piece, 'x', sizeof piece);
    piece[sizeof piece - 1] = '\0';
    script_client_sends(s, POST("100000"));
    cr_expect_eq(seconds_of(piece, 300), 300);
}

Test(exchange_time, a_quick_start_forgives_a_stall_but_no_more)
{
    static char much[50001];
    memset(much, 'x', sizeof much - 1);
    script_client_sends(s, POST("100000"));
    script_client_sends(s, much);
    script_passes_ms(s, 59000);
    cr_expect_eq(caught_count(), 0);
    script_passes_ms(s, 1000 + TICK);
    cr_expect_eq(script_failed_because(s), CLOSE_BODY_TIMEOUT);
}

Test(exchange_time, a_body_is_not_measured_while_the_server_does_not_take_it)
{
    script_client_sends(s, POST("1000"));
    actor_stops_reading(script_upstream(s));
    script_client_sends(s, "x");
    script_passes_ms(s, 50000);
    cr_expect_eq(caught_count(), 0);
    actor_reads_on(script_upstream(s));
    script_passes_ms(s, 9000); // its grace time begins here
    cr_expect_eq(caught_count(), 0);
    script_passes_ms(s, 1000 + TICK);
    cr_expect_eq(script_failed_because(s), CLOSE_CLIENT_TOO_SLOW);
}

Test(exchange_time, a_body_behind_an_early_answer_is_measured_too)
{
    script_client_sends(s, POST("1000"));
    script_upstream_sends(s, OK_HEAD("10"));
    cr_expect_lt(seconds_of("x", 100), 12);
    cr_expect_eq(script_failed_because(s), CLOSE_CLIENT_TOO_SLOW);
    cr_expect_eq(s->client->end, ACTOR_ABORTED, "the answer had begun");
}

Test(exchange_time, a_server_that_is_slow_is_no_fault_of_the_client)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, OK_HEAD("100"));
    for (int i = 0; i < 20; i++) { // an event stream: a byte, a minute
        script_passes_ms(s, 59000);
        script_upstream_sends(s, "x");
    }
    cr_expect_eq(caught_count(), 0);
}

// --- readers ---

static void begin_answer(size_t announced, size_t length)
{
    static char      text[20000];
    struct bytes_out out = {.at = text, .cap = sizeof text - 1};
    out_text(&out, "HTTP/1.1 200 OK\r\nContent-Length: ");
    out_uint(&out, announced);
    out_text(&out, "\r\n\r\n");
    memset(text + out.len, 'x', length);
    text[out.len + length] = '\0';
    script_client_sends(s, GET);
    actor_stops_reading(s->client);
    script_upstream_sends(s, text);
}

Test(exchange_time, a_reader_that_drips_is_cut_off)
{
    begin_answer(THOUSAND, 500);
    for (int second = 0; second < 10; second++) {
        cr_expect_eq(caught_count(), 0, "after %d s", second);
        script_passes_ms(s, 1000);
        actor_reads(s->client, 1);
    }
    script_passes_ms(s, 1000);
    cr_expect_eq(script_failed_because(s), CLOSE_READER_TOO_SLOW);
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
}

Test(exchange_time, a_reader_at_the_least_rate_takes_all_the_time_it_needs)
{
    begin_answer(20000, 15000);
    for (int second = 0; second < 140; second++) {
        script_passes_ms(s, 1000);
        actor_reads(s->client, 100);
    }
    cr_expect_eq(caught_count(), 0);
}

Test(exchange_time, a_reader_of_the_last_answer_is_measured_behind_its_exchange)
{
    begin_answer(15000, 15000);
    cr_expect_eq(caught_count(), 1);
    for (int second = 0; second < 140; second++) {
        script_passes_ms(s, 1000);
        actor_reads(s->client, 100);
    }
    cr_expect_eq(s->client->end, ACTOR_OPEN, "longer than the idle time, and still reading");
    actor_reads_on(s->client);
    script_passes_ms(s, 59000);
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    script_passes_ms(s, 1000 + TICK);
    cr_expect_eq(s->client->end, ACTOR_CLOSED, "idle");
}

Test(exchange_time, a_reader_that_stops_behind_the_exchange_is_cut_off)
{
    begin_answer(THOUSAND, THOUSAND);
    script_passes_ms(s, 9000);
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    script_passes_ms(s, 1000 + TICK);
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
}

Test(exchange_time, an_answer_that_nobody_reads_is_measured_from_the_event_that_sent_it)
{
    begin_answer(20000, 15000);
    script_passes_ms(s, 9000);
    cr_expect_eq(caught_count(), 0);
    script_passes_ms(s, 1000 + TICK);
    cr_expect_eq(script_failed_because(s), CLOSE_READER_TOO_SLOW, "the grace time, not the idle time first");
}

// --- when connections run out ---

Test(exchange_time, patience_shrinks_when_connections_run_out)
{
    script_free(&s);
    s = script_new(SCRIPT_LISTEN
                   "\"limits\": {\"connections\": 2}, \"timeouts\": {\"head\": \"10s\", \"idle\": "
                   "\"60s\", \"grace\": \"10s\"}, " SERVER);
    script_client_connects(s); // the last one there may be
    script_client_sends(s, "GET / HTTP/1.1\r\n");
    script_passes_ms(s, 2000 + TICK);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 408 ");
    cr_expect_eq(script_failed_because(s), CLOSE_HEAD_TIMEOUT);
}
