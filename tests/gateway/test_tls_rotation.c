// SPDX-License-Identifier: Apache-2.0
// test_tls_rotation: the keys of tickets over days, by the hand of a clock.
#include "gateway/tls_rotation.h"
#include "tests/support/hand_clock.h"
#include <criterion/criterion.h>

#define HALF_A_DAY_MS (12u * 3600u * 1000u)

static struct loop        *loop;
static struct tls_tickets *tickets;
static struct tls_rotation rotation;

static void nothing(struct loop *l)
{
    (void)l;
}

static void begin(void)
{
    loop = loop_new(0, NULL, NULL);
    tickets = tls_tickets_new(loop_now_ms(loop) / 1000);
    cr_assert(loop != NULL && tickets != NULL);
    tls_rotation_start(&rotation, loop, tickets);
}

static void end(void)
{
    tls_rotation_stop(&rotation);
    tls_tickets_free(&tickets);
    loop_free(&loop);
}

TestSuite(tls_rotation, .init = begin, .fini = end, .timeout = 60);

Test(tls_rotation, a_new_key_seals_every_twelve_hours)
{
    for (unsigned round = 1; round <= 4; round++) {
        const struct ticket_ring *before = tls_tickets_ring(tickets);
        hand_clock_pass(loop, HALF_A_DAY_MS - 2000, nothing);
        cr_expect_eq(tls_tickets_ring(tickets), before, "round %u: not before it is due", round);
        hand_clock_pass(loop, 2000 + WHEEL_TICK_MS, nothing);
        const struct ticket_ring *now = tls_tickets_ring(tickets);
        cr_expect_neq(now, before, "round %u", round);
        cr_expect_eq(now->count, round + 1 < TICKET_KEYS_MAX ? round + 1 : TICKET_KEYS_MAX);
        cr_expect_geq(now->keys[0].made_s - before->keys[0].made_s, TICKET_KEY_S);
    }
}

Test(tls_rotation, stopped_it_stays_as_it_is)
{
    const struct ticket_ring *before = tls_tickets_ring(tickets);
    tls_rotation_stop(&rotation);
    tls_rotation_stop(&rotation);
    hand_clock_pass(loop, HALF_A_DAY_MS + 2000, nothing);
    cr_expect_eq(tls_tickets_ring(tickets), before);
}
