// SPDX-License-Identifier: Apache-2.0
// tls_tickets: rings of keys behind one atomic pointer.
#include "gateway/tls_tickets.h"
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>

struct tls_tickets {
    _Atomic(struct ticket_ring *) ring;
    _Atomic uint64_t              due_s;
};

bool ticket_ring_next(const struct ticket_ring *now, uint64_t now_s, struct ticket_ring *next_r)
{
    struct ticket_key *fresh = &next_r->keys[0];
    *next_r = (struct ticket_ring){.count = 1, .before = now};
    fresh->made_s = now_s;
    if (RAND_bytes(fresh->name, sizeof fresh->name) != 1 ||
        RAND_bytes(fresh->cipher, sizeof fresh->cipher) != 1 ||
        RAND_bytes(fresh->mac, sizeof fresh->mac) != 1)
        return false;
    for (unsigned i = 0; now && i < now->count && next_r->count < TICKET_KEYS_MAX; i++) {
        if (now_s - now->keys[i].made_s < TICKET_KEYS_MAX * TICKET_KEY_S)
            next_r->keys[next_r->count++] = now->keys[i];
    }
    return true;
}

const struct ticket_key *ticket_ring_find(const struct ticket_ring *ring, const unsigned char name[16])
{
    for (unsigned i = 0; i < ring->count; i++) {
        if (memcmp(ring->keys[i].name, name, sizeof ring->keys[i].name) == 0) // no secret
            return &ring->keys[i];
    }
    return NULL;
}

static struct ticket_ring *ring_new(const struct ticket_ring *now, uint64_t now_s)
{
    struct ticket_ring *ring = malloc(sizeof *ring);
    if (ring && ticket_ring_next(now, now_s, ring))
        return ring;
    free(ring);
    return NULL;
}

struct tls_tickets *tls_tickets_new(uint64_t now_s)
{
    struct tls_tickets *t = malloc(sizeof *t);
    struct ticket_ring *first = ring_new(NULL, now_s);
    if (!t || !first) {
        free(first);
        free(t);
        return NULL;
    }
    atomic_init(&t->ring, first);
    atomic_init(&t->due_s, now_s + TICKET_KEY_S);
    return t;
}

void tls_tickets_free(struct tls_tickets **t)
{
    struct ticket_ring *ring = atomic_load(&(*t)->ring);
    while (ring) {
        struct ticket_ring *before = (struct ticket_ring *)(uintptr_t)ring->before;
        OPENSSL_cleanse(ring, sizeof *ring);
        free(ring);
        ring = before;
    }
    free(*t);
    *t = NULL;
}

uint64_t tls_tickets_due_s(const struct tls_tickets *t)
{
    return atomic_load(&t->due_s);
}

void tls_tickets_rotate(struct tls_tickets *t, uint64_t now_s)
{
    struct ticket_ring *now = atomic_load(&t->ring);
    if (now_s < atomic_load(&t->due_s))
        return;
    atomic_store(&t->due_s, now_s + TICKET_KEY_S);
    struct ticket_ring *next = ring_new(now, now_s);
    if (!next)
        return;
    atomic_store(&t->ring, next);
    // Nobody has used the ring before for twelve hours, and forward secrecy wants its keys gone. Its memory
    // stays: no reader can ever be left with a pointer to nothing.
    struct ticket_ring *before = (struct ticket_ring *)(uintptr_t)now->before;
    if (before)
        OPENSSL_cleanse(before->keys, sizeof before->keys);
}

const struct ticket_ring *tls_tickets_ring(const struct tls_tickets *t)
{
    return atomic_load_explicit(&t->ring, memory_order_acquire);
}
