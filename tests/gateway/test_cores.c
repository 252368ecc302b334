// SPDX-License-Identifier: Apache-2.0
// test_cores: how many processors a quota comes to.
#include "gateway/cores.h"
#include <criterion/criterion.h>
#include <limits.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

TestSuite(cores);

Test(cores, a_quota_is_rounded_up)
{
    static const struct {
        const char *label, *cpu_max;
        unsigned    cores;
    } rows[] = {
        {"no quota", "max 100000\n", UINT_MAX},
        {"one core", "100000 100000\n", 1},
        {"one and a half", "150000 100000\n", 2},
        {"a tenth", "10000 100000\n", 1},
        {"another period", "200000 50000\n", 4},
        {"nothing at all is still one", "0 100000\n", 1},
        {"no period", "100000\n", UINT_MAX},
        {"a period of nothing", "100000 0\n", UINT_MAX},
        {"an empty file", "", UINT_MAX},
        {"a number that is too large", "99999999999999999999 1\n", UINT_MAX},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        cr_expect_eq(cores_granted(bytes_of(rows[i].cpu_max)), rows[i].cores, "%s", rows[i].label);
}

Test(cores, there_is_at_least_one_here)
{
    cr_expect_geq(cores_available(), 1);
    cr_expect_lt(cores_available(), 4096);
}
