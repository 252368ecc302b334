// SPDX-License-Identifier: Apache-2.0
// faults: the rows of the table, to look up by number.
#include "parser/faults.h"

static const struct {
    const char *token;
    unsigned    status;
    const char *rule;
    const char *says;
} faults[FAULT_COUNT] = {[FAULT_NONE] = {"none", 200, "", ""},
#define FAULT_ROW(name, token, status, rule, says) [name] = {token, status, rule, says},
                         FAULTS(FAULT_ROW)
#undef FAULT_ROW
};

const char *fault_token(enum fault f)
{
    ASSERT(f < FAULT_COUNT);
    return faults[f].token;
}

unsigned fault_status(enum fault f)
{
    ASSERT(f < FAULT_COUNT);
    return faults[f].status;
}

const char *fault_rule(enum fault f)
{
    ASSERT(f < FAULT_COUNT);
    return faults[f].rule;
}

const char *fault_says(enum fault f)
{
    ASSERT(f < FAULT_COUNT);
    return faults[f].says;
}
