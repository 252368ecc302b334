// SPDX-License-Identifier: Apache-2.0
// wire: one TCP peer, plain or TLS: bytes in, bytes out, back-pressure. The only file that touches sockets
// after accept. One read a readiness; one send an event: what an event writes to a wire is staged in the
// loop's shared buffer and sent at its end, and only what the kernel does not take is kept in a queue of the
// wire's own.
//
//   CONNECTING → (HANDSHAKE) → OPEN → CLOSED       CLOSED ← from everywhere, via wire_close / wire_abort
//
// (1) No callback is called from inside wire_send; a send that fails is told at the end of the event, by
// on_end. (2) After wire_close no callback is called but `closed`, once, when libuv has let go of the handle.
// (3) While bytes are queued, wire_queued() > 0 and the producer is expected to stop; on_drained tells when
// it is 0.
#pragma once
#include "gateway/loop.h"

enum wire_end {
    WIRE_END_FINISHED,  // the peer sends no more, but may still read
    WIRE_END_BROKEN,    // reset, or an error in sending or decrypting
    WIRE_END_HANDSHAKE, // the TLS handshake failed
    WIRE_END_CONNECT    // an outgoing connection was not established
};

struct wire_events {
    void (*on_open)(struct wire *w);  // outgoing: connected.  TLS: the handshake is complete
    void (*on_plain)(struct wire *w); // instead of it: the client of a TLS listener speaks HTTP in clear. So
                                      // does the wire from here on; what was read is gone
    void (*on_bytes)(struct wire *w,
                     struct bytes in); // borrowed during the call; all of it is the owner's now
    void (*on_drained)(struct wire *w);
    void (*on_end)(struct wire *w, enum wire_end how); // FINISHED once, or another once; nothing more is read
};

// Bytes that the kernel has not taken yet; encrypted where the wire is.
struct wire_backlog {
    char    *at; // NULL while empty
    size_t   start, len, cap;
    uint64_t sent;   // bytes the kernel has taken, in all
    uint64_t before; // of those, before the present owner
    bool     keeps;  // what cannot be sent at all stays here, see wire_unsent
};

// How a wire is read.
struct wire_reading {
    uint32_t chunk;       // bytes of the next read: grows while the other side keeps up
    bool     is_bulk;     // the last read was a large one
    bool     passed_over; // readable when the loop's turn was used up
    uint64_t last_turn;   // in which it was read
    bool     is_silent;   // in loop->handshakes.silent, since:
    uint64_t silent_ms;
};

struct wire {
    uint32_t                  magic;
    int                       fd;
    struct loop              *loop;
    const struct wire_events *events;
    void                     *owner; // of the events
    SSL                      *ssl;
    SSL_CTX                  *tls_context; // until the first byte of the handshake: then ssl takes over
    void (*closed)(struct wire *w);
    struct wire_backlog backlog;
    uv_poll_t           poll;
    TAILQ_ENTRY(wire) turn; // in one queue of loop->handshakes or in loop->broken
    struct wire_reading reading;
    enum wire_end       end;    // what on_end will be told, while in loop->broken
    uint8_t             polled; // the events libuv watches
    bool connecting : 1, handshaking : 1, waits_turn : 1, wants_bytes : 1, blocked : 1, finishing : 1,
        mute : 1, ended : 1, is_broken : 1, is_told : 1, is_closed : 1;
};

// Wires are part of their owners' memory and start zeroed. Both fail with false when a descriptor or memory
// is missing; then nothing was taken over but `fd`, which is closed.
MUST_USE bool wire_accept(struct wire *w, struct loop *l, int fd, SSL_CTX *tls_context /* NULL: plain */,
                          const struct wire_events *events, void *owner);
MUST_USE bool wire_connect(struct wire *w, struct loop *l, const struct sockaddr *address, socklen_t len,
                           const struct wire_events *events, void *owner);
// Hands the wire to another owner.
void wire_own(struct wire *w, const struct wire_events *events, void *owner);

// Sends head and body, in that order, as soon as this event ends. Both are borrowed during the call; either
// may be empty. On a TLS wire the head and the first bytes of the body share a record.
void   wire_send(struct wire *w, struct bytes head, struct bytes body);
size_t wire_queued(const struct wire *w); // bytes the kernel has not taken, of those that were passed to it
// Passes on now what this event has sent so far, so that wire_queued counts it. What else the event sends
// costs a packet of its own.
void wire_push(struct wire *w);
// Of an outgoing wire that is broken: all that its owner has sent, when nothing of it has left the machine.
// Empty otherwise. Borrowed until the wire is closed.
struct bytes wire_unsent(const struct wire *w);
// Bytes that have reached the peer's machine. Asks the kernel, whose own buffer would hide a slow reader for
// minutes.
uint64_t wire_delivered(const struct wire *w);
// Keep what is staged (the session ticket, after the handshake) until the next send: one packet instead of
// two.
void wire_hold(struct wire *w);
// Whether on_bytes is wanted. Starts as true.
void wire_want(struct wire *w, bool bytes);
// Everything was said: close_notify and FIN follow what is queued. The peer may still send.
void wire_finish(struct wire *w);

// Ends the wire; what is staged is still sent if the kernel takes it at once. `closed` is called in a later
// turn.
void wire_close(struct wire *w, void (*closed)(struct wire *w));
// The same with a reset instead of an orderly end: the peer must not take what it got for all there is.
void wire_abort(struct wire *w, void (*closed)(struct wire *w));

// Whether the peer has said nothing that was not read yet, not even its end. Asks the kernel.
bool wire_is_quiet(const struct wire *w);

// For the loop: the wire whose handshake may take a step, NULL: none; that step; and the end of every event.
struct wire *wire_next_handshake(const struct loop *l);
void         wire_turn_handshakes(struct loop *l);
void         wire_settle(struct loop *l);
