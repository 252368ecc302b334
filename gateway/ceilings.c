// SPDX-License-Identifier: Apache-2.0
// ceilings: a counter, and a table of addresses with linear probing behind a lock that is held for one
// look-up.
#include "gateway/ceilings.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#define EASY_PERCENT 70u  // of the connections: up to here nobody is hurried
#define LEAST_PERCENT 20u // of a time that is allowed, when all connections are taken

struct tally {
    struct ip address;
    uint32_t  count; // 0: the slot is free
};

struct ceilings {
    uint32_t         connections, per_address;
    _Atomic uint32_t total;
    pthread_mutex_t  lock;
    struct tally    *slots;
    size_t           mask;    // their number, a power of two, less one
    uint64_t         seed[2]; // nobody can choose addresses that meet in one slot
};

struct ceilings *ceilings_new(uint32_t connections, uint32_t per_address)
{
    struct ceilings *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    size_t slots = 64;
    while (slots < 2 * ((size_t)connections + 1)) // never more than half full
        slots *= 2;
    c->connections = connections;
    c->per_address = per_address;
    c->mask = slots - 1;
    c->slots = calloc(slots, sizeof *c->slots);
    if (!c->slots || getrandom(c->seed, sizeof c->seed, 0) != (ssize_t)sizeof c->seed) {
        free(c->slots);
        free(c);
        return NULL;
    }
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void ceilings_free(struct ceilings **c)
{
    pthread_mutex_destroy(&(*c)->lock);
    free((*c)->slots);
    free(*c);
    *c = NULL;
}

// One user owns a whole /64.
static struct ip key_of(const struct ip *from)
{
    struct ip key = *from;
    if (!ip_is_v4(from))
        memset(key.octet + 8, 0, 8);
    return key;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static size_t home_of(const struct ceilings *c, const struct ip *key)
{
    uint64_t half[2];
    memcpy(half, key->octet, sizeof half);
    return (size_t)mix(mix(half[0] ^ c->seed[0], half[1] ^ c->seed[1]) ^ c->seed[0], c->seed[1] | 1) &
           c->mask;
}

// Its slot, or the free one where it belongs.
static size_t find(const struct ceilings *c, const struct ip *key)
{
    size_t i = home_of(c, key);
    while (c->slots[i].count > 0 && memcmp(&c->slots[i].address, key, sizeof *key) != 0)
        i = (i + 1) & c->mask;
    return i;
}

// Those behind a slot that became free move up, where that brings them nearer home.
static void close_gap(struct ceilings *c, size_t gap)
{
    for (size_t i = (gap + 1) & c->mask; c->slots[i].count > 0; i = (i + 1) & c->mask) {
        size_t home = home_of(c, &c->slots[i].address);
        if (((i - home) & c->mask) < ((i - gap) & c->mask))
            continue;
        c->slots[gap] = c->slots[i];
        c->slots[i].count = 0;
        gap = i;
    }
}

bool ceilings_are_reached(const struct ceilings *c)
{
    return atomic_load_explicit(&c->total, memory_order_relaxed) >= c->connections;
}

static bool charge(struct ceilings *c, const struct ip *from)
{
    struct ip key = key_of(from);
    pthread_mutex_lock(&c->lock);
    struct tally *t = &c->slots[find(c, &key)];
    bool          fits = t->count < c->per_address;
    if (fits) {
        t->address = key;
        t->count++;
    }
    pthread_mutex_unlock(&c->lock);
    return fits;
}

bool ceilings_enter(struct ceilings *c, const struct ip *from)
{
    // Counted first: the table has room for all who are counted.
    uint32_t before = atomic_fetch_add_explicit(&c->total, 1, memory_order_relaxed);
    ASSERT(before < c->mask);
    if (!from || charge(c, from))
        return true;
    atomic_fetch_sub_explicit(&c->total, 1, memory_order_relaxed);
    return false;
}

void ceilings_leave(struct ceilings *c, const struct ip *from)
{
    atomic_fetch_sub_explicit(&c->total, 1, memory_order_relaxed);
    if (!from)
        return;
    struct ip key = key_of(from);
    pthread_mutex_lock(&c->lock);
    size_t i = find(c, &key);
    ASSERT(c->slots[i].count > 0);
    if (--c->slots[i].count == 0)
        close_gap(c, i);
    pthread_mutex_unlock(&c->lock);
}

uint32_t ceilings_tighten(const struct ceilings *c, uint32_t ms)
{
    uint64_t taken = atomic_load_explicit(&c->total, memory_order_relaxed);
    uint64_t easy = (uint64_t)c->connections * EASY_PERCENT / 100;
    if (taken <= easy)
        return ms;
    uint64_t span = c->connections - easy;
    uint64_t over = taken - easy < span ? taken - easy : span;
    uint64_t lost = ms * (uint64_t)(100 - LEAST_PERCENT) * over / (100 * span);
    return ms - (uint32_t)lost;
}
