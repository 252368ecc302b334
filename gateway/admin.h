// SPDX-License-Identifier: Apache-2.0
// admin: HTTP/1.1 over a unix socket, for operators and their programs: curl --unix-socket PATH
// http://localhost/bans. On the main thread: what happens here holds up no visitor. One request a
// connection; few connections, small requests, deadlines; an answer of any length in pieces.
#pragma once
#include "gateway/ban_keeper.h"
#include "gateway/wire.h"
#include "parser/request.h"

#define ADMIN_CLIENTS_MAX 16u
#define ADMIN_BODY_BYTES 16384u
#define ADMIN_PIECE_BYTES 32768u // that an answer is made in
#define ADMIN_LINE_MAX 1024u     // most that one row of an answer takes

struct admin;

// What answers are made from.
struct admin_sources {
    const struct config *config;
    struct ban_keeper   *bans;
};

// Opens the socket of the configuration. A socket that a gateway left behind is replaced.
//   borrows  everything
//   fails    NULL after telling the log why
MUST_USE struct admin *admin_new(struct loop *l, const struct admin_sources *sources);
// Ends all connections and removes the socket; memory goes in a later turn of the loop.
void admin_close(struct admin **a);
