// SPDX-License-Identifier: Apache-2.0
// wire_turn: who may read, round by round.
#include "gateway/wire_private.h"
#include <criterion/criterion.h>

static struct loop l;
static struct wire a, b;

static void begin(void)
{
    l = (struct loop){.turn = {.number = 5, .left = 1}};
    a = (struct wire){.loop = &l, .reading = {.is_bulk = true}};
    b = a;
}

TestSuite(wire_turn, .init = begin);

Test(wire_turn, who_has_little_to_say_never_waits)
{
    a.reading.is_bulk = false;
    l.turn.left = 0;
    cr_expect_not(wire_must_wait(&a));
}

Test(wire_turn, a_spent_turn_makes_wait_until_the_next)
{
    l.turn.left = 0;
    cr_expect(wire_must_wait(&a));
    l.turn =
        (struct loop_turn){.number = 6, .left = 1, .round = l.turn.round, .passed_over = l.turn.passed_over};
    cr_expect_not(wire_must_wait(&a));
    cr_expect_eq(l.turn.passed_over, 0);
}

Test(wire_turn, who_has_read_waits_for_who_was_passed_over)
{
    cr_expect_not(wire_must_wait(&a));
    l.turn.left = 0;
    cr_expect(wire_must_wait(&b));
    l.turn.number = 6;
    l.turn.left = 1;
    cr_expect(wire_must_wait(&a), "it has had its read in this round");
    cr_expect_not(wire_must_wait(&b));
    cr_expect_not(wire_must_wait(&a), "and the next round is everybody's");
}

// libuv polls again within one turn when very many are ready: a wire can be reported twice in it.
Test(wire_turn, who_is_passed_over_in_the_turn_of_its_own_read_is_not_passed_over_for_ever)
{
    cr_expect_not(wire_must_wait(&a));
    l.turn.left = 0;
    cr_expect(wire_must_wait(&a), "reported again in the same turn");
    l.turn.number = 6;
    l.turn.left = 1;
    cr_expect_not(wire_must_wait(&a));
}
