// SPDX-License-Identifier: Apache-2.0
// The session table: who comes in, who wins, who has to go.
#include "policy/session_table.h"
#include <criterion/criterion.h>

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define START UINT64_C(1800000000000)

static const struct session_lives lives = {
    .idle_ms = 30 * MINUTE, .absolute_ms = 12 * HOUR, .grace_ms = 30 * SECOND};

static struct session_table *t;
static struct session_facts  facts;

static void make_table(void)
{
    t = session_table_new(64);
    cr_assert_not_null(t);
}

static void drop_table(void)
{
    session_table_check(t);
    session_table_free(&t);
    cr_expect_null(t);
}

TestSuite(session_table, .init = make_table, .fini = drop_table);

static struct sid sid_of(uint64_t n)
{
    struct sid sid = {{0}};
    uint64_t   words[2] = {n * UINT64_C(0x9e3779b97f4a7c15), n};
    memcpy(sid.octet, words, sizeof sid);
    return sid;
}

static enum session_answer begin(uint64_t n, uint64_t now)
{
    struct sid sid = sid_of(n);
    return session_begin(t, &sid, 0, &lives, now, &facts);
}

static enum session_answer admit(uint64_t n, uint32_t generation, uint64_t now)
{
    struct sid sid = sid_of(n);
    return session_admit(t, &sid, generation, &lives, now, &facts);
}

static enum session_answer login(uint64_t n, uint32_t from, uint64_t now)
{
    struct sid sid = sid_of(n);
    return session_rotate(t, &sid, from, ROTATION_LOGIN, &lives, now, &facts);
}

static enum session_answer timer(uint64_t n, uint32_t from, uint64_t now)
{
    struct sid sid = sid_of(n);
    return session_rotate(t, &sid, from, ROTATION_TIMER, &lives, now, &facts);
}

static enum session_answer destroy(uint64_t n, uint64_t now)
{
    struct sid sid = sid_of(n);
    return session_destroy(t, &sid, &lives, now);
}

// --- stories: steps in their order, and what each is told ---

enum act { END, BEGIN, ADMIT, LOGIN, TIMER, DESTROY };

struct step {
    enum act            act;
    uint32_t            generation; // presented
    uint64_t            at;         // ms since the start
    enum session_answer answer;
    uint32_t            current; // generation, afterwards
};

static const struct story {
    const char *label;
    struct step steps[12];
} stories[] = {
    {"an unknown session", {{ADMIT, 0, 0, SESSION_UNKNOWN, 0}}},
    {"a session that begins comes in",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0}, {ADMIT, 0, 1, SESSION_ADMITTED, 0}}},
    {"a session that begins twice is one",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {LOGIN, 0, 1, SESSION_ROTATED, 1},
      {BEGIN, 0, 2, SESSION_ADMITTED, 1}}},
    {"a planted cookie is dead after the login",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {ADMIT, 0, 1, SESSION_ADMITTED, 0},
      {LOGIN, 0, 2, SESSION_ROTATED, 1},
      {ADMIT, 0, 2, SESSION_TOO_OLD, 1},
      {ADMIT, 1, 3, SESSION_ADMITTED, 1},
      {ADMIT, 0, 4, SESSION_TOO_OLD, 1}}},
    {"also before the new one came back",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {LOGIN, 0, 0, SESSION_ROTATED, 1},
      {ADMIT, 0, 0, SESSION_TOO_OLD, 1}}},
    {"two logins at once: the second is overtaken",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {LOGIN, 0, 1, SESSION_ROTATED, 1},
      {LOGIN, 0, 1, SESSION_OVERTAKEN, 1},
      {ADMIT, 1, 2, SESSION_ADMITTED, 1}}},
    {"a login after a login",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {LOGIN, 0, 1, SESSION_ROTATED, 1},
      {LOGIN, 1, 2, SESSION_ROTATED, 2},
      {ADMIT, 1, 3, SESSION_TOO_OLD, 2}}},
    {"a login of an unknown session",
     {{LOGIN, 3, 0, SESSION_ROTATED, 4},
      {ADMIT, 3, 1, SESSION_TOO_OLD, 4},
      {ADMIT, 4, 1, SESSION_ADMITTED, 4}}},
    {"two logins of an unknown session",
     {{LOGIN, 0, 0, SESSION_ROTATED, 1}, {LOGIN, 0, 0, SESSION_OVERTAKEN, 1}}},
    {"the time rotates: the cookie before has its grace from the first sight of the new one",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {ADMIT, 0, 0, SESSION_ADMITTED, 0},
      {TIMER, 0, 900000, SESSION_ROTATED, 1},
      {ADMIT, 0, 960000, SESSION_ADMITTED, 1},
      {ADMIT, 1, 970000, SESSION_ADMITTED, 1},
      {ADMIT, 0, 1000000, SESSION_ADMITTED, 1},
      {ADMIT, 0, 1000001, SESSION_TOO_OLD, 1},
      {ADMIT, 1, 1000001, SESSION_ADMITTED, 1}}},
    {"the time rotates: a second answer hands out the same",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {TIMER, 0, 1, SESSION_ROTATED, 1},
      {TIMER, 0, 2, SESSION_OVERTAKEN, 1}}},
    {"the time rotates twice: the one before the last stays out",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {TIMER, 0, 1, SESSION_ROTATED, 1},
      {ADMIT, 1, 2, SESSION_ADMITTED, 1},
      {TIMER, 1, 3, SESSION_ROTATED, 2},
      {ADMIT, 0, 4, SESSION_TOO_OLD, 2},
      {ADMIT, 1, 4, SESSION_ADMITTED, 2},
      {TIMER, 0, 4, SESSION_TOO_OLD, 2}}},
    {"the time rotates between a login and its answer: the login wins",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {TIMER, 0, 1, SESSION_ROTATED, 1},
      {LOGIN, 0, 2, SESSION_ROTATED, 2},
      {ADMIT, 0, 3, SESSION_TOO_OLD, 2},
      {ADMIT, 1, 3, SESSION_TOO_OLD, 2},
      {ADMIT, 2, 3, SESSION_ADMITTED, 2}}},
    {"a timer of before the login hands nothing out",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {LOGIN, 0, 1, SESSION_ROTATED, 1},
      {TIMER, 0, 2, SESSION_TOO_OLD, 1}}},
    {"the time does not rotate what is unknown", {{TIMER, 0, 0, SESSION_UNKNOWN, 0}}},
    {"after the logout nothing comes in",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {LOGIN, 0, 1, SESSION_ROTATED, 1},
      {DESTROY, 0, 2, SESSION_ENDED, 1},
      {ADMIT, 1, 3, SESSION_ENDED, 1},
      {ADMIT, 0, 3, SESSION_ENDED, 1},
      {LOGIN, 1, 4, SESSION_ENDED, 1},
      {TIMER, 1, 4, SESSION_ENDED, 1},
      {BEGIN, 0, 5, SESSION_ENDED, 1},
      {ADMIT, 9, 43200002, SESSION_ENDED, 1}}},
    {"the logout of an unknown session is remembered",
     {{DESTROY, 0, 0, SESSION_ENDED, 0}, {ADMIT, 2, 1, SESSION_ENDED, 0}, {DESTROY, 0, 2, SESSION_ENDED, 0}}},
    {"idle for too long",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {ADMIT, 0, 1800000, SESSION_ADMITTED, 0},
      {ADMIT, 0, 3600001, SESSION_EXPIRED, 0},
      {ADMIT, 0, 3600002, SESSION_EXPIRED, 0},
      {LOGIN, 0, 3600002, SESSION_EXPIRED, 0},
      {BEGIN, 0, 3600002, SESSION_EXPIRED, 0}}},
    {"what is refused is not seen",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {LOGIN, 0, 0, SESSION_ROTATED, 1},
      {ADMIT, 0, 1000000, SESSION_TOO_OLD, 1},
      {ADMIT, 1, 1800001, SESSION_EXPIRED, 1}}},
    {"a newer generation than is known: those before are dead",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0},
      {ADMIT, 5, 1, SESSION_ADMITTED, 5},
      {ADMIT, 4, 2, SESSION_TOO_OLD, 5},
      {LOGIN, 7, 3, SESSION_ROTATED, 8}}},
    {"generations end",
     {{BEGIN, 0, 0, SESSION_ADMITTED, 0}, {LOGIN, UINT32_MAX, 1, SESSION_EXPIRED, UINT32_MAX}}},
};

static enum session_answer take(const struct step *step, uint64_t n)
{
    uint64_t now = START + step->at;
    switch (step->act) {
    case BEGIN:
        return begin(n, now);
    case ADMIT:
        return admit(n, step->generation, now);
    case LOGIN:
        return login(n, step->generation, now);
    case TIMER:
        return timer(n, step->generation, now);
    default:
        return destroy(n, now);
    }
}

Test(session_table, stories)
{
    for (size_t n = 0; n < sizeof stories / sizeof *stories; n++) {
        for (const struct step *step = stories[n].steps; step->act != END; step++) {
            size_t              number = (size_t)(step - stories[n].steps) + 1;
            enum session_answer answer = take(step, n);
            cr_expect_eq(answer, step->answer, "%s: step %zu: %d", stories[n].label, number, (int)answer);
            if (step->act != DESTROY)
                cr_expect_eq(facts.generation, step->current, "%s: step %zu: %u", stories[n].label, number,
                             facts.generation);
            session_table_check(t);
        }
    }
}

Test(session_table, the_whole_life_ends_however_busy)
{
    cr_assert_eq(begin(1, START), SESSION_ADMITTED);
    for (uint64_t at = 0; at <= 12 * HOUR; at += 20 * MINUTE)
        cr_expect_eq(admit(1, 0, START + at), SESSION_ADMITTED, "%lu", at);
    cr_expect_eq(admit(1, 0, START + 12 * HOUR + 1), SESSION_EXPIRED);
}

Test(session_table, a_login_begins_a_new_life)
{
    cr_assert_eq(begin(1, START), SESSION_ADMITTED);
    for (uint64_t at = 0; at < 12 * HOUR; at += 20 * MINUTE)
        cr_assert_eq(admit(1, 0, START + at), SESSION_ADMITTED);
    cr_assert_eq(login(1, 0, START + 12 * HOUR - 1), SESSION_ROTATED);
    cr_expect_eq(facts.created_ms, START + 12 * HOUR - 1);
    cr_expect_eq(facts.login_ms, START + 12 * HOUR - 1);
    cr_expect_eq(admit(1, 1, START + 12 * HOUR + 5 * MINUTE), SESSION_ADMITTED);
}

Test(session_table, facts)
{
    cr_assert_eq(begin(1, START), SESSION_ADMITTED);
    cr_expect(facts.is_new && !facts.is_authenticated && !facts.is_ahead);
    cr_assert_eq(begin(1, START + 1), SESSION_ADMITTED);
    cr_expect_not(facts.is_new);
    cr_expect_eq(facts.seen_ms, START);
    cr_assert_eq(timer(1, 0, START + 2), SESSION_ROTATED);
    cr_assert_eq(login(1, 1, START + 3), SESSION_ROTATED);
    cr_assert_eq(admit(1, 1, START + 4), SESSION_TOO_OLD);
    cr_expect(facts.is_authenticated);
    cr_expect_eq(facts.generation, 2);
    cr_expect_eq(facts.minimum, 2);
    cr_expect_eq(facts.before_login, 1);
    cr_expect_eq(facts.login_ms, START + 3);
    cr_assert_eq(admit(1, 3, START + 5), SESSION_ADMITTED);
    cr_expect(facts.is_ahead);
    cr_assert_eq(admit(2, 0, START + 5), SESSION_UNKNOWN);
    cr_expect_eq(facts.forgotten_ms, 0);
    cr_assert_eq(login(3, 0, START + 5), SESSION_ROTATED);
    cr_expect(facts.is_new);
}

Test(session_table, a_clock_that_is_behind_moves_nothing_back)
{
    cr_assert_eq(begin(1, START + 100), SESSION_ADMITTED);
    cr_expect_eq(admit(1, 0, START), SESSION_ADMITTED);
    cr_expect_eq(admit(1, 0, START + 100 + 30 * MINUTE), SESSION_ADMITTED, "idle since the later moment");
    cr_expect_eq(login(1, 0, START + 10), SESSION_ROTATED);
    cr_expect_eq(facts.login_ms, START + 100);
    cr_expect_eq(admit(1, 1, 0), SESSION_ADMITTED);
}

Test(session_table, endless_lives_do_not_overflow)
{
    struct session_lives endless = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct sid           sid = sid_of(1);
    cr_assert_eq(session_begin(t, &sid, 0, &endless, START, &facts), SESSION_ADMITTED);
    cr_expect_eq(session_admit(t, &sid, 0, &endless, START + 1000 * HOUR, &facts), SESSION_ADMITTED);
    cr_expect_eq(session_rotate(t, &sid, 0, ROTATION_TIMER, &endless, START + 1000 * HOUR, &facts),
                 SESSION_ROTATED);
    cr_expect_eq(session_admit(t, &sid, 1, &endless, UINT64_MAX, &facts), SESSION_ADMITTED);
    cr_expect_eq(session_admit(t, &sid, 0, &endless, UINT64_MAX, &facts), SESSION_ADMITTED);
}

// --- room ---

static void expect_counts(uint64_t anonymous, uint64_t authenticated, uint64_t ended)
{
    struct session_counts counts = session_table_counts(t);
    cr_expect_eq(counts.anonymous, anonymous, "%lu anonymous", counts.anonymous);
    cr_expect_eq(counts.authenticated, authenticated, "%lu authenticated", counts.authenticated);
    cr_expect_eq(counts.ended, ended, "%lu ended", counts.ended);
}

Test(session_table, full_the_longest_idle_anonymous_one_goes_first)
{
    for (uint64_t n = 0; n < 64; n++)
        cr_assert_eq(begin(n, START + n), SESSION_ADMITTED);
    cr_assert_eq(admit(0, 0, START + 100), SESSION_ADMITTED); // no longer the oldest
    cr_assert_eq(begin(64, START + 101), SESSION_ADMITTED);
    cr_expect_eq(admit(1, 0, START + 102), SESSION_UNKNOWN);
    cr_expect_eq(facts.forgotten_ms, 0, "nobody can gain by an anonymous session");
    cr_expect_eq(admit(0, 0, START + 102), SESSION_ADMITTED);
    cr_expect_eq(admit(2, 0, START + 102), SESSION_ADMITTED);
    cr_expect_eq(session_table_counts(t).evicted, 1);
    expect_counts(64, 0, 0);
}

Test(session_table, full_a_flood_of_anonymous_ones_ends_no_login)
{
    for (uint64_t n = 0; n < 63; n++)
        cr_assert_eq(login(n, 0, START), SESSION_ROTATED);
    for (uint64_t n = 1000; n < 3000; n++)
        cr_assert_eq(begin(n, START + n), SESSION_ADMITTED);
    for (uint64_t n = 0; n < 63; n++)
        cr_assert_eq(admit(n, 1, START + 3000), SESSION_ADMITTED, "%lu", n);
    expect_counts(1, 63, 0);
}

Test(session_table, full_of_logins_an_anonymous_one_is_not_recorded)
{
    for (uint64_t n = 0; n < 64; n++)
        cr_assert_eq(login(n, 0, START), SESSION_ROTATED);
    cr_expect_eq(begin(100, START + 1), SESSION_FULL);
    cr_expect_eq(destroy(100, START + 1), SESSION_FULL);
    cr_expect_eq(admit(100, 0, START + 1), SESSION_UNKNOWN);
    cr_expect_eq(session_table_counts(t).refused, 2);
    expect_counts(0, 64, 0);
}

Test(session_table, full_of_logins_one_more_takes_the_place_of_the_longest_idle_and_that_is_remembered)
{
    for (uint64_t n = 0; n < 64; n++)
        cr_assert_eq(login(n, 0, START + n), SESSION_ROTATED);
    cr_assert_eq(admit(0, 1, START + 100), SESSION_ADMITTED);
    cr_expect_eq(login(100, 0, START + 101), SESSION_ROTATED);
    cr_expect_eq(admit(1, 0, START + 102), SESSION_UNKNOWN, "a planted cookie of the one that went");
    cr_expect_eq(facts.forgotten_ms, START + 1, "may not be taken for an unknown session's");
    cr_expect_eq(admit(0, 1, START + 102), SESSION_ADMITTED);
    cr_expect_eq(session_table_counts(t).evicted_authenticated, 1);
}

Test(session_table, full_what_has_ended_makes_room_and_that_is_remembered)
{
    for (uint64_t n = 0; n < 64; n++)
        cr_assert_eq(login(n, 0, START), SESSION_ROTATED);
    cr_assert_eq(destroy(7, START + 5), SESSION_ENDED);
    expect_counts(0, 63, 1);
    cr_expect_eq(begin(100, START + 6), SESSION_ADMITTED);
    cr_expect_eq(admit(7, 1, START + 7), SESSION_UNKNOWN);
    cr_expect_eq(facts.forgotten_ms, START + 5);
    cr_expect_eq(session_table_counts(t).evicted_authenticated, 0, "it was not alive");
    cr_expect_eq(session_table_counts(t).evicted, 0);
}

Test(session_table, full_who_was_idle_for_too_long_makes_room)
{
    for (uint64_t n = 0; n < 64; n++)
        cr_assert_eq(login(n, 0, START + n), SESSION_ROTATED);
    cr_expect_eq(begin(100, START + 30 * MINUTE), SESSION_FULL, "the last ms of its life");
    cr_expect_eq(begin(100, START + 30 * MINUTE + 1), SESSION_ADMITTED);
    cr_expect_eq(admit(0, 1, START + 30 * MINUTE + 1), SESSION_UNKNOWN);
    cr_expect_eq(facts.forgotten_ms, START);
    cr_expect_eq(session_table_counts(t).evicted_authenticated, 0);
}

Test(session_table, what_no_cookie_can_revive_goes_first_and_nothing_is_to_be_remembered)
{
    for (uint64_t n = 0; n < 32; n++)
        cr_assert_eq(login(n, 0, START), SESSION_ROTATED);
    for (uint64_t n = 32; n < 64; n++)
        cr_assert_eq(begin(n, START + 12 * HOUR), SESSION_ADMITTED);
    cr_assert_eq(begin(100, START + 12 * HOUR + 1), SESSION_ADMITTED);
    expect_counts(33, 31, 0);
    cr_expect_eq(admit(0, 1, START + 12 * HOUR + 1), SESSION_UNKNOWN);
    cr_expect_eq(facts.forgotten_ms, 0);
    cr_expect_eq(session_table_counts(t).evicted, 0);
}

Test(session_table, room_for_one)
{
    session_table_free(&t);
    t = session_table_new(1);
    cr_assert_not_null(t);
    cr_expect_eq(begin(1, START), SESSION_ADMITTED);
    cr_expect_eq(begin(2, START), SESSION_ADMITTED);
    cr_expect_eq(login(3, 0, START), SESSION_ROTATED);
    cr_expect_eq(begin(4, START), SESSION_FULL);
    cr_expect_eq(login(4, 0, START), SESSION_ROTATED);
    expect_counts(0, 1, 0);
}

Test(session_table, changes_are_counted)
{
    struct session_changes before = session_table_changes(t);
    cr_assert_eq(begin(1, START), SESSION_ADMITTED);
    cr_assert_eq(login(1, 0, START), SESSION_ROTATED);
    cr_assert_eq(destroy(1, START), SESSION_ENDED);
    struct session_changes after = session_table_changes(t);
    cr_expect_eq(after.records - before.records, 3);
    cr_assert_eq(admit(1, 1, START), SESSION_ENDED);
    cr_expect_eq(session_table_changes(t).touches, after.touches, "what is refused changes nothing");
    cr_assert_eq(begin(2, START), SESSION_ADMITTED);
    cr_assert_eq(admit(2, 0, START), SESSION_ADMITTED);
    cr_expect_eq(session_table_changes(t).touches, after.touches + 2);
}

// A large table has shards; at nine tenths of its size, nobody has to go.
Test(session_table, a_large_table_is_even)
{
    const size_t sessions = SESSIONS_DEFAULT;
    session_table_free(&t);
    t = session_table_new(sessions);
    cr_assert_not_null(t);
    for (uint64_t n = 0; n < sessions / 10 * 9; n++)
        cr_assert_eq(begin(n, START), SESSION_ADMITTED);
    expect_counts(sessions / 10 * 9, 0, 0);
    for (uint64_t n = 0; n < 2 * sessions; n++)
        cr_assert_eq(begin(n, START), SESSION_ADMITTED);
    expect_counts(sessions, 0, 0);
}

// --- a login on its way ---

static enum session_answer login_begins(uint64_t n, uint32_t generation, uint64_t now)
{
    struct sid sid = sid_of(n);
    return session_login_begin(t, &sid, generation, &lives, now);
}

static void login_ends(uint64_t n, enum session_login how, uint64_t now)
{
    struct sid sid = sid_of(n);
    session_login_end(t, &sid, how, &lives, now);
}

Test(session_table, nobody_else_comes_in_while_a_login_is_under_way)
{
    cr_assert_eq(begin(1, START), SESSION_ADMITTED);
    cr_assert_eq(login_begins(1, 0, START), SESSION_ADMITTED);
    cr_expect_eq(admit(1, 0, START), SESSION_WAITING);
    cr_expect_eq(login_begins(1, 0, START), SESSION_WAITING, "two logins at once: one after the other");
    cr_expect_eq(timer(1, 0, START), SESSION_TOO_OLD, "what would be handed out is about to die");
    login_ends(1, LOGIN_JUDGED, START + 1);
    cr_expect_eq(admit(1, 0, START + 1), SESSION_ADMITTED, "it has failed");
    cr_assert_eq(login_begins(1, 0, START + 2), SESSION_ADMITTED);
    cr_assert_eq(login(1, 0, START + 3), SESSION_ROTATED);
    cr_expect_eq(admit(1, 0, START + 3), SESSION_TOO_OLD);
    login_ends(1, LOGIN_JUDGED, START + 3);
    cr_expect_eq(admit(1, 0, START + 3), SESSION_TOO_OLD);
    cr_expect_eq(admit(1, 1, START + 3), SESSION_ADMITTED);
}

Test(session_table, a_login_that_nobody_has_seen_ends_the_session)
{
    cr_assert_eq(login_begins(1, 4, START), SESSION_ADMITTED, "without a record, too");
    login_ends(1, LOGIN_UNSEEN, START);
    cr_expect_eq(admit(1, 4, START), SESSION_ENDED);
    cr_expect_eq(begin(1, START), SESSION_ENDED);
    login_ends(1, LOGIN_UNSEEN, START);
    login_ends(2, LOGIN_UNSEEN, START);
    cr_expect_eq(session_table_counts(t).ended, 1);
}

Test(session_table, a_login_that_never_ends_ends_the_session)
{
    cr_assert_eq(login_begins(1, 0, START), SESSION_ADMITTED);
    cr_expect_eq(admit(1, 0, START + SESSION_LOGIN_MS), SESSION_WAITING);
    cr_expect_eq(admit(1, 0, START + SESSION_LOGIN_MS + SECOND), SESSION_ENDED);
    cr_expect_eq(login(1, 0, START + SESSION_LOGIN_MS + SECOND), SESSION_ENDED);
}

Test(session_table, a_flood_drives_out_no_session_with_a_login_under_way_nor_one_that_ended_so)
{
    cr_assert_eq(login_begins(1, 0, START), SESSION_ADMITTED);
    cr_assert_eq(login_begins(2, 0, START), SESSION_ADMITTED);
    for (uint64_t n = 100; n < 300; n++)
        cr_assert_eq(begin(n, START + n), SESSION_ADMITTED);
    cr_expect_eq(admit(1, 0, START + 300), SESSION_WAITING);
    login_ends(1, LOGIN_UNSEEN, START + 300);
    for (uint64_t n = 300; n < 500; n++)
        cr_assert_eq(begin(n, START + n), SESSION_ADMITTED);
    cr_expect_eq(admit(1, 0, START + 500), SESSION_ENDED);
    session_table_check(t);
}

Test(session_table, ended_logins_take_no_place_from_those_who_are_in)
{
    cr_assert_eq(login(1, 0, START), SESSION_ROTATED);
    for (uint64_t n = 100; n < 300; n++) {
        cr_assert_eq(login_begins(n, 0, START + n), SESSION_ADMITTED);
        login_ends(n, LOGIN_UNSEEN, START + n);
    }
    cr_expect_eq(admit(1, 1, START + 300), SESSION_ADMITTED);
    cr_assert_eq(admit(100, 0, START + 300), SESSION_UNKNOWN);
    cr_expect_geq(facts.forgotten_ms, START + 100, "none of those before comes back to life");
}

Test(session_table, what_lasts)
{
    struct sid sid = sid_of(1);
    cr_expect(session_lasts(t, &sid, 0, &lives, START), "nothing is known of it");
    cr_assert_eq(begin(1, START), SESSION_ADMITTED);
    cr_assert_eq(timer(1, 0, START), SESSION_ROTATED);
    cr_assert_eq(timer(1, 1, START), SESSION_ROTATED);
    cr_expect(session_lasts(t, &sid, 0, &lives, START), "time replaces cookies, and ends nothing");
    cr_assert_eq(login_begins(1, 2, START), SESSION_ADMITTED);
    cr_expect(!session_lasts(t, &sid, 2, &lives, START), "while a login is under way");
    login_ends(1, LOGIN_JUDGED, START);
    cr_expect(session_lasts(t, &sid, 2, &lives, START));
    cr_assert_eq(login(1, 2, START), SESSION_ROTATED);
    cr_expect(!session_lasts(t, &sid, 2, &lives, START));
    cr_expect(session_lasts(t, &sid, 3, &lives, START));
    cr_expect(session_lasts(t, &sid, 3, &lives, START + HOUR), "idle or not");
    cr_expect(!session_lasts(t, &sid, 3, &lives, START + 12 * HOUR + 1));
    cr_assert_eq(destroy(1, START), SESSION_ENDED);
    cr_expect(!session_lasts(t, &sid, 3, &lives, START));
}
