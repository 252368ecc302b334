// SPDX-License-Identifier: Apache-2.0
// test_faults: the table is complete, and its tokens can be log and metric names.
#include "parser/faults.h"
#include <criterion/criterion.h>

TestSuite(faults);

Test(faults, none)
{
    cr_expect_str_eq(fault_token(FAULT_NONE), "none");
    cr_expect(fault_status(FAULT_NONE) == 200);
    cr_expect_str_eq(fault_rule(FAULT_NONE), "");
    cr_expect_str_eq(fault_says(FAULT_NONE), "");
}

Test(faults, every_row_is_filled)
{
    for (enum fault f = FAULT_NONE + 1; f < FAULT_COUNT; f++) {
        const char *token = fault_token(f);
        cr_assert(token != NULL, "fault %d has no row", (int)f);
        cr_expect(token[strspn(token, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0', "%s", token);
        cr_expect(fault_status(f) >= 400 && fault_status(f) <= 599, "%s", token);
        cr_expect(strlen(fault_rule(f)) > 0 && strlen(fault_says(f)) > 0, "%s", token);
    }
}

Test(faults, tokens_are_unique)
{
    for (enum fault f = FAULT_NONE; f < FAULT_COUNT; f++)
        for (enum fault g = f + 1; g < FAULT_COUNT; g++)
            cr_expect(strcmp(fault_token(f), fault_token(g)) != 0, "%s stands twice", fault_token(f));
}

static enum fault first_of(enum fault a, enum fault b)
{
    TRY(a);
    TRY(b);
    return FAULT_NONE;
}

Test(faults, try_leaves_with_the_first)
{
    cr_expect(first_of(FAULT_NONE, FAULT_NONE) == FAULT_NONE);
    cr_expect(first_of(FAULT_SYNTAX, FAULT_VERSION) == FAULT_SYNTAX);
    cr_expect(first_of(FAULT_NONE, FAULT_VERSION) == FAULT_VERSION);
}
