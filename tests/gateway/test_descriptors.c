// SPDX-License-Identifier: Apache-2.0
// test_descriptors: what is needed, and what fewer are enough for.
#include "gateway/descriptors.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

TestSuite(descriptors);

Test(descriptors, two_for_each_connection_and_some_to_spare)
{
    struct config c = {.loops = 1, .listener_count = 1, .ceilings = {.connections = 20000}};
    uint64_t      one = descriptors_needed(&c);
    cr_expect_gt(one, 40000);
    cr_expect_lt(one, 40100);
    c.loops = 64;
    c.listener_count = 4;
    cr_expect_geq(descriptors_needed(&c), one + 63 * 4 * 2, "each loop has a socket for each listener");
    c.ceilings.connections = UINT32_MAX;
    cr_expect_gt(descriptors_needed(&c), 2ull * UINT32_MAX);
}

Test(descriptors, fewer_are_enough_for_fewer_connections)
{
    struct config  c = {.loops = 2, .listener_count = 2, .ceilings = {.connections = 1000}};
    const uint64_t needed = descriptors_needed(&c), held = needed - 2000;
    const struct {
        const char *label;
        uint64_t    allowed;
        uint32_t    connections;
    } rows[] = {
        {"all of them", needed, 1000},
        {"more", needed + 1000, 1000},
        {"no limit", UINT64_MAX, 1000},
        {"one is missing", needed - 1, 999},
        {"half", held + 1000, 500},
        {"a last one", held + 2, 1},
        {"nothing is left for connections", held, 1},
        {"none at all", 0, 1},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint32_t enough = descriptors_suffice_for(&c, rows[i].allowed);
        cr_expect_eq(enough, rows[i].connections, "%s: %u", rows[i].label, enough);
    }
}
