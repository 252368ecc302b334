// SPDX-License-Identifier: Apache-2.0
// explain: what would happen to a request, and why. Takes the road of a real one (head, route, chain) without
// a network; only the bytes are made up from a command line.
#pragma once
#include "gateway/config.h"

struct explain_question {
    const char        *request; // "METHOD URL", or a URL alone for GET; absolute, or a path
    const char        *from;    // address of the TCP peer; NULL: an example
    const char *const *fields;  // "Name: value", sent as they are
    size_t             field_count;
};

// Writes the explanation, whatever becomes of the request; a problem of the request is part of it.
//   fails  the reason why the question makes no sense (static text), otherwise NULL
MUST_USE const char *explain(const struct config *c, const struct explain_question *q, struct bytes_out *out);
