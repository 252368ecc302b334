// SPDX-License-Identifier: Apache-2.0
// read_message: one whole message through http1 and head, fed in pieces; for tests and fuzzers whose property
// is that the cuts do not matter.
#pragma once
#include "parser/head.h"
#include "parser/http1.h"

// The first piece has `first` bytes, every further one `every`; 0 means all the rest.
struct cuts {
    size_t first;
    size_t every;
};

#define WHOLE ((struct cuts){0, 0})
#define BYTE_BY_BYTE ((struct cuts){1, 1})

struct outcome {
    enum fault       fault;
    bool             head_seen;
    enum framing     framing;
    struct bytes     head;
    struct bytes_out body;
    struct bytes     trailers;
    size_t           used; // bytes of the input that belong to the message
};

static inline enum fault seal(struct http1 *h, enum http1_role role, struct arena *arena,
                              const struct limits *limits, struct outcome *o)
{
    struct request  request = {0};
    struct response response = {0};
    o->head = http1_head(h);
    if (role == HTTP1_REQUEST) {
        TRY(head_request(o->head, limits, arena, &request));
        o->framing = request.framing;
        return http1_expect_body(h, request.framing, request.content_length);
    }
    TRY(head_response(o->head, METHOD_GET, limits, arena, &response));
    o->framing = response.framing;
    return http1_expect_body(h, response.framing, response.content_length);
}

// Feeds one piece; true when the message is over, well or badly.
static inline bool feed_piece(struct http1 *h, enum http1_role role, struct arena *arena,
                              const struct limits *limits, struct bytes piece, struct outcome *o)
{
    for (;;) {
        size_t          used;
        struct bytes    data;
        enum http1_step step = http1_feed(h, piece, &used, &data);
        ASSERT(used <= piece.len);
        piece = (struct bytes){piece.at + used, piece.len - used};
        o->used += used;
        switch (step) {
        case HTTP1_MORE:
            ASSERT(piece.len == 0);
            return false;
        case HTTP1_HEAD:
            ASSERT(!o->head_seen);
            o->head_seen = true;
            o->fault = seal(h, role, arena, limits, o);
            if (o->fault != FAULT_NONE)
                return true;
            break;
        case HTTP1_BODY:
            ASSERT(data.len > 0);
            out_bytes(&o->body, data);
            break;
        case HTTP1_END:
            o->trailers = http1_trailers(h);
            return true;
        case HTTP1_FAULT:
            o->fault = http1_fault(h);
            ASSERT(o->fault != FAULT_NONE);
            return true;
        }
    }
}

// Reads the message at the front of `in`, after which the peer closes. Everything returned lives in the
// arena.
static inline struct outcome read_message(struct arena *arena, enum http1_role role,
                                          const struct limits *limits, struct bytes in, struct cuts cuts)
{
    struct outcome o = {.body = {.at = arena_alloc(arena, in.len), .cap = in.len}};
    struct http1  *h = http1_new(arena, role, limits);
    size_t         size = cuts.first;
    ASSERT(h != NULL && o.body.at != NULL);
    for (size_t at = 0; at < in.len; at += size, size = cuts.every) {
        if (size == 0 || size > in.len - at)
            size = in.len - at;
        if (feed_piece(h, role, arena, limits, (struct bytes){in.at + at, size}, &o))
            return o;
    }
    if (http1_end_of_input(h) == HTTP1_FAULT)
        o.fault = http1_fault(h);
    return o;
}

// The same message, whatever the cuts were?
static inline bool same_outcome(const struct outcome *a, const struct outcome *b)
{
    bool same = a->fault == b->fault && a->head_seen == b->head_seen && a->framing == b->framing &&
                bytes_equal(a->head, b->head) && bytes_equal(out_written(&a->body), out_written(&b->body));
    return same && (a->fault != FAULT_NONE || (a->used == b->used && bytes_equal(a->trailers, b->trailers)));
}
