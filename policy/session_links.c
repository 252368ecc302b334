// SPDX-License-Identifier: Apache-2.0
// session_links: an address is copied, but for the parameters that are ids.
#include "policy/session_links.h"
#include "parser/pairs.h"
#include "policy/session_parameter.h"

// The path parameter that begins at its ";": with its value, up to the next ";", "/", "?" or "#".
static struct bytes parameter_at(struct bytes text)
{
    size_t len = 1;
    while (len < text.len && strchr(";/?#", text.at[len]) == NULL)
        len++;
    return (struct bytes){text.at, len};
}

static bool is_id(const struct session_names *names, struct bytes parameter)
{
    const char *equals = memchr(parameter.at, '=', parameter.len);
    size_t      end = equals == NULL ? parameter.len : (size_t)(equals - parameter.at);
    return session_is_parameter(names, (struct bytes){parameter.at + 1, end - 1});
}

// Copies a text without its path parameters that are ids. Returns whether there was one.
static bool copy_without_ids(const struct session_names *names, struct bytes text, struct bytes_out *out)
{
    bool   found = false;
    size_t i = 0;
    for (; i < text.len && text.at[i] != '?' && text.at[i] != '#'; i++) {
        struct bytes parameter = text.at[i] == ';' ? parameter_at(bytes_after(text, i)) : BYTES("");
        if (parameter.len > 0 && is_id(names, parameter)) {
            found = true;
            i += parameter.len - 1;
            continue;
        }
        out_char(out, text.at[i]);
    }
    out_bytes(out, bytes_after(text, i));
    return found;
}

// The same for the parameters of a query.
static void copy_query(const struct session_names *names, struct bytes query, struct bytes_out *out)
{
    struct pairs pairs = pairs_over(query);
    bool         first = true;
    for (struct pair p; pairs_next(&pairs, &p);) {
        if (session_is_parameter(names, p.name))
            continue;
        out_char(out, first ? '?' : '&');
        first = false;
        out_bytes(out, p.name);
        if (p.value.at == NULL)
            continue;
        out_char(out, '=');
        out_bytes(out, p.value);
    }
}

static bool query_has_id(const struct session_names *names, struct bytes query)
{
    struct pairs pairs = pairs_over(query);
    for (struct pair p; pairs_next(&pairs, &p);)
        if (session_is_parameter(names, p.name))
            return true;
    return false;
}

// Old readers end a pair at ";" as well.
static bool query_hides_id(const struct session_names *names, struct bytes query)
{
    for (size_t i = 0; i < query.len; i++) {
        struct parameter_reader name = {0};
        bool                    begins = query.at[i] == ';';
        for (size_t n = i + 1; begins && n < query.len && strchr("=&;", query.at[n]) == NULL; n++)
            parameter_put(&name, query.at[n]);
        if (begins && parameter_is_id(&name, names))
            return true;
    }
    return false;
}

// "%3B" before a name: some servers decode before they look for parameters.
static bool has_hidden_id(const struct session_names *names, struct bytes path)
{
    for (size_t i = 0; i + 3 <= path.len; i++) {
        if (path.at[i] != '%' || path.at[i + 1] != '3' || (path.at[i + 2] | 0x20) != 'b')
            continue;
        if (is_id(names, parameter_at(bytes_after(path, i + 2))))
            return true;
    }
    return false;
}

enum link_check links_check(const struct session_names *names, const struct request *q, struct arena *arena,
                            struct bytes *clean_r)
{
    const struct target *t = &q->target;
    bool                 in_query = query_has_id(names, t->query);
    if (query_hides_id(names, t->query))
        return LINK_REFUSED;
    if (!t->parameters && !in_query)
        return LINK_CLEAN;
    size_t           room = t->path.len + t->query.len + 1;
    struct bytes_out out = {.at = arena_alloc(arena, room), .cap = room};
    if (out.at == NULL || has_hidden_id(names, t->path))
        return LINK_REFUSED;
    bool in_path = copy_without_ids(names, t->path, &out);
    if (in_query)
        copy_query(names, t->query, &out);
    else if (t->query.at != NULL) {
        out_char(&out, '?');
        out_bytes(&out, t->query);
    }
    ASSERT(!out.overflowed);
    *clean_r = out_written(&out);
    if (!in_path && !in_query)
        return LINK_CLEAN;
    // "//host" would lead elsewhere.
    bool leads_away = clean_r->len > 1 && clean_r->at[1] == '/';
    return clean_r->len > 0 && clean_r->at[0] == '/' && !leads_away ? LINK_CLEANED : LINK_REFUSED;
}

struct bytes links_clean_location(const struct session_names *names, struct bytes location,
                                  struct arena *arena)
{
    if (location.len == 0 || memchr(location.at, ';', location.len) == NULL)
        return location;
    struct bytes_out out = {.at = arena_alloc(arena, location.len), .cap = location.len};
    if (out.at == NULL)
        return (struct bytes){NULL, 0};
    return copy_without_ids(names, location, &out) ? out_written(&out) : location;
}
