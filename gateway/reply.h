// SPDX-License-Identifier: Apache-2.0
// reply: our own answers: refusals, errors, redirects. Small, with the request id, in the form that the
// client accepts, naming neither internals nor a software version. The only writer of bodies of our own.
#pragma once
#include "parser/request.h"
#include "policy/edits.h"

#define REPLY_ROOM 4096u // most that reply_write takes from an arena, but for field_value and edits

struct reply {
    unsigned            status;
    const char         *token; // of the reason, fault or close reason
    const char         *says;  // its sentence
    struct bytes        id;    // of the request
    const char         *field; // one field of its own ("Allow", "Location"), or NULL
    struct bytes        field_value;
    uint32_t            retry_after_s; // 0: no Retry-After
    const struct edits *edits;         // of policies; NULL: none. Left out when they failed
    bool                close;         // the connection ends after it
};

// Writes head and body of an answer.
//   borrows  request: may be NULL (its head could not be read); then the answer is plain text
//   returns  the bytes, which live in the arena; {NULL, 0} when it is full
MUST_USE struct bytes reply_write(const struct reply *r, const struct request *request, struct arena *arena);

// The reason phrase of a status: "Not Found".
const char *reply_phrase(unsigned status);
