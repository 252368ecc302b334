// SPDX-License-Identifier: Apache-2.0
// admin_calls: what can be asked on the admin socket: a table of method, path and function. A function looks
// at the call and sets the answer; one that is long is made piece by piece.
#pragma once
#include "gateway/admin.h"

struct admin_call {
    const struct admin_sources *sources;
    const struct request       *request;
    struct bytes                body;
    uint32_t                    uid;        // of the process that asks
    bool                        wants_text; // for people; otherwise JSON where there is a choice
};

struct admin_answer {
    unsigned         status;
    const char      *type; // media type
    struct bytes_out text; // the first piece, ADMIN_PIECE_BYTES: a short answer is this one
    // Writes the next rows, while there is room for ADMIN_LINE_MAX; NULL: there are none.
    //   returns  whether more may follow
    bool (*more)(const struct admin_sources *sources, struct admin_answer *a, struct bytes_out *out);
    size_t place; // of `more`, where it goes on
    size_t rows;  // that were written
    bool   as_text;
};

// Finds and calls. What is unknown is answered 404, another method 405.
void admin_call(const struct admin_call *call, struct admin_answer *answer_r);

// A short answer for people: "word word\n".
__attribute__((format(printf, 3, 4))) void admin_say(struct admin_answer *a, unsigned status,
                                                     const char *format, ...);

typedef void   admin_function(const struct admin_call *call, struct admin_answer *a);
admin_function admin_bans_list, admin_bans_add, admin_bans_lift; // admin_bans.c
