// SPDX-License-Identifier: Apache-2.0
// key_ring: its text, its contexts, and who sits where.
#include "policy/key_ring.h"
#include "parser/base64.h"
#include "parser/cursor.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdlib.h>

#define ID_MAX 255u

// --- seats ---

struct seat *key_ring_seat(struct key_ring *ring)
{
    // Stacks lie apart, so most threads always find the same seat free, and its contexts in their cache.
    char     here;
    unsigned first = (unsigned)(((uint64_t)(uintptr_t)&here >> 16) * UINT64_C(0x9e3779b97f4a7c15) >> 60);
    for (unsigned i = first;; i++) {
        struct seat *seat = &ring->seats[i % SEATS];
        if (!atomic_load_explicit(&seat->taken, memory_order_relaxed) &&
            !atomic_exchange_explicit(&seat->taken, true, memory_order_acquire))
            return seat;
    }
}

void key_ring_leave(struct seat *seat)
{
    atomic_store_explicit(&seat->taken, false, memory_order_release);
}

static EVP_CIPHER_CTX *new_cipher(const char *name, const unsigned char *secret)
{
    EVP_CIPHER     *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    EVP_CIPHER_CTX *made = EVP_CIPHER_CTX_new();
    if (cipher == NULL || made == NULL || EVP_EncryptInit_ex(made, cipher, NULL, secret, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(made, 0) != 1) {
        EVP_CIPHER_CTX_free(made);
        made = NULL;
    }
    EVP_CIPHER_free(cipher);
    return made;
}

static EVP_MAC_CTX *new_mac(const unsigned char secret[KEY_BYTES])
{
    char         digest[] = "SHA256";
    OSSL_PARAM   how[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                          OSSL_PARAM_construct_end()};
    EVP_MAC     *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *made = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    if (made && EVP_MAC_init(made, secret, KEY_BYTES, how) != 1) {
        EVP_MAC_CTX_free(made);
        made = NULL;
    }
    EVP_MAC_free(hmac);
    return made;
}

static bool furnish(struct key_ring *ring, struct seat *seat)
{
    atomic_init(&seat->taken, false);
    bool whole = true;
    for (unsigned i = 0; i < ring->count && whole; i++) {
        seat->blocks[i] = new_cipher("AES-256-ECB", ring->keys[i].secret);
        whole = seat->blocks[i] != NULL;
    }
    seat->gcm = whole ? new_cipher("AES-256-GCM", NULL) : NULL;
    seat->mac = whole ? new_mac(ring->sid) : NULL;
    return seat->gcm != NULL && seat->mac != NULL;
}

// The first subkey of CMAC: AES of zeros, doubled in GF(2^128).
static bool make_mask(struct key_ring *ring, struct key *key)
{
    static const unsigned char zeros[BLOCK_BYTES];
    unsigned char              sealed[BLOCK_BYTES];
    int                        length = 0;
    if (EVP_EncryptUpdate(ring->seats[0].blocks[key->index], sealed, &length, zeros, BLOCK_BYTES) != 1 ||
        length != (int)BLOCK_BYTES)
        return false;
    for (unsigned i = 0; i < BLOCK_BYTES; i++)
        key->mask[i] = (unsigned char)(sealed[i] << 1 | (i + 1 < BLOCK_BYTES ? sealed[i + 1] >> 7 : 0));
    key->mask[BLOCK_BYTES - 1] ^= sealed[0] >> 7 ? 0x87 : 0;
    return true;
}

static bool furnish_all(struct key_ring *ring)
{
    bool whole = true;
    for (unsigned i = 0; i < SEATS && whole; i++)
        whole = furnish(ring, &ring->seats[i]);
    for (unsigned i = 0; i < ring->count && whole; i++)
        whole = make_mask(ring, &ring->keys[i]);
    if (!whole)
        ERR_clear_error();
    return whole;
}

// --- the text ---

static const char *read_secret(struct bytes text, unsigned char secret_r[KEY_BYTES])
{
    struct bytes_out out = {.at = (char *)secret_r, .cap = KEY_BYTES};
    if (!base64_read(text, BASE64_STANDARD, &out) || out.len != KEY_BYTES)
        return "a key is 32 bytes in base64: openssl rand -base64 32";
    return NULL;
}

static const char *read_sid(struct key_ring *ring, struct bytes text)
{
    if (ring->has_sid)
        return "there is one sid key, and it stands above";
    ring->has_sid = true;
    return read_secret(text, ring->sid);
}

static const char *read_key(struct key_ring *ring, uint64_t id, struct bytes text)
{
    if (ring->count == KEY_RING_KEYS_MAX)
        return "more than 16 keys; take out those that nothing was sealed with for the longest";
    struct key *key = &ring->keys[ring->count];
    *key = (struct key){.id = (unsigned char)id, .index = ring->count};
    ring->count++; // counted first, so that it is wiped
    const char *why = read_secret(text, key->secret);
    for (struct key *other = ring->keys; other < key && !why; other++) {
        if (other->id == key->id)
            why = "the id of a key above";
        else if (CRYPTO_memcmp(other->secret, key->secret, KEY_BYTES) == 0)
            why = "the same key as one above, under another id";
    }
    return why;
}

static const char *read_line(struct key_ring *ring, struct bytes line)
{
    struct cursor c = cursor_over(bytes_trim(line));
    struct bytes  name;
    uint64_t      id = 0;
    if (cursor_done(&c) || *c.at == '#')
        return NULL;
    if (!cursor_visible(&c, &name))
        return "a line is \"ID BASE64\", \"sid BASE64\" or a comment with #";
    cursor_blanks(&c);
    struct cursor number = cursor_over(name);
    if (bytes_equal(name, BYTES("sid")))
        return read_sid(ring, cursor_rest(&c));
    if (!cursor_decimal(&number, ID_MAX, &id) || !cursor_done(&number) || id == 0 || *name.at == '0')
        return "an id is a number from 1 to 255, or sid";
    return read_key(ring, id, cursor_rest(&c));
}

static bool read_lines(struct key_ring *ring, struct bytes text, struct key_ring_problem *problem)
{
    *problem = (struct key_ring_problem){0};
    while (text.len > 0 && !problem->why) {
        const char  *end = memchr(text.at, '\n', text.len);
        struct bytes line = {text.at, end ? (size_t)(end - text.at) : text.len};
        problem->line++;
        problem->why = read_line(ring, line);
        text = bytes_after(text, end ? line.len + 1 : line.len);
    }
    if (problem->why)
        return false;
    problem->line = 0;
    if (ring->count == 0)
        problem->why = "no key; add a line \"1 BASE64\", of openssl rand -base64 32";
    else if (!ring->has_sid)
        problem->why = "no sid key; add a line \"sid BASE64\", of openssl rand -base64 32";
    return problem->why == NULL;
}

struct key_ring *key_ring_read(struct bytes text, struct key_ring_problem *problem_r)
{
    struct key_ring *ring = aligned_alloc(_Alignof(struct key_ring), sizeof *ring);
    *problem_r = (struct key_ring_problem){.why = "no memory"};
    if (ring == NULL)
        return NULL;
    memset(ring, 0, sizeof *ring);
    if (text.len > KEY_RING_BYTES_MAX)
        *problem_r = (struct key_ring_problem){.why = "longer than 16 KiB"};
    else if (read_lines(ring, text, problem_r) && !furnish_all(ring))
        *problem_r = (struct key_ring_problem){.why = "no memory, or libcrypto lacks AES-256-GCM"};
    if (problem_r->why)
        key_ring_free(&ring);
    return ring;
}

void key_ring_free(struct key_ring **ring)
{
    for (unsigned i = 0; i < SEATS; i++) {
        struct seat *seat = &(*ring)->seats[i];
        for (unsigned k = 0; k < KEY_RING_KEYS_MAX; k++)
            EVP_CIPHER_CTX_free(seat->blocks[k]);
        EVP_CIPHER_CTX_free(seat->gcm);
        EVP_MAC_CTX_free(seat->mac);
    }
    OPENSSL_cleanse(*ring, sizeof **ring);
    free(*ring);
    *ring = NULL;
}

bool key_ring_generate(const unsigned char random[KEY_RING_RANDOM_BYTES], struct bytes_out *out)
{
    out_text(
        out,
        "# Keys of this gateway: who has them can make sessions. The first seals, all open; to rotate, put\n"
        "# a new one in front (\"2 BASE64\", of openssl rand -base64 32) and take out the old one when no "
        "session\n"
        "# is left that was sealed with it. The sid key stays: with another one all sessions end.\n"
        "1 ");
    base64_write((struct bytes){(const char *)random, KEY_BYTES}, BASE64_STANDARD, out);
    out_text(out, "\nsid ");
    base64_write((struct bytes){(const char *)random + KEY_BYTES, KEY_BYTES}, BASE64_STANDARD, out);
    out_text(out, "\n");
    return !out->overflowed;
}
