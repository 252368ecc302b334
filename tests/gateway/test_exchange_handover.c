// SPDX-License-Identifier: Apache-2.0
// test_exchange_handover: WebSocket from its handshake to its end.
#include "tests/support/expect_text.h"
#include "tests/support/script.h"

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define ASK                                                                                                  \
    "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                         \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n" ACCEPT UPGRADE "\r\n"
#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define IDLE_MS 75000u
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

TestSuite(exchange_handover, .init = begin, .fini = end);

static void hand_over(void)
{
    script_client_sends(s, ASK);
    script_upstream_sends(s, SWITCH);
    cr_assert_str_eq(script_client_sees(s), SWITCH);
    script_all_forget(s);
}

// --- the handshake ---

Test(exchange_handover, bytes_pass_both_ways_and_are_counted)
{
    script_client_sends(s, ASK);
    EXPECT_HAS(script_upstream_sees(s), "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    script_upstream_sends_bytewise(s, SWITCH);
    cr_expect_str_eq(script_client_sees(s), SWITCH);
    script_all_forget(s);
    script_client_sends_bytewise(s, "\x81\x85ping");
    cr_expect_str_eq(script_upstream_sees(s), "\x81\x85ping");
    script_upstream_sends(s, "\x81\x04pong");
    cr_expect_str_eq(script_client_sees(s), "\x81\x04pong");
    actor_finishes(script_upstream(s));
    actor_finishes(s->client);
    const struct record *r = &script_record(s)->record;
    cr_expect_eq(r->verdict, RECORD_PASS);
    cr_expect_eq(r->status, 101);
    cr_expect_eq(r->request_bytes, 6);
    cr_expect_eq(r->response_bytes, 6);
    cr_expect_eq(r->close, CLOSE_DONE);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
}

Test(exchange_handover, bytes_behind_the_handshake_wait_for_its_answer)
{
    script_client_sends(s, ASK "early");
    script_client_sends(s, "bird");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\n");
    script_upstream_sends(s, SWITCH "worm");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nearlybird");
    cr_expect_str_eq(script_client_sees(s), SWITCH "worm");
}

Test(exchange_handover, a_refused_handshake_is_an_ordinary_answer_and_what_follows_a_request)
{
    script_client_sends(s, ASK GET);
    script_upstream_sends(s, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    EXPECT_HAS(script_upstream_sees(s), "\r\n\r\nGET / HTTP/1.1\r\n");
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n" OK_2);
}

Test(exchange_handover, interim_answers_may_come_first)
{
    script_client_sends(s, ASK);
    script_upstream_sends(s, "HTTP/1.1 103 Early Hints\r\n\r\n" SWITCH);
    cr_expect_str_eq(script_client_sees(s), "HTTP/1.1 103 Early Hints\r\n\r\n" SWITCH);
    script_client_sends(s, "a");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\na");
}

Test(exchange_handover, an_answer_that_does_not_match_is_a_502)
{
    static const struct {
        const char *label, *request, *answer;
    } rows[] = {
        {"nobody asked", GET, SWITCH},
        {"no proof", ASK, "HTTP/1.1 101 x\r\n" UPGRADE "\r\n"},
        {"the proof of another key", ASK,
         "HTTP/1.1 101 x\r\n" UPGRADE "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n"},
        {"another protocol", ASK, "HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: upgrade\r\n" ACCEPT "\r\n"},
        {"no option in Connection", ASK, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" ACCEPT "\r\n"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        script_client_connects(s);
        script_client_sends(s, rows[i].request);
        script_client_sends(s, "GET /secret");
        script_upstream_sends(s, rows[i].answer);
        EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 502 ");
        EXPECT_LACKS(script_upstream_sees(s), "secret");
        cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED, "%s", rows[i].label);
        cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_FAULT, "%s", rows[i].label);
    }
}

Test(exchange_handover, a_handshake_that_is_not_valid_is_refused)
{
    script_client_sends(s, "GET / HTTP/1.1\r\nHost: a\r\n" UPGRADE "\r\n");
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 400 ");
    EXPECT_HAS(script_client_sees(s), "(websocket)");
    cr_expect_eq(script_upstreams(s), 0);
}

// --- both ways ---

Test(exchange_handover, who_does_not_keep_up_stops_the_other)
{
    hand_over();
    actor_stops_reading(script_upstream(s));
    script_client_sends(s, "a");
    cr_expect(!s->client->is_wanted);
    script_client_sends(s, "b");
    cr_expect_str_eq(script_upstream_sees(s), "a");
    actor_stops_reading(s->client);
    script_upstream_sends(s, "x");
    cr_expect(!script_upstream(s)->is_wanted);
    script_upstream_sends(s, "y");
    cr_expect_str_eq(script_client_sees(s), "x");
    actor_reads_on(script_upstream(s));
    cr_expect_str_eq(script_upstream_sees(s), "ab");
    actor_reads_on(s->client);
    cr_expect_str_eq(script_client_sees(s), "xy");
}

Test(exchange_handover, what_waited_for_the_101_goes_as_fast_as_the_server_takes_it)
{
    script_client_sends(s, ASK "early");
    actor_stops_reading(script_upstream(s));
    script_upstream_sends(s, SWITCH);
    cr_expect(!s->client->is_wanted);
    actor_reads_on(script_upstream(s));
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nearly");
    cr_expect(s->client->is_wanted);
}

Test(exchange_handover, each_way_ends_by_itself)
{
    hand_over();
    script_client_sends(s, "bye");
    actor_finishes(s->client);
    cr_expect_str_eq(script_upstream_sees(s), "bye");
    cr_expect_eq(script_upstream(s)->end, ACTOR_FINISHED);
    script_upstream_sends(s, "and bye");
    cr_expect_str_eq(script_client_sees(s), "and bye");
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    actor_finishes(script_upstream(s));
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
    cr_expect_eq(script_record(s)->record.verdict, RECORD_PASS);

    script_client_connects(s);
    hand_over();
    actor_finishes(script_upstream(s));
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
    script_client_sends(s, "one more");
    cr_expect_str_eq(script_upstream_sees(s), "one more");
    actor_finishes(s->client);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
    cr_expect_eq(s->client->end, ACTOR_CLOSED);
}

Test(exchange_handover, an_end_waits_for_what_was_said_before)
{
    hand_over();
    actor_stops_reading(script_upstream(s));
    script_client_sends(s, "a");
    script_client_sends(s, "b");
    actor_finishes(s->client);
    actor_finishes(script_upstream(s));
    cr_expect_eq(caught_count(), 0);
    actor_reads_on(script_upstream(s));
    cr_expect_str_eq(script_upstream_sees(s), "ab");
    cr_expect_not(script_upstream(s)->lost_queued);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
}

Test(exchange_handover, a_client_that_finished_before_the_101_has_finished)
{
    script_client_sends(s, ASK "last words");
    actor_finishes(s->client);
    script_upstream_sends(s, SWITCH);
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nlast words");
    cr_expect_eq(script_upstream(s)->end, ACTOR_FINISHED);
}

// --- who leaves, and time ---

Test(exchange_handover, a_reset_is_passed_on)
{
    hand_over();
    actor_resets(script_upstream(s));
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
    cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_GONE);

    script_client_connects(s);
    hand_over();
    actor_resets(s->client);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
    cr_expect_eq(script_failed_because(s), CLOSE_CLIENT_GONE);
}

Test(exchange_handover, a_server_that_closed_and_is_gone_is_just_closed)
{
    hand_over();
    actor_finishes(script_upstream(s));
    actor_resets(script_upstream(s));
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
    cr_expect_eq(script_record(s)->record.verdict, RECORD_PASS);
}

Test(exchange_handover, silence_ends_it_and_a_word_from_either_side_prolongs_it)
{
    hand_over();
    script_passes_ms(s, IDLE_MS - 1000);
    script_client_sends(s, "a");
    script_passes_ms(s, IDLE_MS - 1000);
    script_upstream_sends(s, "b");
    script_passes_ms(s, IDLE_MS - 1000);
    cr_expect_eq(caught_count(), 0);
    script_passes_ms(s, 1000 + 2 * TICK);
    cr_expect_eq(caught_count(), 1);
    cr_expect_eq(script_record(s)->record.close, CLOSE_IDLE);
    cr_expect_eq(script_record(s)->record.verdict, RECORD_PASS);
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
}

Test(exchange_handover, who_takes_nothing_is_cut_off_and_blamed)
{
    hand_over();
    actor_stops_reading(s->client);
    script_upstream_sends(s, "a");
    script_passes_ms(s, IDLE_MS + 2 * TICK);
    cr_expect_eq(script_failed_because(s), CLOSE_READER_TOO_SLOW);
    cr_expect_eq(s->client->end, ACTOR_ABORTED);

    end();
    begin();
    hand_over();
    actor_stops_reading(script_upstream(s));
    script_client_sends(s, "a");
    script_passes_ms(s, IDLE_MS + 2 * TICK);
    cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_STALLED);
}

Test(exchange_handover, a_drain_lets_it_live_until_the_cut)
{
    hand_over();
    script_drains(s);
    script_client_sends(s, "a");
    cr_expect_str_eq(script_upstream_sees(s), "a");
    cr_expect_eq(s->emptied, 0);
    connections_cut(s->loop->connections);
    wire_script_settle();
    cr_expect_eq(script_failed_because(s), CLOSE_SHUTDOWN);
    cr_expect_eq(s->emptied, 1);
}
