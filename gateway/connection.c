// SPDX-License-Identifier: Apache-2.0
// connection: one client.
//
//   HANDSHAKE ─▶ SERVE ─▶ LINGER ─▶ CLOSED        CLOSED ← from everywhere, via connection_close()
//
// (1) At most one exchange is alive; in between, only the wire and this struct exist.
// (2) `ahead` holds what arrived and cannot be used yet: a pipelined request, or a body whose upstream is not
// connected. While it is not empty nothing more is read, so it is bounded by one read.
// (3) The next request waits until the answer before it has left. (4) After LINGER begins no byte of the
// client is looked at; it is read so that a refused client gets our answer instead of a reset.
#include "gateway/connection.h"
#include "gateway/ceilings.h"
#include "gateway/exchange.h"
#include "gateway/reputation_feed.h"
#include "gateway/tls_clients.h"
#include "gateway/tls_context.h"
#include <stdlib.h>
#include <unistd.h>

#define CONNECTION_MAGIC 0x636f6e6eu
#define LINGER_MS 2000u
#define LAST_CHANCE_MS 1000u // while draining: for the first request of a connection that had begun
#define LINGER_BYTES (1024u * 1024u)

enum connection_state { HANDSHAKE, SERVE, LINGER, CLOSED };

struct ahead {
    char  *at; // NULL while empty
    size_t start, len;
};

struct connection {
    uint32_t              magic;
    enum connection_state state;
    struct connections   *set;
    struct exchange_seat  seat;
    struct exchange      *exchange; // NULL: idle
    struct ahead          ahead;
    struct deadline       deadline;
    char                 *client_facts; // what seat.tls points into
    size_t                lingered;
    bool                  client_finished;
    bool                  served;   // an exchange has ended on it
    bool                  stepping; // in connection_step: what happens there is seen by its loop
    struct wire           wire;
    TAILQ_ENTRY(connection) next;
};
TAILQ_HEAD(connection_list, connection);

struct connections {
    struct loop           *loop;
    const struct config   *config;
    struct connection_list list;
    size_t                 count;
    void (*emptied)(struct loop *l);
};

// --- the end ---

static struct connection *of_wire(struct wire *w)
{
    struct connection *c = w->owner;
    ASSERT(c->magic == CONNECTION_MAGIC);
    return c;
}

static void drop_ahead(struct connection *c)
{
    free(c->ahead.at);
    c->ahead = (struct ahead){0};
}

// Whom its connections are counted for; a trusted proxy brings those of many.
static const struct ip *counted_address(const struct peer *peer)
{
    return peer->trusted ? NULL : &peer->sender;
}

static void on_closed(struct wire *w)
{
    struct connection  *c = of_wire(w);
    struct connections *set = c->set;
    TAILQ_REMOVE(&set->list, c, next);
    set->count--;
    c->magic = 0;
    free(c->client_facts);
    free(c);
    if (set->count == 0 && set->loop->draining)
        set->emptied(set->loop);
}

// The only way a connection ends. Safe twice, from anywhere; memory goes when libuv has let go of the wire.
static void connection_close(struct connection *c, enum close_reason why, bool abort)
{
    if (c->state == CLOSED)
        return;
    c->state = CLOSED;
    ceilings_leave(c->set->loop->ceilings, counted_address(&c->seat.peer));
    deadline_disarm(&c->deadline);
    drop_ahead(c);
    if (c->exchange)
        exchange_free(&c->exchange, why);
    else
        reputation_feed_close(c->set->loop, c->set->config, &c->seat.peer, why);
    if (!abort)
        wire_push(&c->wire);
    if (abort || wire_queued(&c->wire) > 0) // an answer that was cut must not look complete
        wire_abort(&c->wire, on_closed);
    else
        wire_close(&c->wire, on_closed);
}

static uint32_t idle_ms(const struct connection *c)
{
    return ceilings_tighten(c->set->loop->ceilings, c->set->config->timeouts.idle_ms);
}

// Between exchanges and behind the last one: at rest, unless an answer is still on its way out.
static void await(struct connection *c, uint32_t rest_ms)
{
    enum close_reason ignored;
    // The deadline of a handshake is absolute, whatever of it is still queued.
    uint64_t     at_ms = c->state == HANDSHAKE ? UINT64_MAX : seat_reader_bound(&c->seat, &ignored);
    struct loop *l = c->set->loop;
    loop_deadline_at(l, &c->deadline, at_ms == UINT64_MAX ? loop_now_ms(l) + rest_ms : at_ms);
}

static void linger(struct connection *c)
{
    c->state = LINGER;
    drop_ahead(c);
    wire_finish(&c->wire);
    wire_want(&c->wire, true);
    if (wire_queued(&c->wire) == 0 && c->client_finished)
        connection_close(c, CLOSE_DONE, false);
    else
        await(c, LINGER_MS);
}

// --- serving ---

// Keeps what could not be used. `left` may lie in `ahead` itself.
static bool keep_ahead(struct connection *c, struct bytes left)
{
    struct ahead *a = &c->ahead;
    if (left.len == 0) {
        drop_ahead(c);
        return true;
    }
    if (a->at) {
        a->start = (size_t)(left.at - a->at);
        a->len = left.len;
        return true;
    }
    a->at = malloc(left.len);
    if (!a->at)
        return false;
    memcpy(a->at, left.at, left.len);
    a->start = 0;
    a->len = left.len;
    return true;
}

// The exchange is done: what becomes of the connection.
static void settle_exchange(struct connection *c)
{
    enum exchange_outcome outcome = exchange_outcome(c->exchange);
    exchange_free(&c->exchange, CLOSE_NONE);
    c->served = true;
    if (outcome == OUTCOME_ABORT)
        connection_close(c, CLOSE_NONE, true);
    else if (outcome == OUTCOME_CLOSE || c->set->loop->draining)
        linger(c);
    else
        await(c, idle_ms(c));
}

static bool may_begin(const struct connection *c)
{
    return wire_queued(&c->wire) == 0 && (!c->set->loop->draining || !c->served);
}

static bool begin_exchange(struct connection *c)
{
    deadline_disarm(&c->deadline);
    c->exchange = exchange_new(&c->seat);
    if (!c->exchange)
        connection_close(c, CLOSE_NO_MEMORY, false);
    return c->exchange != NULL;
}

// Half-closed: what was asked in full is still answered; what was not, never will be.
//   returns  whether that ended the exchange
static bool no_more_comes(struct connection *c)
{
    if (!c->client_finished || !c->exchange)
        return false;
    exchange_client_finished(c->exchange);
    return exchange_is_done(c->exchange);
}

// Feeds the client's bytes to one exchange after the other, as far as they are wanted; keeps the rest.
static void connection_step(struct connection *c, struct bytes in)
{
    c->stepping = true;
    for (;;) {
        if (c->exchange && exchange_is_done(c->exchange))
            settle_exchange(c);
        if (c->state != SERVE)
            break;
        if (in.len == 0) {
            if (!no_more_comes(c))
                break;
            continue;
        }
        if (!c->exchange && (!may_begin(c) || !begin_exchange(c)))
            break;
        size_t used = exchange_take(c->exchange, in);
        in = bytes_after(in, used);
        if (used == 0 && !exchange_is_done(c->exchange))
            break;
    }
    c->stepping = false;
    if (c->state != SERVE)
        return;
    if (!keep_ahead(c, in)) {
        connection_close(c, CLOSE_NO_MEMORY, true);
        return;
    }
    if (c->client_finished && !c->exchange && in.len == 0) {
        linger(c); // until what is queued has left
        return;
    }
    wire_want(&c->wire, in.len == 0 && (!c->exchange || exchange_wants_bytes(c->exchange)));
}

static struct bytes bytes_ahead(const struct connection *c)
{
    return bytes_after((struct bytes){c->ahead.at, c->ahead.start + c->ahead.len}, c->ahead.start);
}

// --- what the wire, the exchange and the clock report ---

// Plain HTTP on a port of ours that speaks TLS: a wrong URL, mostly.
static void on_plain(struct wire *w)
{
    wire_send(w,
              BYTES("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                    "Content-Length: 37\r\nConnection: close\r\n\r\n"),
              BYTES("400 Bad Request\nthis port speaks TLS\n"));
    linger(of_wire(w));
}

static void on_open(struct wire *w)
{
    struct connection *c = of_wire(w);
    if (!tls_facts_of(w->ssl, &c->seat.tls, &c->client_facts)) {
        connection_close(c, CLOSE_NO_MEMORY, true);
        return;
    }
    c->state = SERVE;
    c->seat.certificate = tls_context_certificate(w->ssl);
    loop_deadline(c->set->loop, &c->deadline, c->set->loop->draining ? LAST_CHANCE_MS : idle_ms(c));
}

static void on_bytes(struct wire *w, struct bytes in)
{
    struct connection *c = of_wire(w);
    if (c->state == SERVE) {
        ASSERT(c->ahead.len == 0);
        connection_step(c, in);
        return;
    }
    c->lingered += in.len;
    if (c->lingered > LINGER_BYTES)
        wire_want(w, false); // it is left the time to read what we said: to close now might take that away
}

static void on_drained(struct wire *w)
{
    struct connection *c = of_wire(w);
    if (c->exchange)
        exchange_client_drained(c->exchange);
    else if (c->state == SERVE)
        await(c, idle_ms(c));
    if (c->state == SERVE)
        connection_step(c, bytes_ahead(c));
    else if (c->state == LINGER)
        linger(c); // the last answer has left: now its time counts
}

static void on_end(struct wire *w, enum wire_end how)
{
    struct connection *c = of_wire(w);
    c->client_finished = true;
    if (how == WIRE_END_FINISHED && c->state == LINGER && wire_queued(w) > 0)
        return; // it still reads
    if (how != WIRE_END_FINISHED || c->state != SERVE) {
        connection_close(c, how == WIRE_END_HANDSHAKE ? CLOSE_HANDSHAKE_FAILED : CLOSE_CLIENT_GONE, false);
        return;
    }
    connection_step(c, bytes_ahead(c));
}

static const struct wire_events client_events = {.on_open = on_open,
                                                 .on_plain = on_plain,
                                                 .on_bytes = on_bytes,
                                                 .on_drained = on_drained,
                                                 .on_end = on_end};

static void on_progressed(struct exchange_seat *seat)
{
    struct connection *c = (struct connection *)((char *)seat - offsetof(struct connection, seat));
    ASSERT(c->magic == CONNECTION_MAGIC && !c->stepping);
    connection_step(c, bytes_ahead(c));
}

static void on_deadline(struct deadline *d)
{
    struct connection *c = (struct connection *)((char *)d - offsetof(struct connection, deadline));
    ASSERT(c->magic == CONNECTION_MAGIC);
    enum close_reason why = CLOSE_HANDSHAKE_TIMEOUT;
    // The deadline of a handshake is absolute, whatever of it is still queued.
    uint64_t at_ms = c->state == HANDSHAKE ? UINT64_MAX : seat_reader_bound(&c->seat, &why);
    if (at_ms != UINT64_MAX && at_ms > loop_now_ms(c->set->loop)) { // an answer is still being read
        loop_deadline_at(c->set->loop, d, at_ms);
        return;
    }
    connection_close(c, why == CLOSE_NONE ? CLOSE_IDLE : why, false);
}

// --- birth, and the set ---

static struct peer peer_of(const union config_address *address, const struct config *config)
{
    struct peer p = {0};
    if (address->any.sa_family == AF_INET6) {
        memcpy(p.sender.octet, &address->v6.sin6_addr, sizeof p.sender.octet);
        p.port = ntohs(address->v6.sin6_port);
    } else {
        p.sender.octet[10] = p.sender.octet[11] = 0xff; // ::ffff:a.b.c.d
        memcpy(p.sender.octet + 12, &address->v4.sin_addr, 4);
        p.port = ntohs(address->v4.sin_port);
    }
    p.address = p.sender;
    p.trusted = ip_set_has(config->trusted_proxies, &p.sender);
    return p;
}

static uint16_t port_of(const union config_address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

enum connection_welcome connection_accept(struct connections *set, int fd, const union config_address *peer,
                                          const struct config_listener *listener, SSL_CTX *tls)
{
    struct peer who = peer_of(peer, set->config);
    if (reputation_turns_away(set->loop, set->config, &who))
        return WELCOME_BANNED;
    if (!ceilings_enter(set->loop->ceilings, counted_address(&who)))
        return WELCOME_CROWDED;
    struct connection *c = calloc(1, sizeof *c);
    if (!c) {
        ceilings_leave(set->loop->ceilings, counted_address(&who));
        close(fd);
        return WELCOME;
    }
    c->magic = CONNECTION_MAGIC;
    c->set = set;
    c->state = tls ? HANDSHAKE : SERVE;
    c->seat = (struct exchange_seat){.loop = set->loop,
                                     .client = &c->wire,
                                     .config = set->config,
                                     .listener = listener,
                                     .peer = who,
                                     .port = port_of(&listener->address),
                                     .progressed = on_progressed};
    deadline_init(&c->deadline, on_deadline);
    if (!wire_accept(&c->wire, set->loop, fd, tls, &client_events, c)) {
        ceilings_leave(set->loop->ceilings, counted_address(&who));
        free(c);
        return WELCOME;
    }
    TAILQ_INSERT_TAIL(&set->list, c, next);
    set->count++;
    loop_deadline(set->loop, &c->deadline, tls ? set->config->timeouts.handshake_ms : idle_ms(c));
    return WELCOME;
}

struct connections *connections_new(struct loop *l, const struct config *config,
                                    void (*emptied)(struct loop *l))
{
    struct connections *set = calloc(1, sizeof *set);
    if (!set)
        return NULL;
    set->loop = l;
    set->config = config;
    set->emptied = emptied;
    TAILQ_INIT(&set->list);
    return set;
}

void connections_free(struct connections **c)
{
    ASSERT((*c)->count == 0);
    free(*c);
    *c = NULL;
}

size_t connections_count(const struct connections *c)
{
    return c->count;
}

// What had begun before the drain is finished: exchanges, answers on their way out, handshakes, and a first
// request that lies in the socket already.
static void drain(struct connection *c)
{
    if (c->state != SERVE || c->exchange)
        return;
    if (wire_queued(&c->wire) > 0)
        linger(c);
    else if (!c->served && !wire_is_quiet(&c->wire))
        loop_deadline(c->set->loop, &c->deadline, LAST_CHANCE_MS);
    else
        connection_close(c, CLOSE_SHUTDOWN, false);
}

void connections_drain(struct connections *set)
{
    struct connection *c;
    set->loop->draining = true;
    TAILQ_FOREACH(c, &set->list, next) // closing takes nothing out of the list before a later turn
    drain(c);
    if (set->count == 0)
        set->emptied(set->loop);
}

size_t connections_cut(struct connections *set)
{
    struct connection *c;
    size_t             busy = 0;
    TAILQ_FOREACH(c, &set->list, next)
    {
        busy += c->state != CLOSED && (c->exchange || wire_queued(&c->wire) > 0);
        connection_close(c, CLOSE_SHUTDOWN, true);
    }
    return busy;
}
