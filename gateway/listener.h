// SPDX-License-Identifier: Apache-2.0
// listener: one listening socket of one loop. All loops bind the same address (SO_REUSEPORT); the kernel
// spreads new connections over them.
#pragma once
#include "gateway/connection.h"

struct listener;

// Whether the address can be had at all; errno says why not. Asked once before the loops bind: SO_REUSEPORT
// alone would let a second gateway share the port unnoticed, and take half of its connections.
MUST_USE bool listener_is_free(const struct config_listener *config);

// Binds and listens.
//   returns  a descriptor; -1 with errno when the address cannot be had
MUST_USE int listener_bind(const struct config_listener *config);

// Begins to accept. Takes fd over. Borrows everything else.
//   `tls`  the context of this loop, NULL for a plain listener
//   fails  NULL when memory or descriptors are exhausted; fd is closed
MUST_USE struct listener *listener_new(struct loop *l, int fd, const struct config_listener *config,
                                       SSL_CTX *tls);
// Closes the socket; its memory goes in a later turn.
void listener_close(struct listener **listener);
