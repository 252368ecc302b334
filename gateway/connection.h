// SPDX-License-Identifier: Apache-2.0
// connection: one client wire and the exchanges on it, one after the other.
#pragma once
#include "gateway/config.h"
#include "gateway/wire.h"

struct connection;

// The client connections of one loop.
struct connections;

// Borrows config and loop. NULL when memory is exhausted. `emptied` is called by connections_drain or after
// it, when no connection is left.
MUST_USE struct connections *connections_new(struct loop *l, const struct config *config,
                                             void (*emptied)(struct loop *l));
void                         connections_free(struct connections **c); // of a set without connections
size_t                       connections_count(const struct connections *c);

// What runs may finish, idle ones are closed.
void connections_drain(struct connections *c);
// Ends all at once.
//   returns  how many of them were in the middle of something
size_t connections_cut(struct connections *c);

enum connection_welcome {
    WELCOME,
    WELCOME_CROWDED, // its address has as many connections as it may
    WELCOME_BANNED   // its address is banned
};

// Takes over an accepted socket; closes it when there is no memory.
//   `tls`    NULL: plain
//   returns  WELCOME, or why nothing was taken over
MUST_USE enum connection_welcome connection_accept(struct connections *set, int fd,
                                                   const union config_address   *peer,
                                                   const struct config_listener *listener, SSL_CTX *tls);
