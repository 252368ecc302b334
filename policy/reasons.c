// SPDX-License-Identifier: Apache-2.0
// reasons: the table, to look up by reason.
#include "policy/reasons.h"

static const struct {
    const char *token;
    unsigned    status;
    const char *field;
    const char *says;
} rows[REASON_COUNT] = {[REASON_NONE] = {"none", 200, NULL, ""},
#define REASON_ROW(name, token, status, field, says) [name] = {token, status, field, says},
                        REASONS(REASON_ROW)
#undef REASON_ROW
};

const char *reason_token(enum reason r)
{
    ASSERT(r < REASON_COUNT);
    return rows[r].token;
}

unsigned reason_status(enum reason r)
{
    ASSERT(r < REASON_COUNT);
    return rows[r].status;
}

const char *reason_field(enum reason r)
{
    ASSERT(r < REASON_COUNT);
    return rows[r].field;
}

const char *reason_says(enum reason r)
{
    ASSERT(r < REASON_COUNT);
    return rows[r].says;
}
