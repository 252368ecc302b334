// SPDX-License-Identifier: Apache-2.0
// session_cookie: numbers in network order, then path and inner value:
//
//   sid 16 | generation 4 | issued 4 | begun 4 | expires 4 | path length 1 | path | inner
#include "policy/session_cookie.h"
#include <endian.h>
#include <openssl/rand.h>

#define SID_BYTES (sizeof(struct sid))
#define FIXED_BYTES (SID_BYTES + 17u)
#define MARK_DIGITS 8u

static const struct bytes host_prefix = {"__Host-", 7};

_Static_assert(sizeof(struct sid) == KEYED_HASH_BYTES, "a sid is a keyed hash");

bool outer_sid(const struct outer_scope *scope, struct bytes cookie, struct bytes inner, struct sid *sid_r)
{
    const struct bytes parts[] = {scope->policy, cookie, inner};
    return keyed_hash(scope->ring, "sid", parts, sizeof parts / sizeof *parts, sid_r->octet);
}

// FNV-1a: a mark to tell paths apart, no secret. Two paths of one mark share a cookie, as in a browser that
// knows no paths.
static uint32_t mark_of(struct bytes path)
{
    uint32_t mark = 2166136261u;
    for (size_t i = 0; i < path.len; i++)
        mark = (mark ^ (unsigned char)path.at[i]) * 16777619u;
    return mark;
}

void outer_name(const struct outer_scope *scope, struct bytes cookie, struct bytes path,
                struct bytes_out *out)
{
    out_bytes(out, scope->secure ? host_prefix : BYTES(""));
    out_bytes(out, cookie);
    if (path.len > 1) {
        out_char(out, '.');
        out_hex(out, mark_of(path), MARK_DIGITS);
    }
}

size_t outer_name_find(const struct outer_scope *scope, const struct session_names *names, struct bytes name)
{
    if (scope->secure) {
        if (!bytes_starts_with(name, host_prefix))
            return names->count;
        name = bytes_after(name, host_prefix.len);
    }
    size_t index = session_name_find(names, name);
    if (index < names->count || name.len <= MARK_DIGITS + 1 || name.at[name.len - MARK_DIGITS - 1] != '.')
        return index;
    return session_name_find(names, (struct bytes){name.at, name.len - MARK_DIGITS - 1});
}

// ---- tokens

static void put_number(struct bytes_out *out, uint32_t number)
{
    uint32_t network = htobe32(number);
    out_bytes(out, (struct bytes){(const char *)&network, sizeof network});
}

static uint32_t take_number(const char **at)
{
    uint32_t network;
    memcpy(&network, *at, sizeof network);
    *at += sizeof network;
    return be32toh(network);
}

// Host, name and policy, none of which has a NUL.
static struct bytes bound_to(const struct outer_scope *scope, struct bytes name, struct bytes_out *out)
{
    out_bytes(out, scope->policy);
    out_char(out, '\0');
    out_bytes(out, scope->host);
    out_char(out, '\0');
    out_bytes(out, name);
    return out_written(out);
}

#define BOUND_MAX 1024u // a host has at most 255 bytes; a policy's name is cut by the loader

bool outer_write(const struct outer_scope *scope, struct bytes name, const struct outer *o,
                 struct bytes_out *out)
{
    char             bound[BOUND_MAX], text[SEAL_PLAIN_MAX];
    struct bytes_out aad = {.at = bound, .cap = sizeof bound}, plain = {.at = text, .cap = sizeof text};
    unsigned char    salt[SEAL_SALT_BYTES];
    ASSERT(o->path.len <= OUTER_PATH_MAX);
    out_bytes(&plain, (struct bytes){(const char *)o->sid.octet, SID_BYTES});
    put_number(&plain, o->generation);
    put_number(&plain, o->issued_s);
    put_number(&plain, o->begun_s);
    put_number(&plain, o->expires_s);
    out_char(&plain, (char)o->path.len);
    out_bytes(&plain, o->path);
    out_bytes(&plain, o->inner);
    (void)bound_to(scope, name, &aad);
    return !plain.overflowed && !aad.overflowed && RAND_bytes(salt, sizeof salt) == 1 &&
           seal_write(scope->ring, salt, out_written(&aad), out_written(&plain), out);
}

bool outer_read(const struct outer_scope *scope, struct bytes name, struct bytes token, struct arena *arena,
                struct outer *outer_r)
{
    char             bound[BOUND_MAX];
    struct bytes_out aad = {.at = bound, .cap = sizeof bound};
    if (token.len < seal_length(FIXED_BYTES) || token.len > SEAL_TOKEN_MAX)
        return false;
    struct bytes_out plain = {.at = arena_alloc(arena, token.len), .cap = token.len};
    (void)bound_to(scope, name, &aad);
    if (plain.at == NULL || aad.overflowed || !seal_open(scope->ring, out_written(&aad), token, &plain) ||
        plain.len < FIXED_BYTES)
        return false;
    const char *at = plain.at + SID_BYTES;
    *outer_r = (struct outer){.generation = take_number(&at)};
    memcpy(outer_r->sid.octet, plain.at, SID_BYTES);
    outer_r->issued_s = take_number(&at);
    outer_r->begun_s = take_number(&at);
    outer_r->expires_s = take_number(&at);
    size_t path_len = (unsigned char)*at++;
    size_t rest = plain.len - FIXED_BYTES;
    if (path_len > rest)
        return false;
    outer_r->path = (struct bytes){at, path_len};
    outer_r->inner = (struct bytes){at + path_len, rest - path_len};
    return true;
}

bool outer_path_matches(struct bytes cookie_path, struct bytes request_path)
{
    return bytes_starts_with(request_path, cookie_path) &&
           (cookie_path.len == request_path.len || bytes_ends_with(cookie_path, BYTES("/")) ||
            cookie_path.len == 0 || request_path.at[cookie_path.len] == '/');
}
