// SPDX-License-Identifier: Apache-2.0
// Every reason can be logged, counted and answered.
#include "policy/reasons.h"
#include <criterion/criterion.h>

Test(reasons, none_is_no_refusal)
{
    cr_expect_str_eq(reason_token(REASON_NONE), "none");
    cr_expect_eq(reason_status(REASON_NONE), 200u);
    cr_expect_null(reason_field(REASON_NONE));
    cr_expect_str_eq(reason_says(REASON_NONE), "");
}

Test(reasons, every_row_is_a_token_a_refusal_and_a_sentence)
{
    for (enum reason r = REASON_NONE + 1; r < REASON_COUNT; r++) {
        const char *token = reason_token(r);
        cr_expect_gt(strlen(token), 0u);
        cr_expect_eq(strspn(token, "abcdefghijklmnopqrstuvwxyz_"), strlen(token), "\"%s\" goes into metrics",
                     token);
        bool elsewhere = reason_status(r) == 307 && strcmp(reason_field(r), "Location") == 0;
        bool ours = reason_status(r) == 503; // there is no room
        cr_expect(elsewhere || ours || (reason_status(r) >= 400 && reason_status(r) < 500),
                  "%s: a denial is the client's", token);
        cr_expect_gt(strlen(reason_says(r)), 10u, "%s", token);
        for (enum reason other = r + 1; other < REASON_COUNT; other++)
            cr_expect_str_neq(token, reason_token(other));
    }
}

Test(reasons, a_405_names_what_is_allowed)
{
    // RFC 9110 15.5.6: the server MUST generate an Allow header field in a 405 response.
    for (enum reason r = REASON_NONE; r < REASON_COUNT; r++)
        cr_expect_eq(reason_status(r) == 405,
                     reason_field(r) != NULL && strcmp(reason_field(r), "Allow") == 0, "%s", reason_token(r));
}
