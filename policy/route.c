// SPDX-License-Identifier: Apache-2.0
// route: reading one, and matching a request against it.
#include "policy/route.h"
#include "parser/cursor.h"
#include "policy/host_pattern.h"
#include "policy/methods.h"
#include <stdio.h>

#define HINT_MAX 192

static const struct bytes subtree_end = {"/*", 2};

static bool ends_with(struct bytes whole, struct bytes end)
{
    return whole.len >= end.len && bytes_equal((struct bytes){whole.at + whole.len - end.len, end.len}, end);
}

bool route_is_subtree(struct bytes pattern, struct bytes *prefix_r)
{
    bool subtree = ends_with(pattern, subtree_end);
    *prefix_r = (struct bytes){pattern.at, pattern.len - (subtree ? subtree_end.len : 0)};
    return subtree;
}

// Could this text be the decision reading of a path? (parser/target.h)
static bool is_decision(struct bytes prefix, bool subtree)
{
    for (size_t i = 0; i < prefix.len; i++)
        if ((prefix.at[i] >= 0 && prefix.at[i] < ' ') || strchr("%\\;?#\x7f", prefix.at[i]) != NULL)
            return false;
    struct cursor c = cursor_over(prefix);
    struct bytes  segment;
    while (cursor_char(&c, '/')) {
        bool last = !cursor_until(&c, '/', &segment);
        if (last)
            segment = cursor_rest(&c);
        bool dots = bytes_equal(segment, BYTES(".")) || bytes_equal(segment, BYTES(".."));
        if (dots || (segment.len == 0 && (!last || subtree)))
            return false;
        if (last)
            return true;
    }
    return subtree; // "/*": nothing is left of it
}

static bool refuse_path(struct node n, struct bytes pattern, struct arena *arena)
{
    struct target target;
    char          hint[HINT_MAX] = "";
    if (target_parse(pattern, arena, &target) == FAULT_NONE)
        (void)snprintf(hint, sizeof hint, "write \"%.*s\"", SHOW(target.decision));
    node_problem(n, hint,
                 "\"%.*s\" matches nothing: paths are compared decoded, with single slashes, without dot "
                 "segments, parameters and query",
                 SHOW(pattern));
    return false;
}

static bool load_path(struct node n, struct arena *arena, struct bytes *path_r)
{
    struct bytes pattern, prefix;
    if (!node_text(n, &pattern))
        return false;
    if (!bytes_starts_with(pattern, BYTES("/"))) {
        node_problem(n, NULL, "a path begins with \"/\", unlike \"%.*s\"", SHOW(pattern));
        return false;
    }
    bool subtree = route_is_subtree(pattern, &prefix);
    if (prefix.len > 0 && memchr(prefix.at, '*', prefix.len) != NULL) {
        node_problem(n, "\"/a/*\" is \"/a\" and all below it",
                     "\"*\" may only stand at the end, behind a slash");
        return false;
    }
    if (!is_decision(prefix, subtree))
        return refuse_path(n, pattern, arena);
    *path_r = pattern;
    return true;
}

static bool load_match(struct node match, struct arena *arena, struct route *route)
{
    static const char *const keys[] = {"host", "path", "method", NULL};
    struct node              n;
    if (!node_expect_object(match))
        return false;
    node_keys(match, keys);
    bool good = !node_find(match, "host", &n) || host_pattern_load(n, arena, &route->host);
    good = (!node_find(match, "path", &n) || load_path(n, arena, &route->path)) && good;
    return (!node_find(match, "method", &n) || methods_load(n, &route->methods)) && good;
}

static bool load_upstream(struct node route, const struct bytes *upstreams, size_t count, size_t *index_r)
{
    struct node  n;
    struct bytes name;
    *index_r = 0;
    if (!node_find(route, "upstream", &n)) {
        if (count > 1)
            node_problem(route, "\"upstream\" says where to", "a route that leads nowhere");
        return count <= 1;
    }
    if (!node_text(n, &name))
        return false;
    for (; *index_r < count; (*index_r)++)
        if (bytes_equal(upstreams[*index_r], name))
            return true;
    node_unknown(n, "upstream", upstreams, count);
    return false;
}

bool route_load(struct node n, const struct bytes *upstreams, size_t upstream_count, struct arena *arena,
                struct route *route_r)
{
    static const char *const keys[] = {"name", "match", "policies", "upstream", "limits", "mode", NULL};
    struct node              name, match;
    *route_r = (struct route){.line = node_line(n)};
    if (!node_expect_object(n))
        return false;
    node_keys(n, keys);
    bool good = node_find(n, "name", &name);
    if (!good)
        node_problem(n, "logs and metrics are kept by it", "a route without a \"name\"");
    good = good && node_text(name, &route_r->name);
    if (good && route_r->name.len == 0) {
        node_problem(name, NULL, "this name is empty");
        good = false;
    }
    good = (!node_find(n, "match", &match) || load_match(match, arena, route_r)) && good;
    return load_upstream(n, upstreams, upstream_count, &route_r->upstream) && good;
}

// Reads one byte of a path as a backend does that decodes once: an escape is the byte that it stands for, but
// "%2F" is no slash. In the decision reading no escape is left.
static bool read_byte(struct cursor *path, char wanted)
{
    struct bytes rest = cursor_rest(path);
    if (rest.len >= 3 && rest.at[0] == '%' && is_hex_digit(rest.at[1]) && is_hex_digit(rest.at[2])) {
        path->at += 3;
        return wanted != '/' && (hex_value(rest.at[1]) << 4 | hex_value(rest.at[2])) == (unsigned char)wanted;
    }
    return cursor_char(path, wanted);
}

static bool path_matches(struct bytes pattern, struct bytes path)
{
    struct bytes  prefix;
    struct cursor c = cursor_over(path);
    if (pattern.len == 0)
        return true;
    bool subtree = route_is_subtree(pattern, &prefix);
    for (size_t i = 0; i < prefix.len; i++)
        if (!read_byte(&c, prefix.at[i]))
            return false;
    return cursor_done(&c) || (subtree && cursor_char(&c, '/'));
}

bool route_matches(const struct route *r, const struct host *host, struct bytes path, enum method method)
{
    return (r->methods == 0 || (r->methods & METHOD_BIT(method)) != 0) && path_matches(r->path, path) &&
           host_pattern_matches(r->host, host->name);
}

static bool path_covers(struct bytes a, struct bytes b)
{
    struct bytes prefix, ignored;
    if (a.len == 0 || b.len == 0)
        return a.len == 0;
    if (!route_is_subtree(b, &prefix))
        return path_matches(a, b);
    return route_is_subtree(a, &ignored) && path_matches(a, prefix);
}

bool route_hides(const struct route *a, const struct route *b)
{
    bool methods = a->methods == 0 || (b->methods != 0 && (b->methods & ~a->methods) == 0);
    return methods && host_pattern_covers(a->host, b->host) && path_covers(a->path, b->path);
}
