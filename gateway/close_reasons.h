// SPDX-License-Identifier: Apache-2.0
// close_reasons: why an exchange or a connection ended when it was neither a fault of the message nor a
// policy's no. One row feeds the enum, the log token, the metric, whose fault it counts as, and the answer
// where one still makes sense (status 0: none does).
#pragma once
#include "parser/bytes.h"

// clang-format off
//     enum                        token                 whose           status sentence
#define CLOSE_REASONS(CLOSE) \
    CLOSE(CLOSE_DONE,              "done",               WHOSE_NOBODY,   0,   "the answer was the last one on this connection") \
    CLOSE(CLOSE_REFUSED,           "refused",            WHOSE_CLIENT,   0,   "a refused request ends its connection") \
    CLOSE(CLOSE_CLIENT_GONE,       "client_gone",        WHOSE_CLIENT,   0,   "the client closed the connection") \
    CLOSE(CLOSE_IDLE,              "idle",               WHOSE_NOBODY,   0,   "nobody said anything in time") \
    CLOSE(CLOSE_HANDSHAKE_TIMEOUT, "handshake_timeout",  WHOSE_CLIENT,   0,   "the TLS handshake took too long") \
    CLOSE(CLOSE_HANDSHAKE_FAILED,  "handshake_failed",   WHOSE_CLIENT,   0,   "the TLS handshake failed") \
    CLOSE(CLOSE_HEAD_TIMEOUT,      "head_timeout",       WHOSE_CLIENT,   408, "the request head took too long") \
    CLOSE(CLOSE_BODY_TIMEOUT,      "body_timeout",       WHOSE_CLIENT,   408, "the request body made no progress") \
    CLOSE(CLOSE_CLIENT_TOO_SLOW,   "client_too_slow",    WHOSE_CLIENT,   408, "the request body came more slowly than is allowed") \
    CLOSE(CLOSE_READER_TIMEOUT,    "reader_timeout",     WHOSE_CLIENT,   0,   "the client stopped reading the answer") \
    CLOSE(CLOSE_READER_TOO_SLOW,   "reader_too_slow",    WHOSE_CLIENT,   0,   "the client read the answer more slowly than is allowed") \
    CLOSE(CLOSE_UPSTREAM_CONNECT,  "upstream_connect",   WHOSE_UPSTREAM, 502, "no server behind this gateway could be reached") \
    CLOSE(CLOSE_UPSTREAM_CONNECT_TIMEOUT, "upstream_connect_timeout", WHOSE_UPSTREAM, 504, "no server behind this gateway took the connection in time") \
    CLOSE(CLOSE_UPSTREAM_TIMEOUT,  "upstream_timeout",   WHOSE_UPSTREAM, 504, "the server behind this gateway did not answer in time") \
    CLOSE(CLOSE_UPSTREAM_STALLED,  "upstream_stalled",   WHOSE_UPSTREAM, 0,   "the server behind this gateway stopped in the middle of its answer") \
    CLOSE(CLOSE_UPSTREAM_GONE,     "upstream_gone",      WHOSE_UPSTREAM, 502, "the server behind this gateway closed the connection before its answer was complete") \
    CLOSE(CLOSE_UPSTREAM_FAULT,    "upstream_fault",     WHOSE_UPSTREAM, 502, "the answer of the server behind this gateway was not valid") \
    CLOSE(CLOSE_NO_MEMORY,         "no_memory",          WHOSE_US,       503, "the gateway has no memory for this request") \
    CLOSE(CLOSE_NO_LONGER_ADMITTED, "no_longer_admitted", WHOSE_CLIENT,  403, "the session that this came with has ended meanwhile") \
    CLOSE(CLOSE_SHUTDOWN,          "shutdown",           WHOSE_US,       503, "the gateway is shutting down")
// clang-format on

enum close_whose { WHOSE_NOBODY, WHOSE_CLIENT, WHOSE_UPSTREAM, WHOSE_US };

enum close_reason {
    CLOSE_NONE,
#define CLOSE_ENUM(name, token, whose, status, says) name,
    CLOSE_REASONS(CLOSE_ENUM)
#undef CLOSE_ENUM
        CLOSE_COUNT
};

// Static text; CLOSE_NONE gives "none", WHOSE_NOBODY, 0, "".
const char      *close_token(enum close_reason r);
enum close_whose close_whose(enum close_reason r);
unsigned         close_status(enum close_reason r);
const char      *close_says(enum close_reason r);
