// SPDX-License-Identifier: Apache-2.0
// micro_lists: prefixes, routes, patterns, and the whole default chain.
#include "policy/glob_set.h"
#include "policy/ip_set.h"
#include "policy/snapshot.h"
#include "tests/bench/micro.h"
#include "tests/support/request_of.h"
#include <stdio.h>
#include <stdlib.h>

#define MILLION 1000000u
#define CLIENTS 512u // who ask in turn
#define MANY 65536u  // the same, of a crowd
#define REQUESTS 64u // that ask in turn
#define ARENA_MAX (256u << 20)
#define TEXT_MAX (4u << 20)

static uint64_t seed;

static uint32_t draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}

// --- prefixes: of all lengths that lists have, asked by addresses of which every other one is listed ---

static const uint8_t v4_lengths[] = {128, 120, 128, 112, 116, 128, 124, 108, 104, 120};
static const uint8_t v6_lengths[] = {64, 48, 32, 64, 128, 56, 44, 40, 36, 48};

static struct ip draw_address(bool v6)
{
    struct ip ip = {{[10] = 0xff, [11] = 0xff}};
    for (size_t i = v6 ? 0 : 12; i < sizeof ip.octet; i++)
        ip.octet[i] = (uint8_t)draw();
    if (v6)
        ip.octet[0] = 0x20;
    return ip;
}

static struct ip_prefix draw_prefix(bool v6, size_t i)
{
    struct ip_prefix p = {.address = draw_address(v6), .bits = (v6 ? v6_lengths : v4_lengths)[i % 10]};
    for (unsigned bit = p.bits; bit < 128; bit++)
        p.address.octet[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return p;
}

struct crowd {
    const struct ip_set *set;
    struct ip           *clients;
    size_t               count;
};

static void ask_addresses(void *context, uint64_t rounds)
{
    const struct crowd *c = context;
    for (uint64_t i = 0; i < rounds; i++)
        micro_sink += ip_set_has(c->set, &c->clients[i & (c->count - 1)]);
}

static double prefixes(bool v6, size_t count, size_t clients)
{
    struct ip_prefix *listed = malloc(count * sizeof *listed);
    struct crowd      c = {.clients = malloc(clients * sizeof *c.clients), .count = clients};
    struct arena      arena;
    arena_init(&arena, NULL, ARENA_MAX);
    if (listed == NULL || c.clients == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        listed[i] = draw_prefix(v6, i);
    for (size_t i = 0; i < clients; i++)
        c.clients[i] = i % 2 == 0 ? draw_address(v6) : listed[draw() % count].address;
    c.set = ip_set_new(listed, count, &arena);
    if (c.set == NULL)
        abort();
    double ns = micro_timed(ask_addresses, &c);
    arena_reset(&arena);
    free(listed);
    free(c.clients);
    return ns;
}

static double v4_10(void)
{
    return prefixes(false, 10, CLIENTS);
}
static double v4_10k(void)
{
    return prefixes(false, 10000, CLIENTS);
}
static double v4_1m(void)
{
    return prefixes(false, MILLION, CLIENTS);
}
static double v4_1m_crowd(void)
{
    return prefixes(false, MILLION, MANY);
}
static double v6_10(void)
{
    return prefixes(true, 10, CLIENTS);
}
static double v6_10k(void)
{
    return prefixes(true, 10000, CLIENTS);
}
static double v6_1m(void)
{
    return prefixes(true, MILLION, CLIENTS);
}

// --- requests ---

static const char browser[] =
    " HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 "
    "Firefox/115.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: "
    "en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nCookie: sid=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";

struct visits {
    struct arena      arena;
    struct document  *document;
    struct snapshot  *snapshot;
    struct request    requests[REQUESTS];
    struct arena_pool pool;
};

static void visit(struct visits *v, size_t i, const char *target, const char *host)
{
    char *head = arena_alloc(&v->arena, 1024);
    int   used = snprintf(head, 1024, "GET %s", target);
    (void)snprintf(head + used, 1024 - (size_t)used, browser, host);
    v->requests[i] = request_of(&v->arena, head);
}

static void load(struct visits *v, const char *json)
{
    static const struct bytes   upstreams[] = {BYTES("app")};
    const struct snapshot_scope scope = {.upstreams = upstreams,
                                         .upstream_count = 1,
                                         .body_bytes = 10u << 20,
                                         .fields_max = LIMITS_FIELDS,
                                         .target_bytes_max = LIMITS_TARGET_BYTES};
    arena_init(&v->arena, NULL, ARENA_MAX);
    v->document = document_parse(bytes_of(json), "micro.json");
    v->snapshot = v->document == NULL ? NULL : snapshot_load(document_root(v->document), &scope);
    if (v->snapshot == NULL)
        abort();
}

static void leave(struct visits *v)
{
    snapshot_free(&v->snapshot);
    document_free(&v->document);
    arena_reset(&v->arena);
}

// --- routes: a fourth each of subtrees, paths with a method, hosts, and ends of hosts with a subtree ---

static const char *const route_forms[] = {
    "{\"name\": \"r%u\", \"match\": {\"path\": \"/app%u/*\"}},\n",
    "{\"name\": \"r%u\", \"match\": {\"path\": \"/api/v1/thing%u\", \"method\": [\"GET\"]}},\n",
    "{\"name\": \"r%u\", \"match\": {\"host\": \"h%u.example.com\"}},\n",
    "{\"name\": \"r%u\", \"match\": {\"host\": \"*.t%u.example.com\", \"path\": \"/x/*\"}},\n",
};
static const char *const visit_forms[][2] = {{"/app%u/some/page.html", "shop.example.com"},
                                             {"/api/v1/thing%u", "shop.example.com"},
                                             {"/index.html", "h%u.example.com"},
                                             {"/x/y", "www.t%u.example.com"}};

static void find_routes(void *context, uint64_t rounds)
{
    const struct visits *v = context;
    enum reason          why;
    for (uint64_t i = 0; i < rounds; i++)
        micro_sink += snapshot_route(v->snapshot, &v->requests[i % REQUESTS], &why) != NULL;
}

static double routes(unsigned count)
{
    struct visits v = {.snapshot = NULL};
    char         *json = malloc(TEXT_MAX);
    if (json == NULL)
        abort();
    size_t used = (size_t)snprintf(json, TEXT_MAX, "{\"routes\": [\n");
    for (unsigned i = 0; i < count; i++) // one text has each number twice
        used += (size_t)snprintf(json + used, TEXT_MAX - used, route_forms[i % 4], i, i);
    (void)snprintf(json + used, TEXT_MAX - used, "]}");
    load(&v, json);
    free(json);
    for (unsigned i = 0; i < REQUESTS; i++) {
        char     target[64], host[64];
        unsigned number = draw() % (count / 4) * 4 + i % 4;
        (void)snprintf(target, sizeof target, visit_forms[i % 4][0], number);
        (void)snprintf(host, sizeof host, visit_forms[i % 4][1], number);
        visit(&v, i, target, host);
    }
    double ns = micro_timed(find_routes, &v);
    leave(&v);
    return ns;
}

static double routes_10(void)
{
    return routes(10);
}
static double routes_10k(void)
{
    return routes(10000);
}

// --- patterns: a third each of folders, endings and anything that holds ---

static const char *const glob_forms[] = {"/legacy/app%u/*", "*.tmp%u", "*/secret%u/*"};
static const char *const paths[] = {"/erp/orders/2024/list.html", "/static/css/app.1a2b3c.css",
                                    "/api/v1/customers/12345/invoices", "/legacy/app77777/index.php",
                                    "/erp/reports/quarterly.tmp"};

static void match_globs(void *context, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++)
        micro_sink += glob_set_match(context, bytes_of(paths[i % 5])).at != NULL;
}

static double globs(unsigned count)
{
    struct arena arena;
    arena_init(&arena, NULL, ARENA_MAX);
    struct bytes *patterns = arena_alloc(&arena, count * sizeof *patterns);
    for (unsigned i = 0; i < count; i++) {
        char *text = arena_alloc(&arena, 32);
        (void)snprintf(text, 32, glob_forms[i % 3], i * 7919 % 100000);
        patterns[i] = bytes_of(text);
    }
    struct glob_set *set = glob_set_new(patterns, count, &arena);
    if (set == NULL)
        abort();
    double ns = micro_timed(match_globs, set);
    arena_reset(&arena);
    return ns;
}

static double globs_10(void)
{
    return globs(10);
}
static double globs_10k(void)
{
    return globs(10000);
}

// --- the whole default chain: finding the route, judging the head, the changes both ways ---

static void walk_chain(void *context, uint64_t rounds)
{
    static const struct field answered[] = {
        {.name = BYTES("Content-Type"), .value = BYTES("text/html"), .id = FIELD_CONTENT_TYPE},
        {.name = BYTES("Content-Length"), .value = BYTES("200"), .id = FIELD_CONTENT_LENGTH},
        {.name = BYTES("Server"), .value = BYTES("Apache/2.2.3"), .id = FIELD_SERVER}};
    static const struct fields fields = {answered, sizeof answered / sizeof *answered};
    const struct answer        answer = {.status = 200, .fields = &fields};
    const struct peer          peer = {.address = {{[10] = 0xff, [11] = 0xff, 192, 0, 2, 7}}};
    struct visits             *v = context;
    for (uint64_t i = 0; i < rounds; i++) {
        const struct request *request = &v->requests[i % REQUESTS];
        struct arena          arena;
        struct edits          edits;
        struct ruling         ruling;
        enum reason           why;
        arena_init(&arena, &v->pool, 64 * 1024);
        const struct route  *route = snapshot_route(v->snapshot, request, &why);
        const struct subject s = {.peer = &peer, .request = request, .route = route->name, .arena = &arena};
        const struct admission *admission = chain_on_head(route->chain, &s, &ruling);
        edits_init(&edits, request->fields.count, &arena);
        chain_on_request(route->chain, &s, &ruling, &edits);
        edits_init(&edits, fields.count, &arena);
        chain_on_reply(route->chain, &s, &ruling, &answer, &edits);
        chain_end(route->chain, &s, &ruling, ENDING_DONE);
        micro_sink += admission != NULL;
        arena_reset(&arena);
    }
}

static double chain(void)
{
    struct visits v = {.snapshot = NULL};
    arena_pool_init(&v.pool, 16);
    load(&v, "{\"routes\": [{\"name\": \"all\", \"match\": {\"path\": \"/*\"}}]}");
    for (unsigned i = 0; i < REQUESTS; i++)
        visit(&v, i, paths[i % 3], "shop.example.com");
    double ns = micro_timed(walk_chain, &v);
    arena_pool_drain(&v.pool);
    leave(&v);
    return ns;
}

const struct micro_row micro_lists[] = {
    {"IPv4 prefixes, 10", v4_10},
    {"IPv4 prefixes, 10,000", v4_10k},
    {"IPv4 prefixes, 1,000,000", v4_1m},
    {"IPv4 prefixes, 1,000,000, asked by 65,536 clients", v4_1m_crowd},
    {"IPv6 prefixes, 10", v6_10},
    {"IPv6 prefixes, 10,000", v6_10k},
    {"IPv6 prefixes, 1,000,000", v6_1m},
    {"routes, 10", routes_10},
    {"routes, 10,000", routes_10k},
    {"patterns of paths, 10", globs_10},
    {"patterns of paths, 10,000", globs_10k},
    {"the default chain, with its route and its edits", chain},
    {NULL, NULL},
};
