// SPDX-License-Identifier: Apache-2.0
// siphash: SipHash-1-3, a keyed hash of 64 bits: who does not know the seed cannot choose what meets in one
// slot. Aumasson and Bernstein, "SipHash: a fast short-input PRF". Fed in pieces; what is in them is told
// apart by their lengths, not by their borders alone.
// Here and not in a file of its own: a key of four words is hashed in less time than four calls take.
#pragma once
#include "parser/bytes.h"

struct siphash {
    uint64_t v[4];
    uint64_t pending; // fewer than eight bytes that make no word yet, the first one lowest
    uint64_t length;  // of all bytes so far
};

static inline uint64_t siphash_turn(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void siphash_mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = siphash_turn(v[1], 13) ^ v[0];
    v[3] = siphash_turn(v[3], 16) ^ v[2];
    v[0] = siphash_turn(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = siphash_turn(v[1], 17) ^ v[2];
    v[3] = siphash_turn(v[3], 21) ^ v[0];
    v[2] = siphash_turn(v[2], 32);
}

static inline void siphash_take(struct siphash *h, uint64_t word)
{
    h->v[3] ^= word;
    siphash_mix(h->v);
    h->v[0] ^= word;
}

static inline void siphash_begin(struct siphash *h, const uint64_t seed[2])
{
    *h = (struct siphash){
        .v = {seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
              seed[0] ^ UINT64_C(0x6c7967656e657261), seed[1] ^ UINT64_C(0x7465646279746573)}};
}

// As its eight bytes, the lowest first.
static inline void siphash_word(struct siphash *h, uint64_t word)
{
    unsigned bits = 8 * (unsigned)(h->length & 7);
    h->length += 8;
    siphash_take(h, h->pending | word << bits);
    h->pending = bits > 0 ? word >> (64 - bits) : 0;
}

// As they are.
static inline void siphash_bytes(struct siphash *h, struct bytes b)
{
    for (; b.len >= 8; b = bytes_after(b, 8))
        siphash_word(h, bytes_load8(b.at));
    for (size_t i = 0; i < b.len; i++) {
        h->pending |= (uint64_t)(unsigned char)b.at[i] << 8 * (h->length & 7);
        if ((++h->length & 7) != 0)
            continue;
        siphash_take(h, h->pending);
        h->pending = 0;
    }
}

// A text as a field of its own: its length and then its bytes. "ab", "c" is not "a", "bc".
static inline void siphash_field(struct siphash *h, struct bytes b)
{
    siphash_word(h, b.len);
    siphash_bytes(h, b);
}

static inline uint64_t siphash_end(struct siphash *h)
{
    siphash_take(h, h->pending | h->length << 56);
    h->v[2] ^= 0xff;
    siphash_mix(h->v);
    siphash_mix(h->v);
    siphash_mix(h->v);
    return h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];
}
