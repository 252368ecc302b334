// SPDX-License-Identifier: Apache-2.0
// test_rate_table: who passes, how long the others wait, what is given back, who makes room.
#include "policy/rate_table.h"
#include <criterion/criterion.h>

#define SECOND UINT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define START (1000 * SECOND)

static struct rate_charge charge; // of the last one that was taken

static struct rate rate_of(uint64_t events, uint64_t period_ns, uint64_t burst, uint64_t undelayed)
{
    struct rate r;
    cr_assert(rate_make(events, period_ns, burst, undelayed, &r));
    return r;
}

// --- one key ---

struct row {
    const char      *label;
    uint64_t         events, period, burst, undelayed;
    uint64_t         before, gap; // so many have passed at the start; then so long nothing
    uint64_t         cost;
    enum rate_answer answer;
    uint64_t         wait, delay, remaining, idle;
};

static const struct row rows[] = {
    {"the first of five", 5, HOUR, 5, 5, 0, 0, 1, RATE_PASSES, 0, 0, 4, 720 * SECOND},
    {"the last of five", 5, HOUR, 5, 5, 4, 0, 1, RATE_PASSES, 0, 0, 0, HOUR},
    {"one too many waits for one to come back", 5, HOUR, 5, 5, 5, 0, 1, RATE_SPENT, 720 * SECOND, 0, 0, HOUR},
    {"a nanosecond too early", 5, HOUR, 5, 5, 5, 720 * SECOND - 1, 1, RATE_SPENT, 1, 0, 0,
     HOUR - 720 * SECOND + 1},
    {"just in time", 5, HOUR, 5, 5, 5, 720 * SECOND, 1, RATE_PASSES, 0, 0, 0, HOUR},
    {"after a long rest all are there, and no more", 5, HOUR, 5, 5, 5, 1000 * HOUR, 1, RATE_PASSES, 0, 0, 4,
     720 * SECOND},
    {"a cost of three", 5, HOUR, 5, 5, 0, 0, 3, RATE_PASSES, 0, 0, 2, 3 * 720 * SECOND},
    {"a cost that does not fit any more, but a smaller one would", 5, HOUR, 5, 5, 3, 0, 3, RATE_SPENT,
     720 * SECOND, 0, 2, 3 * 720 * SECOND},
    {"a cost of all", 5, HOUR, 5, 5, 0, 0, 5, RATE_PASSES, 0, 0, 0, HOUR},
    {"a cost of more than all never passes", 5, HOUR, 5, 5, 0, 1000 * HOUR, 6, RATE_SPENT, RATE_NEVER, 0, 5,
     0},
    {"a cost beyond 64 bits never passes", 5, HOUR, 5, 5, 0, 0, UINT64_MAX, RATE_SPENT, RATE_NEVER, 0, 5, 0},
    {"the last without a delay", 1, SECOND, 5, 2, 1, 0, 1, RATE_PASSES, 0, 0, 3, 2 * SECOND},
    {"the first with a delay", 1, SECOND, 5, 2, 2, 0, 1, RATE_PASSES, 0, SECOND, 2, 3 * SECOND},
    {"the last with a delay", 1, SECOND, 5, 2, 4, 0, 1, RATE_PASSES, 0, 3 * SECOND, 0, 5 * SECOND},
    {"behind the delayed nobody passes", 1, SECOND, 5, 2, 5, 0, 1, RATE_SPENT, SECOND, 0, 0, 5 * SECOND},
    {"a delay from the first on", 1, SECOND, 5, 0, 0, 0, 1, RATE_PASSES, 0, SECOND, 4, SECOND},
    {"a burst of less than the rate", 1000, SECOND, 1, 1, 1, 0, 1, RATE_SPENT, SECOND / 1000, 0, 0,
     SECOND / 1000},
    {"an interval that is no whole number is rounded up", 7, SECOND, 7, 7, 7, 0, 1, RATE_SPENT, 142857143, 0,
     0, 7 * UINT64_C(142857143)},
};

Test(rate_table, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        struct rate_table *t = rate_table_new(64);
        struct rate        rate = rate_of(row->events, row->period, row->burst, row->undelayed);
        for (uint64_t i = 0; i < row->before; i++)
            cr_assert_eq(rate_take(t, 7, &rate, 1, START, &charge).answer, RATE_PASSES, "%s", row->label);
        struct rate_outcome look = rate_look(t, false, 7, &rate, row->cost, START + row->gap);
        struct rate_outcome o = rate_take(t, 7, &rate, row->cost, START + row->gap, &charge);
        cr_expect_eq(o.answer, row->answer, "%s", row->label);
        cr_expect_eq(o.wait, row->wait, "%s: %ju", row->label, (uintmax_t)o.wait);
        cr_expect_eq(o.delay, row->delay, "%s: %ju", row->label, (uintmax_t)o.delay);
        cr_expect_eq(o.remaining, row->remaining, "%s: %ju", row->label, (uintmax_t)o.remaining);
        cr_expect_eq(o.idle, row->idle, "%s: %ju", row->label, (uintmax_t)o.idle);
        cr_expect(look.answer == o.answer && look.wait == o.wait && look.delay == o.delay &&
                      look.remaining == o.remaining && look.idle == o.idle,
                  "%s: looking says the same", row->label);
        rate_table_free(&t);
    }
}

static const struct refusal {
    const char *label;
    uint64_t    events, period, burst, undelayed;
} refusals[] = {
    {"no events", 0, SECOND, 1, 1},
    {"no period", 1, 0, 1, 1},
    {"no burst", 1, SECOND, 0, 0},
    {"more without delay than there are", 1, SECOND, 2, 3},
    {"a burst that takes months to come back", 1, 24 * HOUR, 41, 41},
    {"a burst beyond 64 bits", 1, 24 * HOUR, UINT64_MAX / 2, 1},
};

Test(rate_table, rates_that_cannot_be)
{
    for (const struct refusal *r = refusals; r < refusals + sizeof refusals / sizeof *refusals; r++) {
        struct rate rate;
        cr_expect_not(rate_make(r->events, r->period, r->burst, r->undelayed, &rate), "%s", r->label);
    }
}

Test(rate_table, a_prefix_shares_so_many_times_the_rate)
{
    struct rate rate = rate_of(5, HOUR, 5, 2), four = rate_times(&rate, 4);
    cr_expect_eq(four.interval, 180 * SECOND);
    cr_expect_eq(four.burst, HOUR);
    cr_expect_eq(four.undelayed, 8 * 180 * SECOND);
    rate = rate_of(1, 24 * HOUR, 40, 40);
    four = rate_times(&rate, 7);
    cr_expect_leq(four.burst, RATE_SPAN_MAX);
}

Test(rate_table, times_near_the_end_of_64_bits)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(1, HOUR, 3, 3);
    cr_expect_eq(rate_take(t, 7, &rate, 1, UINT64_MAX - HOUR, &charge).answer, RATE_PASSES);
    cr_expect_eq(rate_take(t, 7, &rate, 1, UINT64_MAX - HOUR, &charge).answer, RATE_SPENT, "it would wrap");
    cr_expect_eq(rate_take(t, 7, &rate, 1, UINT64_MAX, &charge).answer, RATE_SPENT, "it would wrap");
    rate_table_free(&t);
}

Test(rate_table, keys_and_areas_do_not_mix)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(1, HOUR, 1, 1);
    for (uint64_t key = 0; key < 8; key++)
        if (key != 1) // 0 stands for an empty entry, and is 1
            cr_expect_eq(rate_take(t, key << 32 | key, &rate, 1, START, &charge).answer, RATE_PASSES, "%ju",
                         (uintmax_t)key);
    cr_expect_eq(rate_take(t, 0, &rate, 1, START, &charge).answer, RATE_SPENT);
    cr_expect_eq(rate_take_parent(t, 0, &rate, 1, START, &charge).answer, RATE_PASSES);
    cr_expect_eq(rate_take_parent(t, 0, &rate, 1, START, &charge).answer, RATE_SPENT);
    rate_table_free(&t);
}

Test(rate_table, another_rate_keeps_the_time)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        slow = rate_of(1, 60 * SECOND, 2, 2), fast = rate_of(1, SECOND, 2, 2);
    cr_expect_eq(rate_take(t, 7, &slow, 1, START, &charge).answer, RATE_PASSES);
    struct rate_outcome o = rate_take(t, 7, &fast, 1, START, &charge);
    cr_expect_eq(o.answer, RATE_SPENT);
    cr_expect_eq(o.wait, 59 * SECOND);
    rate_table_free(&t);
}

// Loops read their clocks at different moments of their turns.
Test(rate_table, clocks_that_differ_by_milliseconds_change_nothing)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(5, HOUR, 5, 5);
    unsigned           passed = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t now = START + i * 1000 - (i % 3) * 5000000;
        passed += rate_take(t, 7, &rate, 1, now, &charge).answer == RATE_PASSES;
    }
    cr_expect_eq(passed, 5);
    rate_table_free(&t);
}

// --- giving back ---

Test(rate_table, what_is_given_back_is_there_again)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(5, HOUR, 5, 5);
    for (uint64_t i = 0; i < 100; i++) {
        cr_assert_eq(rate_take(t, 7, &rate, 5, START + i * 1000, &charge).answer, RATE_PASSES, "%ju",
                     (uintmax_t)i);
        rate_give_back(t, &charge, START + i * 1000);
        rate_give_back(t, &charge, START + i * 1000); // once only
    }
    cr_expect_eq(rate_look(t, false, 7, &rate, 1, START + 100000).remaining, 4);
    rate_table_free(&t);
}

Test(rate_table, what_others_were_charged_meanwhile_stays)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(5, HOUR, 5, 5);
    struct rate_charge first, second, third;
    cr_assert_eq(rate_take(t, 7, &rate, 1, START, &first).answer, RATE_PASSES);
    cr_assert_eq(rate_take(t, 7, &rate, 2, START, &second).answer, RATE_PASSES);
    cr_assert_eq(rate_take(t, 7, &rate, 2, START, &third).answer, RATE_PASSES);
    rate_give_back(t, &second, START);
    cr_expect_eq(rate_look(t, false, 7, &rate, 3, START).answer, RATE_SPENT);
    cr_expect_eq(rate_look(t, false, 7, &rate, 2, START).answer, RATE_PASSES);
    rate_table_free(&t);
}

Test(rate_table, a_refusal_has_nothing_to_give_back)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(1, HOUR, 1, 1);
    struct rate_charge first;
    cr_assert_eq(rate_take(t, 7, &rate, 1, START, &first).answer, RATE_PASSES);
    cr_assert_eq(rate_take(t, 7, &rate, 1, START, &charge).answer, RATE_SPENT);
    rate_give_back(t, &charge, START);
    cr_expect_eq(rate_take(t, 7, &rate, 1, START, &charge).answer, RATE_SPENT);
    rate_table_free(&t);
}

// Otherwise requests that are held open for an hour could be cashed in at once.
Test(rate_table, what_time_has_paid_off_is_not_given_again)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(5, HOUR, 5, 5);
    struct rate_charge held[5];
    for (size_t i = 0; i < 5; i++)
        cr_assert_eq(rate_take(t, 7, &rate, 1, START, &held[i]).answer, RATE_PASSES);
    for (size_t i = 0; i < 5; i++)
        cr_assert_eq(rate_take(t, 7, &rate, 1, START + HOUR, &charge).answer, RATE_PASSES);
    for (size_t i = 0; i < 5; i++)
        rate_give_back(t, &held[i], START + HOUR);
    cr_expect_eq(rate_take(t, 7, &rate, 1, START + HOUR, &charge).answer, RATE_SPENT);
    rate_table_free(&t);
}

static unsigned all_that_pass(struct rate_table *t, const struct rate *rate, uint64_t now)
{
    unsigned passed = 0;
    while (rate_take(t, 7, rate, 1, now, &charge).answer == RATE_PASSES)
        passed++;
    return passed;
}

// The worst order: the last charge of each burst is held open, the others are given back at once; and the
// held ones when all but one of them is paid off, and a whole burst was spent again.
Test(rate_table, who_saves_charges_up_saves_less_than_one_burst)
{
    enum { BURST = 5 };
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(1, SECOND, BURST, BURST);
    struct rate_charge held[BURST];
    for (size_t i = 0; i < BURST; i++) {
        struct rate_charge all[BURST + 1]; // the last one is refused
        size_t             count = 0;
        while (rate_take(t, 7, &rate, 1, START, &all[count]).answer == RATE_PASSES)
            count++;
        cr_assert_eq(count, BURST - i);
        held[i] = all[count - 1];
        for (size_t k = 0; k + 1 < count; k++)
            rate_give_back(t, &all[k], START);
    }
    uint64_t later = START + (BURST - 1) * SECOND;
    unsigned passed = all_that_pass(t, &rate, later);
    for (size_t i = 0; i < BURST; i++)
        rate_give_back(t, &held[i], later);
    passed += all_that_pass(t, &rate, later);
    cr_expect(passed > BURST && passed < 2 * BURST, "%u", passed);
    for (size_t i = 0; i < BURST; i++)
        rate_give_back(t, &held[i], later);
    cr_expect_eq(all_that_pass(t, &rate, later), 0u, "and only once");
    rate_table_free(&t);
}

Test(rate_table, a_key_that_made_room_gets_nothing_back)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(1, SECOND, 1, 1);
    struct rate_charge gone;
    cr_assert_eq(rate_take(t, 8, &rate, 1, START, &gone).answer, RATE_PASSES);
    unsigned passed = 0, spent = 0;
    for (uint64_t key = 16; key < 16 + 80; key += 8) // the same set, two seconds later
        passed += rate_take(t, key, &rate, 1, START + 2 * SECOND, &charge).answer == RATE_PASSES;
    cr_expect_eq(passed, 8);
    rate_give_back(t, &gone, START);
    for (uint64_t key = 16; key < 16 + 80; key += 8)
        spent += rate_look(t, false, key, &rate, 1, START + 2 * SECOND).answer == RATE_SPENT;
    cr_expect_eq(spent, 8, "nobody else was paid for it");
    rate_table_free(&t);
}

// --- room ---

Test(rate_table, who_is_idle_makes_room_and_nobody_else)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(1, SECOND, 1, 1);
    for (uint64_t i = 0; i < 8; i++) // one set, idle one after the other
        cr_assert_eq(rate_take(t, 8 + 8 * i, &rate, 1, START + i, &charge).answer, RATE_PASSES);
    struct rate_outcome o = rate_take(t, 800, &rate, 1, START + 8, &charge);
    cr_expect_eq(o.answer, RATE_CROWDED);
    rate_give_back(t, &charge, START + 8);
    cr_expect_eq(rate_table_crowded(t), 1);
    for (uint64_t i = 0; i < 8; i++)
        cr_expect_eq(rate_look(t, false, 8 + 8 * i, &rate, 1, START + 8).answer, RATE_SPENT, "%ju",
                     (uintmax_t)i);
    cr_expect_eq(rate_take(t, 800, &rate, 1, START + SECOND, &charge).answer, RATE_PASSES,
                 "the first is idle now");
    cr_expect_eq(rate_take(t, 808, &rate, 1, START + SECOND, &charge).answer, RATE_CROWDED,
                 "the second is not");
    rate_table_free(&t);
}

Test(rate_table, among_the_parents_the_nearest_to_idle_goes)
{
    struct rate_table *t = rate_table_new(64);
    struct rate        rate = rate_of(1, SECOND, 1, 1);
    for (uint64_t key = 1; key <= 8; key++) // the only set
        cr_assert_eq(rate_take_parent(t, key, &rate, 1, START + key, &charge).answer, RATE_PASSES);
    cr_expect_eq(rate_take_parent(t, 9, &rate, 1, START + 10, &charge).answer, RATE_PASSES);
    cr_expect_eq(rate_look(t, true, 1, &rate, 1, START + 10).answer, RATE_PASSES, "forgotten");
    for (uint64_t key = 2; key <= 9; key++)
        cr_expect_eq(rate_look(t, true, key, &rate, 1, START + 10).answer, RATE_SPENT, "%ju", (uintmax_t)key);
    rate_table_free(&t);
}

// features: a login limit of 5 an hour, 65,536 entries; 100 rounds of ten tries and 200,000 fresh keys. A
// table that forgets the least recently used lets 500 of the 1,000 tries through.
Test(rate_table, a_flood_of_fresh_keys_does_not_wash_away_a_limit)
{
    struct rate_table *t = rate_table_new(65536);
    struct rate        login = rate_of(5, HOUR, 5, 5);
    uint64_t           fresh = 1, victim = UINT64_C(0x9e3779b97f4a7c15), now = START;
    unsigned           passed = 0, others = 0;
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 10; i++)
            passed += rate_take(t, victim, &login, 1, now, &charge).answer == RATE_PASSES;
        for (int i = 0; i < 200000; i++) {
            fresh = fresh * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            uint64_t key = fresh ^ fresh >> 33;
            others += rate_take(t, key, &login, 1, now, &charge).answer == RATE_PASSES;
            now += 10; // 2 ms a round: the hour does not end meanwhile
        }
    }
    cr_expect_eq(passed, 5, "%u", passed);
    cr_expect_leq(others, 65536);
    cr_expect_eq(others + rate_table_crowded(t), 20000000);
    rate_table_free(&t);
}

Test(rate_table, says_what_it_takes)
{
    cr_expect_eq(rate_table_bytes(524288), rate_table_bytes(524287));
    cr_expect_geq(rate_table_bytes(524288), 9 * 1024 * 1024u);
    cr_expect_lt(rate_table_bytes(524288), 10 * 1024 * 1024u);
    struct rate_table *none = NULL;
    rate_table_free(&none);
}
