// SPDX-License-Identifier: Apache-2.0
// test_tls_tickets: keys grow old by the hand of a clock.
#include "gateway/tls_tickets.h"
#include <criterion/criterion.h>

#define START_S 1000u

static bool same_key(const struct ticket_key *a, const struct ticket_key *b)
{
    return a && b && memcmp(a, b, sizeof *a) == 0;
}

Test(tls_tickets, the_first_ring_has_one_key)
{
    struct ticket_ring ring;
    cr_assert(ticket_ring_next(NULL, START_S, &ring));
    cr_expect_eq(ring.count, 1);
    cr_expect_eq(ring.keys[0].made_s, START_S);
    cr_expect_null(ring.before);
    cr_expect_eq(ticket_ring_find(&ring, ring.keys[0].name), &ring.keys[0]);
    cr_expect_null(ticket_ring_find(&ring, (const unsigned char *)"0123456789abcdef"));
}

Test(tls_tickets, a_new_key_seals_and_the_two_before_still_open)
{
    struct ticket_ring rings[5];
    for (unsigned i = 0; i < 5; i++)
        cr_assert(ticket_ring_next(i ? &rings[i - 1] : NULL, START_S + i * TICKET_KEY_S, &rings[i]));
    const struct ticket_ring *last = &rings[4];
    cr_expect_eq(last->count, TICKET_KEYS_MAX);
    for (unsigned age = 0; age < TICKET_KEYS_MAX; age++)
        cr_expect(same_key(ticket_ring_find(last, rings[4 - age].keys[0].name), &rings[4 - age].keys[0]),
                  "the key of %u rotations ago", age);
    cr_expect_null(ticket_ring_find(last, rings[1].keys[0].name), "three rotations are too many");
    cr_expect_neq(memcmp(rings[3].keys[0].name, last->keys[0].name, 16), 0);
    cr_expect_neq(memcmp(rings[3].keys[0].cipher, last->keys[0].cipher, 32), 0);
    cr_expect_neq(memcmp(rings[3].keys[0].mac, last->keys[0].mac, 32), 0);
}

Test(tls_tickets, keys_too_old_are_left_out_however_few_there_are)
{
    static const struct {
        const char *label;
        uint64_t    later_s;
        unsigned    count;
    } rows[] = {
        {"at its time", TICKET_KEY_S, 2},
        {"the last second", TICKET_KEYS_MAX * TICKET_KEY_S - 1, 2},
        {"a machine that slept", TICKET_KEYS_MAX * TICKET_KEY_S, 1},
    };
    struct ticket_ring first, next;
    cr_assert(ticket_ring_next(NULL, START_S, &first));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert(ticket_ring_next(&first, START_S + rows[i].later_s, &next));
        cr_expect_eq(next.count, rows[i].count, "%s: %u", rows[i].label, next.count);
    }
}

Test(tls_tickets, a_rotation_comes_when_it_is_due)
{
    struct tls_tickets *t = tls_tickets_new(START_S);
    cr_assert_not_null(t);
    const struct ticket_ring *first = tls_tickets_ring(t);
    cr_expect_eq(tls_tickets_due_s(t), START_S + TICKET_KEY_S);
    tls_tickets_rotate(t, START_S + TICKET_KEY_S - 1);
    cr_expect_eq(tls_tickets_ring(t), first, "a second too early");
    tls_tickets_rotate(t, START_S + TICKET_KEY_S);
    cr_expect_neq(tls_tickets_ring(t), first);
    cr_expect_eq(tls_tickets_ring(t)->count, 2);
    cr_expect_eq(tls_tickets_due_s(t), START_S + 2 * TICKET_KEY_S);
    tls_tickets_free(&t);
    cr_expect_null(t);
}

Test(tls_tickets, a_ring_stays_readable_and_its_secrets_go_a_rotation_later)
{
    static const unsigned char nothing[32];
    struct tls_tickets        *t = tls_tickets_new(START_S);
    cr_assert_not_null(t);
    const struct ticket_ring *first = tls_tickets_ring(t);
    tls_tickets_rotate(t, START_S + TICKET_KEY_S);
    cr_expect_neq(memcmp(first->keys[0].cipher, nothing, sizeof nothing), 0, "somebody may be reading it");
    tls_tickets_rotate(t, START_S + 2 * TICKET_KEY_S);
    cr_expect_eq(memcmp(first->keys[0].cipher, nothing, sizeof nothing), 0);
    cr_expect_eq(tls_tickets_ring(t)->count, 3, "the newer rings have their copies");
    tls_tickets_free(&t);
}
