// SPDX-License-Identifier: Apache-2.0
// micro_sessions: cookies that are sealed and opened, and the session table.
#include "policy/seal.h"
#include "policy/session_table.h"
#include "tests/bench/micro.h"
#include <stdlib.h>
#include <string.h>

#define MILLION 1000000u
#define NOW UINT64_C(1800000000000)
#define SALT ((const unsigned char *)"0123456789abcdef")
#define HOST BYTES("www.example.com __Host-PHPSESSID")
#define RING                                                                                                 \
    "1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nsid ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"

static const struct session_lives lives = {.idle_ms = 1800000, .absolute_ms = 43200000, .grace_ms = 30000};

struct sealing {
    struct key_ring *ring;
    char             plain[64], token_memory[256];
    struct bytes     token;
};

static struct sealing *sealing_new(void)
{
    struct key_ring_problem problem;
    struct sealing         *s = calloc(1, sizeof *s);
    if (s == NULL || (s->ring = key_ring_read(BYTES(RING), &problem)) == NULL)
        abort();
    struct bytes_out out = {.at = s->token_memory, .cap = sizeof s->token_memory};
    if (!seal_write(s->ring, SALT, HOST, (struct bytes){s->plain, sizeof s->plain}, &out))
        abort();
    s->token = out_written(&out);
    return s;
}

static double measured(micro_step *step)
{
    struct sealing *s = sealing_new();
    double          ns = micro_timed(step, s);
    key_ring_free(&s->ring);
    free(s);
    return ns;
}

static void open_tokens(void *context, uint64_t rounds)
{
    struct sealing *s = context;
    char            memory[64];
    for (uint64_t i = 0; i < rounds; i++) {
        struct bytes_out plain = {.at = memory, .cap = sizeof memory};
        micro_sink += seal_open(s->ring, HOST, s->token, &plain);
    }
}

static void write_tokens(void *context, uint64_t rounds)
{
    struct sealing *s = context;
    char            memory[256];
    for (uint64_t i = 0; i < rounds; i++) {
        struct bytes_out token = {.at = memory, .cap = sizeof memory};
        micro_sink += seal_write(s->ring, SALT, HOST, (struct bytes){s->plain, sizeof s->plain}, &token);
    }
}

static void hash_inner(void *context, uint64_t rounds)
{
    struct sealing    *s = context;
    const struct bytes parts[] = {BYTES("app"), {s->plain, 32}};
    unsigned char      hash[KEYED_HASH_BYTES];
    for (uint64_t i = 0; i < rounds; i++)
        micro_sink += keyed_hash(s->ring, "sid", parts, 2, hash);
}

static double seal_open_64(void)
{
    return measured(open_tokens);
}

static double seal_write_64(void)
{
    return measured(write_tokens);
}

static double keyed_hash_32(void)
{
    return measured(hash_inner);
}

// --- the table ---

struct crowd {
    struct session_table *table;
    uint64_t              sessions, at;
};

static struct sid sid_of(uint64_t n)
{
    struct sid sid;
    uint64_t   words[2] = {n * UINT64_C(0x9e3779b97f4a7c15), n * UINT64_C(0xd1b54a32d192ed03) >> 3};
    memcpy(sid.octet, words, sizeof sid);
    return sid;
}

static void admit(void *context, uint64_t rounds)
{
    struct crowd *c = context;
    for (uint64_t i = 0; i < rounds; i++) {
        struct session_facts facts;
        c->at = c->at * 6364136223846793005u + 1442695040888963407u; // sessions in no order
        struct sid sid = sid_of((c->at >> 33) % c->sessions);
        micro_sink += session_admit(c->table, &sid, 0, &lives, NOW, &facts);
    }
}

static double admit_among(uint64_t sessions)
{
    struct crowd         c = {.table = session_table_new(sessions + sessions / 8), .sessions = sessions};
    struct session_facts facts;
    if (c.table == NULL)
        abort();
    for (uint64_t n = 0; n < sessions; n++) {
        struct sid sid = sid_of(n);
        if (session_begin(c.table, &sid, 0, &lives, NOW, &facts) != SESSION_ADMITTED)
            abort();
    }
    double ns = micro_timed(admit, &c);
    session_table_free(&c.table);
    return ns;
}

static double admit_1000(void)
{
    return admit_among(1000);
}

static double admit_65536(void)
{
    return admit_among(65536);
}

static double admit_million(void)
{
    return admit_among(MILLION);
}

const struct micro_row micro_sessions[] = {
    {"sealed cookie of 64 bytes, opened", seal_open_64},
    {"sealed cookie of 64 bytes, written", seal_write_64},
    {"keyed hash of 32 bytes", keyed_hash_32},
    {"session admitted, among 1,000", admit_1000},
    {"session admitted, among 65,536", admit_65536},
    {"session admitted, among 1,000,000", admit_million},
    {NULL, NULL},
};
