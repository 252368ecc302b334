// SPDX-License-Identifier: Apache-2.0
// Snapshots: what is read is what was written, and a torn or foreign one is refused as a whole.
#include "policy/session_snapshot.h"
#include <criterion/criterion.h>
#include <stdlib.h>

#define MINUTE UINT64_C(60000)
#define HOUR (60 * MINUTE)
#define START UINT64_C(1800000000000)
#define MARK UINT64_C(0x1234)

static const struct session_lives lives = {
    .idle_ms = 30 * MINUTE, .absolute_ms = 12 * HOUR, .grace_ms = 30000};
static const struct session_snapshot last = {.mark = MARK, .taken_ms = START, .is_last = true};

static struct session_facts facts;

static struct sid sid_of(uint64_t n)
{
    struct sid sid = {{0}};
    uint64_t   words[2] = {n * UINT64_C(0x9e3779b97f4a7c15), n};
    memcpy(sid.octet, words, sizeof sid);
    return sid;
}

static enum session_answer admit(struct session_table *t, uint64_t n, uint32_t generation, uint64_t now)
{
    struct sid sid = sid_of(n);
    return session_admit(t, &sid, generation, &lives, now, &facts);
}

static enum session_answer login(struct session_table *t, uint64_t n, uint64_t now)
{
    struct sid sid = sid_of(n);
    return session_rotate(t, &sid, 0, ROTATION_LOGIN, &lives, now, &facts);
}

static enum session_answer begin(struct session_table *t, uint64_t n, uint64_t now)
{
    struct sid sid = sid_of(n);
    return session_begin(t, &sid, 0, &lives, now, &facts);
}

// 1 anonymous, 2 logged in, 3 logged out, 4 rotated by time.
static struct session_table *filled(size_t room)
{
    struct session_table *t = session_table_new(room);
    struct sid            three = sid_of(3), four = sid_of(4);
    cr_assert_not_null(t);
    cr_assert_eq(begin(t, 1, START), SESSION_ADMITTED);
    cr_assert_eq(login(t, 2, START), SESSION_ROTATED);
    cr_assert_eq(login(t, 3, START), SESSION_ROTATED);
    cr_assert_eq(session_destroy(t, &three, &lives, START + 1), SESSION_ENDED);
    cr_assert_eq(begin(t, 4, START), SESSION_ADMITTED);
    cr_assert_eq(session_rotate(t, &four, 0, ROTATION_TIMER, &lives, START + 2, &facts), SESSION_ROTATED);
    return t;
}

struct file {
    char            *memory;
    struct bytes_out out;
    size_t           fails_behind;
};

static bool append(void *to, struct bytes piece)
{
    struct file *f = to;
    cr_assert_leq(piece.len, SESSION_PIECE_MAX);
    out_bytes(&f->out, piece);
    cr_assert_not(f->out.overflowed);
    return f->out.len <= f->fails_behind;
}

static struct bytes write_table(struct session_table *t, const struct session_snapshot *about, struct file *f)
{
    const size_t room = 16u << 20;
    f->memory = realloc(f->memory, room);
    f->out = (struct bytes_out){.at = f->memory, .cap = room};
    f->fails_behind = room;
    cr_assert(session_table_write(t, about, append, f));
    return out_written(&f->out);
}

static const char *read_table(struct session_table *t, struct bytes snapshot, uint64_t now)
{
    struct session_snapshot about = {0};
    const char             *why = session_table_read(t, snapshot, MARK, now, &about);
    session_table_check(t);
    return why;
}

static void expect_empty(struct session_table *t, const char *label)
{
    struct session_counts counts = session_table_counts(t);
    cr_expect_eq(counts.anonymous + counts.authenticated + counts.ended, 0, "%s", label);
    cr_expect_eq(session_table_crashed_ms(t), 0, "%s", label);
}

Test(session_snapshot, sessions_come_back)
{
    struct session_table *t = filled(64), *again = session_table_new(64);
    struct file           f = {0};
    cr_assert_null(read_table(again, write_table(t, &last, &f), START + MINUTE));
    cr_expect_eq(admit(again, 1, 0, START + MINUTE), SESSION_ADMITTED);
    cr_expect_not(facts.is_authenticated);
    cr_expect_eq(facts.seen_ms, START);
    cr_expect_eq(admit(again, 2, 0, START + MINUTE), SESSION_TOO_OLD, "a planted cookie stays dead");
    cr_expect_eq(facts.before_login, 0);
    cr_expect_eq(admit(again, 2, 1, START + MINUTE), SESSION_ADMITTED);
    cr_expect(facts.is_authenticated);
    cr_expect_eq(facts.login_ms, START);
    cr_expect_eq(admit(again, 3, 1, START + MINUTE), SESSION_ENDED);
    cr_expect_eq(admit(again, 4, 0, START + HOUR / 4), SESSION_ADMITTED, "the new one has not come back yet");
    cr_expect_eq(admit(again, 4, 1, START + HOUR / 4), SESSION_ADMITTED);
    cr_expect_eq(admit(again, 1, 0, START + HOUR), SESSION_EXPIRED, "the process was away, the time was not");
    cr_expect_eq(session_table_crashed_ms(again), 0);
    session_table_free(&t);
    session_table_free(&again);
    free(f.memory);
}

Test(session_snapshot, an_empty_table)
{
    struct session_table *t = session_table_new(64), *again = session_table_new(64);
    struct file           f = {0};
    cr_assert_null(read_table(again, write_table(t, &last, &f), START));
    expect_empty(again, "empty");
    session_table_free(&t);
    session_table_free(&again);
    free(f.memory);
}

Test(session_snapshot, what_it_says_of_itself)
{
    struct session_snapshot about, running = {.mark = MARK, .taken_ms = START, .is_last = false};
    struct session_table   *t = filled(64), *again = session_table_new(64), *third = session_table_new(64);
    struct file             f = {0};
    cr_assert_null(session_table_read(again, write_table(t, &running, &f), MARK, START + 9, &about));
    cr_expect_eq(about.taken_ms, START);
    cr_expect_not(about.is_last);
    cr_expect_eq(session_table_crashed_ms(again), START + 9, "there may have been logins behind it");
    cr_assert_null(session_table_read(third, write_table(again, &last, &f), MARK, START + 20, &about));
    cr_expect(about.is_last);
    cr_expect_eq(session_table_crashed_ms(third), START + 9, "that is not forgotten");
    session_table_crashed(third, START + 30);
    cr_expect_eq(session_table_crashed_ms(third), START + 30);
    session_table_crashed(third, START + 10);
    cr_expect_eq(session_table_crashed_ms(third), START + 30);
    session_table_free(&t);
    session_table_free(&again);
    session_table_free(&third);
    free(f.memory);
}

Test(session_snapshot, cut_anywhere_it_is_refused_as_a_whole)
{
    struct session_table *t = filled(64), *again = session_table_new(64);
    struct file           f = {0};
    struct bytes          whole = write_table(t, &last, &f);
    for (size_t n = 0; n < whole.len; n++) {
        char *cut = malloc(n + 1); // so that reading beyond is found
        memcpy(cut, whole.at, n);
        cr_assert_not_null(read_table(again, (struct bytes){cut, n}, START), "%zu bytes", n);
        free(cut);
    }
    expect_empty(again, "cut");
    cr_expect_null(read_table(again, whole, START));
    session_table_free(&t);
    session_table_free(&again);
    free(f.memory);
}

Test(session_snapshot, with_any_byte_changed_or_one_more_it_is_refused)
{
    struct session_table *t = filled(64), *again = session_table_new(64);
    struct file           f = {0};
    struct bytes          whole = write_table(t, &last, &f);
    for (size_t i = 0; i < whole.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            f.memory[i] ^= (char)(1u << bit);
            cr_assert_not_null(read_table(again, whole, START), "bit %u of byte %zu", bit, i);
            f.memory[i] ^= (char)(1u << bit);
        }
    }
    f.memory[whole.len] = 0;
    cr_expect_not_null(read_table(again, (struct bytes){whole.at, whole.len + 1}, START));
    cr_expect_not_null(read_table(again, bytes_after(whole, 1), START));
    expect_empty(again, "changed");
    session_table_free(&t);
    session_table_free(&again);
    free(f.memory);
}

Test(session_snapshot, another_ring_s_is_refused)
{
    struct session_snapshot about, other = {.mark = MARK + 1, .is_last = true};
    struct session_table   *t = filled(64), *again = session_table_new(64);
    struct file             f = {0};
    const char             *why = session_table_read(again, write_table(t, &other, &f), MARK, START, &about);
    cr_assert_not_null(why);
    cr_expect_not_null(strstr(why, "another key ring"), "%s", why);
    expect_empty(again, "foreign");
    session_table_free(&t);
    session_table_free(&again);
    free(f.memory);
}

Test(session_snapshot, what_no_cookie_can_revive_is_left_out)
{
    struct session_table *t = filled(64), *again = session_table_new(64);
    struct file           f = {0};
    cr_assert_null(read_table(again, write_table(t, &last, &f), START + 12 * HOUR + 1));
    struct session_counts counts = session_table_counts(again);
    cr_expect_eq(counts.anonymous, 1);
    cr_expect_eq(counts.authenticated, 0);
    cr_expect_eq(counts.ended, 1);
    session_table_free(&t);
    session_table_free(&again);
    free(f.memory);
}

Test(session_snapshot, a_smaller_table_keeps_logins_and_what_was_seen_last)
{
    struct session_table *t = session_table_new(64), *again = session_table_new(8);
    struct file           f = {0};
    for (uint64_t n = 0; n < 4; n++)
        cr_assert_eq(login(t, n, START + n), SESSION_ROTATED);
    for (uint64_t n = 40; n > 4; n--)
        cr_assert_eq(begin(t, n, START + 100 - n), SESSION_ADMITTED);
    cr_assert_null(read_table(again, write_table(t, &last, &f), START + 100));
    for (uint64_t n = 0; n < 4; n++)
        cr_expect_eq(admit(again, n, 1, START + 100), SESSION_ADMITTED, "%lu", n);
    for (uint64_t n = 5; n <= 40; n++)
        cr_expect_eq(admit(again, n, 0, START + 100), n < 9 ? SESSION_ADMITTED : SESSION_UNKNOWN, "%lu", n);
    session_table_free(&t);
    session_table_free(&again);
    free(f.memory);
}

Test(session_snapshot, the_line_is_as_it_was)
{
    struct session_table *t = session_table_new(64), *again = session_table_new(64);
    struct file           f = {0};
    for (uint64_t n = 0; n < 64; n++)
        cr_assert_eq(begin(t, n, START + n), SESSION_ADMITTED);
    cr_assert_eq(admit(t, 0, 0, START + 100), SESSION_ADMITTED);
    cr_assert_null(read_table(again, write_table(t, &last, &f), START + 101));
    cr_assert_eq(begin(again, 64, START + 102), SESSION_ADMITTED);
    cr_expect_eq(admit(again, 1, 0, START + 103), SESSION_UNKNOWN);
    cr_expect_eq(admit(again, 0, 0, START + 103), SESSION_ADMITTED);
    session_table_free(&t);
    session_table_free(&again);
    free(f.memory);
}

Test(session_snapshot, many_with_gaps)
{
    const uint64_t        many = 20000;
    struct session_table *t = session_table_new(many), *again = session_table_new(2 * many);
    struct file           f = {0};
    for (uint64_t n = 0; n < 3 * many; n++) // most of them go again
        cr_assert_eq(n % 5 == 0 ? login(t, n, START + n) : begin(t, n, START + n),
                     n % 5 == 0 ? SESSION_ROTATED : SESSION_ADMITTED);
    struct session_counts before = session_table_counts(t);
    cr_assert_null(read_table(again, write_table(t, &last, &f), START + 3 * many));
    struct session_counts after = session_table_counts(again);
    cr_expect_eq(after.anonymous, before.anonymous);
    cr_expect_eq(after.authenticated, before.authenticated);
    cr_expect_eq(after.authenticated, 3 * many / 5);
    session_table_free(&t);
    session_table_free(&again);
    free(f.memory);
}

Test(session_snapshot, a_sink_that_fails_is_told)
{
    struct session_table *t = filled(64);
    struct file           f = {0};
    struct bytes          whole = write_table(t, &last, &f);
    for (size_t n = 0; n <= whole.len; n++) {
        f.out.len = 0;
        f.fails_behind = n;
        cr_assert_eq(session_table_write(t, &last, append, &f), n == whole.len, "%zu bytes", n);
    }
    session_table_free(&t);
    free(f.memory);
}
