// SPDX-License-Identifier: Apache-2.0
// The index says what trying all routes from the top says.
#include "policy/methods.h"
#include "policy/route_index.h"
#include <criterion/criterion.h>

#define ROUTES 60
#define GET METHOD_BIT(METHOD_GET)
#define POST METHOD_BIT(METHOD_POST)
#define PUT METHOD_BIT(METHOD_PUT)

static struct arena arena;
static uint64_t     seed;

static size_t draw(size_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % below;
}

static struct bytes one_of(const char *const texts[], size_t count)
{
    return bytes_of(texts[draw(count)]);
}
#define ONE_OF(texts) one_of(texts, sizeof(texts) / sizeof *(texts))

static const char *const segments[] = {"a",       "b", "ab", "long segment", "eight by", "sixteen letters.",
                                       "\xC3\xA9"};

// A pattern as route_load takes it.
static struct bytes draw_pattern(void)
{
    struct bytes_out out = {.at = arena_alloc(&arena, 128), .cap = 128};
    if (draw(6) == 0)
        return (struct bytes){NULL, 0};
    for (size_t i = draw(4); i > 0; i--) {
        out_char(&out, '/');
        out_bytes(&out, ONE_OF(segments));
    }
    if (out.len == 0 || draw(2) == 0)
        out_text(&out, draw(4) == 0 ? "/" : "/*");
    return out_written(&out);
}

// A path as a request has it: some characters escaped, some segments that no route knows.
static struct bytes draw_path(void)
{
    static const char *const others[] = {"", "c", "a%2Fb", "%2f", "%", "%4", "%zz", "%25", "long"};
    struct bytes_out         out = {.at = arena_alloc(&arena, 512), .cap = 512};
    if (draw(20) == 0)
        return BYTES("*");
    for (size_t i = 1 + draw(4); i > 0; i--) {
        struct bytes segment = draw(4) == 0 ? ONE_OF(others) : ONE_OF(segments);
        size_t       escaped = draw(3) == 0 ? 1 + draw(3) : 0; // each, each second, each third character
        out_char(&out, '/');
        for (size_t k = 0; k < segment.len; k++)
            if (escaped > 0 && k % escaped == 0 && segment.at[k] != '%') {
                out_char(&out, '%');
                out_hex(&out, (unsigned char)segment.at[k], 2);
            } else
                out_char(&out, segment.at[k]);
    }
    cr_assert_not(out.overflowed);
    return out_written(&out);
}

static struct route draw_route(void)
{
    static const char *const hosts[] = {"", "", "b", "a.b", "*.b", "*.a.b", "c.a.b", "*.c", "::1"};
    static const char *const names[] = {"r1", "r2", "%41", "A",  "a/b", "r3",
                                        "r4", "r5", "r6",  "r7", "r8",  "r9"};
    static const uint32_t    methods[] = {0, 0, 0, GET, POST, GET | POST, PUT, GET | POST | PUT};
    return (struct route){.name = ONE_OF(names),
                          .host = ONE_OF(hosts),
                          .path = draw_pattern(),
                          .methods = methods[draw(sizeof methods / sizeof *methods)]};
}

static const struct route *first_match(const struct route *routes, size_t count, const struct host *host,
                                       struct bytes path, enum method method)
{
    for (const struct route *r = routes; r < routes + count; r++)
        if (route_matches(r, host, path, method))
            return r;
    return NULL;
}

static const struct route *first_hider(const struct route *routes, const struct route *route)
{
    for (const struct route *r = routes; r < route; r++)
        if (route_hides(r, route))
            return r;
    return NULL;
}

static const struct route *first_namesake(const struct route *routes, const struct route *route)
{
    for (const struct route *r = routes; r < route; r++)
        if (bytes_equal(r->name, route->name))
            return r;
    return NULL;
}

static long number(const struct route *routes, const struct route *route)
{
    return route == NULL ? -1 : (long)(route - routes);
}

Test(route_index, agrees_with_trying_all)
{
    static const char *const hosts[] = {"",   "b", "a.b", "x.b", "c.a.b", "x.c.a.b",
                                        ".b", "d", "x.c", "::1", "b.",    "."};
    static const enum method methods[] = {METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_OPTIONS};
    size_t                   found = 0, hidden = 0, asked = 0;
    for (seed = 0; asked < 3000 * 200;) {
        struct route routes[ROUTES];
        size_t       count = 1 + draw(draw(3) == 0 ? ROUTES : 8);
        arena_init(&arena, NULL, 1u << 20);
        for (size_t i = 0; i < count; i++)
            routes[i] = draw_route();
        struct route_index *index = route_index_new(routes, count, &arena);
        cr_assert_not_null(index);
        for (size_t i = 0; i < count; i++) {
            const struct route *hider = route_index_hider(index, &routes[i]);
            cr_assert_eq(number(routes, hider), number(routes, first_hider(routes, &routes[i])));
            cr_assert_eq(number(routes, route_index_namesake(index, &routes[i])),
                         number(routes, first_namesake(routes, &routes[i])));
            hidden += hider != NULL;
            route_index_add(index, i);
        }
        route_index_close(index);
        for (size_t i = 0; i < 200; i++, asked++) {
            const struct host   host = {.name = ONE_OF(hosts)};
            struct bytes        path = draw_path();
            enum method         method = methods[draw(4)];
            const struct route *expected = first_match(routes, count, &host, path, method);
            const struct route *route = route_index_find(index, &host, path, method);
            cr_assert_eq(route, expected, "%.*s %.*s: %ld instead of %ld", SHOW(host.name), SHOW(path),
                         number(routes, route), number(routes, expected));
            found += route != NULL;
        }
        arena_reset(&arena);
    }
    cr_expect(found > asked / 10 && found < asked * 9 / 10, "%zu of %zu found something", found, asked);
    cr_expect_gt(hidden, 100u);
}

// As many sets of methods as there can be, each hidden by no single other one.
Test(route_index, a_place_keeps_no_more_routes_than_methods)
{
    struct route routes[METHOD_COUNT * METHOD_COUNT];
    size_t       count = 0;
    for (enum method a = 0; a < METHOD_COUNT; a++)
        for (enum method b = 0; b < METHOD_COUNT; b++)
            routes[count++] = (struct route){.path = BYTES("/a"), .methods = METHOD_BIT(a) | METHOD_BIT(b)};
    arena_init(&arena, NULL, 1u << 20);
    struct route_index *index = route_index_new(routes, count, &arena);
    for (size_t i = 0; i < count; i++)
        route_index_add(index, i);
    route_index_close(index);
    const struct host host = {.name = BYTES("x")};
    for (enum method m = 0; m < METHOD_COUNT; m++)
        cr_expect_eq(route_index_find(index, &host, BYTES("/a"), m),
                     first_match(routes, count, &host, BYTES("/a"), m));
    cr_expect_null(route_index_find(index, &host, BYTES("/b"), METHOD_GET));
    arena_reset(&arena);
}

Test(route_index, a_full_arena_is_an_answer)
{
    static const struct route routes[50] = {{.path = BYTES("/a/b/c")}};
    for (size_t room = 0; room < 4096; room += 1024) {
        arena_init(&arena, NULL, room);
        cr_expect_null(route_index_new(routes, 50, &arena));
        arena_reset(&arena);
    }
}
