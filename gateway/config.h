// SPDX-License-Identifier: Apache-2.0
// config: one JSON file → everything the gateway is told: listeners, upstreams, limits, deadlines, logs, and
// the snapshot of routes and chains. Immutable after config_load; shared by all loops.
#pragma once
#include "gateway/certificate.h"
#include "parser/limits.h"
#include "policy/ip_set.h"
#include "policy/snapshot.h"
#include "policy/state.h"
#include <netinet/in.h>
#include <sys/socket.h>

union config_address {
    struct sockaddr     any;
    struct sockaddr_in  v4;
    struct sockaddr_in6 v6;
};

uint16_t config_port(const union config_address *address);

enum config_client_auth {
    CLIENT_AUTH_NONE,    // no certificate is asked for
    CLIENT_AUTH_REQUEST, // asked for; without a good one the client is served all the same, and policies know
    CLIENT_AUTH_REQUIRE  // without a good one there is no connection
};

struct config_tls {
    const struct certificate **certificates; // the first one is for all names that no other is for
    size_t                     certificate_count;
    bool                       only_1_3;
    enum config_client_auth    client_auth;
    struct bytes               client_ca_pem;  // empty: CLIENT_AUTH_NONE
    struct bytes               client_crl_pem; // empty: nobody is revoked
};

struct config_listener {
    union config_address     address; // ":8080" is every address, IPv6 and IPv4 (one socket, IPV6_V6ONLY off)
    struct bytes             text;    // as written, for messages
    const struct config_tls *tls;     // NULL: plain
    bool                     redirect_https; // answer everything with a redirect to https
    uint16_t                 redirect_port; // 443, or the port of the first TLS listener; what redirects name
    struct node              node;          // where it was written
};

struct config_server {
    union config_address address; // resolved by config_resolve
    struct bytes         url;     // as written
    struct bytes         host;    // name or address, without brackets
    uint16_t             port;
    struct node          node;
};

struct config_upstream {
    struct bytes          name;
    struct config_server *servers;
    size_t                server_count;
    uint32_t              connect_ms;    // default 2s
    uint32_t              first_byte_ms; // default 30s
    uint32_t              keepalive;     // idle connections kept per loop and server; default 256
};

struct config_timeouts {
    uint32_t handshake_ms; // default 5s: TCP accept to the end of the TLS handshake
    uint32_t head_ms;      // default 10s: first byte to the end of the head, absolute
    uint32_t idle_ms;      // default 75s: between requests, and without progress inside a body
    uint32_t shutdown_ms;  // default 25s: how long SIGTERM waits for what runs
    uint32_t grace_ms;     // default 10s: how long a client may be slower than minimum_rate
    uint32_t minimum_rate; // default 500B/s: of request bodies, and of readers of answers; 0: none
};

// Of client connections, of all loops together.
struct config_ceilings {
    uint32_t connections; // default 20000
    uint32_t per_address; // default 200: IPv4 /32, IPv6 /64; trusted proxies are exempt
    uint32_t handshakes;  // default 256: TLS handshakes at work; further ones wait
    uint32_t sessions;    // default 65536: of apps, that the session table has room for
};

// Where operators reach the running gateway.
struct config_admin {
    struct bytes socket;       // path of a unix socket; empty: none
    bool         is_for_group; // its group may use it, too
};

struct config {
    struct document        *document; // kept: names, and lines for explain
    struct arena            arena;
    struct snapshot        *snapshot;
    struct config_listener *listeners;
    size_t                  listener_count;
    struct config_upstream *upstreams;
    size_t                  upstream_count;
    struct ip_set          *trusted_proxies;
    struct limits           limits; // of reading: what the parser refuses. Policies may ask for less
    struct config_timeouts  timeouts;
    struct config_ceilings  ceilings;
    struct state_sizes      state;
    unsigned                loops; // resolved: at least 1
    struct config_admin     admin;
    struct bytes            state_directory; // what outlives the process; empty: nothing does
    struct bytes            state_keys;      // file of the key ring; empty: `keys` in that directory
    struct bytes            access_log;      // "stdout", a path, or empty for none
};

// Reads a configuration; opens files it names (certificates, secrets), binds nothing, resolves nothing.
//   `text`, `file`  the JSON text and the name that problems carry
//   returns  a config; when problems were found it has config_has_problems() and must only be printed and
//   freed fails    NULL when memory is exhausted
MUST_USE struct config *config_load(struct bytes text, const char *file);
bool                    config_has_problems(const struct config *c);
void                    config_free(struct config **c);

// Looks up the addresses of all servers (blocking; before the loops start).
//   fails  false, with a problem at each server that cannot be found
MUST_USE bool config_resolve(struct config *c);
