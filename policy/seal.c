// SPDX-License-Identifier: Apache-2.0
// seal: AES-256-GCM with a key for each token, and HMAC.
//
// The contexts of libcrypto are made with the ring and used again: making one costs more than a token. A
// context is for one thread, so there are several sets of them ("seats"); who needs one takes the first that
// is free, for the microsecond that a token takes. There are more seats than loops on most machines, and who
// finds none looks again.
#include "policy/seal.h"
#include "policy/key_ring.h"
#include "parser/base64.h"
#include <openssl/crypto.h>
#include <openssl/err.h>

#define VERSION 1
#define TAG_BYTES 16u
#define TAG_AT(raw_bytes) ((raw_bytes)-TAG_BYTES)
#define HEAD_BYTES 2u // version and key id
#define RAW_MAX (SEAL_TOKEN_MAX / 4 * 3)
#define NONCE_BYTES 12u
#define SALT_FOR_KEY 12u // so much of the salt goes into the key, the rest into the nonce

// The key and the nonce of one token (XAES-256-GCM; mask is its K1).
static bool derive(struct seat *seat, const struct key *key, const unsigned char salt[SEAL_SALT_BYTES],
                   unsigned char derived_r[KEY_BYTES], unsigned char nonce_r[NONCE_BYTES])
{
    unsigned char blocks[2 * BLOCK_BYTES];
    int           length = 0;
    for (unsigned n = 0; n < 2; n++) {
        unsigned char *block = blocks + n * BLOCK_BYTES;
        block[0] = 0;
        block[1] = (unsigned char)(n + 1);
        block[2] = 'X';
        block[3] = 0;
        memcpy(block + 4, salt, SALT_FOR_KEY);
        for (unsigned i = 0; i < BLOCK_BYTES; i++)
            block[i] ^= key->mask[i];
    }
    memset(nonce_r, 0, NONCE_BYTES);
    memcpy(nonce_r, salt + SALT_FOR_KEY, SEAL_SALT_BYTES - SALT_FOR_KEY);
    return EVP_EncryptUpdate(seat->blocks[key->index], derived_r, &length, blocks, sizeof blocks) == 1 &&
           length == (int)KEY_BYTES;
}

// Starts a token: its key, its nonce, and the data that is authentic with it.
static bool begin(struct seat *seat, const struct key *key, bool seals, const unsigned char *raw,
                  struct bytes aad)
{
    unsigned char derived[KEY_BYTES], nonce[NONCE_BYTES];
    int           length;
    bool          begun = derive(seat, key, raw + HEAD_BYTES, derived, nonce) &&
                 EVP_CipherInit_ex(seat->gcm, NULL, NULL, derived, nonce, seals) == 1 &&
                 EVP_CipherUpdate(seat->gcm, NULL, &length, raw, HEAD_BYTES) == 1 &&
                 (aad.len == 0 || EVP_CipherUpdate(seat->gcm, NULL, &length, (const unsigned char *)aad.at,
                                                   (int)aad.len) == 1);
    OPENSSL_cleanse(derived, sizeof derived);
    return begun;
}

// The TLS side of a loop takes what it finds in its thread's queue of errors for its own.
static bool told(bool done)
{
    if (!done)
        ERR_clear_error();
    return done;
}

size_t seal_length(size_t plain_bytes)
{
    return base64_length(plain_bytes + SEAL_OVERHEAD, BASE64_URL);
}

static bool encrypt(struct key_ring *ring, struct bytes aad, struct bytes plain, unsigned char *raw)
{
    struct seat   *seat = key_ring_seat(ring);
    unsigned char *cipher = raw + HEAD_BYTES + SEAL_SALT_BYTES;
    int            length = 0;
    bool           done = begin(seat, &ring->keys[0], true, raw, aad) &&
                (plain.len == 0 || EVP_CipherUpdate(seat->gcm, cipher, &length,
                                                    (const unsigned char *)plain.at, (int)plain.len) == 1) &&
                EVP_CipherFinal_ex(seat->gcm, cipher + plain.len, &length) == 1 &&
                EVP_CIPHER_CTX_ctrl(seat->gcm, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, cipher + plain.len) == 1;
    key_ring_leave(seat);
    return told(done);
}

bool seal_write(struct key_ring *ring, const unsigned char salt[SEAL_SALT_BYTES], struct bytes aad,
                struct bytes plain, struct bytes_out *out)
{
    unsigned char raw[RAW_MAX];
    if (plain.len > SEAL_PLAIN_MAX || aad.len > SEAL_AAD_MAX || out->overflowed ||
        out->cap - out->len < seal_length(plain.len))
        return false;
    raw[0] = VERSION;
    raw[1] = ring->keys[0].id;
    memcpy(raw + HEAD_BYTES, salt, SEAL_SALT_BYTES);
    if (!encrypt(ring, aad, plain, raw))
        return false;
    base64_write((struct bytes){(const char *)raw, plain.len + SEAL_OVERHEAD}, BASE64_URL, out);
    return true;
}

static const struct key *find_key(const struct key_ring *ring, unsigned char id)
{
    for (unsigned i = 0; i < ring->count; i++) {
        if (ring->keys[i].id == id)
            return &ring->keys[i];
    }
    return NULL;
}

static bool decrypt(struct key_ring *ring, const struct key *key, struct bytes aad, unsigned char *raw,
                    size_t plain_bytes, unsigned char *plain)
{
    struct seat   *seat = key_ring_seat(ring);
    unsigned char *cipher = raw + HEAD_BYTES + SEAL_SALT_BYTES;
    unsigned char  none[BLOCK_BYTES]; // GCM leaves nothing for the end
    int            length = 0;
    bool           done =
        begin(seat, key, false, raw, aad) &&
        (plain_bytes == 0 || EVP_CipherUpdate(seat->gcm, plain, &length, cipher, (int)plain_bytes) == 1) &&
        EVP_CIPHER_CTX_ctrl(seat->gcm, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, cipher + plain_bytes) == 1 &&
        EVP_CipherFinal_ex(seat->gcm, none, &length) == 1; // compares the tags in constant time
    key_ring_leave(seat);
    return told(done);
}

bool seal_open(struct key_ring *ring, struct bytes aad, struct bytes token, struct bytes_out *out)
{
    unsigned char    raw[RAW_MAX];
    struct bytes_out read = {.at = (char *)raw, .cap = sizeof raw};
    if (token.len < seal_length(0) || token.len > SEAL_TOKEN_MAX || aad.len > SEAL_AAD_MAX)
        return false;
    if (!base64_read(token, BASE64_URL, &read) || raw[0] != VERSION)
        return false;
    const struct key *key = find_key(ring, raw[1]);
    size_t            plain_bytes = read.len - SEAL_OVERHEAD;
    if (key == NULL || out->overflowed || out->cap - out->len < plain_bytes)
        return false;
    unsigned char *plain = (unsigned char *)out->at + out->len;
    if (!decrypt(ring, key, aad, raw, plain_bytes, plain)) {
        OPENSSL_cleanse(plain, plain_bytes);
        return false;
    }
    out->len += plain_bytes;
    return true;
}

// --- hashes and secrets ---

static bool hash_part(EVP_MAC_CTX *mac, struct bytes part)
{
    uint64_t length = htole64(part.len);
    return EVP_MAC_update(mac, (const unsigned char *)&length, sizeof length) == 1 &&
           (part.len == 0 || EVP_MAC_update(mac, (const unsigned char *)part.at, part.len) == 1);
}

bool keyed_hash(struct key_ring *ring, const char *label, const struct bytes *parts, size_t count,
                unsigned char hash_r[KEYED_HASH_BYTES])
{
    unsigned char whole[32]; // SHA-256
    size_t        length = 0;
    struct seat  *seat = key_ring_seat(ring);
    bool          done = EVP_MAC_init(seat->mac, NULL, 0, NULL) == 1 && hash_part(seat->mac, bytes_of(label));
    for (size_t i = 0; i < count && done; i++)
        done = hash_part(seat->mac, parts[i]);
    done = done && EVP_MAC_final(seat->mac, whole, &length, sizeof whole) == 1 && length == sizeof whole;
    key_ring_leave(seat);
    if (done)
        memcpy(hash_r, whole, KEYED_HASH_BYTES);
    return told(done);
}

bool equal_secret(struct bytes secret, struct bytes given)
{
    volatile size_t unlike = secret.len ^ given.len; // volatile: nobody may leave the loop early
    for (size_t i = 0, at = 0; i < given.len && secret.len > 0; i++) {
        unlike |= (unsigned char)(given.at[i] ^ secret.at[at]);
        at = at + 1 < secret.len ? at + 1 : 0;
    }
    return unlike == 0;
}
