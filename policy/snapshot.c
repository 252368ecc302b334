// SPDX-License-Identifier: Apache-2.0
// snapshot: the routes with their chains, in one arena that is never written again after load.
#include "policy/snapshot.h"
#include "policy/chain_rules.h"
#include "policy/ladder.h"
#include "policy/route_index.h"
#include <stdlib.h>

#define SNAPSHOT_BYTES_MAX (256u * 1024u * 1024u)
#define ROUTES_MAX 16384u

struct snapshot {
    struct arena         arena;
    struct route        *routes;
    struct route_index  *index;
    size_t               count;
    const struct ladder *ladder; // NULL: none
    enum mode            ladder_mode;
};

struct loading {
    struct snapshot             *snapshot;
    const struct snapshot_scope *scope;
    struct chain_rules          *known;
    struct node                  policies;
    struct node                  reputation;
    enum mode                    mode;
};

static struct policy_scope policy_scope(const struct loading *l, uint64_t body_bytes)
{
    return (struct policy_scope){.arena = &l->snapshot->arena,
                                 .known = l->known,
                                 .read_file = l->scope->read_file,
                                 .body_bytes = body_bytes,
                                 .fields_max = l->scope->fields_max,
                                 .target_bytes_max = l->scope->target_bytes_max,
                                 .reputation = l->reputation,
                                 .ladder = l->snapshot->ladder};
}

static uint64_t load_limits(struct node limits, uint64_t body_bytes)
{
    static const char *const keys[] = {"body", NULL};
    struct node              body;
    if (!node_expect_object(limits))
        return body_bytes;
    node_keys(limits, keys);
    if (node_find(limits, "body", &body))
        (void)node_size(body, 0, BODY_BYTES_MAX, &body_bytes);
    return body_bytes;
}

static bool load_route(const struct loading *l, struct node n, struct route *route)
{
    struct node limits, names;
    bool good = route_load(n, l->scope->upstreams, l->scope->upstream_count, &l->snapshot->arena, route);
    (void)node_find(n, "limits", &limits);
    (void)node_find(n, "policies", &names);
    struct policy_scope scope = policy_scope(l, load_limits(limits, l->scope->body_bytes));
    const struct chain *chain = chain_load(l->policies, names, mode_load(n, l->mode), &scope);
    route->chain = good ? chain : NULL;
    return route->chain != NULL;
}

// Compares a route with those before it: its name must be new, and something must be left for it. Routes
// that could not be read take no part.
static void compare_with_earlier(const struct snapshot *s, const struct route *route, struct node n)
{
    const struct route *namesake = route_index_namesake(s->index, route);
    const struct route *hider = route_index_hider(s->index, route);
    struct node         name;
    (void)node_find(n, "name", &name);
    if (namesake != NULL)
        node_problem(name, NULL, "the route in line %u has the same name", namesake->line);
    if (hider != NULL)
        node_problem(n, "the first match wins: put the narrower one above",
                     "never reached: the route in line %u takes everything that this one matches",
                     hider->line);
}

// Returns false when the arena is full.
static bool index_routes(struct snapshot *s, struct node routes)
{
    struct node n = node_at(routes, 0);
    s->index = route_index_new(s->routes, s->count, &s->arena);
    for (size_t i = 0; s->index != NULL && i < s->count; i++, n = node_next(n)) {
        if (s->routes[i].chain == NULL)
            continue;
        compare_with_earlier(s, &s->routes[i], n);
        route_index_add(s->index, i);
    }
    if (s->index != NULL)
        route_index_close(s->index);
    return s->index != NULL;
}

static bool load_routes(const struct loading *l, struct node routes)
{
    struct snapshot *s = l->snapshot;
    bool             good = true;
    if (!node_expect_array(routes))
        return false;
    s->count = node_length(routes);
    if (s->count == 0 || s->count > ROUTES_MAX) {
        node_problem(routes, NULL,
                     s->count == 0 ? "without routes nothing is served" : "more than 16384 routes");
        return false;
    }
    s->routes = arena_zalloc(&s->arena, s->count * sizeof *s->routes);
    if (s->routes == NULL)
        return false;
    struct node n = node_at(routes, 0);
    for (size_t i = 0; i < s->count; i++, n = node_next(n))
        good = load_route(l, n, &s->routes[i]) && good;
    return index_routes(s, routes) && good;
}

// The short form: everything goes to the only upstream.
static bool load_only_route(const struct loading *l, struct node root)
{
    static const struct node absent = {NULL, NULL};
    struct snapshot         *s = l->snapshot;
    if (l->scope->upstream_count > 1)
        node_problem(root, "or leave only one upstream", "\"routes\" must say which upstream gets what");
    if (node_length(l->policies) > 0)
        node_problem(l->policies, "\"routes\": [{ \"name\": \"all\", \"policies\": [...] }]",
                     "no route uses these policies, because there are no \"routes\"");
    s->routes = arena_zalloc(&s->arena, sizeof *s->routes);
    if (s->routes == NULL)
        return false;
    struct policy_scope scope = policy_scope(l, l->scope->body_bytes);
    s->count = 1;
    s->routes[0].name = BYTES("default");
    s->routes[0].chain = chain_load(l->policies, absent, l->mode, &scope);
    s->index = route_index_new(s->routes, s->count, &s->arena);
    if (s->routes[0].chain == NULL || s->index == NULL)
        return false;
    route_index_add(s->index, 0);
    return true;
}

static bool load_ladder(struct loading *l, struct node root)
{
    struct snapshot *s = l->snapshot;
    if (!node_find(root, "reputation", &l->reputation))
        return true;
    s->ladder = ladder_load(l->reputation, &s->arena);
    s->ladder_mode = mode_load(l->reputation, l->mode);
    return s->ladder != NULL;
}

struct snapshot *snapshot_load(struct node root, const struct snapshot_scope *scope)
{
    ASSERT(scope->upstream_count > 0 || document_has_problems(root.document));
    if (root.item == NULL)
        return NULL;
    struct loading l = {.snapshot = calloc(1, sizeof *l.snapshot), .scope = scope};
    struct node    routes;
    if (l.snapshot == NULL) {
        node_problem(root, NULL, "there is no memory for the rules");
        return NULL;
    }
    arena_init(&l.snapshot->arena, NULL, SNAPSHOT_BYTES_MAX);
    l.known = chain_rules_new(&l.snapshot->arena);
    l.mode = mode_load(root, MODE_ENFORCE);
    (void)node_find(root, "policies", &l.policies);
    bool                good = load_ladder(&l, root);
    struct policy_scope check_scope = policy_scope(&l, scope->body_bytes);
    good = chain_check_policies(l.policies, &check_scope) && good;
    good = (node_find(root, "routes", &routes) ? load_routes(&l, routes) : load_only_route(&l, root)) && good;
    if (l.snapshot->arena.overflowed)
        node_problem(root, NULL, "there is no memory for the rules");
    ASSERT(good || document_has_problems(root.document));
    if (document_has_problems(root.document))
        snapshot_free(&l.snapshot);
    return l.snapshot;
}

void snapshot_free(struct snapshot **s)
{
    if (*s == NULL)
        return;
    arena_reset(&(*s)->arena);
    free(*s);
    *s = NULL;
}

const struct route *snapshot_route(const struct snapshot *s, const struct request *request,
                                   enum reason *why_r)
{
    const struct target *target = &request->target;
    const struct route *route = route_index_find(s->index, &request->host, target->decision, request->method);
    *why_r = REASON_NONE;
    if (route == NULL) {
        *why_r = REASON_NO_ROUTE;
        return NULL;
    }
    bool one_reading = target->path.at == target->decision.at && target->path.len == target->decision.len;
    if (one_reading ||
        (route_index_find(s->index, &request->host, target->path, request->method) == route &&
         route_index_find(s->index, &request->host, target_before_query(target), request->method) == route))
        return route;
    *why_r = REASON_TWO_ROUTES;
    return NULL;
}

const struct ladder *snapshot_ladder(const struct snapshot *s)
{
    return s->ladder_mode == MODE_OFF ? NULL : s->ladder;
}

bool snapshot_ladder_is_shadow(const struct snapshot *s)
{
    return s->ladder_mode == MODE_SHADOW;
}

size_t snapshot_route_count(const struct snapshot *s)
{
    return s->count;
}

const struct route *snapshot_route_at(const struct snapshot *s, size_t i)
{
    ASSERT(i < s->count);
    return &s->routes[i];
}

bool snapshot_uses(const struct snapshot *s, const struct policy *policy)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct chain *c = s->routes[i].chain;
        for (size_t n = 0; n < chain_length(c); n++)
            if (chain_link(c, n)->policy == policy && chain_link(c, n)->mode != MODE_OFF)
                return true;
    }
    return false;
}
