// SPDX-License-Identifier: Apache-2.0
// test_edits: what is dropped stays out, what is added is whole, and nobody injects a line.
#include "policy/edits.h"
#include "policy/document.h"
#include <criterion/criterion.h>
#include <signal.h>

static struct arena arena;
static struct edits edits;

static void begin(void)
{
    arena_init(&arena, NULL, 1u << 16);
    edits_init(&edits, 130, &arena);
}

static void end(void)
{
    arena_reset(&arena);
}

TestSuite(edits, .init = begin, .fini = end);

Test(edits, each_field_is_dropped_by_its_own_bit)
{
    static const size_t rows[] = {0, 63, 64, 129};
    for (size_t i = 0; i < 130; i++)
        cr_expect(!edits_drops(&edits, i));
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        edits_drop(&edits, rows[r]);
    for (size_t i = 0; i < 130; i++)
        cr_expect_eq(edits_drops(&edits, i), i == 0 || i == 63 || i == 64 || i == 129, "%zu", i);
}

Test(edits, additions_keep_their_order_and_fill_their_room)
{
    char             text[128];
    struct bytes_out out = {.at = text, .cap = sizeof text};
    edits_add(&edits, BYTES("Set-Cookie"), BYTES("a=b"));
    edits_add_lines(&edits, BYTES("X-One: 1\r\nX-Two: 2\r\n"));
    edits_add_lines(&edits, BYTES(""));
    edits_add(&edits, BYTES("X-Empty"), BYTES(""));
    edits_print(&edits, &out);
    cr_expect(
        bytes_equal(out_written(&out), BYTES("Set-Cookie: a=b\r\nX-One: 1\r\nX-Two: 2\r\nX-Empty: \r\n")),
        "%.*s", SHOW(out_written(&out)));
    cr_expect_eq(edits_room(&edits), out.len);
}

Test(edits, a_path_takes_the_place_of_the_canonical_one)
{
    cr_expect_null(edits.path.at, "none at first");
    edits_path(&edits, BYTES("/a"));
    cr_expect(bytes_equal(edits.path, BYTES("/a")));
    cr_expect_not(edits.failed);
    edits_path(&edits, (struct bytes){NULL, 0});
    cr_expect(edits.failed, "absent: the arena was full");
}

Test(edits, none_are_no_edits)
{
    edits_path(NULL, BYTES("/a"));
    edits_drop(NULL, 3);
    edits_add(NULL, BYTES("A"), BYTES("b"));
    edits_add_lines(NULL, BYTES("A: b\r\n"));
    cr_expect(!edits_drops(NULL, 3));
    cr_expect_eq(edits_room(NULL), 0u);
}

Test(edits, a_full_arena_fails_them_for_good)
{
    struct arena full;
    arena_init(&full, NULL, 0);
    edits_init(&edits, 3, &full);
    edits_drop(&edits, 1);
    cr_expect(edits.failed);
    edits_init(&edits, 3, &full);
    edits_add(&edits, BYTES("A"), BYTES("b"));
    cr_expect(edits.failed);
    cr_expect_eq(edits_room(&edits), 0u);
}

#define INJECTS(name_of_test, name, value)                                                                   \
    Test(edits, name_of_test, .signal = SIGABRT)                                                             \
    {                                                                                                        \
        edits_add(&edits, BYTES(name), BYTES(value));                                                        \
    }

Test(edits, no_path_that_is_none, .signal = SIGABRT)
{
    edits_path(&edits, BYTES("a HTTP/1.1"));
}

INJECTS(no_line_end_in_a_value, "A", "b\r\nC: d")
INJECTS(no_lone_line_feed_in_a_value, "A", "b\nC: d")
INJECTS(no_zero_in_a_value, "A", "b\0c")
INJECTS(no_line_end_in_a_name, "A: b\r\nC", "d")
INJECTS(no_empty_name, "", "d")
