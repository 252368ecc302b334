// SPDX-License-Identifier: Apache-2.0
// The words of a verdict about a number.
#include "policy/detail.h"
#include <criterion/criterion.h>

Test(detail, says_how_much_and_how_much_is_allowed)
{
    struct arena arena;
    arena_init(&arena, NULL, 4096);
    cr_expect(bytes_equal(detail_excess(&arena, 120, "fields", 100), BYTES("120 fields, 100 allowed")));
    struct bytes largest = detail_excess(&arena, UINT64_MAX, "segments", UINT64_MAX);
    cr_expect(bytes_equal(largest, BYTES("18446744073709551615 segments, 18446744073709551615 allowed")));
    arena_reset(&arena);
}

Test(detail, a_full_arena_says_nothing)
{
    struct arena arena;
    arena_init(&arena, NULL, 16);
    cr_expect_null(detail_excess(&arena, 1, "fields", 0).at);
    arena_reset(&arena);
}
