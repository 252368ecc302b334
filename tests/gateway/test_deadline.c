// SPDX-License-Identifier: Apache-2.0
// test_deadline: never early, at most a tick late, whatever was armed and disarmed in between.
#include "gateway/deadline.h"
#include <criterion/criterion.h>
#include <inttypes.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define START_MS 1000003u // not on a tick
#define ROUND_MS (WHEEL_SLOTS * WHEEL_TICK_MS)

static struct wheel wheel;
static uint64_t     now;

struct alarm {
    struct deadline deadline;
    uint64_t        rang_ms; // 0: not yet
    unsigned        rings;
    struct alarm   *other; // what `meddle` disarms
};

static void ring(struct deadline *d)
{
    struct alarm *a = (struct alarm *)d; // its first member
    cr_expect_null(d->link, "disarmed before it is told");
    a->rang_ms = now;
    a->rings++;
}

static void begin(void)
{
    now = START_MS;
    wheel_init(&wheel, now);
}

TestSuite(deadline, .init = begin);

static void passes_ms(uint64_t ms)
{
    while (ms-- > 0)
        wheel_turn(&wheel, ++now);
}

Test(deadline, rings_once_not_early_and_at_most_a_tick_late)
{
    static const uint32_t rows[] = {
        0, 1, 31, 32, 33, 1000, 5000, ROUND_MS, ROUND_MS - 1, ROUND_MS + 1, 2 * ROUND_MS, 3 * ROUND_MS + 17};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct alarm a = {0};
        deadline_init(&a.deadline, ring);
        uint64_t due = now + rows[i];
        deadline_arm(&wheel, &a.deadline, due);
        passes_ms(rows[i] + 2 * WHEEL_TICK_MS);
        cr_expect_eq(a.rings, 1, "in %u ms", rows[i]);
        cr_expect_geq(a.rang_ms, due, "in %u ms", rows[i]);
        cr_expect_leq(a.rang_ms, due + WHEEL_TICK_MS, "in %u ms", rows[i]);
    }
}

Test(deadline, a_moment_that_has_passed_is_rung_in_the_next_tick)
{
    struct alarm a = {0};
    deadline_init(&a.deadline, ring);
    passes_ms(5000);
    deadline_arm(&wheel, &a.deadline, START_MS);
    passes_ms(WHEEL_TICK_MS);
    cr_expect_eq(a.rings, 1);
}

Test(deadline, arming_again_moves_it)
{
    struct alarm a = {0};
    deadline_init(&a.deadline, ring);
    deadline_arm(&wheel, &a.deadline, now + 100);
    deadline_arm(&wheel, &a.deadline, now + 1000);
    passes_ms(999);
    cr_expect_eq(a.rings, 0);
    passes_ms(1 + WHEEL_TICK_MS);
    cr_expect_eq(a.rings, 1);
}

Test(deadline, disarming_is_safe_twice_and_before_arming)
{
    struct alarm a = {0};
    deadline_init(&a.deadline, ring);
    deadline_disarm(&a.deadline);
    deadline_arm(&wheel, &a.deadline, now + 10);
    deadline_disarm(&a.deadline);
    deadline_disarm(&a.deadline);
    passes_ms(1000);
    cr_expect_eq(a.rings, 0);
}

static void meddle(struct deadline *d)
{
    struct alarm *a = (struct alarm *)d;
    ring(d);
    deadline_disarm(&a->other->deadline);
}

Test(deadline, one_that_rings_may_disarm_another_of_the_same_slot)
{
    struct alarm a = {0}, b = {0}, c = {0};
    deadline_init(&a.deadline, meddle);
    deadline_init(&b.deadline, meddle);
    deadline_init(&c.deadline, ring);
    a.other = &b;
    b.other = &a;
    deadline_arm(&wheel, &a.deadline, now + 50);
    deadline_arm(&wheel, &c.deadline, now + 50);
    deadline_arm(&wheel, &b.deadline, now + 50);
    passes_ms(200);
    cr_expect_eq(a.rings + b.rings, 1, "whichever comes first");
    cr_expect_eq(c.rings, 1);
}

static void ring_again(struct deadline *d)
{
    ring(d);
    if (((struct alarm *)d)->rings < 5)
        deadline_arm(&wheel, d, now); // at once, and yet not in this turn
}

Test(deadline, one_that_arms_itself_again_at_once_rings_in_later_ticks)
{
    struct alarm a = {0};
    deadline_init(&a.deadline, ring_again);
    deadline_arm(&wheel, &a.deadline, now);
    passes_ms(WHEEL_TICK_MS);
    cr_expect_eq(a.rings, 1);
    passes_ms(10 * WHEEL_TICK_MS);
    cr_expect_eq(a.rings, 5);
}

Test(deadline, a_loop_that_slept_for_long_misses_nothing)
{
    struct alarm   early = {0}, late = {0}, never = {0};
    struct alarm  *all[] = {&early, &late, &never};
    const uint64_t in_ms[] = {10, 20 * ROUND_MS, 60 * ROUND_MS};
    for (size_t i = 0; i < ROWS(all); i++) {
        deadline_init(&all[i]->deadline, ring);
        deadline_arm(&wheel, &all[i]->deadline, now + in_ms[i]);
    }
    now += 50 * ROUND_MS;
    wheel_turn(&wheel, now);
    cr_expect_eq(early.rings, 1);
    cr_expect_eq(late.rings, 1);
    cr_expect_eq(never.rings, 0);
    passes_ms(10 * ROUND_MS + WHEEL_TICK_MS);
    cr_expect_eq(never.rings, 1);
}

// --- thousands, against a model that looks at all of them every millisecond ---

#define ALARMS 2000u
#define MODEL_MS 40000u

static uint32_t next_number(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

Test(deadline, thousands_ring_as_a_naive_model_says)
{
    static struct alarm alarms[ALARMS];
    static uint64_t     due[ALARMS]; // 0: not armed
    size_t              rung = 0;
    for (size_t i = 0; i < ALARMS; i++)
        deadline_init(&alarms[i].deadline, ring);
    for (uint64_t ms = 0; ms < MODEL_MS; ms++) {
        struct alarm *a = &alarms[next_number() % ALARMS];
        size_t        i = (size_t)(a - alarms);
        uint32_t      what = next_number() % 8;
        if (what < 5) {
            due[i] = now + next_number() % (what == 0 ? 3 * ROUND_MS : 5000);
            deadline_arm(&wheel, &a->deadline, due[i]);
        } else if (what == 5) {
            due[i] = 0;
            deadline_disarm(&a->deadline);
        }
        wheel_turn(&wheel, ++now);
        for (i = 0; i < ALARMS; i++) {
            bool has_rung = alarms[i].rang_ms == now;
            rung += has_rung;
            cr_assert(!has_rung || (due[i] != 0 && due[i] <= now), "%zu was early, or not armed", i);
            cr_assert(has_rung || due[i] == 0 || due[i] + WHEEL_TICK_MS > now, "%zu is late", i);
            if (has_rung)
                due[i] = 0;
        }
    }
    cr_expect_gt(rung, 5000, "%zu", rung);
}
