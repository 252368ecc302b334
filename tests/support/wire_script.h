// SPDX-License-Identifier: Apache-2.0
// wire_script: a twin of gateway/wire.c and wire_send.c without sockets. At the other end of each wire stands
// an actor, who notes what he is sent and does what a test tells him to. The promises of gateway/wire.h are
// kept: no callback from inside wire_send, none but `closed` after wire_close, and that in a later turn.
#pragma once
#include "gateway/wire.h"

enum actor_end {
    ACTOR_OPEN,
    ACTOR_FINISHED, // the gateway has said that it sends no more
    ACTOR_CLOSED,   // the gateway closed the wire in an orderly way
    ACTOR_ABORTED   // the gateway reset the wire
};

// A text that grows; terminated by NUL.
struct noted {
    char  *at;
    size_t len, cap;
};

struct actor {
    struct wire   *wire; // NULL when the gateway has let go of it
    enum actor_end end;
    bool           connecting;  // called by the gateway, and not there yet
    bool           stopped;     // takes nothing: what is sent to him queues up
    bool           finished;    // said that he sends no more
    bool           told;        // and the gateway has heard it
    bool           is_wanted;   // the gateway listens; what is said meanwhile stays on its way
    bool           deaf;        // the next that is sent to him does not leave the machine
    bool           lost_queued; // the gateway ended the wire while he still had to take something
    uint16_t       port;        // that the gateway called; 0: he called himself
    struct noted   sent;        // to him
    size_t         forgotten;   // bytes before it
    size_t         queued;      // at its end: not taken yet
    size_t         staged;      // of the present event: will be queued
    size_t         sends;       // calls of wire_send
    struct noted   unsent;      // what was, when he was deaf
    struct noted   on_its_way;  // from him
    void (*closed)(struct wire *w);
};

// --- what an actor does; each is one event of the gateway's loop. Nothing happens to a wire that is gone.
void actor_opens(struct actor *a);   // takes the gateway's call
void actor_refuses(struct actor *a); // or does not
void actor_sends(struct actor *a, struct bytes in);
// The bytes, or the end, are there; the event that tells comes with the next one.
void actor_sends_unnoticed(struct actor *a, struct bytes in);
void actor_finishes_unnoticed(struct actor *a);
void actor_finishes(struct actor *a);
void actor_resets(struct actor *a);
void actor_goes_deaf(struct actor *a); // resets, and the gateway learns it when it sends something
void actor_stops_reading(struct actor *a);
void actor_reads(struct actor *a, size_t bytes); // takes some of what has queued up
void actor_reads_on(struct actor *a);            // takes all of it

// All that he was sent, taken or queued.
const char *actor_has(const struct actor *a);
void        actor_forgets(struct actor *a);

// --- who is there
size_t        wire_script_actors(void);
struct actor *wire_script_actor(size_t i); // in the order of coming
void          wire_script_clear(void);     // frees the actors

// New calls of the gateway are not even begun (no descriptors): wire_connect fails.
void wire_script_no_descriptors(bool none);
// Whether calls of the gateway are taken at once, without actor_opens. Starts as true.
void wire_script_take_calls(bool at_once);
// The turns of the loop that follow an event: what is on its way arrives where it is wanted, and what was
// closed is let go of. The verbs above do so by themselves.
void wire_script_settle(void);
