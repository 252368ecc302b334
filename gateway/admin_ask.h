// SPDX-License-Identifier: Apache-2.0
// admin_ask: the client's end of the admin socket, for the command line. Blocking, within a time.
#pragma once
#include "parser/arena.h"

#define ADMIN_ASK_S 10 // without a byte from the gateway

struct admin_question {
    struct bytes socket; // path
    const char  *method;
    const char  *target;
    const char  *accept; // media type
    struct bytes body;   // JSON; empty: none
};

// Asks, and hands over the body of the answer piece by piece.
//   returns  NULL with the status of the answer
//   fails    the reason in words, when there was no whole answer: in why, or static text
MUST_USE const char *admin_ask(const struct admin_question *q, unsigned *status_r,
                               void (*piece)(void *context, struct bytes text, unsigned status),
                               void *context);
