// SPDX-License-Identifier: Apache-2.0
// micro_rates: what a rate check costs, and what one read of memory that far apart costs by itself.
#include "policy/rate_table.h"
#include "policy/siphash.h"
#include "tests/bench/micro.h"
#include <stdlib.h>

#define MILLION 1000000u

static const uint64_t seed[2] = {0x0123456789abcdef, 0xfedcba9876543210};

struct rates {
    struct rate_table *table;
    struct rate        rate;
    uint64_t           keys, now, at;
};

// As rate_limit does it for an address: hash, look up, compute, swap.
static void check_rates(void *context, uint64_t rounds)
{
    struct rates      *r = context;
    struct rate_charge charge;
    for (uint64_t i = 0; i < rounds; i++) {
        struct siphash h;
        r->at = r->at * 6364136223846793005u + 1442695040888963407u; // keys in no order
        siphash_begin(&h, seed);
        siphash_word(&h, 7);
        siphash_word(&h, 32);
        siphash_word(&h, 0);
        siphash_word(&h, (r->at >> 33) % r->keys);
        r->now += 1000;
        micro_sink += rate_take(r->table, siphash_end(&h), &r->rate, 1, r->now, &charge).remaining;
    }
}

static double rates_with(uint64_t entries, uint64_t keys, uint64_t events)
{
    struct rates r = {.table = rate_table_new(entries), .keys = keys, .now = 1};
    if (r.table == NULL || !rate_make(events, 1000000000, 100, 100, &r.rate))
        abort();
    for (int i = 0; i < 4 && keys <= MILLION; i++) // every key is there
        check_rates(&r, keys);
    double ns = micro_timed(check_rates, &r);
    rate_table_free(&r.table);
    return ns;
}

static double rate_thousand(void)
{
    return rates_with(524288, 1000, 1000000);
}

static double rate_200_thousand(void)
{
    return rates_with(524288, 200000, 50);
}

static double rate_million(void)
{
    return rates_with(2 * 1048576, MILLION, 50);
}

static double rate_million_refused(void)
{
    return rates_with(2 * 1048576, MILLION, 1);
}

static double rate_flood(void)
{
    return rates_with(65536, UINT32_MAX / 2, 1000000);
}

// One after the other, each where the last one said: nothing is fetched ahead.
static void follow(void *context, uint64_t rounds)
{
    const uint64_t *next = context;
    uint64_t        at = 0;
    for (uint64_t i = 0; i < rounds; i++)
        at = next[at];
    micro_sink += at;
}

static double plain_read(void)
{
    size_t    count = 2 * 1048576 * 16 / sizeof(uint64_t);
    uint64_t *next = malloc(count * sizeof *next);
    if (next == NULL)
        abort();
    for (size_t i = 0; i < count; i++) // all of them in one round: an odd step, a multiple of four and one
        next[i] = (i * 2862933555777941757u + 3037000493u) & (count - 1);
    double ns = micro_timed(follow, next);
    free(next);
    return ns;
}

const struct micro_row micro_rates[] = {
    {"rate check, 1,000 keys", rate_thousand},
    {"rate check, 200,000 keys", rate_200_thousand},
    {"rate check, 1,000,000 keys", rate_million},
    {"rate check, 1,000,000 keys, most of them spent", rate_million_refused},
    {"rate check, every key a new one", rate_flood},
    {"one plain read in the memory of 1,000,000 rate keys", plain_read},
    {NULL, NULL},
};
