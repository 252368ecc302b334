// SPDX-License-Identifier: Apache-2.0
// exchange: one request and its response: the spine. Its file reads downwards as the life of a request.
//
// The owner (a connection) hands in the client's bytes and looks, after each call and each `progressed`,
// whether the exchange is done, wants bytes, or is busy. The exchange never calls back into its owner while
// the owner calls it.
#pragma once
#include "gateway/config.h"
#include "gateway/pace.h"
#include "gateway/record.h"
#include "gateway/wire.h"

struct exchange;

// What all exchanges of one connection share. Owned by the connection, which outlives them.
struct exchange_seat {
    struct loop                  *loop;
    struct wire                  *client;
    const struct config          *config;
    const struct config_listener *listener;
    struct peer                   peer;
    struct tls_facts              tls;              // version NULL: plain
    const struct certificate     *certificate;      // that TLS was set up for; NULL: plain
    uint16_t                      port;             // that the client reached
    struct session_trace          trace;            // for the policies
    struct pace                   reader;           // of the client, while answers are queued for it
    void (*progressed)(struct exchange_seat *seat); // something happened that the owner did not cause
};

// What the client is held to now: tighter as the connections run out.
struct pace_rule seat_pace_rule(const struct exchange_seat *seat);
// Looks at the client as a reader.
//   returns  the moment from which on it is too slow, and which way; UINT64_MAX while nothing is queued for
//   it
uint64_t seat_reader_bound(struct exchange_seat *seat, enum close_reason *why_r);

// How the connection goes on when an exchange is done.
enum exchange_outcome {
    OUTCOME_KEEP,  // another request may follow
    OUTCOME_CLOSE, // the answer was the last: an orderly end after it
    OUTCOME_ABORT  // the answer is incomplete and must not look complete
};

// Begins with the first byte of a request. NULL when memory is exhausted. Borrows seat.
MUST_USE struct exchange *exchange_new(struct exchange_seat *seat);

// The client's next bytes.
//   returns  how many were used; fewer than given: it is done, or busy and wants the rest again after
//   `progressed`
MUST_USE size_t exchange_take(struct exchange *x, struct bytes in);
// Has room for more of the client's bytes (false: the upstream does not keep up).
bool exchange_wants_bytes(const struct exchange *x);
void exchange_client_drained(struct exchange *x);
// The client will send no more: an unfinished request is answered and never finished towards the upstream.
void exchange_client_finished(struct exchange *x);

bool                  exchange_is_done(const struct exchange *x);
enum exchange_outcome exchange_outcome(const struct exchange *x);

// Ends it, wherever it is, and writes its record. `why` counts only when it was not done.
void exchange_free(struct exchange **x, enum close_reason why);
