// SPDX-License-Identifier: Apache-2.0
// seal: cookies that clients carry and can neither read, change nor make; hashes that nobody else can
// compute; and comparing secrets.
//
// A token is base64url (RFC 4648 5, not filled up) of
//     version 1 | key id 1 | salt 16 | ciphertext | tag 16
// sealed by AES-256-GCM under a key of its own, derived from the ring's key and the random salt as
// XAES-256-GCM does it (C2SP; NIST SP 800-108r1, CMAC in counter mode) with the nonce salt | eight zeros. So
// 2^48 tokens of one key are no risk, and no counter has to be kept.
//
// (1) What opens was written by seal_write under a key of this ring with the same associated data, version
// and key id included, and in the only way of writing it. (2) The first key of the ring seals, all open. (3)
// A ring may be used by any number of threads at once.
#pragma once
#include "parser/bytes.h"

#define SEAL_TOKEN_MAX 4096u // bytes that browsers keep of a cookie (RFC 6265 6.1)
#define SEAL_SALT_BYTES 16u
#define SEAL_OVERHEAD 34u // around the ciphertext
#define SEAL_AAD_MAX 65536u
#define SEAL_PLAIN_MAX (SEAL_TOKEN_MAX / 4 * 3 - SEAL_OVERHEAD)

#define KEY_BYTES 32u
#define KEY_RING_KEYS_MAX 16u
#define KEY_RING_BYTES_MAX 16384u // of its text
#define KEY_RING_RANDOM_BYTES (2 * KEY_BYTES)
#define KEYED_HASH_BYTES 16u

struct key_ring;

// What is wrong with the text of a ring, and in which line; line 0: with the whole of it.
struct key_ring_problem {
    unsigned    line;
    const char *why; // static
};

// Reads a ring: a key in each line, "ID BASE64", ID from 1 to 255, BASE64 of 32 bytes (openssl rand -base64
// 32); one line "sid BASE64" for keyed_hash, which stays when the others rotate; comments begin with #.
//   borrows  text, only meanwhile: the caller wipes it
//   fails    NULL, with the reason
MUST_USE struct key_ring *key_ring_read(struct bytes text, struct key_ring_problem *problem_r);
// Wipes the keys. After the last user has gone.
void key_ring_free(struct key_ring **ring);

// The text of a new ring of one key. The caller wipes both.
//   fails  false when out has no room
MUST_USE bool key_ring_generate(const unsigned char random[KEY_RING_RANDOM_BYTES], struct bytes_out *out);

// The length of the token of so many bytes.
size_t seal_length(size_t plain_bytes);

// Appends the token of `plain`, which opens only with the same `aad`.
//   `salt`   random bytes, fresh ones for each token
//   fails    false, with nothing appended: `plain` is longer than SEAL_PLAIN_MAX, out has no room, or memory
//   is
//            exhausted
MUST_USE bool seal_write(struct key_ring *ring, const unsigned char salt[SEAL_SALT_BYTES], struct bytes aad,
                         struct bytes plain, struct bytes_out *out);

// Appends what a token holds.
//   fails    false, with nothing appended, for everything that seal_write has not written, and when out has
//   no
//            room
//   never    leaves a byte in out that was not authentic
MUST_USE bool seal_open(struct key_ring *ring, struct bytes aad, struct bytes token, struct bytes_out *out);

// HMAC-SHA256 of the parts under the ring's sid key, its first 128 bits. Two lists of parts have one hash
// only when they are the same, part by part; `label` (static) keeps the uses apart.
//   fails  false when memory is exhausted
MUST_USE bool keyed_hash(struct key_ring *ring, const char *label, const struct bytes *parts, size_t count,
                         unsigned char hash_r[KEYED_HASH_BYTES]);

// Whether `given`, which comes from outside, is the secret. The time depends on the length of `given` alone.
bool equal_secret(struct bytes secret, struct bytes given);
