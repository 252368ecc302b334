// SPDX-License-Identifier: Apache-2.0
// race_reputation: loops that report at once lose no offence, whatever a flood of others does to the table,
// and begin one ban.
#include "policy/reputation.h"
#include <pthread.h>
#include <stdio.h>

#define THREADS 4u
#define HITS 50000u
#define NOW UINT64_C(1000000)

static const uint64_t      seed[2] = {0x9e3779b97f4a7c15, 0xd1b54a32d192ed03};
static const struct ladder endless = {
    .half_life_ms = 600000, .rungs = {{POINTS_MAX, RUNG_DELAY, 1, 1}}, .count = 1};
static const struct ladder banning = {
    .half_life_ms = 600000, .rungs = {{100, RUNG_BAN, 60000, 1}}, .count = 1};

struct thread {
    pthread_t          id;
    struct reputation *r;
    unsigned           begun; // bans
};

static struct ip ip_of(const char *text)
{
    struct ip ip;
    ASSERT(ip_parse(bytes_of(text), &ip));
    return ip;
}

static void *offend(void *thread)
{
    struct thread *t = thread;
    struct ip      one = ip_of("192.0.2.1"), other = ip_of("2001:db8::1");
    struct ban     ban;
    for (unsigned i = 0; i < HITS; i++) {
        (void)reputation_hit(t->r, &endless, &one, OFFENCE_NOT_FOUND, NOW, &ban);
        (void)reputation_hit(t->r, &endless, &other, OFFENCE_FAULT, NOW, &ban);
    }
    return NULL;
}

static void walk(struct reputation *r, enum ban_filter filter)
{
    struct ban ban;
    for (size_t place = 0; reputation_next_ban(r, filter, NOW, &place, &ban);)
        ;
}

static void *flood(void *thread)
{
    struct thread *t = thread;
    struct ip      ip = ip_of("10.0.0.0");
    struct ban     ban = {.prefix = prefix_of(&ip, 100), .until_ms = NOW + 1000, .by_operator = true};
    for (uint32_t i = 0; i < HITS; i++) {
        memcpy(ip.octet + 12, &i, sizeof i);
        (void)reputation_hit(t->r, &endless, &ip, OFFENCE_NOT_FOUND, NOW, &ban);
        (void)reputation_standing(t->r, &endless, &ip, NOW);
        if (i % 1024 == 0) {
            walk(t->r, BANS_NEWS);
            if (reputation_ban(t->r, &endless, &ban, NOW))
                ASSERT(reputation_pardon(t->r, &ban.prefix, NOW));
        }
    }
    return NULL;
}

static void *climb(void *thread)
{
    struct thread *t = thread;
    struct ip      ip = ip_of("192.0.2.1");
    struct ban     ban;
    for (unsigned i = 0; i < 1000; i++)
        t->begun += reputation_hit(t->r, &banning, &ip, OFFENCE_NOT_FOUND, NOW, &ban);
    return NULL;
}

static void *hold(void *thread)
{
    struct thread *t = thread;
    for (unsigned i = 0; i < HITS; i++) {
        if (reputation_hold(t->r, 2))
            reputation_let_go(t->r);
    }
    return NULL;
}

// Runs THREADS of one work, and one of another (NULL: none).
//   returns  bans that the former began
static unsigned race(struct reputation *r, void *(*work)(void *), void *(*other)(void *))
{
    struct thread threads[THREADS + 1] = {0};
    unsigned      count = other ? THREADS + 1 : THREADS, begun = 0;
    for (unsigned i = 0; i < count; i++) {
        threads[i].r = r;
        ASSERT(pthread_create(&threads[i].id, NULL, i < THREADS ? work : other, &threads[i]) == 0);
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i].id, NULL);
        begun += threads[i].begun;
    }
    return begun;
}

static bool expect(const char *what, uint64_t found, uint64_t expected)
{
    if (found != expected)
        (void)printf("%s: %ju, expected %ju\n", what, (uintmax_t)found, (uintmax_t)expected);
    return found == expected;
}

int main(void)
{
    struct reputation *r = reputation_new(512, seed);
    struct ip          one = ip_of("192.0.2.1"), other = ip_of("2001:db8::1");
    struct ban         ban;
    ASSERT(r != NULL);
    // Known before, so that the flood does not find them with the fewest points.
    for (unsigned i = 0; i < 2; i++) {
        (void)reputation_hit(r, &endless, &one, OFFENCE_FAULT, NOW, &ban);
        (void)reputation_hit(r, &endless, &other, OFFENCE_FAULT, NOW, &ban);
    }
    (void)race(r, offend, flood);
    bool fine = expect("points of an IPv4 address", reputation_standing(r, &endless, &one, NOW).points,
                       THREADS * HITS + 10);
    fine = expect("points of an IPv6 address", reputation_standing(r, &endless, &other, NOW).points,
                  5 * THREADS * HITS + 10) &&
           fine;
    reputation_free(&r);

    r = reputation_new(512, seed);
    ASSERT(r != NULL);
    fine = expect("bans that begin", race(r, climb, NULL), 1) && fine;
    fine = expect("bans that are counted", reputation_ban_count(r), 1) && fine;
    (void)race(r, hold, NULL);
    fine = expect("places in the tarpit", reputation_hold(r, 1), true) && fine;
    reputation_free(&r);
    return fine ? 0 : 1;
}
