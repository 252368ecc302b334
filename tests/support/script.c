// SPDX-License-Identifier: Apache-2.0
// script: the real connection, exchange, pool and policies over wire_script and hand_clock.
#include "tests/support/script.h"
#include "gateway/ceilings.h"
#include "gateway/upstream.h"
#include "tests/support/hand_clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_ADDRESS 0xc6336407u // 198.51.100.7
#define CLIENT_PORT 50000
#define JSON_MAX 4096u
#define PROBLEMS_MAX 4096u

static struct script *on_stage; // the loop tells `emptied` without a context

static void on_emptied(struct loop *l)
{
    ASSERT(l == on_stage->loop);
    on_stage->emptied++;
}

// A script that names no routes gets one whose heads are not changed: what it sees is what the other side
// said.
static struct bytes with_plain_heads(const char *json, struct bytes_out *out)
{
    static const char plain[] = ", \"policies\": {\"plain\": {\"type\": \"headers\", \"mode\": \"off\"}}, "
                                "\"routes\": [{\"name\": \"default\", \"policies\": [\"plain\"]}]}";
    if (strstr(json, "\"routes\"") != NULL)
        return bytes_of(json);
    out_bytes(out, (struct bytes){json, (size_t)(strrchr(json, '}') - json)});
    out_text(out, plain);
    ASSERT(!out->overflowed);
    return out_written(out);
}

static struct config *load(const char *json)
{
    char             room[JSON_MAX];
    struct bytes_out out_json = {.at = room, .cap = sizeof room};
    struct config   *c = config_load(with_plain_heads(json, &out_json), "script.json");
    ASSERT(c != NULL);
    if (config_has_problems(c) || !config_resolve(c)) {
        char             text[PROBLEMS_MAX];
        struct bytes_out out = {.at = text, .cap = sizeof text - 1};
        document_print(c->document, &out);
        text[out.len] = '\0';
        fprintf(stderr, "%s", text);
        assert_failed("the configuration of a script has no problems", __FILE__, __LINE__);
    }
    return c;
}

struct script *script_new(const char *json)
{
    struct script *s = on_stage = calloc(1, sizeof *s);
    ASSERT(s != NULL);
    s->config = load(json);
    s->loop = loop_new(0, NULL, NULL);
    s->loop->upstreams = upstreams_new(s->loop, s->config);
    s->loop->connections = connections_new(s->loop, s->config, on_emptied);
    s->loop->log = caught_feed();
    s->loop->ceilings = ceilings_new(s->config->ceilings.connections, s->config->ceilings.per_address);
    ASSERT(s->loop->upstreams != NULL && s->loop->connections != NULL && s->loop->ceilings != NULL);
    script_client_connects(s);
    return s;
}

void script_free(struct script **script)
{
    struct script *s = *script;
    connections_cut(s->loop->connections);
    upstreams_retire(s->loop->upstreams);
    wire_script_settle();
    wire_script_clear();
    connections_free(&s->loop->connections);
    upstreams_free(&s->loop->upstreams);
    ceilings_free(&s->loop->ceilings);
    loop_free(&s->loop);
    config_free(&s->config);
    free(s);
    *script = NULL;
}

void script_client_connects(struct script *s)
{
    union config_address    from = {.v4 = {.sin_family = AF_INET,
                                           .sin_port = htons(CLIENT_PORT),
                                           .sin_addr.s_addr = htonl(CLIENT_ADDRESS)}};
    enum connection_welcome welcome =
        connection_accept(s->loop->connections, -1, &from, &s->config->listeners[0], NULL);
    ASSERT(welcome == WELCOME);
    s->client = wire_script_actor(wire_script_actors() - 1);
}

static void send_bytewise(struct actor *a, const char *text)
{
    for (; *text != '\0'; text++)
        actor_sends(a, (struct bytes){text, 1});
}

void script_client_sends(struct script *s, const char *text)
{
    actor_sends(s->client, bytes_of(text));
}

void script_client_sends_bytewise(struct script *s, const char *text)
{
    send_bytewise(s->client, text);
}

size_t script_upstreams(const struct script *s)
{
    size_t count = 0;
    (void)s;
    for (size_t i = 0; i < wire_script_actors(); i++)
        count += wire_script_actor(i)->port != 0;
    return count;
}

struct actor *script_upstream_at(const struct script *s, size_t n)
{
    ASSERT(n < script_upstreams(s));
    size_t i = 0;
    while (wire_script_actor(i)->port == 0 || n-- > 0)
        i++;
    return wire_script_actor(i);
}

struct actor *script_upstream(const struct script *s)
{
    return script_upstream_at(s, script_upstreams(s) - 1);
}

void script_upstream_sends(struct script *s, const char *text)
{
    actor_sends(script_upstream(s), bytes_of(text));
}

void script_upstream_sends_bytewise(struct script *s, const char *text)
{
    send_bytewise(script_upstream(s), text);
}

const char *script_client_sees(const struct script *s)
{
    return actor_has(s->client);
}

const char *script_upstream_sees(const struct script *s)
{
    return script_upstreams(s) == 0 ? "" : actor_has(script_upstream(s));
}

void script_all_forget(struct script *s)
{
    (void)s;
    for (size_t i = 0; i < wire_script_actors(); i++)
        actor_forgets(wire_script_actor(i));
    caught_clear();
}

static void after_tick(struct loop *l)
{
    (void)l;
    wire_script_settle();
}

void script_passes_ms(struct script *s, uint64_t ms)
{
    hand_clock_pass(s->loop, ms, after_tick);
}

void script_drains(struct script *s)
{
    connections_drain(s->loop->connections);
    wire_script_settle();
}

const struct caught *script_record(const struct script *s)
{
    (void)s;
    return caught_last();
}

enum close_reason script_failed_because(const struct script *s)
{
    enum close_reason r = CLOSE_COUNT;
    while (--r > CLOSE_NONE && strcmp(script_record(s)->reason, close_token(r)) != 0)
        ;
    return r;
}
