// SPDX-License-Identifier: Apache-2.0
// config_upstream: "upstreams" and, in the short form, "upstream"; and the addresses of their servers.
#include "gateway/config_parts.h"
#include "parser/cursor.h"
#include <netdb.h>
#include <stdio.h>

#define PORT_HTTP 80
#define CONNECT_MS 2000u
#define FIRST_BYTE_MS 30000u
#define KEEPALIVE 256u
#define KEEPALIVE_MAX 65536u
#define HOST_TEXT_MAX 256

#define SERVER_HINT "write \"http://10.0.0.5:8080\""

// url = "http://" host [ ":" port ] [ "/" ]
static void read_url(struct config *c, struct config_server *s)
{
    if (!node_text(s->node, &s->url))
        return;
    struct cursor url = cursor_over(s->url);
    if (cursor_text(&url, BYTES("https://"))) {
        node_problem(s->node, "use http", "TLS to upstreams is not built yet");
        return;
    }
    if (!cursor_text(&url, BYTES("http://"))) {
        node_problem(s->node, SERVER_HINT, "this is not the URL of a server");
        return;
    }
    struct bytes authority;
    if (!cursor_until(&url, '/', &authority))
        authority = cursor_rest(&url);
    else if (cursor_rest(&url).len > 1) {
        node_problem(s->node, "end the URL after the port",
                     "a server's URL has no path: requests keep their own");
        return;
    }
    struct host host;
    enum fault  fault = host_parse(authority, &c->arena, &host);
    if (fault != FAULT_NONE) {
        node_problem(s->node, SERVER_HINT, "%s", fault_says(fault));
        return;
    }
    s->host = host.name;
    s->port = host.port == 0 ? PORT_HTTP : host.port;
}

static void read_server(struct config *c, struct config_server *s, struct node n)
{
    static const char *const keys[] = {"url", NULL};
    s->node = n;
    if (!node_is_object(n)) {
        read_url(c, s);
        return;
    }
    node_keys(n, keys);
    if (node_find(n, "url", &s->node)) {
        read_url(c, s);
        return;
    }
    s->node = n;
    node_problem(n, SERVER_HINT, "\"url\" is missing");
}

// `servers` is the array, or in the short form the one URL itself.
static void read_servers(struct config *c, struct config_upstream *u, struct node servers)
{
    bool   one = !node_is_array(servers);
    size_t count = one ? 1 : node_length(servers);
    if (count == 0 || count > CONFIG_SERVERS_MAX) {
        node_problem(servers, NULL, "between 1 and %u servers are possible", CONFIG_SERVERS_MAX);
        return;
    }
    u->servers = arena_zalloc(&c->arena, count * sizeof *u->servers);
    if (u->servers == NULL)
        return;
    u->server_count = count;
    for (size_t i = 0; i < count; i++)
        read_server(c, &u->servers[i], one ? servers : node_at(servers, i));
}

static void set_defaults(struct config_upstream *u)
{
    u->connect_ms = CONNECT_MS;
    u->first_byte_ms = FIRST_BYTE_MS;
    u->keepalive = KEEPALIVE;
}

static void read_upstream(struct config *c, struct config_upstream *u, struct node n)
{
    static const char *const keys[] = {"servers", "timeouts", "keepalive", NULL};
    set_defaults(u);
    u->name = node_key(n);
    if (!node_expect_object(n))
        return;
    node_keys(n, keys);

    struct node servers;
    if (!node_find(n, "servers", &servers))
        node_problem(n, "add \"servers\": [\"http://10.0.0.5:8080\"]", "\"servers\" is missing");
    else if (node_expect_array(servers))
        read_servers(c, u, servers);
    config_read_deadlines(n, (const struct config_deadline[]){
                                 {"connect", &u->connect_ms, CONFIG_MINUTE_MS, false},
                                 {"first_byte", &u->first_byte_ms, 60 * CONFIG_MINUTE_MS, false},
                                 {NULL, NULL, 0, false},
                             });
    uint64_t keepalive;
    if (node_count(config_child(n, "keepalive"), 0, KEEPALIVE_MAX, &keepalive))
        u->keepalive = (uint32_t)keepalive;
}

static void read_short_form(struct config *c, struct node root)
{
    static const char *const long_keys[] = {"upstreams", "policies", "routes"};
    for (size_t i = 0; i < sizeof long_keys / sizeof *long_keys; i++) {
        struct node other;
        if (node_find(root, long_keys[i], &other))
            node_problem(other,
                         "name the upstream: \"upstreams\": { \"" CONFIG_SHORT_NAME
                         "\": { \"servers\": [\"http://…\"] } }",
                         "\"%s\" does not go together with \"upstream\"", long_keys[i]);
    }
    c->upstreams = arena_zalloc(&c->arena, sizeof *c->upstreams);
    if (c->upstreams == NULL)
        return;
    c->upstream_count = 1;
    set_defaults(c->upstreams);
    c->upstreams->name = BYTES(CONFIG_SHORT_NAME);
    struct node  upstream = config_child(root, "upstream");
    struct bytes ignored;
    if (node_text(upstream, &ignored))
        read_servers(c, c->upstreams, upstream);
}

static void read_long_form(struct config *c, struct node upstreams)
{
    if (!node_expect_object(upstreams))
        return;
    size_t count = node_length(upstreams);
    if (count == 0 || count > CONFIG_UPSTREAMS_MAX) {
        node_problem(upstreams, NULL, "between 1 and %u upstreams are possible", CONFIG_UPSTREAMS_MAX);
        return;
    }
    c->upstreams = arena_zalloc(&c->arena, count * sizeof *c->upstreams);
    if (c->upstreams == NULL)
        return;
    c->upstream_count = count;
    for (size_t i = 0; i < count; i++)
        read_upstream(c, &c->upstreams[i], node_at(upstreams, i));
}

void config_read_upstreams(struct config *c, struct node root)
{
    struct node upstreams;
    if (config_is_short(root))
        read_short_form(c, root);
    else if (node_find(root, "upstreams", &upstreams))
        read_long_form(c, upstreams);
    else
        node_problem(root, "add \"upstream\": \"http://127.0.0.1:9000\"", "\"upstreams\" is missing");
}

static void take_first(struct config_server *s, const struct addrinfo *found)
{
    if (found->ai_family == AF_INET)
        memcpy(&s->address.v4, found->ai_addr, sizeof s->address.v4);
    else
        memcpy(&s->address.v6, found->ai_addr, sizeof s->address.v6);
}

static void resolve_server(struct config_server *s)
{
    struct ip ip;
    if (ip_parse(s->host, &ip)) {
        config_address_set(&s->address, &ip, s->port);
        return;
    }
    char name[HOST_TEXT_MAX];
    char port[sizeof "65535"];
    (void)snprintf(name, sizeof name, "%.*s", (int)s->host.len, s->host.at);
    (void)snprintf(port, sizeof port, "%u", s->port);
    struct addrinfo  wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found;
    int              failed = getaddrinfo(name, port, &wanted, &found);
    if (failed != 0) {
        node_problem(s->node, NULL, "the address of this server cannot be found: %s", gai_strerror(failed));
        return;
    }
    // "localhost" is both; what listens on one of them only is old, and listens on IPv4.
    const struct addrinfo *best = found;
    for (const struct addrinfo *one = found; one != NULL && best->ai_family != AF_INET; one = one->ai_next) {
        if (one->ai_family == AF_INET)
            best = one;
    }
    take_first(s, best);
    freeaddrinfo(found);
}

bool config_resolve(struct config *c)
{
    for (size_t i = 0; i < c->upstream_count; i++)
        for (size_t k = 0; k < c->upstreams[i].server_count; k++)
            resolve_server(&c->upstreams[i].servers[k]);
    return !config_has_problems(c);
}
