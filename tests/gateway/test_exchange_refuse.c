// SPDX-License-Identifier: Apache-2.0
// test_exchange_refuse: answers of our own, before and in the middle of what others say.
#include "tests/support/expect_text.h"
#include "tests/support/script.h"
#include <stdlib.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define SERVER "\"upstreams\": {\"app\": {\"servers\": [\"http://127.0.0.1:9001\"]}}"
#define BODY_4 SCRIPT_LISTEN "\"limits\": {\"body\": \"4B\"}, " SERVER "}"
#define ROUTED(mode)                                                                                         \
    SCRIPT_LISTEN SERVER                                                                                     \
        ", \"policies\": {\"reading\": {\"type\": \"method_allow\", \"methods\": [\"GET\"]" mode             \
        "}, \"plain\": {\"type\": \"headers\", \"mode\": \"off\"}}, \"routes\": [{\"name\": \"all\", "       \
        "\"match\": {\"path\": \"/app/*\"}, \"policies\": [\"reading\", \"plain\"]}]}"
#define CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

static struct script *s;

static void begin(void)
{
    s = script_new(BODY_4);
}

static void end(void)
{
    script_free(&s);
}

TestSuite(exchange_refuse, .init = begin, .fini = end);

static void begin_with(const char *json)
{
    script_free(&s);
    s = script_new(json);
    caught_clear();
}

// --- size ---

Test(exchange_refuse, a_body_announced_too_large_is_refused_before_the_server_hears_of_it)
{
    script_client_sends(s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 413 ");
    EXPECT_HAS(script_client_sees(s), "Connection: close\r\n");
    cr_expect_eq(script_upstreams(s), 0);
    const struct caught *r = script_record(s);
    cr_expect_eq(r->record.verdict, RECORD_DENY);
    cr_expect_str_eq(r->policy, "size_limit");
    cr_expect_str_eq(r->reason, "body_too_large");
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
}

Test(exchange_refuse, a_body_that_grows_too_large_is_never_finished)
{
    script_client_sends(s, CHUNKED "4\r\nabcd\r\n");
    EXPECT_ENDS(script_upstream_sees(s), "4\r\nabcd\r\n");
    script_client_sends(s, "1\r\ne\r\n0\r\n\r\n");
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 413 ");
    EXPECT_ENDS(script_upstream_sees(s), "4\r\nabcd\r\n");
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
    cr_expect_eq(script_record(s)->record.request_bytes, 5);
}

Test(exchange_refuse, too_large_while_the_answer_is_under_way_is_an_abort)
{
    script_client_sends(s, CHUNKED "2\r\nab\r\n");
    script_upstream_sends(s, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nearly");
    script_client_sends(s, "3\r\ncde\r\n");
    cr_expect_eq(s->client->end, ACTOR_ABORTED);
    EXPECT_LACKS(script_client_sees(s), "413");
    EXPECT_LACKS(script_upstream_sees(s), "cde");
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
}

// --- wrong messages ---

Test(exchange_refuse, a_wrong_head_is_answered_and_ends_the_connection)
{
    static const struct {
        const char *label, *request, *status, *reason;
    } rows[] = {
        {"no request line", "\r\nGET / HTTP/1.1\r\n", "400", "leading_bytes"},
        {"no host", "GET / HTTP/1.1\r\n\r\n", "400", "host_missing"},
        {"two framings",
         "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400",
         "te_and_cl"},
        {"a tunnel", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "501", "method_refused"},
        {"another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505", "version"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        begin_with(BODY_4);
        script_client_sends(s, rows[i].request);
        cr_expect_eq(strncmp(script_client_sees(s), "HTTP/1.1 ", 9), 0, "%s", rows[i].label);
        cr_expect_eq(strncmp(script_client_sees(s) + 9, rows[i].status, 3), 0, "%s: %s", rows[i].label,
                     script_client_sees(s));
        cr_expect_str_eq(script_record(s)->reason, rows[i].reason, "%s: %s", rows[i].label,
                         script_record(s)->reason);
        cr_expect_eq(script_record(s)->record.verdict, RECORD_FAULT, "%s", rows[i].label);
        cr_expect_eq(script_record(s)->record.close, CLOSE_REFUSED, "%s", rows[i].label);
        cr_expect_eq(s->client->end, ACTOR_FINISHED, "%s", rows[i].label);
        cr_expect_eq(script_upstreams(s), 0, "%s", rows[i].label);
    }
}

Test(exchange_refuse, what_follows_a_wrong_message_is_not_read_as_a_request)
{
    script_client_sends(s, "GET / HTTP/1.1\r\n\r\n" GET GET);
    script_client_sends(s, GET);
    cr_expect_eq(caught_count(), 1);
    cr_expect_eq(script_upstreams(s), 0);
}

Test(exchange_refuse, a_wrong_chunk_is_a_400_and_the_request_is_never_finished)
{
    script_client_sends(s, CHUNKED "2\r\nab\r\n");
    script_client_sends(s, "xyz\r\n");
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 400 ");
    EXPECT_ENDS(script_upstream_sees(s), "2\r\nab\r\n");
    cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED);
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
}

Test(exchange_refuse, forbidden_trailers_do_not_finish_a_request)
{
    script_client_sends(s, CHUNKED "2\r\nab\r\n0\r\nHost: evil\r\n\r\n");
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 400 ");
    EXPECT_LACKS(script_upstream_sees(s), "0\r\n\r\n");
    EXPECT_LACKS(script_upstream_sees(s), "evil");
}

// --- rules ---

Test(exchange_refuse, a_denied_request_without_a_body_keeps_its_connection)
{
    begin_with(ROUTED(""));
    script_client_sends(s, "DELETE /app/x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 405 ");
    EXPECT_HAS(script_client_sees(s), "\r\nAllow: GET\r\n");
    cr_expect_str_eq(script_record(s)->policy, "reading");
    cr_expect_eq(script_upstreams(s), 0);
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    script_all_forget(s);
    script_client_sends(s, "GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 404 ");
    cr_expect_str_eq(script_record(s)->reason, "no_route");
    script_all_forget(s);
    script_client_sends(s, "GET /app/x HTTP/1.1\r\nHost: a\r\n\r\n");
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), OK_2);
}

Test(exchange_refuse, a_denied_request_with_a_body_does_not)
{
    begin_with(ROUTED(""));
    script_client_sends(s, "PUT /app/x HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n" GET);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 405 ");
    EXPECT_HAS(script_client_sees(s), "Connection: close\r\n");
    cr_expect_eq(caught_count(), 1, "its body is not the next request");
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
}

Test(exchange_refuse, in_shadow_mode_the_denial_is_only_recorded)
{
    begin_with(ROUTED(", \"mode\": \"shadow\""));
    script_client_sends(s, "DELETE /app/x HTTP/1.1\r\nHost: a\r\n\r\n");
    script_upstream_sends(s, OK_2);
    cr_expect_str_eq(script_client_sees(s), OK_2);
    const struct caught *r = script_record(s);
    cr_expect_eq(r->record.verdict, RECORD_SHADOW);
    cr_expect_eq(r->record.status, 200);
    cr_expect_str_eq(r->policy, "reading");
    cr_expect_str_eq(r->reason, "method_not_allowed");
}

Test(exchange_refuse, the_body_of_a_refusal_is_not_for_HEAD)
{
    begin_with(ROUTED(""));
    script_client_sends(s, "HEAD /other HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 404 ");
    EXPECT_ENDS(script_client_sees(s), "\r\n\r\n");
    cr_expect_eq(s->client->end, ACTOR_OPEN);
}

// --- memory ---

#define FIELD_BYTES 15000u

static struct bytes large_interim(void)
{
    static char      text[FIELD_BYTES + 128];
    struct bytes_out out = {.at = text, .cap = sizeof text};
    out_text(&out, "HTTP/1.1 103 Early Hints\r\nX: ");
    for (size_t i = 0; i < FIELD_BYTES; i++)
        out_char(&out, 'x');
    out_text(&out, "\r\n\r\n");
    return out_written(&out);
}

// In three pieces, so that it is copied into more room twice.
static void send_in_pieces(struct bytes head, size_t first)
{
    const size_t cuts[] = {0, first, 2 * first + 1, head.len};
    for (size_t i = 0; i < 3; i++)
        actor_sends(script_upstream(s), (struct bytes){head.at + cuts[i], cuts[i + 1] - cuts[i]});
}

// Interim heads fill an exchange's memory: each is kept raw. The last one is cut here and there, so that what
// is left when the memory ends is sometimes enough for our answer and sometimes not. A client of
// 1.0 is sent none of them.
Test(exchange_refuse, a_full_arena_is_answered_and_not_a_crash)
{
    struct bytes head = large_interim();
    for (size_t cut = 2000; cut < 3750; cut += 125) {
        begin_with(BODY_4);
        script_client_sends(s, "GET / HTTP/1.0\r\n\r\n");
        for (int i = 0; i < 8 && caught_count() == 0; i++)
            send_in_pieces(head, i < 5 ? 7400 : cut);
        cr_expect_eq(caught_count(), 1, "%zu: the bound is there", cut);
        EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 50");
        cr_expect_neq(s->client->end, ACTOR_ABORTED, "%zu", cut);
        cr_expect_eq(script_upstream(s)->end, ACTOR_CLOSED, "%zu", cut);
        script_all_forget(s);
        script_client_connects(s);
        script_client_sends(s, GET);
        script_upstream_sends(s, OK_2);
        cr_expect_str_eq(script_client_sees(s), OK_2, "%zu: the next exchange has memory of its own", cut);
    }
}
