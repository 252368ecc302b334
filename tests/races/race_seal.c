// SPDX-License-Identifier: Apache-2.0
// race_seal: one ring, more threads than it has seats: every token opens, to what its thread has sealed.
#include "policy/seal.h"
#include <pthread.h>
#include <stdio.h>

#define THREADS 24u
#define TOKENS 5000u
#define RING                                                                                                 \
    "1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nsid ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"

struct thread {
    pthread_t        id;
    struct key_ring *ring;
    unsigned char    salt[SEAL_SALT_BYTES];
};

static void *work(void *thread)
{
    struct thread *t = thread;
    unsigned char  first[KEYED_HASH_BYTES], again[KEYED_HASH_BYTES];
    struct bytes   name = {(const char *)t->salt, sizeof t->salt};
    ASSERT(keyed_hash(t->ring, "thread", &name, 1, first));
    for (unsigned i = 0; i < TOKENS; i++) {
        char             token_memory[256], plain_memory[64];
        struct bytes_out token = {.at = token_memory, .cap = sizeof token_memory};
        struct bytes_out plain = {.at = plain_memory, .cap = sizeof plain_memory};
        ASSERT(seal_write(t->ring, t->salt, name, name, &token));
        ASSERT(seal_open(t->ring, name, out_written(&token), &plain));
        ASSERT(bytes_equal(out_written(&plain), name));
        ASSERT(!seal_open(t->ring, BYTES("other"), out_written(&token), &plain));
        ASSERT(keyed_hash(t->ring, "thread", &name, 1, again) && memcmp(first, again, sizeof first) == 0);
    }
    return NULL;
}

int main(void)
{
    struct thread           threads[THREADS];
    struct key_ring_problem problem;
    struct key_ring        *ring = key_ring_read(BYTES(RING), &problem);
    ASSERT(ring != NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){.ring = ring, .salt = {(unsigned char)i}};
        ASSERT(pthread_create(&threads[i].id, NULL, work, &threads[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i].id, NULL);
    key_ring_free(&ring);
    printf("%u threads sealed and opened %u tokens each\n", THREADS, TOKENS);
    return 0;
}
