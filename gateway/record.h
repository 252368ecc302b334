// SPDX-License-Identifier: Apache-2.0
// record: the facts of one finished exchange. Made by the exchange, read by the access log (and later by
// counters and alerts); a value, which keeps nothing alive.
#pragma once
#include "gateway/close_reasons.h"
#include "policy/route.h"

enum record_verdict {
    RECORD_PASS,
    RECORD_SHADOW, // passed, but a policy in shadow mode would have denied it
    RECORD_DENY,
    RECORD_FAULT, // the message was wrong
    RECORD_ERROR  // the upstream or we failed
};

struct record {
    struct bytes            id;
    const struct peer      *peer;
    const struct tls_facts *tls;     // NULL: plain
    const struct request   *request; // NULL: its head could not be read
    const struct route     *route;   // NULL: none was found
    enum record_verdict     verdict;
    struct bytes            policy; // who said no; empty when it was no policy
    const char             *reason; // token of the reason, fault or close reason; NULL when all was well
    struct bytes            detail;
    bool                    shared;         // of the verdict: others may have used up what was asked for
    unsigned                status;         // 0: no answer was begun
    uint64_t                request_bytes;  // of the body, decoded
    uint64_t                response_bytes; // of the body, decoded
    uint64_t                started_ns;
    uint64_t          upstream_ns; // from the request's head on its way to the answer's head; 0: never asked
    struct bytes      upstream;    // URL of the server that was asked; empty when none
    enum close_reason close;       // CLOSE_NONE: the connection stays open
};

const char *record_verdict_name(enum record_verdict v);
