// SPDX-License-Identifier: Apache-2.0
// test_exchange_reputation: who climbs the ladder by what, and what the steps do to requests.
#include "policy/state.h"
#include "tests/support/expect_text.h"
#include "tests/support/script.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define WRONG "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n"
#define DENIED "GET /.git/config HTTP/1.1\r\nHost: a\r\n\r\n"
#define NOT_FOUND "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define SERVER "\"upstreams\": {\"app\": {\"servers\": [\"http://127.0.0.1:9001\"]}}, "
#define STEP(at, act) "{\"at\": " #at ", \"do\": " act "}"
#define CONFIG(more, steps)                                                                                  \
    SCRIPT_LISTEN SERVER "\"limits\": {\"connections\": 100}, \"reputation\": {" more "\"steps\": [" steps   \
                         "]}}"
#define TICK WHEEL_TICK_MS
#define CLIENT "198.51.100.7"

static struct script *s;
static struct state  *state;

static void begin(const char *json)
{
    static const uint64_t seed[2] = {0x9e3779b97f4a7c15, 0xd1b54a32d192ed03};
    caught_clear();
    s = script_new(json);
    s->loop->state = state = state_new(&(struct state_sizes){.rate_keys = 64}, seed);
}

static void end(void)
{
    script_free(&s);
    state_free(&state);
}

TestSuite(exchange_reputation, .fini = end);

static struct standing standing_of(const char *address)
{
    struct ip ip;
    cr_assert(ip_parse(bytes_of(address), &ip));
    return reputation_standing(state->reputation, snapshot_ladder(s->config->snapshot), &ip,
                               loop_now_ms(s->loop));
}

static void offends(const char *request, unsigned times)
{
    for (; times > 0; times--) {
        script_client_sends(s, request);
        script_client_connects(s);
    }
}

// A round of asking and being answered, for the same client.
static void asks(const char *request, const char *answer)
{
    script_client_sends(s, request);
    script_upstream_sends(s, answer);
}

static enum connection_welcome connects_from(uint32_t address)
{
    union config_address from = {
        .v4 = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(address)}};
    return connection_accept(s->loop->connections, -1, &from, &s->config->listeners[0], NULL);
}

#define LIMITED(key)                                                                                         \
    SCRIPT_LISTEN SERVER "\"reputation\": {}, \"policies\": {\"few\": {\"type\": \"rate_limit\", \"rate\": " \
                         "\"1/h\", \"key\": \"" key "\"}}, \"routes\": [{\"name\": \"all\", \"policies\": "  \
                         "[\"few\"]}]}"

Test(exchange_reputation, a_limit_that_others_may_have_used_up_adds_nothing)
{
    static const struct {
        const char *json;
        uint32_t    points;
    } rows[] = {{LIMITED("client_ip"), 1}, {LIMITED("route"), 0}};
    for (size_t i = 0; i < 2; i++) {
        begin(rows[i].json);
        asks(GET, OK_2);
        script_client_sends(s, GET);
        EXPECT_HAS(script_client_sees(s), "HTTP/1.1 429 ");
        script_client_connects(s);
        cr_expect_eq(standing_of(CLIENT).points, rows[i].points, "%s", rows[i].json);
        if (i == 0)
            end();
    }
}

Test(exchange_reputation, offences_add_points)
{
    begin(CONFIG("", STEP(1000, "\"ban\"")));
    offends(WRONG, 1);
    cr_expect_eq(standing_of(CLIENT).points, 5);
    offends(DENIED, 1);
    cr_expect_eq(standing_of(CLIENT).points, 8);
    asks(GET, NOT_FOUND);
    cr_expect_eq(standing_of(CLIENT).points, 9);
    asks(GET, OK_2);
    cr_expect_eq(standing_of(CLIENT).points, 9);
}

Test(exchange_reputation, a_slow_head_adds_points)
{
    begin(CONFIG("", STEP(1000, "\"ban\"")));
    script_client_sends(s, "GET / HT");
    script_passes_ms(s, 10000 + 2 * TICK);
    cr_expect_eq(script_failed_because(s), CLOSE_HEAD_TIMEOUT);
    cr_expect_eq(standing_of(CLIENT).points, 5);
}

Test(exchange_reputation, without_a_ladder_nothing_is_counted)
{
    begin(SCRIPT_CONFIG);
    offends(WRONG, 30);
    cr_expect_eq(connects_from(0xc6336407), WELCOME);
}

Test(exchange_reputation, off_is_off)
{
    begin(CONFIG("\"mode\": \"off\", ", STEP(5, "\"ban\"")));
    offends(WRONG, 30);
    asks(GET, OK_2);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 200 ");
}

Test(exchange_reputation, a_delay_holds_and_then_forwards)
{
    begin(CONFIG("", "{\"at\": 5, \"do\": \"delay\", \"for\": \"2s\"}"));
    offends(WRONG, 1);
    script_client_sends(s, GET);
    script_passes_ms(s, 2000 - TICK);
    cr_expect_eq(script_upstreams(s), 0);
    script_passes_ms(s, 2 * TICK);
    script_upstream_sends(s, OK_2);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 200 ");
}

Test(exchange_reputation, who_is_banned_is_refused_at_the_head_and_at_the_door)
{
    begin(CONFIG("", "{\"at\": 10, \"do\": \"ban\", \"for\": \"1m\"}"));
    struct actor *early = s->client; // a connection from before the ban
    script_client_connects(s);
    script_client_sends(s, WRONG);
    script_client_connects(s);
    script_client_sends(s, WRONG);
    s->client = early;
    script_client_sends(s, GET);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 403 ");
    EXPECT_HAS(script_client_sees(s), "Retry-After: 60\r\n");
    EXPECT_HAS(script_client_sees(s), "Connection: close\r\n");
    EXPECT_HAS(script_client_sees(s), "(banned)");
    cr_expect_str_eq(script_record(s)->policy, "reputation");
    cr_expect_eq(standing_of(CLIENT).points, 10, "to be refused for it is no offence");
    cr_expect_eq(connects_from(0xc6336407), WELCOME_BANNED);
    cr_expect_eq(connects_from(0xc6336408), WELCOME, "its neighbour");
    script_passes_ms(s, 60000 + TICK);
    cr_expect_eq(connects_from(0xc6336407), WELCOME, "over");
}

Test(exchange_reputation, a_shadow_counts_and_refuses_nobody)
{
    begin(CONFIG("\"mode\": \"shadow\", ", STEP(10, "\"ban\"")));
    offends(WRONG, 2);
    cr_expect_gt(standing_of(CLIENT).until_ms, 0);
    cr_expect_eq(connects_from(0xc6336407), WELCOME);
    asks(GET, OK_2);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 200 ");
    cr_expect_eq(script_record(s)->record.verdict, RECORD_SHADOW);
    cr_expect_str_eq(script_record(s)->reason, "banned");
}

Test(exchange_reputation, who_is_exempt_never_climbs)
{
    begin(CONFIG("\"never\": [\"198.51.100.0/24\"], ", STEP(5, "\"ban\"")));
    offends(WRONG, 30);
    asks(GET, OK_2);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 200 ");
}

#define PROXY                                                                                                \
    SCRIPT_LISTEN SERVER                                                                                     \
        "\"trusted_proxies\": [\"198.51.100.7\"], \"reputation\": {\"steps\": [" STEP(9, "\"ban\"") "]}}"
#define FOR(who, path) "GET " path " HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " who "\r\n\r\n"

Test(exchange_reputation, behind_a_proxy_the_client_pays)
{
    begin(PROXY);
    offends(WRONG, 30); // whose client nobody knows
    for (unsigned i = 0; i < 3; i++)
        script_client_sends(s, FOR("203.0.113.9", "/.git/config"));
    script_all_forget(s);
    script_client_sends(s, FOR("203.0.113.9", "/"));
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 403 ");
    EXPECT_HAS(script_client_sees(s), "(banned)");
    EXPECT_LACKS(script_client_sees(s), "Connection: close");
    script_all_forget(s);
    asks(FOR("203.0.113.10", "/"), OK_2);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 200 ");
    cr_expect_eq(connects_from(0xc6336407), WELCOME, "the proxy itself");
}

// --- the tarpit: 100 connections, two places ---

#define TARPIT CONFIG("", "{\"at\": 5, \"do\": \"tarpit\", \"for\": \"20s\"}, " STEP(500, "\"ban\""))

Test(exchange_reputation, the_tarpit_holds_and_then_refuses)
{
    begin(TARPIT);
    offends(WRONG, 1);
    script_client_sends(s, GET);
    script_client_sends(s, "what comes now is not kept");
    script_passes_ms(s, 20000 - TICK);
    cr_expect_str_eq(script_client_sees(s), "");
    script_passes_ms(s, 3 * TICK);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 403 ");
    EXPECT_HAS(script_client_sees(s), "Connection: close\r\n");
    EXPECT_HAS(script_client_sees(s), "(tarpit)");
    cr_expect_eq(script_upstreams(s), 0);
    cr_expect(reputation_hold(state->reputation, 1), "its place is free again");
}

Test(exchange_reputation, a_scanner_is_held_whatever_it_asks_for)
{
    begin(TARPIT);
    offends(WRONG, 1);
    script_client_sends(s, DENIED);
    script_passes_ms(s, 1000);
    cr_expect_str_eq(script_client_sees(s), "");
}

Test(exchange_reputation, the_tarpit_has_few_places)
{
    begin(TARPIT);
    offends(WRONG, 1);
    for (unsigned i = 0; i < 2; i++) {
        script_client_sends(s, GET);
        cr_expect_str_eq(script_client_sees(s), "", "%u", i);
        script_client_connects(s);
    }
    script_client_sends(s, GET);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 403 ");
    cr_expect_not(reputation_hold(state->reputation, 2));
}

Test(exchange_reputation, who_leaves_the_tarpit_leaves_its_place)
{
    begin(TARPIT);
    offends(WRONG, 1);
    script_client_sends(s, GET);
    cr_expect_not(reputation_hold(state->reputation, 1));
    actor_resets(s->client);
    cr_expect(reputation_hold(state->reputation, 1));
}

Test(exchange_reputation, a_drain_does_not_wait_for_the_tarpit)
{
    begin(TARPIT);
    offends(WRONG, 1);
    script_client_sends(s, GET);
    script_drains(s);
    script_passes_ms(s, 1000 + 2 * TICK);
    EXPECT_STARTS(script_client_sees(s), "HTTP/1.1 403 ");
    cr_expect_eq(s->client->end, ACTOR_FINISHED);
}
