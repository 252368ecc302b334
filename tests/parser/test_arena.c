// SPDX-License-Identifier: Apache-2.0
// test_arena: bounds, alignment, and blocks that come back.
#include "parser/arena.h"
#include <criterion/criterion.h>
#include <signal.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

TestSuite(arena);

Test(arena, nothing_is_taken_before_it_is_needed)
{
    struct arena a;
    arena_init(&a, NULL, 1024 * 1024);
    arena_check(&a);
    cr_expect(a.taken == 0 && a.blocks == NULL);
    arena_reset(&a);
    cr_expect(a.taken == 0);
}

Test(arena, memory_is_aligned_and_apart)
{
    static const struct {
        const char *label;
        size_t      n;
    } rows[] = {
        {"nothing", 0},        {"one byte", 1},
        {"an odd size", 37},   {"most of a block", 4000},
        {"a block", 4096},     {"more than a block", 5000},
        {"one byte again", 1}, {"many blocks", 100 * 1000},
    };
    struct arena a;
    char        *memory[ROWS(rows)];
    arena_init(&a, NULL, 1024 * 1024);
    for (size_t i = 0; i < ROWS(rows); i++) {
        memory[i] = arena_alloc(&a, rows[i].n);
        cr_assert(memory[i] != NULL, "%s", rows[i].label);
        cr_expect((uintptr_t)memory[i] % 16 == 0, "%s is not aligned", rows[i].label);
        memset(memory[i], (int)('a' + i), rows[i].n);
        arena_check(&a);
    }
    for (size_t i = 0; i < ROWS(rows); i++)
        for (size_t at = 0; at < rows[i].n; at++)
            cr_assert(memory[i][at] == (char)('a' + i), "%s was overwritten at %zu", rows[i].label, at);
    cr_expect(memory[0] != arena_alloc(&a, 0), "nothing is unique");
    arena_reset(&a);
}

Test(arena, a_large_allocation_leaves_the_open_block_in_use)
{
    struct arena a;
    arena_init(&a, NULL, 1024 * 1024);
    cr_assert(arena_alloc(&a, 16) != NULL);
    cr_assert(arena_alloc(&a, 10000) != NULL);
    size_t taken = a.taken;
    cr_assert(arena_alloc(&a, 16) != NULL);
    cr_expect(a.taken == taken, "a new block was taken");
    arena_reset(&a);
}

Test(arena, the_bound_holds)
{
    static const struct {
        const char *label;
        size_t      max, n;
        unsigned    times;
    } rows[] = {
        {"no room at all", 0, 1, 0},
        {"less than a block", ARENA_BLOCK - 1, 1, 0},
        {"one block holds half a block once", ARENA_BLOCK, 2100, 1},
        {"two blocks hold it twice", 2 * ARENA_BLOCK, 2100, 2},
        {"two blocks and a bit hold it twice", 3 * ARENA_BLOCK - 1, 2100, 2},
        {"more than everything", 64 * 1024, 64 * 1024 + 1, 0},
        {"a size that overflows", 64 * 1024, SIZE_MAX, 0},
        {"a size that overflows when rounded", SIZE_MAX, SIZE_MAX - 8, 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct arena a;
        unsigned     times = 0;
        arena_init(&a, NULL, rows[i].max);
        while (times <= rows[i].times && arena_alloc(&a, rows[i].n) != NULL)
            times++;
        cr_expect(times == rows[i].times, "%s: %u times", rows[i].label, times);
        cr_expect(a.overflowed, "%s: not remembered", rows[i].label);
        arena_check(&a);
        arena_reset(&a);
        cr_expect_not(a.overflowed, "%s: remembered too long", rows[i].label);
    }
}

Test(arena, cleared_memory)
{
    struct arena_pool pool;
    struct arena      a;
    arena_pool_init(&pool, 1);
    arena_init(&a, &pool, ARENA_BLOCK);
    memset(arena_alloc(&a, 1000), 'x', 1000);
    arena_reset(&a);
    char *memory = arena_zalloc(&a, 1000);
    for (size_t i = 0; i < 1000; i++)
        cr_assert(memory[i] == 0, "byte %zu of a used block", i);
    cr_expect(arena_zalloc(&a, ARENA_BLOCK) == NULL);
    arena_reset(&a);
    arena_pool_drain(&pool);
}

Test(arena, copies)
{
    struct arena a;
    arena_init(&a, NULL, ARENA_BLOCK);
    char         text[] = "hello";
    struct bytes copy = arena_copy(&a, bytes_of(text));
    text[0] = 'J';
    cr_expect(bytes_equal(copy, BYTES("hello")));
    copy = arena_copy(&a, (struct bytes){NULL, 0});
    cr_expect(copy.at != NULL && copy.len == 0, "a copy of nothing is empty, not absent");
    copy = arena_copy(&a, (struct bytes){text, ARENA_BLOCK});
    cr_expect(copy.at == NULL && copy.len == 0);
    arena_reset(&a);
}

Test(arena, a_growing_text)
{
    struct arena     a;
    struct bytes_out text = {0};
    arena_init(&a, NULL, 64 * 1024);
    for (size_t i = 0; i < 10000; i++)
        cr_assert(arena_append(&a, &text, (struct bytes){&"0123456789"[i % 10], 1}, 10000));
    cr_assert(text.len == 10000 && text.cap == 10000, "%zu of %zu", text.len, text.cap);
    for (size_t i = 0; i < text.len; i++)
        cr_assert(text.at[i] == (char)('0' + i % 10), "byte %zu", i);
    cr_expect(a.taken <= 32 * 1024, "%zu bytes for a text of 10000", a.taken);
    arena_reset(&a);
}

Test(arena, a_growing_text_without_room_stays_as_it_was)
{
    struct arena     a;
    struct bytes_out text = {0};
    arena_init(&a, NULL, ARENA_BLOCK);
    cr_assert(arena_append(&a, &text, BYTES("hello"), 10000));
    char more[4096] = {0};
    cr_expect_not(arena_append(&a, &text, (struct bytes){more, sizeof more}, 10000));
    cr_expect(bytes_equal(out_written(&text), BYTES("hello")));
    arena_reset(&a);
}

Test(arena, the_pool_keeps_standard_blocks_up_to_its_bound)
{
    struct arena_pool pool;
    struct arena      a;
    arena_pool_init(&pool, 2);
    arena_init(&a, &pool, 64 * 1024);
    for (int i = 0; i < 3; i++)
        cr_assert(arena_alloc(&a, 4000) != NULL);
    cr_assert(arena_alloc(&a, 10000) != NULL);
    arena_reset(&a);
    cr_expect(pool.kept == 2, "%zu kept", pool.kept);

    struct arena_block *first = pool.free;
    cr_assert(arena_alloc(&a, 1) != NULL);
    cr_expect(pool.kept == 1 && a.blocks == first, "a kept block is used again");
    arena_reset(&a);
    cr_expect(pool.kept == 2);
    arena_pool_drain(&pool);
    cr_expect(pool.kept == 0 && pool.free == NULL);
}

Test(arena, a_check_finds_a_broken_arena, .signal = SIGABRT)
{
    struct arena a;
    arena_init(&a, NULL, ARENA_BLOCK);
    (void)!arena_alloc(&a, 1);
    a.next = a.end + 16;
    arena_check(&a);
}

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>

Test(arena, what_is_not_handed_out_is_poisoned)
{
    struct arena a;
    arena_init(&a, NULL, 64 * 1024);
    char *memory = arena_alloc(&a, 20);
    char *next = arena_alloc(&a, 20);
    cr_expect(__asan_address_is_poisoned(memory + 20), "behind an allocation");
    cr_expect(__asan_address_is_poisoned(next - 1), "in front of an allocation");
    cr_expect(__asan_address_is_poisoned(a.next), "the rest of the block");
    cr_expect_not(__asan_address_is_poisoned(memory + 19));
    arena_reset(&a);
}
#endif
