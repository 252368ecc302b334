// SPDX-License-Identifier: Apache-2.0
// caught_records: takes the place of the access log: what each finished exchange said of itself.
#pragma once
#include "gateway/record.h"

#define CAUGHT_TEXT_MAX 128

// The record as a value, with its texts terminated by NUL.
struct caught {
    struct record record; // its pointers are gone: only the numbers and the enums
    char          id[CAUGHT_TEXT_MAX];
    char          policy[CAUGHT_TEXT_MAX];
    char          reason[CAUGHT_TEXT_MAX];
    char          upstream[CAUGHT_TEXT_MAX];
};

struct access_feed  *caught_feed(void); // for loop->log
size_t               caught_count(void);
const struct caught *caught_last(void);
void                 caught_clear(void);
