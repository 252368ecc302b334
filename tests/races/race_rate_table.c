// SPDX-License-Identifier: Apache-2.0
// rate_table: a limit of N lets exactly N pass, however many threads ask at once, and whatever comes and goes
// around it. A program of its own: Criterion does not run under ThreadSanitizer, and this is what must.
#include "policy/rate_table.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define THREADS 8
#define TRIES 100000u
#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define START (1000 * SECOND)
#define LIMIT 5000u

static unsigned good, bad;

static void expect_eq(uint64_t found, uint64_t wanted, const char *label, const char *what)
{
    good += found == wanted;
    bad += found != wanted;
    if (found != wanted)
        printf("FAIL %s: %s: %ju, not %ju\n", label, what, (uintmax_t)found, (uintmax_t)wanted);
}

struct race {
    struct rate_table *table;
    struct rate        rate, fleeting;
    atomic_uint        passed, crowded, others;
    atomic_uint        ready;
    bool               flood, back;
};

// Nobody begins before all are there.
static void meet(struct race *r)
{
    atomic_fetch_add(&r->ready, 1);
    while (atomic_load(&r->ready) < THREADS)
        ;
}

static void *try_often(void *context)
{
    struct race       *r = context;
    struct rate_charge charge, other;
    uint64_t           fresh = (uintptr_t)&charge;
    unsigned           passed = 0, crowded = 0, others = 0;
    meet(r);
    for (uint64_t i = 0; i < TRIES; i++) {
        uint64_t            now = START + i * 100;
        struct rate_outcome o = rate_take(r->table, 8, &r->rate, 1, now, &charge);
        crowded += o.answer == RATE_CROWDED;
        if (r->back && o.answer == RATE_PASSES && i % 2 == 0)
            rate_give_back(r->table, &charge, now);
        else
            passed += o.answer == RATE_PASSES;
        if (r->flood) { // the same set, idle at once: there is always somebody to make room
            fresh = fresh * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            others +=
                rate_take(r->table, (fresh >> 8) << 3, &r->fleeting, 1, now, &other).answer == RATE_PASSES;
        }
    }
    atomic_fetch_add(&r->others, others);
    atomic_fetch_add(&r->passed, passed);
    atomic_fetch_add(&r->crowded, crowded);
    return NULL;
}

static void run(struct race *r, void *(*racer)(void *))
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        ASSERT(pthread_create(&threads[i], NULL, racer, r) == 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static const struct row {
    const char *label;
    bool        flood, back;
} rows[] = {
    {"nobody else", false, false},
    {"others come and go in the same set", true, false},
    {"every other one is given back", false, true},
    {"both", true, true},
};

static void a_limit_lets_exactly_so_many_pass(void)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        struct race        r = {.table = rate_table_new(64), .flood = row->flood, .back = row->back};
        struct rate_charge charge;
        ASSERT(rate_make(1, MINUTE, LIMIT, LIMIT, &r.rate) &&
               rate_make(1000000000, SECOND, 1, 1, &r.fleeting));
        ASSERT(rate_take(r.table, 8, &r.rate, 1, START, &charge).answer == RATE_PASSES);
        run(&r, try_often);
        expect_eq(r.passed, LIMIT - 1, row->label, "passed");
        expect_eq(r.crowded, 0, row->label, "found no room");
        expect_eq(r.others > TRIES, row->flood, row->label, "others came");
        expect_eq(rate_take(r.table, 8, &r.rate, 1, START + TRIES * 100, &charge).answer, RATE_SPENT,
                  row->label, "afterwards");
        rate_table_free(&r.table);
    }
}

// All insert the same keys at the same moment: each may pass once.
static void *insert_all(void *context)
{
    struct race       *r = context;
    struct rate_charge charge;
    unsigned           passed = 0;
    meet(r);
    for (uint64_t key = 1; key <= TRIES; key++)
        passed +=
            rate_take(r->table, key * UINT64_C(0x9e3779b97f4a7c15), &r->rate, 1, START, &charge).answer ==
            RATE_PASSES;
    atomic_fetch_add(&r->passed, passed);
    return NULL;
}

static void no_key_is_inserted_twice(void)
{
    struct race r = {.table = rate_table_new(8 * TRIES)};
    ASSERT(rate_make(1, MINUTE, 1, 1, &r.rate));
    run(&r, insert_all);
    expect_eq(r.passed + rate_table_crowded(r.table) / THREADS, TRIES, "the same keys at once", "passed");
    rate_table_free(&r.table);
}

// Keys that are idle as soon as they are charged: entries change hands all the time, while every charge is
// given back. Whoever charged another's time, or gave to another, would leave somebody with less or more than
// nothing.
static void *take_and_give(void *context)
{
    struct race       *r = context;
    struct rate_charge charge;
    meet(r);
    for (uint64_t i = 0; i < TRIES; i++) {
        uint64_t key = (1 + (i * 7 + (uintptr_t)&charge / 4096) % 24) * 8; // 24 keys for 8 places
        if (rate_take(r->table, key, &r->rate, 1, START, &charge).answer == RATE_PASSES)
            rate_give_back(r->table, &charge, START);
    }
    return NULL;
}

static void no_charge_lands_on_another_key(void)
{
    struct race r = {.table = rate_table_new(64)};
    ASSERT(rate_make(1, MINUTE, LIMIT, LIMIT, &r.rate));
    run(&r, take_and_give);
    for (uint64_t key = 8; key <= 24 * 8; key += 8)
        expect_eq(rate_look(r.table, false, key, &r.rate, 1, START).remaining, LIMIT - 1,
                  "keys that come and go", "left");
    rate_table_free(&r.table);
}

int main(void)
{
    a_limit_lets_exactly_so_many_pass();
    no_key_is_inserted_twice();
    no_charge_lands_on_another_key();
    printf("%u passed, %u failed\n", good, bad);
    return bad > 0;
}
