// SPDX-License-Identifier: Apache-2.0
// The ladder: what is read, its defaults, and what is refused.
#include "policy/ladder.h"
#include <criterion/criterion.h>

static struct arena arena;

static const struct ladder *load(const char *json, struct document **d_r)
{
    *d_r = document_parse(bytes_of(json), "f");
    arena_init(&arena, NULL, 1u << 20);
    return ladder_load(document_root(*d_r), &arena);
}

static void unload(struct document **d)
{
    arena_reset(&arena);
    document_free(d);
}

Test(ladder, has_defaults)
{
    struct document     *d;
    const struct ladder *l = load("{}", &d);
    cr_assert_not_null(l);
    cr_expect_eq(l->half_life_ms, 600000);
    cr_assert_eq(l->count, 4);
    static const struct rung expected[] = {{20, RUNG_DELAY, 250, 1},
                                           {40, RUNG_DELAY, 1000, 2},
                                           {60, RUNG_TARPIT, 20000, 2},
                                           {100, RUNG_BAN, 60000, 1}};
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(l->rungs[i].at, expected[i].at);
        cr_expect_eq(l->rungs[i].act, expected[i].act);
        cr_expect_eq(l->rungs[i].ms, expected[i].ms);
        cr_expect_eq(l->rungs[i].cost, expected[i].cost);
    }
    unload(&d);
}

Test(ladder, is_read)
{
    struct document     *d;
    const struct ladder *l = load("{\"half_life\": \"2m\", \"never\": [\"192.0.2.0/24\"], \"steps\": ["
                                  "{\"at\": 5, \"do\": \"tarpit\"}, {\"at\": 7, \"do\": \"delay\"},"
                                  "{\"at\": 10, \"do\": \"ban\", \"for\": \"30s\", \"cost\": 9}]}",
                                  &d);
    struct ip            ip;
    cr_assert_not_null(l);
    cr_assert(ip_parse(BYTES("192.0.2.9"), &ip));
    cr_expect(ip_set_has(l->never, &ip));
    cr_expect_eq(l->half_life_ms, 120000);
    cr_assert_eq(l->count, 3);
    cr_expect_eq(l->rungs[0].ms, 20000, "the default of a tarpit");
    cr_expect_eq(l->rungs[1].ms, 250, "the default of a delay");
    cr_expect_eq(l->rungs[2].ms, 30000);
    cr_expect_eq(l->rungs[2].cost, 9);
    unload(&d);
}

static const struct row {
    const char *label, *json, *problem;
} rows[] = {
    {"no object", "[]", "an object is needed here"},
    {"an unknown key", "{\"halflife\": \"1m\"}", "half_life"},
    {"a half life without a unit", "{\"half_life\": 600}", "a duration is needed"},
    {"a half life of nothing", "{\"half_life\": \"0s\"}", "between"},
    {"a wrong prefix", "{\"never\": [\"192.0.2.1/24\"]}", "bits set behind its prefix"},
    {"no steps at all", "{\"steps\": []}", "between 1 and 8 steps"},
    {"a step that is none", "{\"steps\": [20]}", "an object is needed here"},
    {"a step without points", "{\"steps\": [{\"do\": \"ban\"}]}", "a step without \"at\""},
    {"a step that does nothing", "{\"steps\": [{\"at\": 20}]}", "a step without \"do\""},
    {"a step that does what we cannot", "{\"steps\": [{\"at\": 20, \"do\": \"bann\"}]}", "ban"},
    {"an unknown key of a step", "{\"steps\": [{\"at\": 20, \"do\": \"ban\", \"until\": \"1h\"}]}", "until"},
    {"a delay that nobody survives", "{\"steps\": [{\"at\": 20, \"do\": \"delay\", \"for\": \"1h\"}]}",
     "30s"},
    {"no cost", "{\"steps\": [{\"at\": 20, \"do\": \"delay\", \"cost\": 0}]}", "out of range"},
    {"steps that fall", "{\"steps\": [{\"at\": 20, \"do\": \"delay\"}, {\"at\": 20, \"do\": \"tarpit\"}]}",
     "more points than the one before"},
    {"a step behind the ban",
     "{\"steps\": [{\"at\": 20, \"do\": \"ban\"}, {\"at\": 30, \"do\": \"tarpit\"}]}",
     "nothing comes behind a ban"},
};

Test(ladder, refuses)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        struct document     *d;
        char                 memory[8192];
        struct bytes_out     out = {.at = memory, .cap = sizeof memory - 1};
        const struct ladder *l = load(row->json, &d);
        document_print(d, &out);
        memory[out.len] = '\0';
        cr_expect(l == NULL || document_has_problems(d), "%s", row->label);
        cr_expect_not_null(strstr(memory, row->problem), "%s: %s", row->label, memory);
        unload(&d);
    }
}
