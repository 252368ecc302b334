// SPDX-License-Identifier: Apache-2.0
// key_ring: what seal.h's key_ring is made of. For seal.c and key_ring.c.
#pragma once
#include "policy/seal.h"
#include <openssl/evp.h>
#include <stdatomic.h>

#define BLOCK_BYTES 16u // of AES
#define SEATS 16u

struct key {
    unsigned char id;
    unsigned      index; // in the ring
    unsigned char secret[KEY_BYTES];
    unsigned char mask[BLOCK_BYTES]; // the first subkey of CMAC (RFC 4493 2.3)
};

// What one thread at a time works with.
struct seat {
    _Alignas(64) atomic_bool taken;
    EVP_CIPHER_CTX *blocks[KEY_RING_KEYS_MAX]; // AES-256-ECB under each key
    EVP_CIPHER_CTX *gcm;
    EVP_MAC_CTX    *mac; // HMAC-SHA256 under the sid key
};

struct key_ring {
    struct seat   seats[SEATS];
    struct key    keys[KEY_RING_KEYS_MAX];
    unsigned      count;
    bool          has_sid;
    unsigned char sid[KEY_BYTES];
};

// A seat for the calling thread, until it leaves it.
struct seat *key_ring_seat(struct key_ring *ring);
void         key_ring_leave(struct seat *seat);
