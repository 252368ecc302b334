// SPDX-License-Identifier: Apache-2.0
// status_set: a bit a code.
#include "policy/status_set.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void add(struct status_set *set, unsigned status)
{
    set->bits[(status - STATUS_FIRST) / 64] |= UINT64_C(1) << (status - STATUS_FIRST) % 64;
}

static bool add_text(struct status_set *set, struct bytes text)
{
    if (text.len != 3 || text.at[0] < '1' || text.at[0] > '5')
        return false;
    unsigned first = (unsigned)(text.at[0] - '0') * 100;
    if (text.at[1] == 'x' && text.at[2] == 'x') {
        for (unsigned i = 0; i < 100; i++)
            add(set, first + i);
        return true;
    }
    if (!is_digit(text.at[1]) || !is_digit(text.at[2]))
        return false;
    add(set, first + (unsigned)(text.at[1] - '0') * 10 + (unsigned)(text.at[2] - '0'));
    return true;
}

bool status_set_load(struct node array, struct status_set *set_r)
{
    struct status_set set = {0};
    bool              good = node_expect_array(array);
    if (good && node_length(array) == 0) {
        node_problem(array, "[\"302\", \"4xx\"]", "no status would be counted");
        good = false;
    }
    for (size_t i = 0; good && i < node_length(array); i++) {
        struct node  n = node_at(array, i);
        struct bytes text;
        good = node_text(n, &text);
        if (good && !add_text(&set, text)) {
            node_problem(n, "\"302\", or \"4xx\" for all from 400 to 499", "this is no status");
            good = false;
        }
    }
    if (good)
        *set_r = set;
    return good;
}

bool status_set_has(const struct status_set *set, unsigned status)
{
    return status >= STATUS_FIRST && status <= STATUS_LAST &&
           (set->bits[(status - STATUS_FIRST) / 64] >> (status - STATUS_FIRST) % 64 & 1) != 0;
}
