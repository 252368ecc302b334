// SPDX-License-Identifier: Apache-2.0
// record: names of verdicts, as logs print them.
#include "gateway/record.h"

const char *record_verdict_name(enum record_verdict v)
{
    static const char *const names[] = {
        [RECORD_PASS] = "pass",   [RECORD_SHADOW] = "shadow", [RECORD_DENY] = "deny",
        [RECORD_FAULT] = "fault", [RECORD_ERROR] = "error",
    };
    return names[v];
}
