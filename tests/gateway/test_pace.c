// SPDX-License-Identifier: Apache-2.0
// test_pace: who keeps up a least rate, and who does not.
#include "gateway/pace.h"
#include <criterion/criterion.h>

#define HOUR_MS 3600000u

static const struct pace_rule rule = {.rate = 500, .grace_ms = 10000, .stall_ms = 75000};

// A peer that moves `first` bytes at once, and `bytes` every `every_ms` from then on.
static const struct row {
    const char *label;
    uint64_t    first, bytes, every_ms;
    uint64_t    too_slow_ms; // 0: never, within an hour
    bool        stall;
} rows[] = {
    {"exactly the least rate", 0, 500, 1000, 0, false},
    {"the least rate in large pieces", 0, 4500, 9000, 0, false},
    {"half of it: twice the grace time", 0, 250, 1000, 19500, false},
    {"a byte a second gains next to nothing", 0, 1, 1000, 10020, false},
    {"nothing at all: the grace time", 0, 0, 1000, 10000, false},
    {"a quick start forgives a stall", 1000000, 0, 1000, 75000, true},
    {"a quick start does not pay for an hour of drops", 1000000, 1, 1000, 75150, false},
    {"each quick piece forgives the next stall", 1000000, 1000000, 74000, 0, false},
};

// When a peer that moves like this is given up; 0: never.
static uint64_t given_up_ms(const struct row *r, struct pace *p)
{
    uint64_t moved = r->first;
    pace_begin(p, &rule, 0, 0);
    for (uint64_t now = 0; now < HOUR_MS; now += r->every_ms) {
        uint64_t due = pace_look(p, &rule, moved, now);
        if (due < now + r->every_ms)
            return pace_look(p, &rule, moved, due) == due ? due : UINT64_MAX;
        moved += r->bytes;
    }
    return 0;
}

Test(pace, a_peer_owes_a_rate)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pace p = {0};
        uint64_t    at_ms = given_up_ms(&rows[i], &p);
        cr_expect_eq(at_ms, rows[i].too_slow_ms, "%s: %ju", rows[i].label, (uintmax_t)at_ms);
        cr_expect_eq(pace_is_stall(&p, &rule), rows[i].stall, "%s", rows[i].label);
    }
}

Test(pace, without_a_rate_only_a_stall_counts)
{
    struct pace_rule none = {.rate = 0, .grace_ms = 10000, .stall_ms = 75000};
    struct pace      p = {0};
    pace_begin(&p, &none, 0, 5000);
    cr_expect_eq(pace_look(&p, &none, 0, 5000), 80000);
    cr_expect_eq(pace_look(&p, &none, 1, 70000), 145000);
    cr_expect_eq(pace_look(&p, &none, 1, 145000), 145000);
    cr_expect(pace_is_stall(&p, &none));
}

Test(pace, a_turn_that_ended_owes_nothing)
{
    struct pace p = {0};
    pace_begin(&p, &rule, 0, 0);
    pace_begin(&p, &rule, 0, 4000); // it runs already
    cr_expect_eq(pace_look(&p, &rule, 0, 4000), 10000);
    pace_end(&p);
    pace_end(&p);
    pace_begin(&p, &rule, 0, 60000);
    cr_expect_eq(pace_look(&p, &rule, 0, 60000), 70000);
}

Test(pace, a_rule_may_become_tighter_while_it_runs)
{
    struct pace_rule tight = {.rate = 500, .grace_ms = 2000, .stall_ms = 15000};
    struct pace      p = {0};
    pace_begin(&p, &rule, 0, 0);
    cr_expect_eq(pace_look(&p, &rule, 1000000, 1000), 76000);
    cr_expect_eq(pace_look(&p, &tight, 1000000, 2000), 16000);
    cr_expect_eq(pace_look(&p, &tight, 1000000, 30000), 30000, "it is late, and not before its time");
}
