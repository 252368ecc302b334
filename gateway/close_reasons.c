// SPDX-License-Identifier: Apache-2.0
// close_reasons: the table, as look-ups.
#include "gateway/close_reasons.h"

static const struct {
    const char      *token;
    enum close_whose whose;
    unsigned         status;
    const char      *says;
} rows[CLOSE_COUNT] = {[CLOSE_NONE] = {"none", WHOSE_NOBODY, 0, ""},
#define CLOSE_ROW(name, token, whose, status, says) [name] = {token, whose, status, says},
                       CLOSE_REASONS(CLOSE_ROW)
#undef CLOSE_ROW
};

const char *close_token(enum close_reason r)
{
    return rows[r].token;
}

enum close_whose close_whose(enum close_reason r)
{
    return rows[r].whose;
}

unsigned close_status(enum close_reason r)
{
    return rows[r].status;
}

const char *close_says(enum close_reason r)
{
    return rows[r].says;
}
