// SPDX-License-Identifier: Apache-2.0
// loop: one thread with one libuv loop; an island. It owns what its wires share, so that an idle connection
// needs no buffer of its own: the receive buffers, the staged output of the current event, recycled arena
// blocks, the wheel.
#pragma once
#include "gateway/deadline.h"
#include "gateway/tls.h"
#include "parser/arena.h"
#include <sys/queue.h>
#include <uv.h>

#define LOOP_RECEIVE_BYTES                                                                                   \
    (256u * 1024u) // most that one read of an upstream takes; measured in docs/performance.md
#define LOOP_CIPHER_BYTES (64u * 1024u) // most that one read of a TLS client takes
#define LOOP_PLAIN_BYTES                                                                                     \
    (LOOP_RECEIVE_BYTES + 32u * 1024u)  // what one read can decrypt to: it may finish a record begun before
#define LOOP_STAGED_BYTES (16u * 1024u) // one full TLS record
#define LOOP_SEALED_BYTES                                                                                    \
    (LOOP_RECEIVE_BYTES + 64u * 1024u) // one read, encrypted, and what was sealed before it

#define LOOP_TURN_BYTES (1024u * 1024u) // most that all wires together read in one turn

struct wire;
struct connections; // the client side, set by main
struct upstreams;   // the upstream side, set by main
struct access_feed; // the log, set by main
struct ceilings;    // of all loops, set by main
struct state;       // of all loops and configurations, set by main
struct session_store;
TAILQ_HEAD(wire_queue, wire);

// What the wires of one loop share.
struct loop_buffers {
    char *receive; // LOOP_PLAIN_BYTES: plain bytes of the current event
    char *cipher;  // LOOP_CIPHER_BYTES
    struct staging
                 staged; // small pieces that the current event sends, all to one wire: one packet, one record
    struct wire *staged_for;
    struct staging sealed; // the same, encrypted, for a TLS wire
    struct wire   *sealed_for;
    struct tls_io  tls; // what the BIO of whichever SSL is at work reads and writes
};

// Readable connections whose handshake waits for its turn. One that is at work holds TLS memory, so there is
// a ceiling for those; the others wait without any. At the ceiling, who has been silent for long makes room.
struct handshakes {
    struct wire_queue at_work;
    struct wire_queue to_begin;
    struct wire_queue silent;  // begun, and waiting for the client; who waits longest first
    unsigned          waiting; // in both
    unsigned          begun;   // at work, also those whose client is silent
    unsigned          begun_max;
};

// What may still be read in this turn. Readiness is reported in the same order each turn, so that who comes
// last would never be read while those in front use the turns up. So there are rounds: one begins with the
// first who is passed over, and until all of those were read, nobody is read twice.
struct loop_turn {
    uint64_t number;
    uint64_t round; // number of the turn in which it began
    size_t   left;
    unsigned passed_over;
};

// What any thread may ask a loop to run on its own thread.
struct loop_call {
    void (*run)(struct loop_call *c);
    STAILQ_ENTRY(loop_call) entry;
    bool queued; // guarded by the loop's calls.lock, as is the entry
};

STAILQ_HEAD(loop_call_queue, loop_call);

struct loop_calls {
    uv_mutex_t             lock;
    struct loop_call_queue queue;
};

struct loop {
    uint32_t              magic;
    unsigned              index;
    uv_loop_t             uv;
    uv_timer_t            tick;
    uv_check_t            after_poll; // after all established connections of a turn: one handshake step
    uv_idle_t             hurry;      // active while handshakes wait: the next poll does not block
    uv_async_t            command;
    struct loop_calls     calls;
    struct wheel          wheel;
    struct arena_pool     arenas;
    struct loop_buffers   buffers;
    struct handshakes     handshakes;
    struct loop_turn      turn;
    struct wire_queue     broken; // wires whose end has not been told to their owner yet
    struct connections   *connections;
    struct upstreams     *upstreams;
    struct access_feed   *log;
    struct ceilings      *ceilings;
    struct state         *state;
    struct session_store *sessions;     // set by main; NULL: no policy has any
    uint64_t              random[2];    // state of the request ids
    bool                  draining;     // what runs may finish, nothing new begins
    void (*on_command)(struct loop *l); // runs on the loop's thread after loop_wake
    void *owner;                        // of on_command
};

// Makes a loop that does nothing yet.
//   fails  NULL when memory or descriptors are exhausted
MUST_USE struct loop *loop_new(unsigned index, void (*on_command)(struct loop *l), void *owner);
void                  loop_run(struct loop *l);   // until no handle is active
void                  loop_free(struct loop **l); // after loop_run has returned
// From any thread: on_command will run on the loop's thread.
void loop_wake(struct loop *l);
// From any thread: c->run will be called once on the loop's thread, unless it is taken back before. A call
// that is queued already stays as it is. The loop must not have been retired.
void loop_call(struct loop *l, struct loop_call *c);
// On the loop's thread: takes the call back. It may be freed then.
void loop_call_off(struct loop *l, struct loop_call *c);
// Stops the loop's own handles, so that loop_run returns when the last connection is closed.
void loop_retire(struct loop *l);

// The next poll does not block: handshakes wait for their turn.
void loop_hurry(struct loop *l);

// Milliseconds of a monotonic clock, read once a turn.
uint64_t loop_now_ms(const struct loop *l);
// Nanoseconds of the same clock, read now.
uint64_t loop_now_ns(const struct loop *l);
// Milliseconds since 1970, coarse.
uint64_t loop_unix_ms(const struct loop *l);
void     loop_deadline(struct loop *l, struct deadline *d, uint32_t in_ms);
void     loop_deadline_at(struct loop *l, struct deadline *d, uint64_t at_ms); // of that clock
// 128 random bits; unique, not secret.
void loop_next_id(struct loop *l, uint64_t id_r[2]);
