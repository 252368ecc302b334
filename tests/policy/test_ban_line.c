// SPDX-License-Identifier: Apache-2.0
// Lines of the journal: what was written is read, and nothing else.
#include "policy/ban_line.h"
#include <criterion/criterion.h>

#define MINUTE UINT64_C(60000)

static const struct ban_time now = {.now_ms = 1000 * MINUTE, .wall_ms = 1800000000000};

static const struct row {
    const char *label, *line;
    bool        good;
    int64_t     left_ms; // until its end
    uint32_t    step;
} rows[] = {
    {"a ban of the ladder", "3a643772 192.0.2.1 1800000600000 3 ladder too many points", true, 10 * MINUTE,
     3},
    {"an operator's, without a reason", "27315262 203.0.113.0/24 1800000600000 0 operator ", true,
     10 * MINUTE, 0},
    {"it ended 90 minutes ago: an hour was clean", "1b97f625 192.0.2.1 1799994600000 3 ladder x", true,
     -30 * (int64_t)MINUTE, 2},
    {"of a clock that was wrong: a day at most", "68c41f76 192.0.2.1 1900000000000 3 ladder x", true,
     24 * 60 * MINUTE, 3},
    {"another checksum", "3a643773 192.0.2.1 1800000600000 3 ladder too many points", false, 0, 0},
    {"cut", "3a643772 192.0.2.1 1800000600000 3 ladder too many point", false, 0, 0},
    {"nothing", "", false, 0, 0},
    {"no checksum", "192.0.2.1 1800000600000 3 ladder too many points", false, 0, 0},
};

Test(ban_line, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        struct ban ban;
        bool       good = ban_line_read(bytes_of(row->line), now, &ban);
        cr_assert_eq(good, row->good, "%s", row->label);
        if (!good)
            continue;
        cr_expect_eq((int64_t)(ban.until_ms - now.now_ms), row->left_ms, "%s", row->label);
        cr_expect_eq(ban.step, row->step, "%s", row->label);
    }
}

Test(ban_line, controls_do_not_break_a_line)
{
    struct ban       ban = {.until_ms = now.now_ms + MINUTE, .by_operator = true, .why = "two\nlines"}, again;
    char             memory[BAN_LINE_MAX];
    struct bytes_out out = {.at = memory, .cap = sizeof memory};
    cr_assert_null(prefix_parse(BYTES("2001:db8::/32"), &ban.prefix));
    ban_line_print(&ban, now, &out);
    cr_assert_eq(memory[out.len - 1], '\n');
    cr_assert(ban_line_read((struct bytes){memory, out.len - 1}, now, &again));
    cr_expect_str_eq(again.why, "two lines");
}
