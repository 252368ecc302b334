// SPDX-License-Identifier: Apache-2.0
// Hosts as the operator names them. How they are read, tests/policy/test_route.c and test_host_allow.c ask.
#include "policy/host_pattern.h"
#include <criterion/criterion.h>

Test(host_pattern, matching)
{
    static const struct {
        const char *pattern, *name;
        bool        matches;
    } rows[] = {
        {"", "a.example", true},
        {"a.example", "a.example", true},
        {"a.example", "b.a.example", false},
        {"*.a.example", "b.a.example", true},
        {"*.a.example", "c.b.a.example", true},
        {"*.a.example", "a.example", false},
        {"*.a.example", "xa.example", false},
        {"*.a.example", "", false},
        {"a.example", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(host_pattern_matches(bytes_of(rows[i].pattern), bytes_of(rows[i].name)), rows[i].matches,
                     "%s and %s", rows[i].pattern, rows[i].name);
}

Test(host_pattern, covering)
{
    static const struct {
        const char *a, *b;
        bool        covers;
    } rows[] = {
        {"", "*.a.example", true},           {"*.a.example", "", false},
        {"*.example", "a.example", true},    {"*.example", "*.a.example", true},
        {"*.a.example", "*.example", false}, {"*.example", "*.example", true},
        {"a.example", "*.example", false},   {"a.example", "a.example", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(host_pattern_covers(bytes_of(rows[i].a), bytes_of(rows[i].b)), rows[i].covers,
                     "%s and %s", rows[i].a, rows[i].b);
}
