// SPDX-License-Identifier: Apache-2.0
// test_record: the verdicts have the names that the log's documentation gives them.
#include "gateway/record.h"
#include <criterion/criterion.h>

Test(record, verdicts_have_names)
{
    cr_expect_str_eq(record_verdict_name(RECORD_PASS), "pass");
    cr_expect_str_eq(record_verdict_name(RECORD_SHADOW), "shadow");
    cr_expect_str_eq(record_verdict_name(RECORD_DENY), "deny");
    cr_expect_str_eq(record_verdict_name(RECORD_FAULT), "fault");
    cr_expect_str_eq(record_verdict_name(RECORD_ERROR), "error");
}
