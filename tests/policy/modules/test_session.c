// SPDX-License-Identifier: Apache-2.0
// test_session: who is inside around a login, visit by visit. The app gives the inner cookie "one" first.
#include "policy/seal.h"
#include "policy/session_table.h"
#include "policy/state.h"
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define START UINT64_C(1800000000000)
#define SECOND UINT64_C(1000)
#define OUTER_MAX 2048u

static struct rules  rules;
static struct state *state;
static struct arena  arena;
static uint64_t      now; // ms

static void begin_with(const char *more)
{
    static const uint64_t   seed[2] = {1, 2};
    unsigned char           random[KEY_RING_RANDOM_BYTES] = {7};
    char                    text[1024];
    struct bytes_out        out = {.at = text, .cap = sizeof text};
    struct key_ring_problem problem;
    char                    json[1024];
    (void)snprintf(json, sizeof json,
                   "{\"type\": \"session\", \"cookies\": [\"SID\"], \"login\": {\"path\": \"/login\", "
                   "\"when\": {\"status\": [\"302\"]}}, \"logout\": {\"path\": \"/logout\"}%s}",
                   more);
    rules_load_policy(&rules, json);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    arena_init(&arena, NULL, 1u << 22);
    cr_assert(key_ring_generate(random, &out));
    state = state_new(&(struct state_sizes){.rate_keys = 64, .flights = 64}, seed);
    state->keys = key_ring_read(out_written(&out), &problem);
    state->sessions = session_table_new(64);
    cr_assert(state->keys != NULL && state->sessions != NULL);
    now = START;
}

static void begin(void)
{
    begin_with("");
}

static void end(void)
{
    session_table_check(state->sessions);
    session_table_free(&state->sessions);
    key_ring_free(&state->keys);
    state_free(&state);
    arena_reset(&arena);
    rules_free(&rules);
}

TestSuite(session, .init = begin, .fini = end);

// --- a visit ---

struct turn {
    struct peer           peer;
    struct session_trace *trace;
    struct request        request;
    struct ruling         ruling;
    bool                  is_admitted;
    char                  seen[256];         // Cookie that the app gets
    char                  cookie[OUTER_MAX]; // "SID=…" of the answer; empty: none
};

static struct subject subject_of(struct turn *t)
{
    return (struct subject){.peer = &t->peer,
                            .request = &t->request,
                            .route = BYTES("all"),
                            .now_ns = now * 1000000,
                            .unix_ms = now,
                            .trace = t->trace,
                            .state = state,
                            .arena = &arena};
}

static const struct chain *chain(void)
{
    return snapshot_route_at(rules.snapshot, 0)->chain;
}

static enum verdict_kind judged(struct turn *t, const struct admission *a)
{
    t->is_admitted = a != NULL;
    return a != NULL ? VERDICT_PASS : t->ruling.verdict.kind;
}

static enum verdict_kind comes(struct turn *t, const char *path, const char *cookie,
                               struct session_trace *trace)
{
    char *head = arena_alloc(&arena, OUTER_MAX + 256);
    (void)snprintf(head, OUTER_MAX + 256, "GET %s HTTP/1.1\r\nHost: a\r\n%s%s%s\r\n", path,
                   cookie[0] != '\0' ? "Cookie: " : "", cookie, cookie[0] != '\0' ? "\r\n" : "");
    *t = (struct turn){.trace = trace, .request = request_of(&arena, head)};
    struct subject s = subject_of(t);
    return judged(t, chain_on_head(chain(), &s, &t->ruling));
}

static enum verdict_kind asks_again(struct turn *t)
{
    struct subject s = subject_of(t);
    return judged(t, chain_go_on(chain(), &s, &t->ruling));
}

static void find_line(const struct edits *edits, const char *name, char *text, size_t room)
{
    char             lines[2 * OUTER_MAX];
    struct bytes_out out = {.at = lines, .cap = sizeof lines - 1};
    edits_print(edits, &out);
    lines[out.len] = '\0';
    const char *at = strstr(lines, name);
    (void)snprintf(text, room, "%.*s", at == NULL ? 0 : (int)strcspn(at + strlen(name), ";\r"),
                   at == NULL ? "" : at + strlen(name));
}

static const char *is_sent(struct turn *t)
{
    struct subject s = subject_of(t);
    struct edits   edits;
    cr_assert(t->is_admitted);
    edits_init(&edits, t->request.fields.count, &arena);
    chain_on_request(chain(), &s, &t->ruling, &edits);
    find_line(&edits, "\r\nCookie: ", t->seen, sizeof t->seen);
    if (t->seen[0] == '\0')
        find_line(&edits, "Cookie: ", t->seen, sizeof t->seen);
    return t->seen;
}

// `sets`: value of a Set-Cookie, or NULL. Status 0: an answer of ours.
static const char *is_answered(struct turn *t, unsigned status, const char *sets)
{
    struct subject s = subject_of(t);
    struct edits   edits;
    struct field   field = {
          .name = BYTES("Set-Cookie"), .value = bytes_of(sets == NULL ? "" : sets), .id = FIELD_SET_COOKIE};
    struct fields fields = {&field, sets != NULL};
    struct answer a = {.status = status == 0 ? 502 : status, .fields = &fields, .own = status == 0};
    edits_init(&edits, fields.count, &arena);
    chain_on_reply(chain(), &s, &t->ruling, &a, &edits);
    find_line(&edits, "Set-Cookie: ", t->cookie, sizeof t->cookie);
    return t->cookie;
}

static void ends(struct turn *t)
{
    struct subject s = subject_of(t);
    chain_end(chain(), &s, &t->ruling, ENDING_DONE);
}

static void visit(struct turn *t, const char *path, const char *cookie, struct session_trace *trace,
                  unsigned status, const char *sets)
{
    cr_assert_eq(comes(t, path, cookie, trace), VERDICT_PASS);
    (void)is_sent(t);
    (void)is_answered(t, status, sets);
    ends(t);
}

#define EXPECT_SEES(cookie, inner)                                                                           \
    do {                                                                                                     \
        struct turn seen;                                                                                    \
        visit(&seen, "/", cookie, NULL, 200, NULL);                                                          \
        cr_expect_str_eq(seen.seen, inner);                                                                  \
    } while (0)

static struct turn first, hers, his;

// A visitor with a session that nobody logged in to.
static const char *planted(void)
{
    visit(&first, "/", "", NULL, 200, "SID=one; Path=/");
    cr_assert_neq(first.cookie[0], '\0');
    return first.cookie;
}

// --- the login ---

Test(session, a_login_gives_a_new_cookie_and_the_old_one_is_dead)
{
    const char *old = planted();
    visit(&hers, "/login", old, NULL, 302, NULL);
    cr_expect_str_eq(hers.seen, "SID=one");
    EXPECT_SEES(hers.cookie, "SID=one");
    EXPECT_SEES(old, "");
}

Test(session, nobody_else_is_inside_while_the_login_is_at_the_app)
{
    const char *old = planted();
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&hers), "SID=one");
    cr_assert_eq(comes(&his, "/", old, NULL), VERDICT_WAIT);
    cr_expect_eq(asks_again(&his), VERDICT_WAIT);
    (void)is_answered(&hers, 302, NULL);
    ends(&hers);
    cr_expect_eq(asks_again(&his), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&his), "");
    cr_expect_str_empty(is_answered(&his, 200, "SID=two; Path=/"),
                        "it would take the place of the new cookie");
    ends(&his);
}

Test(session, a_login_waits_for_what_is_in_the_app_with_its_session)
{
    const char *old = planted();
    cr_assert_eq(comes(&his, "/", old, NULL), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&his), "SID=one");
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_WAIT);
    cr_expect_eq(asks_again(&hers), VERDICT_WAIT);
    (void)is_answered(&his, 200, NULL);
    ends(&his);
    cr_expect_eq(asks_again(&hers), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&hers), "SID=one");
    (void)is_answered(&hers, 302, NULL);
    ends(&hers);
    EXPECT_SEES(hers.cookie, "SID=one");
    EXPECT_SEES(old, "");
}

Test(session, a_login_does_not_wait_for_what_takes_too_long)
{
    const char *old = planted();
    cr_assert_eq(comes(&his, "/", old, NULL), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&his), "SID=one");
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_WAIT);
    now += 999;
    cr_expect_eq(asks_again(&hers), VERDICT_WAIT);
    now += 1;
    cr_expect_eq(asks_again(&hers), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&hers), "SID=one");
    (void)is_answered(&hers, 302, NULL);
    ends(&hers);
    ends(&his);
    EXPECT_SEES(hers.cookie, "SID=one");
}

Test(session, a_login_that_leaves_while_it_waits_lets_the_others_in)
{
    const char *old = planted();
    cr_assert_eq(comes(&his, "/", old, NULL), VERDICT_PASS);
    (void)is_sent(&his);
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_WAIT);
    ends(&hers);
    ends(&his);
    EXPECT_SEES(old, "SID=one");
}

Test(session, a_login_that_fails_lets_the_others_in)
{
    const char *old = planted();
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_PASS);
    (void)is_sent(&hers);
    cr_assert_eq(comes(&his, "/", old, NULL), VERDICT_WAIT);
    cr_expect_str_empty(is_answered(&hers, 200, NULL));
    cr_expect_eq(asks_again(&his), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&his), "SID=one");
    ends(&hers);
    ends(&his);
    EXPECT_SEES(old, "SID=one");
}

Test(session, a_login_that_was_never_forwarded_hurts_nobody)
{
    const char *old = planted();
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_PASS);
    ends(&hers);
    EXPECT_SEES(old, "SID=one");
}

Test(session, a_login_whose_answer_nobody_sees_ends_the_session)
{
    static const bool answers[] = {false, true}; // one of ours
    for (size_t i = 0; i < 2; i++) {
        const char *old = planted();
        cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_PASS);
        (void)is_sent(&hers);
        if (answers[i])
            (void)is_answered(&hers, 0, NULL);
        ends(&hers);
        EXPECT_SEES(old, "");
        visit(&his, "/", old, NULL, 200, i == 0 ? "SID=two" : "SID=three");
        cr_expect_neq(his.cookie[0], '\0', "a new session begins");
        end();
        begin();
    }
}

Test(session, two_logins_at_once_come_one_after_the_other)
{
    const char *old = planted();
    cr_assert_eq(comes(&his, "/login", old, NULL), VERDICT_PASS);
    (void)is_sent(&his);
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_WAIT);
    (void)is_answered(&his, 302, NULL);
    ends(&his);
    cr_assert_eq(asks_again(&hers), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&hers), "", "not in the session that somebody else has logged in to");
    cr_expect_neq(is_answered(&hers, 302, "SID=two")[0], '\0');
    ends(&hers);
    EXPECT_SEES(his.cookie, "SID=one");
    EXPECT_SEES(hers.cookie, "SID=two");
}

Test(session, who_waits_for_too_long_comes_in_without_the_session)
{
    const char *old = planted();
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_PASS);
    (void)is_sent(&hers);
    cr_assert_eq(comes(&his, "/", old, NULL), VERDICT_WAIT);
    now += 15 * SECOND;
    cr_assert_eq(asks_again(&his), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&his), "");
    cr_expect_str_empty(is_answered(&his, 200, "SID=two"));
    ends(&his);
    (void)is_answered(&hers, 302, NULL);
    ends(&hers);
    EXPECT_SEES(hers.cookie, "SID=one");
}

Test(session, an_answer_that_comes_during_a_login_sets_no_cookie)
{
    const char *old = planted();
    cr_assert_eq(comes(&his, "/", old, NULL), VERDICT_PASS);
    (void)is_sent(&his);
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_WAIT);
    now += SECOND;
    cr_assert_eq(asks_again(&hers), VERDICT_PASS);
    (void)is_sent(&hers);
    cr_expect_str_empty(is_answered(&his, 200, "SID=one"), "it might arrive behind that of the login");
    ends(&his);
    cr_expect_neq(is_answered(&hers, 302, NULL)[0], '\0');
    ends(&hers);
}

Test(session, a_login_with_a_cookie_that_time_has_replaced_ends_the_newer_one_too)
{
    const char *old = planted();
    now += 16 * 60 * SECOND;
    visit(&his, "/", old, NULL, 200, NULL);
    cr_assert_neq(his.cookie[0], '\0', "the attacker has a newer one");
    visit(&hers, "/login", old, NULL, 302, NULL);
    cr_expect_str_eq(hers.seen, "SID=one");
    EXPECT_SEES(his.cookie, "");
    EXPECT_SEES(old, "");
    EXPECT_SEES(hers.cookie, "SID=one");
}

Test(session, an_app_that_gives_a_new_id_at_the_login)
{
    const char *old = planted();
    visit(&hers, "/login", old, NULL, 302, "SID=two");
    EXPECT_SEES(hers.cookie, "SID=two");
    EXPECT_SEES(old, "");
}

Test(session, what_was_admitted_and_is_sent_later_goes_without_a_session_that_somebody_logs_in_to)
{
    const char *old = planted();
    struct turn meanwhile;
    cr_assert_eq(comes(&his, "/", old, NULL), VERDICT_PASS);
    cr_assert_eq(comes(&meanwhile, "/", old, NULL), VERDICT_PASS);
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&meanwhile), "");
    cr_expect_str_eq(is_sent(&hers), "SID=one");
    (void)is_answered(&hers, 302, NULL);
    cr_expect_str_eq(is_sent(&his), "");
    cr_expect_str_empty(is_answered(&his, 200, "SID=one"));
    ends(&hers);
    ends(&his);
    ends(&meanwhile);
}

// --- the window ---

Test(session, the_window_is_open_where_the_login_was_answered)
{
    struct session_trace own = {0}, other = {0};
    const char          *old = planted();
    visit(&his, "/", old, &other, 200, NULL);
    visit(&hers, "/login", old, &own, 302, NULL);
    visit(&his, "/", old, &other, 200, NULL);
    cr_expect_str_eq(his.seen, "", "a connection that had only presented the cookie");
    visit(&his, "/", old, &own, 200, "SID=one");
    cr_expect_str_eq(his.seen, "SID=one");
    cr_expect_str_empty(his.cookie, "nothing is upgraded");
    now += 5 * SECOND + 1;
    visit(&his, "/", old, &own, 200, NULL);
    cr_expect_str_eq(his.seen, "");
}

Test(session, the_window_is_for_8_requests)
{
    struct session_trace own = {0};
    const char          *old = planted();
    visit(&hers, "/login", old, &own, 302, NULL);
    for (unsigned i = 0; i < 9; i++) {
        visit(&his, "/", old, &own, 200, NULL);
        cr_expect_str_eq(his.seen, i < 8 ? "SID=one" : "");
    }
}

Test(session, the_connection_of_a_trusted_proxy_is_that_of_many)
{
    struct session_trace shared = {0};
    const char          *old = planted();
    visit(&hers, "/login", old, &shared, 302, NULL);
    cr_assert_eq(comes(&his, "/", "", &shared), VERDICT_PASS);
    ends(&his);
    char *head = arena_alloc(&arena, 2 * OUTER_MAX);
    (void)snprintf(head, 2 * OUTER_MAX, "GET / HTTP/1.1\r\nHost: a\r\nCookie: %s\r\n\r\n", old);
    his = (struct turn){.trace = &shared, .peer.trusted = true, .request = request_of(&arena, head)};
    struct subject s = subject_of(&his);
    cr_assert_eq(judged(&his, chain_on_head(chain(), &s, &his.ruling)), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&his), "");
    ends(&his);
}

// --- connections that were handed over ---

static bool still(struct turn *t)
{
    struct subject s = subject_of(t);
    return chain_still_admits(chain(), &s, &t->ruling);
}

Test(session, a_body_that_is_still_coming_ends_with_a_login_and_the_login_goes_on)
{
    const char *old = planted();
    cr_assert_eq(comes(&his, "/", old, NULL), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&his), "SID=one");
    cr_expect(still(&his));
    cr_assert_eq(comes(&hers, "/login", old, NULL), VERDICT_WAIT);
    cr_expect(!still(&his));
    now += SECOND;
    cr_assert_eq(asks_again(&hers), VERDICT_PASS);
    (void)is_sent(&hers);
    cr_expect(still(&hers));
    (void)is_answered(&hers, 302, NULL);
    cr_expect(!still(&his));
    ends(&hers);
    ends(&his);
}

Test(session, a_late_request_in_the_window_may_have_a_body)
{
    struct session_trace own = {0};
    const char          *old = planted();
    visit(&hers, "/login", old, &own, 302, NULL);
    cr_assert_eq(comes(&his, "/", old, &own), VERDICT_PASS);
    cr_expect_str_eq(is_sent(&his), "SID=one");
    cr_expect(still(&his));
    visit(&first, "/logout", hers.cookie, NULL, 200, NULL);
    cr_expect(!still(&his));
    ends(&his);
}

Test(session, a_socket_ends_with_the_login_or_the_logout_of_its_session)
{
    struct turn before, without, inside;
    const char *old = planted();
    cr_assert_eq(comes(&without, "/ws", "", NULL), VERDICT_PASS);
    (void)is_sent(&without);
    cr_assert_neq(is_answered(&without, 101, "SID=one")[0], '\0', "a session that began with the socket");
    cr_assert_eq(comes(&before, "/ws", old, NULL), VERDICT_PASS);
    cr_expect(still(&before) && still(&without));
    visit(&hers, "/login", old, NULL, 302, NULL);
    cr_expect(!still(&before) && !still(&without));
    cr_assert_eq(comes(&inside, "/ws", hers.cookie, NULL), VERDICT_PASS);
    now += 20 * 60 * SECOND;
    visit(&his, "/", hers.cookie, NULL, 200, NULL);
    cr_expect(still(&inside), "a rotation by time ends nothing");
    visit(&his, "/logout", his.cookie, NULL, 200, NULL);
    cr_expect(!still(&inside));
    ends(&before);
    ends(&without);
    ends(&inside);
}

// --- names, and shadow ---

Test(session, raw_cookies_never_reach_the_app_however_they_are_spelled)
{
    static const char *const rows[] = {"SID=x", "sid=x", "%53ID=x", "S%49D%00y=x", "SID[0]=x", "%53%49%44=x"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char cookie[64];
        (void)snprintf(cookie, sizeof cookie, "a=1; %s; b=2", rows[i]);
        visit(&his, "/", cookie, NULL, 200, NULL);
        cr_expect_null(strchr(his.seen, 'x'), "%s: %s", rows[i], his.seen);
    }
}

Test(session, in_shadow_nothing_happens_to_the_table)
{
    end();
    begin_with(", \"mode\": \"shadow\", \"accept_raw_until\": \"2099-12-31\"");
    visit(&his, "/login", "SID=one", NULL, 302, "SID=one");
    cr_expect_str_empty(his.cookie);
    struct session_counts counts = session_table_counts(state->sessions);
    cr_expect_eq(counts.anonymous + counts.authenticated + counts.ended, 0,
                 "who is known already when it becomes earnest would be put out");
}
