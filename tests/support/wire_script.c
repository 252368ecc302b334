// SPDX-License-Identifier: Apache-2.0
// wire_script: actors instead of sockets.
#include "tests/support/wire_script.h"
#include "tests/support/heap_count.h"
#include <netinet/in.h>
#include <stdlib.h>

#define ACTORS_MAX 64u
#define ROOM_FIRST 4096u
#define RECEIVE_BYTES LOOP_RECEIVE_BYTES

static struct actor *actors[ACTORS_MAX];
static size_t        actor_count;
static bool          no_descriptors;
static bool          calls_wait;
static char         *receive; // what arrives lies at its very end: reading past it is an error that ASan sees

static void note(struct noted *n, struct bytes piece)
{
    if (n->cap - n->len <= piece.len) {
        n->cap = 2 * (n->cap + piece.len) + ROOM_FIRST;
        n->at = heap_of_test(n->at, n->cap);
    }
    if (piece.len > 0)
        memcpy(n->at + n->len, piece.at, piece.len);
    n->len += piece.len;
    n->at[n->len] = '\0';
}

// --- the gateway's side: the symbols of gateway/wire.h ---

static struct actor *of_wire(const struct wire *w)
{
    struct actor *a = w->poll.data;
    ASSERT(a->wire == w && !w->is_closed);
    return a;
}

static struct actor *meet(struct wire *w, struct loop *l, const struct wire_events *events, void *owner)
{
    ASSERT(actor_count < ACTORS_MAX);
    struct actor *a = actors[actor_count++] = heap_of_test(NULL, sizeof *a);
    *a = (struct actor){0};
    note(&a->sent, BYTES(""));
    note(&a->on_its_way, BYTES(""));
    a->wire = w;
    a->is_wanted = true;
    w->poll.data = a;
    w->loop = l;
    wire_own(w, events, owner);
    return a;
}

bool wire_accept(struct wire *w, struct loop *l, int fd, SSL_CTX *tls_context,
                 const struct wire_events *events, void *owner)
{
    (void)fd;
    meet(w, l, events, owner);
    w->tls_context = tls_context;
    return true;
}

bool wire_connect(struct wire *w, struct loop *l, const struct sockaddr *address, socklen_t len,
                  const struct wire_events *events, void *owner)
{
    if (no_descriptors)
        return false;
    ASSERT(address->sa_family == AF_INET && len == sizeof(struct sockaddr_in));
    struct actor *a = meet(w, l, events, owner);
    a->connecting = true;
    a->port = ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    return true;
}

void wire_own(struct wire *w, const struct wire_events *events, void *owner)
{
    w->events = events;
    w->owner = owner;
}

void wire_send(struct wire *w, struct bytes head, struct bytes body)
{
    struct actor *a = of_wire(w);
    ASSERT(a->end == ACTOR_OPEN && !a->connecting);
    if (w->is_broken)
        return;
    if (a->deaf) {
        note(&a->unsent, head);
        note(&a->unsent, body);
        return;
    }
    a->sends++;
    note(&a->sent, head);
    note(&a->sent, body);
    if (a->stopped)
        a->staged += head.len + body.len;
}

struct bytes wire_unsent(const struct wire *w)
{
    const struct actor *a = of_wire(w);
    return w->is_broken ? (struct bytes){a->unsent.at, a->unsent.len} : (struct bytes){0};
}

static void pass_on(struct actor *a)
{
    a->queued += a->staged;
    a->staged = 0;
}

void wire_push(struct wire *w)
{
    pass_on(of_wire(w));
}

size_t wire_queued(const struct wire *w)
{
    return of_wire(w)->queued;
}

uint64_t wire_delivered(const struct wire *w)
{
    const struct actor *a = of_wire(w);
    return a->forgotten + a->sent.len - a->queued - a->staged;
}

void wire_want(struct wire *w, bool bytes)
{
    of_wire(w)->is_wanted = bytes;
}

void wire_finish(struct wire *w)
{
    struct actor *a = of_wire(w);
    pass_on(a);
    if (a->end == ACTOR_OPEN)
        a->end = ACTOR_FINISHED;
}

static void let_go(struct wire *w, enum actor_end end, void (*closed)(struct wire *w))
{
    struct actor *a = of_wire(w);
    a->end = end;
    a->closed = closed;
    pass_on(a);
    a->lost_queued = a->queued > 0;
    w->is_closed = true;
}

void wire_close(struct wire *w, void (*closed)(struct wire *w))
{
    let_go(w, ACTOR_CLOSED, closed);
}

void wire_abort(struct wire *w, void (*closed)(struct wire *w))
{
    let_go(w, ACTOR_ABORTED, closed);
}

bool wire_is_quiet(const struct wire *w)
{
    const struct actor *a = of_wire(w);
    return !w->is_broken && !a->finished && a->on_its_way.len == 0;
}

// --- the actors ---

static bool is_gone(const struct actor *a)
{
    return a->wire == NULL || a->wire->is_closed || a->wire->is_broken;
}

static void break_off(struct actor *a, enum wire_end how)
{
    if (is_gone(a))
        return;
    a->wire->is_broken = true;
    a->wire->events->on_end(a->wire, how);
    wire_script_settle();
}

static void open_call(struct actor *a)
{
    a->connecting = false;
    a->wire->events->on_open(a->wire);
}

void actor_opens(struct actor *a)
{
    if (is_gone(a) || !a->connecting)
        return;
    open_call(a);
    wire_script_settle();
}

void actor_refuses(struct actor *a)
{
    ASSERT(a->connecting);
    break_off(a, WIRE_END_CONNECT);
}

void actor_resets(struct actor *a)
{
    break_off(a, WIRE_END_BROKEN);
}

void actor_goes_deaf(struct actor *a)
{
    a->deaf = true;
}

void actor_sends_unnoticed(struct actor *a, struct bytes in)
{
    ASSERT(!a->finished && !a->connecting);
    note(&a->on_its_way, in);
}

void actor_sends(struct actor *a, struct bytes in)
{
    actor_sends_unnoticed(a, in);
    wire_script_settle();
}

void actor_finishes_unnoticed(struct actor *a)
{
    a->finished = true;
}

void actor_finishes(struct actor *a)
{
    actor_finishes_unnoticed(a);
    wire_script_settle();
}

void actor_stops_reading(struct actor *a)
{
    a->stopped = true;
}

void actor_reads_on(struct actor *a)
{
    bool drained = a->queued > 0;
    a->stopped = false;
    a->queued = 0;
    if (drained && !is_gone(a))
        a->wire->events->on_drained(a->wire);
    wire_script_settle();
}

void actor_reads(struct actor *a, size_t bytes)
{
    ASSERT(bytes < a->queued);
    a->queued -= bytes;
}

const char *actor_has(const struct actor *a)
{
    return a->sent.at;
}

void actor_forgets(struct actor *a)
{
    ASSERT(a->queued == 0);
    a->forgotten += a->sent.len;
    a->sent.len = 0;
    a->sent.at[0] = '\0';
    a->sends = 0;
}

// --- the loop ---

static bool arrive(struct actor *a)
{
    struct noted *n = &a->on_its_way;
    size_t        len = n->len < RECEIVE_BYTES ? n->len : RECEIVE_BYTES;
    char         *at = receive + RECEIVE_BYTES - len;
    if (len == 0)
        return false;
    memcpy(at, n->at, len);
    memmove(n->at, n->at + len, n->len - len);
    n->len -= len;
    a->wire->events->on_bytes(a->wire, (struct bytes){at, len});
    memset(at, '?', len); // borrowed during the call, and no longer
    return true;
}

// One event of one wire, when there is something to happen.
static bool turn(struct actor *a)
{
    if (a->wire != NULL && a->wire->is_closed) {
        struct wire *w = a->wire;
        a->wire = NULL;
        a->closed(w);
        return true;
    }
    if (is_gone(a))
        return false;
    if (a->connecting) {
        if (!calls_wait)
            open_call(a);
        return !calls_wait;
    }
    if (a->deaf && a->unsent.len > 0) {
        a->wire->is_broken = true;
        a->wire->events->on_end(a->wire, WIRE_END_BROKEN);
        return true;
    }
    if (!a->is_wanted)
        return false;
    if (arrive(a))
        return true;
    if (!a->finished || a->told)
        return false;
    a->told = true;
    a->wire->events->on_end(a->wire, WIRE_END_FINISHED);
    return true;
}

static void end_event(void)
{
    for (size_t i = 0; i < actor_count; i++)
        pass_on(actors[i]);
}

void wire_script_settle(void)
{
    if (receive == NULL)
        receive = heap_of_test(NULL, RECEIVE_BYTES);
    end_event();
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < actor_count; i++) {
            again |= turn(actors[i]);
            end_event();
        }
    }
}

// --- who is there ---

size_t wire_script_actors(void)
{
    return actor_count;
}

struct actor *wire_script_actor(size_t i)
{
    ASSERT(i < actor_count);
    return actors[i];
}

void wire_script_clear(void)
{
    while (actor_count > 0) {
        struct actor *a = actors[--actor_count];
        ASSERT(a->wire == NULL);
        free(a->sent.at);
        free(a->on_its_way.at);
        free(a->unsent.at);
        free(a);
    }
    free(receive);
    receive = NULL;
}

void wire_script_no_descriptors(bool none)
{
    no_descriptors = none;
}

void wire_script_take_calls(bool at_once)
{
    calls_wait = !at_once;
}
