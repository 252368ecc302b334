// SPDX-License-Identifier: Apache-2.0
// test_no_memory: every allocation of the data path fails once, on the stage. Whatever is asked for at that
// moment ends, with 503 or with its connection; the next client is served as if nothing had been.
#include "tests/support/expect_text.h"
#include "tests/support/heap_count.h"
#include "tests/support/script.h"

#define CALLS_MAX 300u // of one play: there is an end to it
#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct script *s;

static void server_says(const char *text)
{
    if (script_upstreams(s) > 0 && !script_upstream(s)->connecting && !script_upstream(s)->finished)
        actor_sends(script_upstream(s), bytes_of(text));
}

static void call_is_taken(void)
{
    if (script_upstreams(s) > 0)
        actor_opens(script_upstream(s));
}

static void play_get(void)
{
    script_client_sends(s, GET);
    call_is_taken();
    server_says(OK_2);
}

// The body comes before the server is there, and is kept until it is; the next request as well.
static void play_early_body(void)
{
    script_client_sends(
        s, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" GET);
    call_is_taken();
    server_says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    server_says(OK_2);
}

static void play_bytewise(void)
{
    script_client_sends_bytewise(s,
                                 "GET /bytewise?a=b HTTP/1.1\r\nHost: a\r\nX-Long: some more of it\r\n\r\n");
    call_is_taken();
    if (script_upstreams(s) > 0 && !script_upstream(s)->connecting)
        script_upstream_sends_bytewise(s, OK_2);
}

static void play_refusal(void)
{
    script_client_sends(s, "DELETE /../../x HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
}

static void play_interim(void)
{
    script_client_sends(s, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    call_is_taken();
    server_says("HTTP/1.1 100 Continue\r\n\r\n");
    script_client_sends(s, "ok");
    server_says(OK_2);
}

static const struct play {
    const char *label, *end;
    void (*run)(void);
} plays[] = {
    {"a request", OK_2, play_get},
    {"a body before its server, and a request behind it", OK_2, play_early_body},
    {"byte by byte", OK_2, play_bytewise},
    {"a refusal", "(target_above_root)", play_refusal},
    {"an interim answer", OK_2, play_interim},
};

// Whoever came got an answer, or an end.
static void check(const struct play *play, size_t nth)
{
    const struct actor *client = s->client;
    bool                ended = client->end != ACTOR_OPEN;
    bool                served = strstr(actor_has(client), "HTTP/1.1 ") != NULL;
    cr_expect(ended || served, "%s: call %zu left the client without a word", play->label, nth);
    if (!heap_has_failed())
        EXPECT_HAS(actor_has(client), play->end);
}

// The process lives: another client is served.
static void serve_another(const struct play *play, size_t nth)
{
    wire_script_take_calls(true);
    script_client_connects(s);
    script_client_sends(s, GET);
    server_says(OK_2);
    cr_expect(strstr(script_client_sees(s), "HTTP/1.1 200 OK\r\n") != NULL,
              "%s: nobody is served behind call %zu", play->label, nth);
}

static bool run(const struct play *play, size_t nth)
{
    s = script_new(SCRIPT_CONFIG);
    wire_script_take_calls(false);
    size_t there = wire_script_actors();
    heap_fail(nth);
    script_client_connects(s);
    if (wire_script_actors() > there) {
        play->run();
        check(play, nth);
    }
    bool failed = heap_has_failed();
    heap_fail(0);
    serve_another(play, nth);
    script_free(&s);
    return failed;
}

Test(no_memory, every_call_fails_once)
{
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++) {
        size_t nth = 1;
        while (run(&plays[i], nth)) {
            nth++;
            cr_assert_lt(nth, CALLS_MAX, "%s", plays[i].label);
        }
        cr_expect_gt(nth, 2, "%s: there were calls", plays[i].label);
    }
}
