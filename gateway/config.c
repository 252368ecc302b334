// SPDX-License-Identifier: Apache-2.0
// config: the root of the file, and what is too small for a file of its own.
#include "gateway/config.h"
#include "gateway/config_parts.h"
#include "gateway/cores.h"
#include "gateway/file.h"
#include "policy/session_table.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define LOOPS_MAX 256u
#define FIELDS_READ 256u // ceiling of the parser; the policy size_limit asks for less by default
#define RATE_MAX (1000u * 1000u * 1000u) // bytes per second
#define CONNECTIONS_MAX 1000000u
#define HANDSHAKES_MAX 65536u
#define RATE_KEYS_MAX 134217728u // 2.3 GiB
#define BODY_BYTES (10u * 1024u * 1024u)

static bool look_up_file(const char *path, struct bytes_out *value, const char **why_r)
{
    *why_r = file_read(path, value);
    if (*why_r != NULL)
        return false;
    if (value->len > 0 && value->at[value->len - 1] == '\n')
        value->len--;
    if (value->len > 0 && value->at[value->len - 1] == '\r')
        value->len--;
    return true;
}

// What "${…}" stands for.
static bool look_up(void *context, struct bytes name, struct bytes_out *value, const char **why_r)
{
    (void)context;
    char text[PATH_MAX];
    int  length = snprintf(text, sizeof text, "%.*s", (int)name.len, name.at);
    if (length < 0 || (size_t)length >= sizeof text) {
        *why_r = "the name is too long";
        return false;
    }
    if (bytes_starts_with(name, BYTES("file:")))
        return look_up_file(text + strlen("file:"), value, why_r);
    const char *found = getenv(text);
    if (found != NULL)
        out_text(value, found);
    return found != NULL;
}

void config_read_deadlines(struct node parent, const struct config_deadline rows[])
{
    struct node timeouts;
    if (!node_find(parent, "timeouts", &timeouts) || !node_expect_object(timeouts))
        return;
    const char *keys[CONFIG_DEADLINES_MAX + 1] = {NULL};
    for (size_t i = 0; rows[i].key != NULL; i++) {
        ASSERT(i < CONFIG_DEADLINES_MAX);
        keys[i] = rows[i].key;
        struct node one = config_child(timeouts, keys[i]);
        uint64_t    value;
        if (rows[i].is_rate ? node_byte_rate(one, 0, rows[i].max, &value)
                            : node_duration(one, CONFIG_DEADLINE_MIN_MS, rows[i].max, &value))
            *rows[i].value = (uint32_t)value;
    }
    node_keys(timeouts, keys);
}

static void read_timeouts(struct config *c, struct node root)
{
    c->timeouts = (struct config_timeouts){.handshake_ms = 5000,
                                           .head_ms = 10000,
                                           .idle_ms = 75000,
                                           .shutdown_ms = 25000,
                                           .grace_ms = 10000,
                                           .minimum_rate = 500};
    config_read_deadlines(root, (const struct config_deadline[]){
                                    {"handshake", &c->timeouts.handshake_ms, CONFIG_MINUTE_MS, false},
                                    {"head", &c->timeouts.head_ms, 5 * CONFIG_MINUTE_MS, false},
                                    {"idle", &c->timeouts.idle_ms, 60 * CONFIG_MINUTE_MS, false},
                                    {"shutdown", &c->timeouts.shutdown_ms, 60 * CONFIG_MINUTE_MS, false},
                                    {"grace", &c->timeouts.grace_ms, 5 * CONFIG_MINUTE_MS, false},
                                    {"minimum_rate", &c->timeouts.minimum_rate, RATE_MAX, true},
                                    {NULL, NULL, 0, false},
                                });
}

static void read_ceiling(struct node limits, const char *key, uint32_t max, uint32_t *value)
{
    uint64_t count;
    if (node_count(config_child(limits, key), 1, max, &count))
        *value = (uint32_t)count;
}

// Returns limits.body; it is the policy size_limit that holds requests to it.
static uint64_t read_limits(struct config *c, struct node root)
{
    static const char *const keys[] = {"head",       "body",      "connections", "connections_per_address",
                                       "handshakes", "rate_keys", "sessions",    NULL};
    uint64_t                 head = LIMITS_HEAD_BYTES;
    uint64_t                 body = BODY_BYTES;
    struct node              limits;
    c->ceilings = (struct config_ceilings){
        .connections = 20000, .per_address = 200, .handshakes = 256, .sessions = SESSIONS_DEFAULT};
    c->state = (struct state_sizes){.rate_keys = STATE_RATE_KEYS};
    if (node_find(root, "limits", &limits) && node_expect_object(limits)) {
        node_keys(limits, keys);
        (void)node_size(config_child(limits, "head"), 1024, LIMITS_HEAD_BYTES_MAX, &head);
        (void)node_size(config_child(limits, "body"), 0, BODY_BYTES_MAX, &body);
        read_ceiling(limits, "connections", CONNECTIONS_MAX, &c->ceilings.connections);
        read_ceiling(limits, "connections_per_address", CONNECTIONS_MAX, &c->ceilings.per_address);
        read_ceiling(limits, "handshakes", HANDSHAKES_MAX, &c->ceilings.handshakes);
        read_ceiling(limits, "rate_keys", RATE_KEYS_MAX, &c->state.rate_keys);
        read_ceiling(limits, "sessions", SESSIONS_MAX, &c->ceilings.sessions);
    }
    c->state.flights =
        2 * c->ceilings.connections; // a connection has one request; a route may count it twice
    c->limits = LIMITS_DEFAULT;
    c->limits.head_bytes = c->limits.target_bytes = c->limits.field_bytes = (uint32_t)head;
    c->limits.fields = FIELDS_READ;
    return body;
}

static void read_access_log(struct config *c, struct node root)
{
    static const char *const log_keys[] = {"access", NULL};
    static const char *const access_keys[] = {"to", "format", NULL};
    static const char *const formats[] = {"json", NULL};
    c->access_log = BYTES("stdout");

    struct node logs;
    struct node access;
    if (!node_find(root, "logs", &logs) || !node_expect_object(logs))
        return;
    node_keys(logs, log_keys);
    if (!node_find(logs, "access", &access) || !node_expect_object(access))
        return;
    node_keys(access, access_keys);

    size_t ignored;
    (void)node_choice(config_child(access, "format"), formats, &ignored);
    struct node  to = config_child(access, "to");
    struct bytes text;
    if (!node_text(to, &text))
        return;
    if (bytes_equal(text, BYTES("none")))
        c->access_log = BYTES("");
    else if (bytes_equal(text, BYTES("stdout")) || memchr(text.at, '/', text.len) != NULL)
        c->access_log = text;
    else
        node_problem(to, "write \"stdout\", \"none\", or a path with a slash: \"./access.log\"",
                     "this is not a place for a log");
}

static void read_loops(struct config *c, struct node root)
{
    struct node  loops = config_child(root, "loops");
    struct bytes text;
    uint64_t     count;
    c->loops = 0;
    if (loops.item == NULL ||
        (node_is_text(loops) && node_text(loops, &text) && bytes_equal(text, BYTES("auto"))))
        c->loops = cores_available();
    else if (node_is_text(loops))
        node_problem(loops, "write \"auto\" or a number", "this is not a number of loops");
    else if (node_count(loops, 1, LOOPS_MAX, &count))
        c->loops = (unsigned)count;
    if (c->loops > LOOPS_MAX)
        c->loops = LOOPS_MAX;
}

static void read_version(struct node root)
{
    struct node version;
    uint64_t    ignored;
    if (node_find(root, "version", &version))
        (void)node_count(version, 1, 1, &ignored);
    else if (!config_is_short(root))
        node_problem(root, "add \"version\": 1", "\"version\" is missing");
}

static void read_snapshot(struct config *c, struct node root, uint64_t body_bytes)
{
    if (c->upstream_count == 0) // reported already; every route would now complain about its upstream
        return;
    struct bytes *names = arena_alloc(&c->arena, c->upstream_count * sizeof *names);
    if (names == NULL)
        return;
    for (size_t i = 0; i < c->upstream_count; i++)
        names[i] = c->upstreams[i].name;
    c->snapshot = snapshot_load(root, &(struct snapshot_scope){
                                          .upstreams = names,
                                          .upstream_count = c->upstream_count,
                                          .read_file = file_read,
                                          .body_bytes = body_bytes,
                                          .fields_max = c->limits.fields,
                                          .target_bytes_max = c->limits.target_bytes,
                                      });
}

static void read_root(struct config *c, struct node root)
{
    static const char *const keys[] = {
        "$schema",         "version",    "mode",   "listen",   "upstream", "upstreams",
        "policies",        "routes",     "limits", "timeouts", "logs",     "loops",
        "trusted_proxies", "reputation", "state",  "admin",    NULL};
    if (!node_expect_object(root))
        return;
    node_keys(root, keys);
    read_version(root);
    config_read_listen(c, root);
    c->trusted_proxies = ip_set_load(config_child(root, "trusted_proxies"), &c->arena);
    config_read_upstreams(c, root);
    uint64_t body_bytes = read_limits(c, root);
    read_timeouts(c, root);
    read_access_log(c, root);
    read_loops(c, root);
    config_read_admin(c, root);
    read_snapshot(c, root, body_bytes);
}

struct config *config_load(struct bytes text, const char *file)
{
    struct config *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    arena_init(&c->arena, NULL, CONFIG_BYTES_MAX);
    c->document = document_parse(text, file);
    if (c->document == NULL) {
        config_free(&c);
        return NULL;
    }
    document_expand(c->document, look_up, NULL);
    read_root(c, document_root(c->document));
    if (c->arena.overflowed)
        config_free(&c);
    else
        ASSERT(config_has_problems(c) || c->snapshot != NULL);
    return c;
}

bool config_has_problems(const struct config *c)
{
    return document_has_problems(c->document);
}

void config_free(struct config **c)
{
    if (*c == NULL)
        return;
    snapshot_free(&(*c)->snapshot);
    document_free(&(*c)->document);
    arena_reset(&(*c)->arena);
    free(*c);
    *c = NULL;
}
