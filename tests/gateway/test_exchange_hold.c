// SPDX-License-Identifier: Apache-2.0
// test_exchange_hold: requests that a policy delays, lets wait, changes, or counts.
#include "policy/state.h"
#include "tests/support/expect_text.h"
#include "tests/support/puppets.h"
#include "tests/support/script.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nX-Powered-By: old\r\nContent-Length: 2\r\n\r\nok"
#define SERVER "\"upstreams\": {\"app\": {\"servers\": [\"http://127.0.0.1:9001\"]}}, "
#define DELAY(for_ms) ((struct verdict){.kind = VERDICT_DELAY, .reason = REASON_METHOD, .ms = (for_ms)})
#define WAIT(for_ms) ((struct verdict){.kind = VERDICT_WAIT, .reason = REASON_METHOD, .ms = (for_ms)})
#define TICK WHEEL_TICK_MS

static struct script *s;
static struct state  *state;

static void begin(void)
{
    static const uint64_t seed[2] = {1, 2};
    puppets_reset();
    s = script_new(SCRIPT_LISTEN SERVER PUPPETS_IN("enforce") "}");
    s->loop->state = state = state_new(&(struct state_sizes){.rate_keys = 64}, seed);
}

static void end(void)
{
    script_free(&s);
    state_free(&state);
}

TestSuite(exchange_hold, .init = begin, .fini = end);

static void wake(size_t i)
{
    puppets[i].waiter->wake(puppets[i].waiter);
    script_passes_ms(s, 1);
}

Test(exchange_hold, a_delay_is_waited_for_and_then_forwarded)
{
    puppets[0].admit[0] = DELAY(2000);
    script_client_sends(s, GET);
    script_passes_ms(s, 2000 - TICK);
    cr_expect_eq(script_upstreams(s), 0);
    script_passes_ms(s, 2 * TICK);
    EXPECT_STARTS(script_upstream_sees(s), "GET / HTTP/1.1\r\n");
    script_upstream_sends(s, OK_2);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 200 ");
    cr_expect_eq(puppets[0].done, 1u);
}

Test(exchange_hold, a_delay_is_not_cut_short_by_a_late_wake)
{
    puppets[0].admit[0] = DELAY(2000);
    script_client_sends(s, GET);
    wake(0);
    cr_expect_eq(script_upstreams(s), 0);
}

Test(exchange_hold, a_body_waits_with_its_request)
{
    puppets[0].admit[0] = DELAY(2000);
    script_client_sends(s, POST "hi");
    script_passes_ms(s, 2000 + TICK);
    EXPECT_ENDS(script_upstream_sees(s), "\r\n\r\nhi");
}

Test(exchange_hold, who_is_woken_goes_on)
{
    puppets[1].admit[0] = WAIT(5000);
    script_client_sends(s, GET);
    script_passes_ms(s, 1000);
    cr_expect_eq(script_upstreams(s), 0);
    wake(1);
    EXPECT_STARTS(script_upstream_sees(s), "GET / HTTP/1.1\r\n");
    cr_expect_eq(puppets[0].admitted, 1u, "only who said WAIT is asked again");
}

Test(exchange_hold, who_is_not_woken_is_asked_when_its_time_has_come)
{
    puppets[1].admit[0] = WAIT(1000);
    puppets[1].admit[1] =
        (struct verdict){.kind = VERDICT_DENY, .reason = REASON_METHOD, .detail = BYTES("GET"), .ms = 1001};
    script_client_sends(s, GET);
    script_passes_ms(s, 1000 + TICK);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 405 ");
    EXPECT_HAS(script_client_sees(s), "\r\nRetry-After: 2\r\n");
    cr_expect_eq(puppets[0].withdrawn, 1u);
    cr_expect_eq(puppets[1].withdrawn + puppets[1].done, 0u);
}

Test(exchange_hold, who_must_wait_again_waits_again)
{
    puppets[1].admit[0] = WAIT(1000);
    puppets[1].admit[1] = WAIT(3000);
    script_client_sends(s, GET);
    script_passes_ms(s, 1000 + TICK);
    script_passes_ms(s, 2000);
    cr_expect_eq(script_upstreams(s), 0);
    script_passes_ms(s, 1000 + TICK);
    cr_expect_eq(script_upstreams(s), 1);
}

Test(exchange_hold, a_client_that_leaves_while_it_waits_is_withdrawn_and_never_woken)
{
    puppets[1].admit[0] = WAIT(5000);
    script_client_sends(s, GET);
    puppets[1].waiter->wake(puppets[1].waiter);
    actor_resets(s->client);
    cr_expect_eq(puppets[0].withdrawn, 1u);
    cr_expect_eq(puppets[1].withdrawn, 1u);
    script_passes_ms(s, 10000);
    cr_expect_eq(script_upstreams(s), 0);
    cr_expect_eq(puppets[1].admitted, 1u);
}

Test(exchange_hold, two_requests_in_one_packet_are_judged_one_after_the_other)
{
    puppets[1].admit[0] = WAIT(5000);
    script_client_sends(s, GET GET);
    cr_expect_eq(puppets[1].admitted, 1u);
    wake(1);
    script_upstream_sends(s, OK_2);
    cr_expect_eq(puppets[1].admitted, 3u);
    cr_expect_eq(puppets[1].done, 1u);
}

Test(exchange_hold, both_heads_are_edited)
{
    puppets[0].drops = 1; // X-One; the answer's Content-Length is written anew all the same
    puppets[0].lines = "X-New: yes\r\n";
    script_client_sends(s, GET);
    EXPECT_HAS(script_upstream_sees(s), "\r\nX-New: yes\r\n");
    EXPECT_LACKS(script_upstream_sees(s), "X-One");
    puppets[0].drops = 0;
    script_upstream_sends(s, OK_2);
    EXPECT_HAS(script_client_sees(s), "\r\nX-New: yes\r\n");
    EXPECT_LACKS(script_client_sees(s), "X-Powered-By");
    EXPECT_ENDS(script_client_sees(s), "\r\n\r\nok");
}

Test(exchange_hold, our_own_answers_are_edited_and_counted_too)
{
    puppets[0].lines = "X-New: yes\r\n";
    puppets[2].head = DENY(REASON_METHOD, BYTES("POST"));
    script_client_sends(s, GET);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 405 ");
    EXPECT_HAS(script_client_sees(s), "\r\nX-New: yes\r\n");
    cr_expect_eq(puppets[0].status, 405u);
    cr_expect(puppets[0].own);
}

Test(exchange_hold, a_delayed_upload_that_is_broken_off_is_withdrawn)
{
    puppets[0].admit[0] = DELAY(2000);
    script_client_sends(s, POST);
    actor_finishes(s->client);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 400 ");
    script_passes_ms(s, 2000 + TICK);
    cr_expect_eq(script_upstreams(s), 0);
    cr_expect_eq(puppets[0].withdrawn, 1u);
    cr_expect_eq(puppets[0].done, 0u);
}

Test(exchange_hold, an_upstream_that_fails_is_an_end_all_the_same)
{
    wire_script_take_calls(false);
    script_client_sends(s, GET);
    actor_refuses(script_upstream(s));
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 502 ");
    cr_expect_eq(puppets[0].status, 502u);
    cr_expect_eq(puppets[0].done, 1u);
}

Test(exchange_hold, what_waits_when_the_loop_ends_is_withdrawn)
{
    puppets[1].admit[0] = WAIT(5000);
    script_client_sends(s, GET);
    connections_cut(s->loop->connections);
    cr_expect_eq(puppets[1].withdrawn, 1u);
}

// --- connections that were handed over ---

#define SOCKET                                                                                               \
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                             \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define SWITCH                                                                                               \
    "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"             \
    "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"

Test(exchange_hold, a_silent_hand_over_ends_within_a_second_of_its_admission)
{
    script_client_sends(s, SOCKET);
    script_upstream_sends(s, SWITCH);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 101 ");
    script_passes_ms(s, 3000);
    cr_expect_eq(s->client->end, ACTOR_OPEN);
    puppets[1].is_over = true;
    script_passes_ms(s, 1000 + 2 * TICK);
    cr_expect_neq(s->client->end, ACTOR_OPEN);
    cr_expect_neq(script_upstream(s)->end, ACTOR_OPEN);
    cr_expect_eq(puppets[1].done, 1u);
    cr_expect_eq(script_failed_because(s), CLOSE_NO_LONGER_ADMITTED);
}

Test(exchange_hold, no_byte_passes_behind_the_end_of_an_admission)
{
    script_client_sends(s, SOCKET);
    script_upstream_sends(s, SWITCH);
    script_all_forget(s);
    puppets[0].is_over = true;
    script_upstream_sends(s, "secret");
    EXPECT_LACKS(script_client_sees(s), "secret");
    cr_expect_neq(s->client->end, ACTOR_OPEN);
}

Test(exchange_hold, the_end_of_a_body_never_comes_behind_the_end_of_an_admission)
{
    static const char *const rows[][2] = {
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab", "cd"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "0\r\n\r\n"}};
    for (size_t i = 0; i < 2; i++) {
        puppets[0].is_over = false;
        script_client_connects(s);
        script_client_sends(s, rows[i][0]);
        EXPECT_HAS(script_upstream_sees(s), "ab");
        script_all_forget(s);
        puppets[0].is_over = true;
        script_client_sends(s, rows[i][1]);
        EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 403 ");
        cr_expect_str_empty(script_upstream_sees(s));
        cr_expect_neq(script_upstream(s)->end, ACTOR_OPEN);
    }
}
