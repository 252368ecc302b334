// SPDX-License-Identifier: Apache-2.0
// tls_tickets: the keys of session tickets, shared by all loops, so that a session resumes on any of them. A
// key seals for twelve hours and opens for a day longer. Readers take no lock: a ring of keys never changes,
// the rotation puts another one in its place.
#pragma once
#include "parser/bytes.h"
#include <openssl/evp.h>

#define TICKET_KEYS_MAX 3u // the newest seals, all open
#define TICKET_KEY_S (12u * 3600u)

struct ticket_key {
    unsigned char name[16];
    unsigned char cipher[32]; // AES-256-CBC
    unsigned char mac[32];    // HMAC-SHA256
    uint64_t      made_s;
};

struct ticket_ring {
    struct ticket_key         keys[TICKET_KEYS_MAX]; // newest first
    unsigned                  count;
    const struct ticket_ring *before; // what this one replaced
};

// The ring that follows `now` (NULL: the first one), with one fresh key; what has become too old is left out.
//   fails  false when there is no randomness
MUST_USE bool ticket_ring_next(const struct ticket_ring *now, uint64_t now_s, struct ticket_ring *next_r);
// The key of that name, or NULL.
const struct ticket_key *ticket_ring_find(const struct ticket_ring *ring, const unsigned char name[16]);

struct tls_tickets;

// `now_s` is any clock that only goes forward.
MUST_USE struct tls_tickets *tls_tickets_new(uint64_t now_s);
// After the last reader has gone.
void tls_tickets_free(struct tls_tickets **t);
// When the next rotation is due.
uint64_t tls_tickets_due_s(const struct tls_tickets *t);
// Rotates if it is due; by one thread only. On failure the old keys stay for another round.
void tls_tickets_rotate(struct tls_tickets *t, uint64_t now_s);
// For readers; stays readable until tls_tickets_free.
const struct ticket_ring *tls_tickets_ring(const struct tls_tickets *t);
