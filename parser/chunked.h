// SPDX-License-Identifier: Apache-2.0
// chunked: the chunked transfer coding (RFC 9112 7.1), strict and incremental. Extensions are checked and
// dropped, trailer fields are collected and checked.
#pragma once
#include "parser/http1.h"

struct chunked {
    unsigned         state;
    enum fault       fault;
    uint32_t         line_bytes; // of the chunk-size line so far, without its CR LF
    uint64_t         left;       // the size read so far, then the data bytes to come
    struct bytes_out trailers;   // in the arena
};

#define CHUNKED_START ((struct chunked){0})

// The same contract as http1_feed behind the head: HTTP1_MORE, HTTP1_BODY, HTTP1_END or HTTP1_FAULT.
// After HTTP1_FAULT `fault` names what is wrong; after HTTP1_END `trailers` are complete.
MUST_USE enum http1_step chunked_feed(struct chunked *c, const struct limits *limits, struct arena *arena,
                                      struct bytes in, size_t *used_r, struct bytes *piece_r);
