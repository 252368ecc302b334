// SPDX-License-Identifier: Apache-2.0
// test_ceilings: how many connections, of whom, and how patience shrinks with them.
#include "gateway/ceilings.h"
#include <criterion/criterion.h>
#include <pthread.h>

#define MANY 5000u
#define THREADS 4
#define ROUNDS 20000

static struct ip ip_of(const char *text)
{
    struct ip ip;
    cr_assert(ip_parse(bytes_of(text), &ip), "%s", text);
    return ip;
}

static struct ip nth_v4(uint32_t n)
{
    struct ip ip = ip_of("10.0.0.0");
    ip.octet[13] = (unsigned char)(n >> 16);
    ip.octet[14] = (unsigned char)(n >> 8);
    ip.octet[15] = (unsigned char)n;
    return ip;
}

static const struct row {
    const char *label, *one, *other;
    bool        same;
} rows[] = {
    {"one address", "192.0.2.1", "192.0.2.1", true},
    {"its neighbour", "192.0.2.1", "192.0.2.2", false},
    {"an address and its mapped form", "192.0.2.1", "::ffff:192.0.2.1", true},
    {"one /64", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
    {"the next /64", "2001:db8:0:1::1", "2001:db8:0:2::1", false},
    {"the /64 of zeros is not IPv4", "::1", "0.0.0.1", false},
};

Test(ceilings, an_address_may_have_so_many)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ceilings *c = ceilings_new(100, 1);
        struct ip        one = ip_of(rows[i].one), other = ip_of(rows[i].other);
        cr_expect(ceilings_enter(c, &one), "%s", rows[i].label);
        cr_expect_eq(ceilings_enter(c, &other), !rows[i].same, "%s", rows[i].label);
        ceilings_leave(c, &one);
        cr_expect_eq(ceilings_enter(c, &other), rows[i].same, "%s", rows[i].label);
        ceilings_free(&c);
    }
}

Test(ceilings, the_total_counts_those_of_a_trusted_proxy_too)
{
    struct ceilings *c = ceilings_new(3, 1);
    struct ip        one = ip_of("192.0.2.1");
    cr_expect(ceilings_enter(c, NULL));
    cr_expect(ceilings_enter(c, NULL));
    cr_expect_not(ceilings_are_reached(c));
    cr_expect(ceilings_enter(c, &one));
    cr_expect(ceilings_are_reached(c));
    ceilings_leave(c, NULL);
    cr_expect_not(ceilings_are_reached(c));
    cr_expect_not(ceilings_enter(c, &one));
    cr_expect_not(ceilings_are_reached(c), "who was turned away is not counted");
    ceilings_free(&c);
}

Test(ceilings, addresses_that_leave_take_nobody_with_them)
{
    struct ceilings *c = ceilings_new(MANY, 2);
    for (uint32_t i = 0; i < MANY; i++) {
        struct ip ip = nth_v4(i);
        cr_assert(ceilings_enter(c, &ip));
    }
    for (uint32_t i = 0; i < MANY; i += 3) {
        struct ip ip = nth_v4(i);
        ceilings_leave(c, &ip);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        struct ip ip = nth_v4(i);
        cr_assert(ceilings_enter(c, &ip), "one place is left");
        cr_assert_eq(ceilings_enter(c, &ip), i % 3 == 0, "who stayed has two by now");
    }
    ceilings_free(&c);
}

static void *come_and_go(void *ceilings)
{
    struct ip ip = nth_v4(1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (ceilings_enter(ceilings, &ip))
            ceilings_leave(ceilings, &ip);
    }
    return NULL;
}

Test(ceilings, many_loops_count_as_one)
{
    struct ceilings *c = ceilings_new(100, 2);
    struct ip        ip = nth_v4(1);
    pthread_t        threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, come_and_go, c), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_expect(ceilings_enter(c, &ip));
    cr_expect(ceilings_enter(c, &ip));
    cr_expect_not(ceilings_enter(c, &ip));
    ceilings_free(&c);
}

Test(ceilings, patience_shrinks_as_they_near)
{
    static const struct {
        unsigned connections;
        uint32_t ms;
    } steps[] = {{0, 10000}, {70, 10000}, {85, 6000}, {100, 2000}, {105, 2000}};
    struct ceilings *c = ceilings_new(100, 1);
    unsigned         taken = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        for (; taken < steps[i].connections; taken++)
            cr_assert(ceilings_enter(c, NULL));
        cr_expect_eq(ceilings_tighten(c, 10000), steps[i].ms, "%u: %u", taken, ceilings_tighten(c, 10000));
    }
    ceilings_free(&c);
}
