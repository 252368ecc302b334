// SPDX-License-Identifier: Apache-2.0
// test_exchange: the steps of one request and its response, in their order.
#include "tests/support/expect_text.h"
#include "tests/support/script.h"
#include <inttypes.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST_5 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define TWO_SERVERS                                                                                          \
    SCRIPT_LISTEN                                                                                            \
    "\"upstreams\": {\"app\": {\"servers\": [\"http://127.0.0.1:9001\", \"http://127.0.0.1:9002\"]}}}"

static struct script *s;

static void begin(void)
{
    s = script_new(SCRIPT_CONFIG);
}

static void end(void)
{
    script_free(&s);
}

TestSuite(exchange, .init = begin, .fini = end);

static void begin_with(const char *json)
{
    script_free(&s);
    s = script_new(json);
}

// --- the walk ---

static const char forwarded[] =
    "GET / HTTP/1.1\r\nHost: a\r\n"
    "X-Forwarded-For: 198.51.100.7\r\nX-Real-IP: 198.51.100.7\r\nX-Forwarded-Proto: http\r\n"
    "X-Forwarded-Host: a\r\nX-Forwarded-Port: 8080\r\n"
    "X-Request-Id: 000000000000001d0000000000000001\r\n"
    "Via: 1.1 portcullis\r\n\r\n";

Test(exchange, a_request_is_passed_on_and_its_answer_back)
{
    script_client_sends(s, GET);
    cr_expect_eq(script_upstream(s)->port, 9001);
    cr_expect_str_eq(script_upstream_sees(s), forwarded);
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), OK_2);
    cr_expect_eq(s->client->sends, 1, "head and body leave together");
    const struct caught *r = script_record(s);
    cr_expect_eq(r->record.verdict, RECORD_PASS);
    cr_expect_eq(r->record.status, 200);
    cr_expect_eq(r->record.response_bytes, 2);
    cr_expect_eq(r->record.close, CLOSE_NONE);
    cr_expect_str_eq(r->upstream, "http://127.0.0.1:9001");
    cr_expect_str_eq(r->id, "000000000000001d0000000000000001");
}

Test(exchange, one_byte_at_a_time_is_the_same_walk)
{
    script_client_sends_bytewise(s, GET);
    cr_expect_str_eq(script_upstream_sees(s), forwarded);
    script_upstream_sends_bytewise(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), OK_2);
}

Test(exchange, a_body_with_a_length_is_passed_on_as_it_comes)
{
    script_client_sends_bytewise(s, POST_5 "he");
    EXPECT_HAS(script_upstream_sees(s), "Content-Length: 5\r\n");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhe");
    script_client_sends(s, "llo");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhello");
    script_upstream_sends(s, OK_2);
    cr_expect_eq(script_record(s)->record.request_bytes, 5);
    cr_expect_eq(script_record(s)->record.close, CLOSE_NONE);
}

Test(exchange, a_chunked_body_is_chunked_anew)
{
    script_client_sends(s, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "003;note=x\r\nabc\r\n");
    EXPECT_HAS(script_upstream_sees(s), "Transfer-Encoding: chunked\r\n");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\n3\r\nabc\r\n");
    script_client_sends(s, "0\r\nChecksum: 1\r\n\r\n");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    cr_expect_eq(script_upstream(s)->end, ACTOR_OPEN);
}

Test(exchange, a_body_that_comes_before_the_server_is_there_is_kept)
{
    wire_script_take_calls(false);
    script_client_sends(s, POST_5);
    script_client_sends(s, "hel");
    script_client_sends(s, "lo");
    cr_expect_str_eq(script_upstream_sees(s), "");
    cr_expect(!s->client->is_wanted, "no more than one read is kept");
    actor_opens(script_upstream(s));
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhello");
    cr_expect(s->client->is_wanted);
}

Test(exchange, a_client_that_does_not_wait_for_a_100_gets_none)
{
    script_client_sends(s,
                        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");
    cr_expect_str_eq(script_client_sees(s), "");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhi");
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), OK_2);
}

Test(exchange, a_100_is_sent_once)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, OK_2);
    script_all_forget(s);
    script_client_sends(s, "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    actor_finishes(script_upstream(s)); // it was stale
    cr_expect_eq(script_upstreams(s), 2);
    script_client_sends(s, "hi");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhi");
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), "HTTP/1.1 100 Continue\r\n\r\n" OK_2);
}

Test(exchange, a_client_that_waits_for_a_100_gets_ours_and_not_the_servers)
{
    script_client_sends(s, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    cr_expect_str_eq(script_client_sees(s), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_LACKS(script_upstream_sees(s), "Expect");
    script_upstream_sends(s, "HTTP/1.1 100 Continue\r\n\r\n");
    script_client_sends(s, "hi");
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), "HTTP/1.1 100 Continue\r\n\r\n" OK_2);
}

// --- the forms that an answer has ---

static const struct {
    const char *label, *request, *answer, *then, *client_sees;
    bool        client_kept, upstream_kept;
} answers[] = {
    {"an answer of no length is complete", GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "",
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true, true},
    {"chunks are chunked anew", GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n",
     "0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true, true},
    {"a 1.0 client is not sent chunks", "GET / HTTP/1.0\r\n\r\n",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "0\r\n\r\n",
     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", false, true},
    {"a 1.0 client is kept when it asks and the length is known",
     "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", OK_2, "",
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok", true, true},
    {"an answer to HEAD has a length and no body", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true,
     true},
    {"one with the length of a body may be followed by it", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true,
     false},
    {"chunks announced to HEAD do not come", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "", "HTTP/1.1 200 OK\r\n\r\n", true, false},
    {"204 has no body and names no length", GET, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "",
     "HTTP/1.1 204 No Content\r\n\r\n", true, true},
    {"304 names the length of what it does not send", GET,
     "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "",
     "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", true, false},
    {"interim answers are passed on, written anew", GET,
     "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"
     "HTTP/1.1 102 Processing\r\n\r\n",
     OK_2, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" OK_2, true, true},
    {"a 100 that nobody waits for is not", GET, "HTTP/1.1 100 Continue\r\n\r\n", OK_2, OK_2, true, true},
    {"nor is any to a 1.0 client", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
     "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", OK_2,
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok", true, true},
    {"trailers are kept", GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
     "0\r\nChecksum:1\r\nTiming:  2 \r\n\r\n",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nChecksum: 1\r\nTiming: 2\r\n\r\n",
     true, true},
    {"but not for a 1.0 client", "GET / HTTP/1.0\r\n\r\n",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "0\r\nChecksum: 1\r\n\r\n",
     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", false, true},
    {"a 1.0 server that says so is asked again", GET,
     "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "", OK_2, true, true},
    {"a part is passed on as it is", "GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\n\r\n",
     "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok", "",
     "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok", true, true},
    {"a server that closes is not asked again", GET,
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", "", OK_2, true, false},
    {"a 1.0 server is not asked again", GET, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "", OK_2, true,
     false},
    {"bytes behind the answer end the server's connection and go nowhere", GET, OK_2 "HTTP/1.1 200 OK\r\n",
     "", OK_2, true, false},
    {"so does a body behind a 204", GET, "HTTP/1.1 204 No Content\r\n\r\nhello", "",
     "HTTP/1.1 204 No Content\r\n\r\n", true, false},
    {"a client that closes is answered and let go", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
     OK_2, "", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false, true},
};

Test(exchange, answers_of_every_form)
{
    for (size_t i = 0; i < ROWS(answers); i++) {
        begin_with(SCRIPT_CONFIG);
        script_client_sends(s, answers[i].request);
        struct actor *upstream = script_upstream(s);
        actor_sends(upstream, bytes_of(answers[i].answer));
        if (*answers[i].then)
            actor_sends(upstream, bytes_of(answers[i].then));
        cr_expect_str_eq(script_client_sees(s), answers[i].client_sees, "%s: <%s>", answers[i].label,
                         script_client_sees(s));
        cr_expect_eq(s->client->end == ACTOR_OPEN, answers[i].client_kept, "%s: client", answers[i].label);
        cr_expect_eq(upstream->end == ACTOR_OPEN, answers[i].upstream_kept, "%s: upstream", answers[i].label);
        cr_expect_eq(script_record(s)->record.close, answers[i].client_kept ? CLOSE_NONE : CLOSE_DONE, "%s",
                     answers[i].label);
    }
}

Test(exchange, an_answer_that_ends_with_the_connection_is_chunked_for_the_client)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, "HTTP/1.1 200 OK\r\n\r\nhello");
    EXPECT_ENDS(script_client_sees(s), "\r\n\r\n5\r\nhello\r\n");
    actor_finishes(script_upstream(s));
    EXPECT_ENDS(script_client_sees(s), "5\r\nhello\r\n0\r\n\r\n");
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
}

Test(exchange, an_answer_that_ends_with_a_reset_is_not_complete)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, "HTTP/1.1 200 OK\r\n\r\nhello");
    actor_resets(script_upstream(s));
    EXPECT_LACKS(script_client_sees(s), "0\r\n\r\n");
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
    cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_GONE);
}

// --- the client's connection afterwards ---

#define POST_LARGE "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 262147\r\n\r\n"
#define POST_CHUNKS "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

Test(exchange, an_answer_before_the_end_of_a_long_request_ends_both_connections)
{
    script_client_sends(s, POST_LARGE "he");
    script_upstream_sends(s, OK_2);
    EXPECT_HAS(script_client_sees(s), "Connection: close\r\n");
    EXPECT_ENDS(script_client_sees(s), "\r\n\r\nok");
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED, "in the middle of the request");
    script_client_sends(s, "llo" GET);
    cr_expect_eq(script_upstreams(s), 1, "what follows is read and thrown away");
    EXPECT_LACKS(script_upstream_sees(s), "llo");
}

Test(exchange, what_little_is_left_of_an_answered_request_is_thrown_away)
{
    static char most[256 * 1024 + 1];
    memset(most, 'm', sizeof most - 1);
    const struct {
        const char *label, *begin, *rest;
    } rows[] = {
        {"a length", POST_5 "he", "llo"},
        {"the most that is read", POST_LARGE "hel", most},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        begin_with(SCRIPT_CONFIG);
        script_client_sends(s, rows[i].begin);
        script_upstream_sends(s, OK_2);
        cr_expect_str_eq(script_client_sees(s), OK_2, "%s: the answer does not wait", rows[i].label);
        cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED, "%s: in the middle of it", rows[i].label);
        script_client_sends(s, rows[i].rest);
        cr_expect_eq(script_record(s)->record.verdict, RECORD_PASS, "%s", rows[i].label);
        cr_expect_eq(script_record(s)->record.close, CLOSE_NONE, "%s", rows[i].label);
        script_client_sends(s, GET);
        cr_expect_eq(script_upstreams(s), 2, "%s: what follows is the next request", rows[i].label);
        EXPECT_STARTS(script_upstream_sees(s), "GET / ");
        script_upstream_sends(s, OK_2);
        cr_expect_str_eq(script_client_sees(s), OK_2 OK_2, "%s", rows[i].label);
    }
}

Test(exchange, an_answered_request_that_does_not_end_ends_the_connection)
{
    script_client_sends(s, POST_5);
    script_upstream_sends(s, OK_2);
    script_client_sends(s, "h");
    script_passes_ms(s, 1000);
    script_client_sends(s, "e");
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    script_passes_ms(s, 1000 + 2 * WHEEL_TICK_MS);
    cr_expect_eq(s->client->end, ACTOR_FINISHED, "however it drips");
}

Test(exchange, chunks_behind_an_answer_may_be_endless_and_the_client_is_told)
{
    script_client_sends(s, POST_CHUNKS "2\r\nhe\r\n");
    script_upstream_sends(s, OK_2);
    EXPECT_HAS(script_client_sees(s), "\r\nConnection: close\r\n");
    EXPECT_ENDS(script_client_sees(s), "\r\n\r\nok");
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
    cr_expect_eq(script_record(s)->record.close, CLOSE_DONE);
    script_client_sends(s, "3\r\nllo\r\n0\r\n\r\n" GET);
    cr_expect_eq(script_upstreams(s), 1, "what follows is read and thrown away");
}

Test(exchange, a_request_that_cannot_be_drained_ends_the_connection)
{
    static const struct {
        const char *label, *begin, *rest;
    } rows[] = {
        {"a broken chunk", POST_CHUNKS, "x\r\n"},
        {"a client that closes",
         "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n", ""},
        {"1.0", "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\n", ""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        script_client_connects(s);
        script_client_sends(s, rows[i].begin);
        script_upstream_sends(s, OK_2);
        script_client_sends(s, rows[i].rest);
        cr_expect_eq(s->client->end, ACTOR_FINISHED, "%s", rows[i].label);
        EXPECT_ENDS(script_client_sees(s), "\r\n\r\nok");
    }
}

Test(exchange, a_client_that_leaves_behind_an_early_answer_had_it)
{
    script_client_sends(s, POST_5);
    script_upstream_sends(s, OK_2);
    actor_finishes(s->client);
    cr_expect_eq(script_record(s)->record.verdict, RECORD_PASS);
    script_client_connects(s);
    script_client_sends(s, POST_5);
    script_upstream_sends(s, OK_2);
    actor_resets(s->client);
    cr_expect_eq(script_record(s)->record.verdict, RECORD_PASS);
    cr_expect_eq(caught_count(), 2);
}

Test(exchange, a_head_of_an_answer_while_the_request_goes_on_does_not_stop_it)
{
    script_client_sends(s, POST_5 "he");
    script_upstream_sends(s, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    script_client_sends(s, "llo");
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhello");
    script_upstream_sends(s, "cd");
    EXPECT_ENDS(script_client_sees(s), "\r\n\r\nabcd");
    cr_expect_eq(script_upstream(s)->end, ACTOR_OPEN, "both messages ended cleanly");
}

// --- which server ---

Test(exchange, a_connection_that_was_used_is_used_again)
{
    for (int i = 0; i < 3; i++) {
        script_client_sends(s, GET);
        script_upstream_sends(s, OK_2);
    }
    cr_expect_eq(script_upstreams(s), 1);
    cr_expect_str_eq(script_client_sees(s), OK_2 OK_2 OK_2);
    script_client_connects(s);
    script_client_sends(s, GET);
    cr_expect_eq(script_upstreams(s), 1, "and by other clients");
}

Test(exchange, a_kept_connection_that_went_stale_is_replaced_for_what_may_be_repeated)
{
    static const struct {
        const char *label, *request;
        bool        again;
    } rows[] = {
        {"GET", GET, true},
        {"DELETE", "DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"POST", "POST / HTTP/1.1\r\nHost: a\r\n\r\n", false},
        {"PUT of nothing", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", true},
        {"PUT of no chunks", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         true},
        {"PUT with a body, which is gone", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        begin_with(SCRIPT_CONFIG);
        script_client_sends(s, GET);
        script_upstream_sends(s, OK_2);
        script_all_forget(s);
        script_client_sends(s, rows[i].request);
        cr_expect_eq(script_upstreams(s), 1, "%s", rows[i].label);
        actor_finishes(script_upstream(s));
        cr_expect_eq(script_upstreams(s), rows[i].again ? 2 : 1, "%s", rows[i].label);
        if (!rows[i].again) {
            EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 502 ");
            cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_GONE, "%s", rows[i].label);
            continue;
        }
        cr_expect_str_eq(script_upstream_sees(s), actor_has(script_upstream_at(s, 0)), "the same request");
        script_upstream_sends(s, OK_2);
        cr_expect_str_eq(script_client_sees(s), OK_2, "%s", rows[i].label);
        cr_expect_eq(script_record(s)->record.verdict, RECORD_PASS, "%s", rows[i].label);
    }
}

#define POST_TWO "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"

Test(exchange, a_request_of_which_nothing_left_is_sent_to_another_whatever_it_is)
{
    static const struct {
        const char *label, *at_once, *later;
    } rows[] = {
        {"GET", GET, ""},
        {"POST of nothing", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", ""},
        {"POST, head first", POST_TWO, "hi"},
        {"POST in one piece", POST_TWO "hi", ""},
        {"POST, half of the body with the head", POST_TWO "h", "i"},
        {"POST in chunks",
         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n", ""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        begin_with(SCRIPT_CONFIG);
        script_client_sends(s, rows[i].at_once);
        script_client_sends(s, rows[i].later);
        script_upstream_sends(s, OK_2);
        char *asked = strdup(script_upstream_sees(s));
        script_all_forget(s);
        actor_goes_deaf(script_upstream(s));
        script_client_sends(s, rows[i].at_once);
        script_client_sends(s, rows[i].later);
        cr_assert_eq(script_upstreams(s), 2, "%s", rows[i].label);
        cr_expect_str_eq(actor_has(script_upstream_at(s, 0)), "", "%s", rows[i].label);
        cr_expect_eq(script_upstream_at(s, 0)->end, ACTOR_CLOSED, "%s", rows[i].label);
        // The same request again, but for its id.
        cr_expect_eq(strlen(script_upstream_sees(s)), strlen(asked), "%s: %s", rows[i].label,
                     script_upstream_sees(s));
        EXPECT_ENDS(script_upstream_sees(s), strstr(asked, "\r\n\r\n"));
        free(asked);
        script_upstream_sends(s, OK_2);
        cr_expect_str_eq(script_client_sees(s), OK_2, "%s", rows[i].label);
        cr_expect_eq(script_record(s)->record.verdict, RECORD_PASS, "%s", rows[i].label);
    }
}

Test(exchange, what_could_not_be_sent_waits_for_the_next_connection_with_the_rest_of_the_body)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, OK_2);
    script_all_forget(s);
    actor_goes_deaf(script_upstream(s));
    wire_script_take_calls(false);
    script_client_sends(s, POST_TWO "h");
    script_client_sends(s, "i");
    cr_expect_str_eq(script_upstream_sees(s), "");
    actor_opens(script_upstream(s));
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhi");
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), OK_2);
}

Test(exchange, what_could_not_be_sent_is_let_go_of_when_the_client_or_all_servers_go)
{
    for (int client_goes = 0; client_goes < 2; client_goes++) {
        begin_with(TWO_SERVERS);
        wire_script_take_calls(true);
        for (int both = 0; both < 2; both++) {
            script_client_sends(s, GET);
            script_upstream_sends(s, OK_2);
        }
        script_all_forget(s);
        actor_goes_deaf(script_upstream_at(s, 0));
        actor_goes_deaf(script_upstream_at(s, 1));
        wire_script_take_calls(false);
        script_client_sends(s, POST_TWO "hi");
        cr_assert_eq(script_upstreams(s), 3, "one kept connection is tried, then fresh ones");
        if (client_goes) {
            actor_resets(s->client);
            continue;
        }
        actor_refuses(script_upstream(s));
        cr_assert_eq(script_upstreams(s), 4);
        actor_refuses(script_upstream(s));
        cr_expect_eq(script_upstreams(s), 4, "each server once");
        EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 502 ");
        cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_CONNECT);
    }
}

Test(exchange, a_stale_connection_is_replaced_once_and_by_a_fresh_one)
{
    wire_script_take_calls(true);
    script_client_sends(s, GET);
    script_upstream_sends(s, OK_2);
    script_all_forget(s);
    script_client_sends(s, GET);
    actor_resets(script_upstream(s));
    cr_expect_eq(script_upstreams(s), 2);
    actor_finishes(script_upstream(s)); // a new one, and it closes without a word
    cr_expect_eq(script_upstreams(s), 2);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 502 ");
}

Test(exchange, a_server_that_began_to_answer_is_not_asked_twice)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, OK_2);
    script_all_forget(s);
    script_client_sends(s, GET);
    script_upstream_sends(s, "HTTP/1.1 2");
    actor_finishes(script_upstream(s));
    cr_expect_eq(script_upstreams(s), 1);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 502 ");
}

Test(exchange, bytes_that_came_with_the_kept_connection_are_not_the_next_answer)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, OK_2);
    script_all_forget(s);
    actor_sends_unnoticed(script_upstream(s), bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
    script_client_sends(s, GET);
    cr_expect_eq(script_upstreams(s), 2);
    cr_expect_eq(script_upstream_at(s, 0)->end, ACTOR_CLOSED);
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), OK_2);
}

Test(exchange, the_next_server_is_asked_when_one_does_not_answer_the_call)
{
    begin_with(TWO_SERVERS);
    wire_script_take_calls(false);
    script_client_sends(s, GET);
    cr_expect_eq(script_upstream(s)->port, 9001);
    actor_refuses(script_upstream(s));
    cr_expect_eq(script_upstream(s)->port, 9002);
    actor_opens(script_upstream(s));
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), OK_2);
    cr_expect_str_eq(script_record(s)->upstream, "http://127.0.0.1:9002");
}

Test(exchange, when_no_server_can_be_reached_the_client_is_told_and_kept)
{
    begin_with(TWO_SERVERS);
    wire_script_take_calls(false);
    script_client_sends(s, GET);
    actor_refuses(script_upstream(s));
    actor_refuses(script_upstream(s));
    cr_expect_eq(script_upstreams(s), 2, "each is called once");
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 502 ");
    EXPECT_HAS(script_client_sees(s), "(upstream_connect)");
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    cr_expect_eq(script_record(s)->record.verdict, RECORD_ERROR);
    wire_script_take_calls(true);
    script_all_forget(s);
    script_client_sends(s, GET);
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), OK_2);
}

Test(exchange, without_descriptors_nobody_is_called)
{
    wire_script_no_descriptors(true);
    script_client_sends(s, GET);
    cr_expect_eq(script_upstreams(s), 0);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 502 ");
}

Test(exchange, servers_take_turns)
{
    begin_with(TWO_SERVERS);
    for (int i = 0; i < 4; i++) {
        script_client_connects(s);
        script_client_sends(s, GET);
        cr_expect_eq(script_upstream(s)->port, 9001 + i % 2);
    }
}

// --- answers that are no answers ---

Test(exchange, answers_that_are_not_valid_are_a_502)
{
    static const struct {
        const char *label, *answer;
    } rows[] = {
        {"no HTTP at all", "SSH-2.0-OpenSSH\r\n"},
        {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"},
        {"a length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"},
        {"a folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"},
        {"a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
        {"another protocol, which nobody asked for",
         "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"},
        {"more than eight interim answers",
         "HTTP/1.1 103 A\r\n\r\nHTTP/1.1 103 A\r\n\r\nHTTP/1.1 103 A\r\n\r\nHTTP/1.1 103 A\r\n\r\n"
         "HTTP/1.1 103 A\r\n\r\nHTTP/1.1 103 A\r\n\r\nHTTP/1.1 103 A\r\n\r\nHTTP/1.1 103 A\r\n\r\n"
         "HTTP/1.1 103 A\r\n\r\n"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        begin_with(SCRIPT_CONFIG);
        script_client_sends(s, GET);
        script_upstream_sends(s, rows[i].answer);
        const struct caught *r = script_record(s);
        EXPECT_HAS(script_client_sees(s), "HTTP/1.1 502 ");
        cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_FAULT, "%s", rows[i].label);
        cr_expect_eq(r->record.upstream_ns, 0, "%s: %" PRIu64, rows[i].label, r->record.upstream_ns);
        cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED, "%s", rows[i].label);
        cr_expect_eq(s->client->end, ACTOR_OPEN, "%s", rows[i].label);
    }
}

Test(exchange, eight_interim_answers_are_fine)
{
    script_client_sends(s, GET);
    for (int i = 0; i < 8; i++)
        script_upstream_sends(s, "HTTP/1.1 103 Early Hints\r\n\r\n");
    script_upstream_sends(s, OK_2);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 103 Early Hints\r\n\r\n");
    EXPECT_ENDS(script_client_sees(s), "Hints\r\n\r\n" OK_2);
}

Test(exchange, an_answer_that_stops_in_the_middle_never_looks_complete)
{
    static const struct {
        const char *label, *answer;
        bool        begun;
    } rows[] = {
        {"nothing at all", "", false},
        {"a piece of the head", "HTTP/1.1 200 OK\r\nConte", false},
        {"a 100 only", "HTTP/1.1 100 Continue\r\n\r\n", false},
        {"the head only", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true},
        {"a piece of the body", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", true},
        {"chunks without the last", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", true},
        {"a piece of the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        begin_with(SCRIPT_CONFIG);
        script_client_sends(s, GET);
        script_upstream_sends(s, rows[i].answer);
        actor_finishes(script_upstream(s));
        cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_GONE, "%s", rows[i].label);
        cr_expect_eq(s->client->end, rows[i].begun ? ACTOR_ABORTED : ACTOR_OPEN, "%s", rows[i].label);
        EXPECT_LACKS(script_client_sees(s), "0\r\n\r\n");
        if (!rows[i].begun)
            EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 502 ");
        cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED, "%s", rows[i].label);
    }
}

Test(exchange, an_interim_answer_is_not_the_beginning_of_the_answer)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, "HTTP/1.1 103 Early Hints\r\n\r\n");
    actor_finishes(script_upstream(s));
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 502 ");
    cr_expect_eq(s->client->end, ACTOR_OPEN);
}

Test(exchange, a_broken_chunk_is_a_502_or_an_abort_and_never_an_end)
{
    script_client_sends(s, GET);
    script_upstream_sends(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 502 ");
    cr_expect_eq(script_record(s)->record.status, 502);
    cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_FAULT);
    cr_expect_eq(s->client->end, ACTOR_OPEN);

    script_all_forget(s);
    script_client_sends(s, GET);
    script_upstream_sends(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
    script_upstream_sends(s, "zz\r\n");
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
    EXPECT_LACKS(script_client_sees(s), "0\r\n\r\n");
    cr_expect_eq(script_failed_because(s), CLOSE_UPSTREAM_FAULT);
}
