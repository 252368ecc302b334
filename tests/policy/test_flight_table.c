// SPDX-License-Identifier: Apache-2.0
// test_flight_table: who comes in, who waits, in which order.
#include "policy/flight_table.h"
#include <criterion/criterion.h>

struct guest {
    struct waiter waiter;
    struct flight flight;
    unsigned      woken;
};

static void on_wake(struct waiter *w)
{
    ((struct guest *)w)->woken++;
}

static enum flight_answer enter(struct flight_table *t, struct guest *g, uint64_t key)
{
    *g = (struct guest){.waiter = {on_wake}};
    return flight_enter(t, &g->flight, key, 2, 2, &g->waiter);
}

Test(flight_table, two_come_in_two_wait_and_the_rest_are_refused)
{
    struct flight_table            *t = flight_table_new(10);
    struct guest                    g[6];
    static const enum flight_answer answers[] = {FLIGHT_ENTERED, FLIGHT_ENTERED, FLIGHT_QUEUED, FLIGHT_QUEUED,
                                                 FLIGHT_FULL};
    for (size_t i = 0; i < 5; i++)
        cr_expect_eq(enter(t, &g[i], 7), answers[i], "%zu", i);
    cr_expect_eq(enter(t, &g[5], 8), FLIGHT_ENTERED, "another key");
    flight_leave(t, &g[0].flight);
    flight_leave(t, &g[0].flight);
    cr_expect(g[2].woken == 1 && g[3].woken == 0, "who waited longest, and nobody else");
    cr_expect_eq(flight_state(t, &g[2].flight), FLIGHT_IN);
    cr_expect_eq(enter(t, &g[0], 7), FLIGHT_QUEUED, "nobody overtakes");
    flight_leave(t, &g[3].flight); // gives up
    flight_leave(t, &g[1].flight);
    cr_expect(g[3].woken == 0 && g[0].woken == 1, "who gave up is not woken");
    for (size_t i = 0; i < 6; i++)
        flight_leave(t, &g[i].flight);
    cr_expect_eq(enter(t, &g[0], 7), FLIGHT_ENTERED);
    flight_leave(t, &g[0].flight);
    flight_table_free(&t);
}

Test(flight_table, is_bounded_and_empty_again)
{
    enum { MANY = 4096 };
    static struct guest  g[MANY];
    struct flight_table *t = flight_table_new(1);
    size_t               entered = 0, again = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        enum flight_answer a = enter(t, &g[i], i * UINT64_C(0x9e3779b97f4a7c15));
        cr_assert(a == FLIGHT_ENTERED || a == FLIGHT_CROWDED);
        entered += a == FLIGHT_ENTERED;
    }
    cr_expect_eq(entered, 16 * 63, "%zu", entered);
    for (uint64_t i = 0; i < MANY; i += 2)
        flight_leave(t, &g[i].flight);
    for (uint64_t i = 1; i < MANY; i += 2) // those who are left are still found
        if (g[i].flight.state == FLIGHT_IN) {
            struct guest second, third;
            cr_expect_eq(enter(t, &second, g[i].flight.key), FLIGHT_ENTERED);
            cr_expect_eq(enter(t, &third, g[i].flight.key), FLIGHT_QUEUED);
            flight_leave(t, &third.flight);
            flight_leave(t, &second.flight);
        }
    for (uint64_t i = 1; i < MANY; i += 2)
        flight_leave(t, &g[i].flight);
    for (uint64_t i = 0; i < MANY; i++)
        again += enter(t, &g[i], i * UINT64_C(0x9e3779b97f4a7c15)) == FLIGHT_ENTERED;
    cr_expect_eq(again, entered);
    for (uint64_t i = 0; i < MANY; i++)
        flight_leave(t, &g[i].flight);
    flight_table_free(&t);
}

Test(flight_table, fewer_places_than_before)
{
    struct flight_table *t = flight_table_new(10);
    struct guest         g[3];
    for (size_t i = 0; i < 3; i++)
        g[i] = (struct guest){.waiter = {on_wake}};
    cr_expect_eq(flight_enter(t, &g[0].flight, 7, 2, 0, &g[0].waiter), FLIGHT_ENTERED);
    cr_expect_eq(flight_enter(t, &g[1].flight, 7, 2, 0, &g[1].waiter), FLIGHT_ENTERED);
    cr_expect_eq(flight_enter(t, &g[2].flight, 7, 1, 1, &g[2].waiter), FLIGHT_QUEUED);
    flight_leave(t, &g[0].flight);
    cr_expect_eq(g[2].woken, 0, "one is still in flight");
    flight_leave(t, &g[1].flight);
    cr_expect_eq(g[2].woken, 1);
    flight_leave(t, &g[2].flight);
    flight_table_free(&t);
}
