// SPDX-License-Identifier: Apache-2.0
// test_close_reasons: every row is complete, and no token is there twice.
#include "gateway/close_reasons.h"
#include "gateway/reply.h"
#include <criterion/criterion.h>
#include <ctype.h>

Test(close_reasons, every_row_is_complete)
{
    for (enum close_reason r = CLOSE_NONE + 1; r < CLOSE_COUNT; r++) {
        cr_expect_gt(strlen(close_says(r)), 10, "%s", close_token(r));
        for (const char *c = close_token(r); *c != '\0'; c++)
            cr_expect(islower((unsigned char)*c) || *c == '_', "%s", close_token(r));
        for (enum close_reason other = CLOSE_NONE; other < r; other++)
            cr_expect_str_neq(close_token(r), close_token(other));
    }
    cr_expect_str_eq(close_token(CLOSE_NONE), "none");
}

Test(close_reasons, a_status_says_whose_fault_it_was)
{
    for (enum close_reason r = CLOSE_NONE; r < CLOSE_COUNT; r++) {
        unsigned status = close_status(r);
        if (status == 0)
            continue;
        cr_expect_gt(strlen(reply_phrase(status)), 0, "%u has a phrase", status);
        cr_expect_eq(status / 100 == 4, close_whose(r) == WHOSE_CLIENT, "%s", close_token(r));
        cr_expect_neq(close_whose(r), WHOSE_NOBODY, "%s", close_token(r));
    }
}
