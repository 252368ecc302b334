// SPDX-License-Identifier: Apache-2.0
// flight_table: shards, each with a lock and a table of keys with linear probing.
//
// (1) All that belongs to a key is read and written under the lock of its shard: its count, its queue, the
// state of
//     its flights. (2) A slot is handed over, not freed and taken again: who leaves lets the first of the
//     queue in under the same lock, so nobody overtakes, and no wake-up can be lost between asking and
//     waiting. (3) wake is called under that lock, which flight_leave takes too: whoever has left is never
//     woken. (4) Somebody waits only while as many are in flight as may.
#include "policy/flight_table.h"
#include <pthread.h>
#include <stdlib.h>

#define SHARDS 16u
#define SLOTS_MIN 64u // of one shard

struct slot {
    uint64_t       key;
    uint32_t       in, waiting; // both 0: the slot is free
    struct flight *first, *last;
};

struct shard {
    pthread_mutex_t lock;
    struct slot    *slots;
    size_t          used;
};

struct flight_table {
    struct shard shards[SHARDS];
    size_t       mask; // slots of a shard, a power of two, less one
};

static size_t slots_for(size_t keys)
{
    size_t n = SLOTS_MIN;
    while (n * SHARDS < 2 * keys) // half full on the average
        n *= 2;
    return n;
}

struct flight_table *flight_table_new(size_t keys)
{
    struct flight_table *t = calloc(1, sizeof *t);
    bool                 good = t != NULL;
    if (t == NULL)
        return NULL;
    t->mask = slots_for(keys) - 1;
    for (struct shard *s = t->shards; s < t->shards + SHARDS; s++) {
        ASSERT(pthread_mutex_init(&s->lock, NULL) == 0);
        s->slots = calloc(t->mask + 1, sizeof *s->slots);
        good = good && s->slots != NULL;
    }
    if (!good)
        flight_table_free(&t);
    return t;
}

void flight_table_free(struct flight_table **t)
{
    if (*t == NULL)
        return;
    for (struct shard *s = (*t)->shards; s < (*t)->shards + SHARDS; s++) {
        ASSERT(s->used == 0);
        pthread_mutex_destroy(&s->lock);
        free(s->slots);
    }
    free(*t);
    *t = NULL;
}

size_t flight_table_bytes(size_t keys)
{
    return sizeof(struct flight_table) + SHARDS * slots_for(keys) * sizeof(struct slot);
}

static struct shard *shard_of(struct flight_table *t, uint64_t key)
{
    return &t->shards[key >> 60 & (SHARDS - 1)];
}

static bool is_free(const struct slot *s)
{
    return s->in == 0 && s->waiting == 0;
}

// The slot of the key, or the free one where it belongs. There is always one.
static size_t find(const struct flight_table *t, const struct shard *s, uint64_t key)
{
    size_t i = key & t->mask;
    while (!is_free(&s->slots[i]) && s->slots[i].key != key)
        i = (i + 1) & t->mask;
    return i;
}

// Those behind a slot that became free move up, where that brings them nearer home.
static void close_gap(const struct flight_table *t, struct shard *s, size_t gap)
{
    s->used--;
    for (size_t i = (gap + 1) & t->mask; !is_free(&s->slots[i]); i = (i + 1) & t->mask) {
        size_t home = s->slots[i].key & t->mask;
        if (((i - home) & t->mask) < ((i - gap) & t->mask))
            continue;
        s->slots[gap] = s->slots[i];
        s->slots[i] = (struct slot){.key = 0};
        gap = i;
    }
}

static void put_last(struct slot *slot, struct flight *f)
{
    f->before = slot->last;
    f->behind = NULL;
    *(slot->last == NULL ? &slot->first : &slot->last->behind) = f;
    slot->last = f;
    slot->waiting++;
    f->state = FLIGHT_WAITING;
}

static void take_out(struct slot *slot, struct flight *f)
{
    *(f->before == NULL ? &slot->first : &f->before->behind) = f->behind;
    *(f->behind == NULL ? &slot->last : &f->behind->before) = f->before;
    f->before = f->behind = NULL;
    slot->waiting--;
}

// Those who waited longest come in while there is room for them.
static void let_in(struct slot *slot)
{
    while (slot->first != NULL && slot->in < slot->first->max) {
        struct flight *f = slot->first;
        take_out(slot, f);
        slot->in++;
        f->state = FLIGHT_IN;
        f->waiter->wake(f->waiter);
    }
}

enum flight_answer flight_enter(struct flight_table *t, struct flight *f, uint64_t key, uint32_t max,
                                uint32_t queue, struct waiter *waiter)
{
    struct shard      *s = shard_of(t, key);
    enum flight_answer answer = FLIGHT_FULL;
    *f = (struct flight){.key = key, .max = max, .waiter = waiter};
    pthread_mutex_lock(&s->lock);
    struct slot *slot = &s->slots[find(t, s, key)];
    bool         fresh = is_free(slot);
    if (fresh && s->used >= t->mask) { // one stays free: it ends every search
        answer = FLIGHT_CROWDED;
    } else if (slot->in < max && slot->waiting == 0) {
        answer = FLIGHT_ENTERED;
        slot->in++;
        f->state = FLIGHT_IN;
    } else if (slot->waiting < queue) {
        answer = FLIGHT_QUEUED;
        put_last(slot, f);
    }
    if (fresh && f->state != FLIGHT_OUT) {
        slot->key = key;
        s->used++;
    }
    pthread_mutex_unlock(&s->lock);
    return answer;
}

enum flight_state flight_state(struct flight_table *t, struct flight *f)
{
    struct shard *s = shard_of(t, f->key);
    pthread_mutex_lock(&s->lock);
    enum flight_state state = f->state;
    pthread_mutex_unlock(&s->lock);
    return state;
}

void flight_leave(struct flight_table *t, struct flight *f)
{
    struct shard *s = shard_of(t, f->key);
    pthread_mutex_lock(&s->lock);
    if (f->state != FLIGHT_OUT) {
        size_t       i = find(t, s, f->key);
        struct slot *slot = &s->slots[i];
        ASSERT(!is_free(slot));
        if (f->state == FLIGHT_WAITING)
            take_out(slot, f);
        else
            slot->in--;
        f->state = FLIGHT_OUT;
        let_in(slot);
        if (is_free(slot))
            close_gap(t, s, i);
    }
    pthread_mutex_unlock(&s->lock);
}
