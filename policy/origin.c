// SPDX-License-Identifier: Apache-2.0
// origin: reading and comparing.
#include "policy/origin.h"
#include "parser/cursor.h"
#include "policy/host_pattern.h"

#define PORT_HTTP 80u
#define PORT_HTTPS 443u
#define HINT "written as \"https://shop.example.com\" or \"https://*.example.com:8443\""

static uint16_t port_of(bool https, uint16_t written)
{
    return written != 0 ? written : https ? PORT_HTTPS : PORT_HTTP;
}

static bool read_scheme(struct cursor *c, bool *https_r)
{
    struct bytes scheme;
    if (!cursor_until(c, ':', &scheme) || !cursor_text(c, BYTES("://")))
        return false;
    *https_r = bytes_equal_nocase(scheme, BYTES("https"));
    return *https_r || bytes_equal_nocase(scheme, BYTES("http"));
}

static struct bytes take_authority(struct cursor *c)
{
    struct bytes rest = cursor_rest(c);
    size_t       len = 0;
    while (len < rest.len && memchr("/?#\\", rest.at[len], 4) == NULL)
        len++;
    c->at += len;
    return (struct bytes){rest.at, len};
}

bool origin_read(struct bytes text, struct arena *arena, struct bytes *rest_r, struct origin *origin_r)
{
    struct cursor c = cursor_over(text);
    struct host   host;
    if (!read_scheme(&c, &origin_r->https) || host_parse(take_authority(&c), arena, &host) != FAULT_NONE)
        return false;
    origin_r->host = host.name;
    origin_r->port = port_of(origin_r->https, host.port);
    if (rest_r != NULL)
        *rest_r = cursor_rest(&c);
    return rest_r != NULL || cursor_done(&c);
}

// The host of a pattern, with its "*." in front again.
static bool make_wild(struct arena *arena, struct bytes *host)
{
    struct bytes_out out = {.at = arena_alloc(arena, host->len + 2), .cap = host->len + 2};
    if (out.at == NULL)
        return false;
    out_text(&out, "*.");
    out_bytes(&out, *host);
    *host = out_written(&out);
    return true;
}

bool origin_load(struct node n, struct arena *arena, struct origin *origin_r)
{
    struct bytes text;
    struct host  host;
    if (!node_text(n, &text))
        return false;
    struct cursor c = cursor_over(text);
    bool          scheme = read_scheme(&c, &origin_r->https), wild = scheme && cursor_text(&c, BYTES("*."));
    if (!scheme || host_parse(cursor_rest(&c), arena, &host) != FAULT_NONE) {
        node_problem(n, HINT, "\"%.*s\" is not an origin", SHOW(text));
        return false;
    }
    origin_r->host = host.name;
    origin_r->port = port_of(origin_r->https, host.port);
    return !wild || make_wild(arena, &origin_r->host);
}

// The value of a field that a trusted sender may say; empty: it says nothing.
static struct bytes reported(const struct subject *s, enum field_id id)
{
    bool                trusted = s->peer != NULL && s->peer->trusted;
    const struct field *f = trusted ? fields_find(&s->request->fields, id) : NULL;
    return f == NULL || f->dropped ? BYTES("") : f->value;
}

bool origin_own(const struct subject *s, struct origin *origin_r)
{
    struct bytes  scheme = reported(s, FIELD_X_FORWARDED_PROTO);
    struct bytes  name = reported(s, FIELD_X_FORWARDED_HOST);
    struct cursor digits = cursor_over(reported(s, FIELD_X_FORWARDED_PORT));
    struct host   host = s->request->host, other;
    uint64_t      port = 0;
    origin_r->https = s->tls != NULL;
    if (bytes_equal_nocase(scheme, BYTES("https")) || bytes_equal_nocase(scheme, BYTES("http")))
        origin_r->https = scheme.len == strlen("https");
    if (name.len > 0 && host_parse(name, s->arena, &other) == FAULT_NONE)
        host = other;
    if (host.port == 0 && cursor_decimal(&digits, UINT16_MAX, &port) && cursor_done(&digits))
        host.port = (uint16_t)port;
    origin_r->host = host.name;
    origin_r->port = port_of(origin_r->https, host.port);
    return host.name.len > 0;
}

bool origin_matches(const struct origin *pattern, const struct origin *one)
{
    return pattern->https == one->https && pattern->port == one->port &&
           host_pattern_matches(pattern->host, one->host);
}
