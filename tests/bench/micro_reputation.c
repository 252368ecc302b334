// SPDX-License-Identifier: Apache-2.0
// micro_reputation: what a request pays for the ladder: nobody, somebody who has no account, and who has one.
#include "policy/reputation.h"
#include "tests/bench/micro.h"
#include <stdlib.h>

#define ACCOUNTS 60000u
#define NOW UINT64_C(1000000)

static const uint64_t      seed[2] = {0x9e3779b97f4a7c15, 0xd1b54a32d192ed03};
static const struct ladder ladder = {
    .half_life_ms = 600000, .rungs = {{20, RUNG_DELAY, 250, 1}, {100, RUNG_BAN, 60000, 1}}, .count = 2};

struct table {
    struct reputation *r;
    bool               v6, known;
    uint64_t           now_ms;
};

// 10.0.0.0 and what follows have accounts, as 2001:db8::/64 and what follows; others do not.
static struct ip address(const struct table *t, uint64_t i)
{
    static const struct ip v4 = {{[10] = 0xff, [11] = 0xff}}, v6 = {{0x20, 0x01, 0x0d, 0xb8}};
    struct ip              ip = t->v6 ? v6 : v4;
    uint32_t               n = (uint32_t)(i * 2654435761u); // in no order
    n = t->known ? 0x0a000000u + n % ACCOUNTS : n | 0x80000000u;
    for (unsigned b = 0; b < 4; b++)
        ip.octet[(t->v6 ? 4 : 12) + b] = (uint8_t)(n >> (24 - 8 * b));
    return ip;
}

static void ask(void *table, uint64_t rounds)
{
    const struct table *t = table;
    for (uint64_t i = 0; i < rounds; i++) {
        struct ip ip = address(t, i);
        micro_sink += reputation_standing(t->r, &ladder, &ip, t->now_ms).points;
    }
}

static void offend(void *table, uint64_t rounds)
{
    struct table *t = table;
    struct ban    ban;
    for (uint64_t i = 0; i < rounds; i++) {
        struct ip ip = address(t, i);
        t->now_ms += i % ACCOUNTS == 0 ? 60000 : 0; // nobody is banned
        micro_sink += reputation_hit(t->r, &ladder, &ip, OFFENCE_NOT_FOUND, t->now_ms, &ban);
    }
}

static double measure(bool v6, bool known, micro_step *step)
{
    struct table t = {.r = reputation_new(REPUTATION_PREFIXES, seed), .v6 = v6, .known = true, .now_ms = NOW};
    struct ban   ban;
    if (t.r == NULL)
        abort();
    for (uint32_t i = 0; i < ACCOUNTS / (v6 ? 2 : 1); i++) { // an IPv6 offence takes two accounts
        struct ip ip = address(&t, i);
        (void)reputation_hit(t.r, &ladder, &ip, OFFENCE_NOT_FOUND, NOW, &ban);
    }
    t.known = known;
    double ns = micro_timed(step, &t);
    reputation_free(&t.r);
    return ns;
}

static double stranger_v4(void)
{
    return measure(false, false, ask);
}

static double stranger_v6(void)
{
    return measure(true, false, ask);
}

static double known_v4(void)
{
    return measure(false, true, ask);
}

static double offence_v4(void)
{
    return measure(false, true, offend);
}

const struct micro_row micro_reputation[] = {
    {"reputation, IPv4 without an account, among 60,000", stranger_v4},
    {"reputation, IPv6 without an account, among 60,000", stranger_v6},
    {"reputation, IPv4 with one", known_v4},
    {"reputation, an offence", offence_v4},
    {NULL, NULL},
};
