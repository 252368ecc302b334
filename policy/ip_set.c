// SPDX-License-Identifier: Apache-2.0
// ip_set: one table for each length of prefix, asked for the first so many bits of the address.
//
//   192.0.2.77 ─┬─ /32 ─ c000024d ─▶ two buckets of four keys: is one of the eight equal?
//               ├─ /24 ─ c0000200 ─▶ the same
//               └─ /16 ─ c0000000 ─▶ the same
//
// Lengths are rounded up to a multiple of four, a prefix between two becomes 2, 4 or 8 keys: so IPv4 has at
// most 9 tables, IPv6 33. Every question reads the same number of buckets, without a branch on what is in
// them: it costs the same for ten prefixes as for a million. IPv4 and IPv6 do not meet: "::/0" means all of
// IPv6, not the IPv4 addresses that we keep inside it.
//
//   invariant   a key lies in one of its own two buckets (cuckoo hashing). What fills up a bucket is a copy
//   of
//               a key that lies there, or a key that never asks there: it can match nothing wrong.
#include "policy/ip_set.h"
#include <stdlib.h>

#define BUCKET_WORDS 16u // 64 bytes
#define ALIGNMENT 64u
#define STEP 4u // between lengths
#define V4_BITS 32u
#define V4_FIRST 96u // bits in front of an IPv4 address
#define TABLES_MAX (128u / STEP + 1)
#define WORDS_MAX 4u   // of a key
#define KICKS_MAX 512u // of one insertion; at this fill a few are many
#define ATTEMPTS 4u

// The prefixes of one length.
struct table {
    uint32_t  bits; // of 32 for IPv4, of 128 for IPv6
    uint32_t  buckets;
    uint32_t *keys; // [bucket][slot][word], aligned to the lines of the cache
};

struct tables {
    struct table at[TABLES_MAX];
    size_t       count;
};

struct ip_set {
    struct tables v4, v6;
};

struct key {
    uint32_t word[WORDS_MAX];
};

struct buckets {
    uint32_t first, second;
};

static uint32_t word_at(const struct ip *ip, size_t i)
{
    const uint8_t *o = ip->octet + 4 * i;
    return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
}

// The first `bits` bits of a word; more than 32 are all.
static inline uint32_t masked(uint32_t word, uint32_t bits)
{
    return bits >= 32 ? word : (uint32_t)((uint64_t)word & UINT64_C(0xFFFFFFFF) << (32 - bits));
}

static inline struct key masked_key(const struct key *full, uint32_t bits, size_t words)
{
    struct key key = {{0}};
    for (size_t w = 0; w < words; w++)
        key.word[w] = masked(full->word[w], bits > 32 * w ? bits - 32 * (uint32_t)w : 0);
    return key;
}

static size_t words_of(bool v4, uint32_t bits)
{
    return v4 ? 1 : bits <= 64 ? 2 : 4;
}

static inline struct buckets buckets_of(const struct table *t, const struct key *key, size_t words)
{
    uint64_t h = UINT64_C(0x9E3779B97F4A7C15);
    for (size_t w = 0; w < words; w++) {
        h = (h ^ key->word[w]) * UINT64_C(0xFF51AFD7ED558CCD);
        h ^= h >> 32;
    }
    h *= UINT64_C(0xC4CEB9FE1A85EC53);
    h ^= h >> 29;
    h *= UINT64_C(0xFF51AFD7ED558CCD);
    return (struct buckets){(uint32_t)((h >> 32) * t->buckets >> 32),
                            (uint32_t)(((h ^ h >> 32) & UINT32_MAX) * t->buckets >> 32)};
}

static inline uint32_t *slot_of(const struct table *t, uint32_t bucket, size_t slot, size_t words)
{
    return t->keys + (size_t)bucket * BUCKET_WORDS + slot * words;
}

static inline bool same_key(const uint32_t *a, const uint32_t *b, size_t words)
{
    uint32_t differs = 0;
    for (size_t w = 0; w < words; w++)
        differs |= a[w] ^ b[w];
    return differs == 0;
}

static inline bool bucket_has(const uint32_t *bucket, const struct key *key, size_t words)
{
    unsigned found = 0;
    for (size_t w = 0; w < BUCKET_WORDS; w += words)
        found |= same_key(bucket + w, key->word, words);
    return found != 0;
}

static inline bool table_has(const struct table *t, const struct key *full, size_t words)
{
    struct key      key = masked_key(full, t->bits, words);
    struct buckets  at = buckets_of(t, &key, words);
    const uint32_t *first = slot_of(t, at.first, 0, words);
    bool            found = bucket_has(first, &key, words);
    if (!same_key(first, first + BUCKET_WORDS - words, words)) // full
        found |= bucket_has(slot_of(t, at.second, 0, words), &key, words);
    return found;
}

static void put(uint32_t *slot, const struct key *key, size_t words)
{
    for (size_t w = 0; w < words; w++)
        slot[w] = key->word[w];
}

static struct key take(const uint32_t *slot, size_t words)
{
    struct key key = {{0}};
    for (size_t w = 0; w < words; w++)
        key.word[w] = slot[w];
    return key;
}

static bool lies_in(const struct table *t, uint8_t used, uint32_t bucket, const struct key *key, size_t words)
{
    for (size_t slot = 0; slot < used; slot++)
        if (same_key(slot_of(t, bucket, slot, words), key->word, words))
            return true;
    return false;
}

// One more key; `used` counts the slots of each bucket that are taken. Returns false when it found no place:
// then some key has none.
static bool insert(struct table *t, uint8_t *used, struct key key, size_t words)
{
    size_t         slots = BUCKET_WORDS / words;
    struct buckets at = buckets_of(t, &key, words);
    if (lies_in(t, used[at.first], at.first, &key, words) ||
        lies_in(t, used[at.second], at.second, &key, words))
        return true;
    uint32_t bucket = used[at.first] < slots ? at.first : at.second;
    for (unsigned kick = 0; kick < KICKS_MAX; kick++) {
        if (used[bucket] < slots) {
            put(slot_of(t, bucket, used[bucket]++, words), &key, words);
            return true;
        }
        uint32_t  *victim = slot_of(t, bucket, kick * 5 / 4 % slots, words);
        struct key homeless = take(victim, words);
        put(victim, &key, words);
        key = homeless;
        at = buckets_of(t, &key, words);
        bucket = bucket == at.first ? at.second : at.first;
    }
    return false;
}

// A key that never asks in this bucket.
static struct key stranger(const struct table *t, uint32_t bucket, size_t words)
{
    struct key     key = {{0}};
    struct buckets at = buckets_of(t, &key, words);
    while (at.first == bucket || at.second == bucket) {
        key.word[0]++;
        at = buckets_of(t, &key, words);
    }
    return key;
}

static void fill_up(struct table *t, const uint8_t *used, size_t words)
{
    for (uint32_t bucket = 0; bucket < t->buckets; bucket++) {
        struct key key =
            used[bucket] > 0 ? take(slot_of(t, bucket, 0, words), words) : stranger(t, bucket, words);
        for (size_t slot = used[bucket]; slot < BUCKET_WORDS / words; slot++)
            put(slot_of(t, bucket, slot, words), &key, words);
    }
}

static bool is_v4(const struct ip_prefix *p)
{
    return p->bits >= V4_FIRST && ip_is_v4(&p->address);
}

// The length of its keys: rounded up, within its family.
static uint32_t length_of(const struct ip_prefix *p)
{
    return (p->bits + STEP - 1) / STEP * STEP - (is_v4(p) ? V4_FIRST : 0);
}

static size_t keys_of(const struct ip_prefix *p)
{
    return (size_t)1 << (STEP - 1 - (p->bits + STEP - 1) % STEP);
}

static bool insert_prefix(struct table *t, uint8_t *used, const struct ip_prefix *p, size_t words)
{
    struct key key = {{0}};
    for (size_t w = 0; w < words; w++)
        key.word[w] = word_at(&p->address, is_v4(p) ? 3 : w);
    uint32_t last = t->bits == 0 ? 0 : (t->bits - 1) / 32; // the word that its end is in
    uint32_t base = key.word[last];
    for (uint32_t i = 0; i < keys_of(p); i++) {
        key.word[last] = base | (uint32_t)((uint64_t)i << (32 * (last + 1) - t->bits));
        if (!insert(t, used, key, words))
            return false;
    }
    return true;
}

// Returns false when some key found no place.
static bool insert_all(struct table *t, uint8_t *used, bool v4, const struct ip_prefix *prefixes,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_v4(&prefixes[i]) == v4 && length_of(&prefixes[i]) == t->bits &&
            !insert_prefix(t, used, &prefixes[i], words_of(v4, t->bits)))
            return false;
    fill_up(t, used, words_of(v4, t->bits));
    return true;
}

// Cleared, and aligned.
static uint32_t *take_buckets(uint32_t count, struct arena *arena)
{
    char *at = arena_zalloc(arena, (size_t)count * BUCKET_WORDS * sizeof(uint32_t) + ALIGNMENT);
    return at == NULL ? NULL : (uint32_t *)(void *)(at + (ALIGNMENT - (uintptr_t)at % ALIGNMENT));
}

// Half full, or a third: so that few buckets are, also where they are small. Should a key find no place,
// which nobody has seen, once more with twice the room.
static bool build(struct table *t, bool v4, const struct ip_prefix *prefixes, size_t count, size_t keys,
                  struct arena *arena)
{
    size_t words = words_of(v4, t->bits);
    t->buckets = (uint32_t)((v4 ? 2 : 3) * keys * words / BUCKET_WORDS + 2);
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++, t->buckets *= 2) {
        uint8_t *used = calloc(t->buckets, sizeof *used);
        t->keys = take_buckets(t->buckets, arena);
        bool done = used != NULL && t->keys != NULL && insert_all(t, used, v4, prefixes, count);
        free(used);
        if (done || t->keys == NULL)
            return done;
    }
    return false;
}

static bool build_family(struct tables *tables, bool v4, const struct ip_prefix *prefixes, size_t count,
                         struct arena *arena)
{
    size_t keys[TABLES_MAX] = {0};
    bool   good = true;
    for (size_t i = 0; i < count; i++)
        if (is_v4(&prefixes[i]) == v4)
            keys[length_of(&prefixes[i]) / STEP] += keys_of(&prefixes[i]);
    for (uint32_t i = 0; i < TABLES_MAX && good; i++) {
        if (keys[i] == 0)
            continue;
        struct table *t = &tables->at[tables->count++];
        t->bits = i * STEP;
        good = build(t, v4, prefixes, count, keys[i], arena);
    }
    return good;
}

struct ip_set *ip_set_new(const struct ip_prefix *prefixes, size_t count, struct arena *arena)
{
    struct ip_set *set = arena_zalloc(arena, sizeof *set);
    ASSERT(count <= IP_SET_MAX);
    bool built = set != NULL && build_family(&set->v4, true, prefixes, count, arena) &&
                 build_family(&set->v6, false, prefixes, count, arena);
    return built ? set : NULL;
}

static bool v4_has(const struct tables *tables, const struct ip *address)
{
    const struct key full = {{word_at(address, 3)}};
    bool             found = false;
    for (size_t i = 0; i < tables->count; i++)
        found |= table_has(&tables->at[i], &full, 1);
    return found;
}

static bool v6_has(const struct tables *tables, const struct ip *address)
{
    const struct key full = {
        {word_at(address, 0), word_at(address, 1), word_at(address, 2), word_at(address, 3)}};
    bool   found = false;
    size_t i = 0;
    for (; i < tables->count && tables->at[i].bits <= 64; i++)
        found |= table_has(&tables->at[i], &full, 2);
    for (; i < tables->count; i++)
        found |= table_has(&tables->at[i], &full, 4);
    return found;
}

bool ip_set_has(const struct ip_set *set, const struct ip *address)
{
    return ip_is_v4(address) ? v4_has(&set->v4, address) : v6_has(&set->v6, address);
}

bool ip_set_trusts(const void *set, const struct ip *address)
{
    return ip_set_has(set, address);
}
