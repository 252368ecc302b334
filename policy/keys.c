// SPDX-License-Identifier: Apache-2.0
// keys: parts of a request, hashed under the seed of the process.
#include "policy/keys.h"
#include "parser/cookie.h"
#include "parser/cursor.h"
#include "policy/siphash.h"
#include "policy/state.h"

static const struct {
    struct bytes  text;
    enum key_kind kind;
    bool          named;
} kinds[] = {
    {BYTES("client_ip"), KEY_CLIENT, false}, {BYTES("route"), KEY_ROUTE, false},
    {BYTES("host"), KEY_HOST, false},        {BYTES("header:"), KEY_HEADER, true},
    {BYTES("cookie:"), KEY_COOKIE, true},
};

static bool is_token(struct bytes name)
{
    struct cursor c = cursor_over(name);
    struct bytes  token;
    return cursor_token(&c, &token) && cursor_done(&c);
}

static bool read_part(struct node n, struct bytes text, struct key_part *part_r)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct bytes name = bytes_after(text, kinds[i].text.len < text.len ? kinds[i].text.len : text.len);
        if (!bytes_starts_with(text, kinds[i].text) || (kinds[i].named ? !is_token(name) : name.len > 0))
            continue;
        *part_r = (struct key_part){kinds[i].kind, name};
        return true;
    }
    node_problem(
        n, "write \"client_ip\", \"route\", \"host\", \"header:NAME\" or \"cookie:NAME\", or a list of them",
        "\"%.*s\" is nothing to count by", SHOW(text));
    return false;
}

static bool add_part(struct node n, struct keys *keys)
{
    struct key_part part;
    struct bytes    text;
    if (!node_text(n, &text) || !read_part(n, text, &part))
        return false;
    for (size_t i = 0; i < keys->count; i++)
        if (keys->parts[i].kind == part.kind && bytes_equal_nocase(keys->parts[i].name, part.name)) {
            node_problem(n, NULL, "\"%.*s\" is named twice", SHOW(text));
            return false;
        }
    keys->parts[keys->count++] = part;
    keys->by_client = keys->by_client || part.kind == KEY_CLIENT;
    if (part.kind >= KEY_HOST && keys->chosen.at == NULL)
        keys->chosen = text;
    return true;
}

bool keys_load(struct node n, struct keys *keys_r)
{
    bool good = true;
    *keys_r = (struct keys){.count = 0};
    if (n.item == NULL)
        return false;
    if (!node_is_array(n))
        return add_part(n, keys_r);
    if (node_length(n) == 0 || node_length(n) > KEYS_PARTS_MAX) {
        node_problem(n, NULL, "one to %u parts make a key", KEYS_PARTS_MAX);
        return false;
    }
    for (size_t i = 0; i < node_length(n); i++)
        good = add_part(node_at(n, i), keys_r) && good;
    return good;
}

uint64_t keys_id(struct bytes policy, const char *what)
{
    static const uint64_t open[2] = {0, 0}; // names of the operator's: nobody attacks this one
    struct siphash        h;
    siphash_begin(&h, open);
    siphash_field(&h, policy);
    siphash_field(&h, bytes_of(what));
    return siphash_end(&h);
}

static void put_header(struct siphash *h, const struct fields *fields, struct bytes name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (bytes_equal_nocase(fields->at[i].name, name))
            siphash_field(h, fields->at[i].value);
    siphash_word(h, UINT64_MAX); // no length: "none" is not "empty"
}

static void put_cookie(struct siphash *h, const struct fields *fields, struct bytes name)
{
    struct cookies cookies = cookies_of(fields);
    struct cookie  cookie;
    while (cookies_next(&cookies, &cookie))
        if (bytes_equal(cookie.name, name))
            siphash_field(h, cookie.value);
    siphash_word(h, UINT64_MAX);
}

uint64_t keys_rest(const struct keys *keys, const struct subject *s)
{
    struct siphash h;
    if (keys->count == (keys->by_client ? 1 : 0))
        return 0;
    siphash_begin(&h, s->state->seed);
    for (const struct key_part *p = keys->parts; p < keys->parts + keys->count; p++) {
        siphash_word(&h, p->kind);
        if (p->kind == KEY_ROUTE)
            siphash_field(&h, s->route);
        else if (p->kind == KEY_HOST)
            siphash_field(&h, s->request->host.name);
        else if (p->kind == KEY_HEADER)
            put_header(&h, &s->request->fields, p->name);
        else if (p->kind == KEY_COOKIE)
            put_cookie(&h, &s->request->fields, p->name);
    }
    return siphash_end(&h);
}

uint64_t keys_hash(const struct subject *s, uint64_t id, unsigned bits, uint64_t rest)
{
    struct siphash h;
    siphash_begin(&h, s->state->seed);
    siphash_word(&h, id);
    siphash_word(&h, bits);
    siphash_word(&h, rest);
    if (bits > 0) {
        struct ip prefix = s->peer->address;
        size_t    kept = (ip_is_v4(&prefix) ? 96 + bits : bits) / 8;
        ASSERT(bits % 8 == 0 && kept <= sizeof prefix.octet);
        memset(prefix.octet + kept, 0, sizeof prefix.octet - kept);
        siphash_bytes(&h, (struct bytes){(const char *)prefix.octet, sizeof prefix.octet});
    }
    return siphash_end(&h);
}
