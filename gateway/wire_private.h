// SPDX-License-Identifier: Apache-2.0
// wire_private: what the parts of a wire know of each other: wire.c (life and receiving), wire_send.c
// (sending), wire_handshake.c (becoming TLS), wire_turn.c (who may read).
#pragma once
#include "gateway/wire.h"

#define WIRE_MAGIC 0x77697265u

// Tells libuv what to watch, only when that changes: each change costs two system calls.
void wire_watch(struct wire *w);
// The wire is of no further use. Found at any depth; told to the owner by wire_settle, when nobody is in the
// middle of anything.
void wire_break_off(struct wire *w, enum wire_end how);

// Sends what is staged and what is sealed, whomever it is for.
void wire_flush(struct loop *l);
void wire_ship(struct loop *l); // only what is sealed: the alert of a connection that can seal nothing more
// Makes the buffer of sealed bytes this wire's, with room for `need` (at most LOOP_SEALED_BYTES).
struct staging *wire_claim(struct wire *w, size_t need);
void            wire_forget_staged(struct wire *w);
// The kernel takes bytes again.
void wire_writable(struct wire *w);
void wire_drop_backlog(struct wire *w);

// One recv. Returns the number of bytes; 0 when there is nothing more to do for now.
size_t wire_receive(struct wire *w, char *into, size_t max);
// Decrypts what the loop's cipher buffer holds for this wire and hands it on.
void wire_open_records(struct wire *w);

// A wire in its handshake is readable: it gets its turn.
void wire_queue_handshake(struct wire *w);
void wire_leave_turn(struct wire *w);
// The handshake is over, one way or the other: the next one may begin.
void wire_end_handshake(struct wire *w);

// A wire is readable: whether it must wait for a later turn. It is then reported again.
bool wire_must_wait(struct wire *w);
void wire_forget_round(struct wire *w); // it has nothing to be read any more, for now or for good
