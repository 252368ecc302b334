// SPDX-License-Identifier: Apache-2.0
// methods: reading and printing sets of methods.
#include "policy/methods.h"

_Static_assert(METHOD_COUNT <= 32, "a set of methods is 32 bits");

static bool load_method(struct node n, uint32_t *set)
{
    static const struct bytes known[] = {
#define METHOD_TEXT(name, text, safe, idempotent) BYTES(text),
        METHODS(METHOD_TEXT)
#undef METHOD_TEXT
    };
    struct bytes text;
    if (!node_text(n, &text))
        return false;
    enum method m = method_of(text);
    if (m == METHOD_COUNT) {
        node_unknown(n, "method", known, METHOD_COUNT);
        return false;
    }
    if (m == METHOD_CONNECT || m == METHOD_TRACE) {
        node_problem(n, NULL, "%s is never served", method_name(m));
        return false;
    }
    *set |= METHOD_BIT(m);
    return true;
}

bool methods_load(struct node array, uint32_t *set_r)
{
    uint32_t set = 0;
    bool     good = true;
    if (!node_expect_array(array))
        return false;
    for (size_t i = 0; i < node_length(array); i++)
        good = load_method(node_at(array, i), &set) && good;
    if (good && set == 0)
        node_problem(array, "leave it out to allow all that are usual", "this list of methods is empty");
    if (!good || set == 0)
        return false;
    *set_r = set;
    return true;
}

void methods_print(uint32_t set, struct bytes_out *out)
{
    const char *between = "";
    for (enum method m = 0; m < METHOD_COUNT; m++)
        if (set & METHOD_BIT(m)) {
            out_text(out, between);
            out_text(out, method_name(m));
            between = ", ";
        }
}
