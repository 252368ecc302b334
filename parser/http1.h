// SPDX-License-Identifier: Apache-2.0
// http1: bytes of one peer in; head, body pieces and end of one message out. Wraps llhttp for the head and
// reads bodies itself, by the framing that `head` sealed. One http1 reads one message; the next message gets
// a new one, so no state can leak from a request into its successor.
//
//   HTTP1_MORE* → HTTP1_HEAD → (http1_expect_body) → (HTTP1_MORE | HTTP1_BODY)* → HTTP1_END
//                     HTTP1_FAULT ← from everywhere, final
#pragma once
#include "parser/request.h"

struct http1;

enum http1_role { HTTP1_REQUEST, HTTP1_RESPONSE };
enum http1_step { HTTP1_MORE, HTTP1_HEAD, HTTP1_BODY, HTTP1_END, HTTP1_FAULT };

// Returns a parser that lives in the arena; NULL when there is no room. Borrows limits for its life.
MUST_USE struct http1 *http1_new(struct arena *arena, enum http1_role role, const struct limits *limits);

// Feed the peer's next bytes. Call again with the rest until it answers HTTP1_MORE with everything used.
//   borrows  in, during the call; a head that is not complete yet is carried over in the arena, and parsing
//            goes on where it stopped (linear, even one byte at a time)
//   returns  HTTP1_MORE: all of `in` used, nothing complete.  HTTP1_HEAD: once.
//            HTTP1_BODY: *piece_r is decoded body data inside `in`.
//            HTTP1_END: the message is complete; *used_r stops before whatever follows it.
//   fails    HTTP1_FAULT: http1_fault names it, and the parser takes no more bytes
//   never    calls back, blocks, or allocates outside the arena
// With FRAMING_NONE the step after HTTP1_HEAD is HTTP1_END, with nothing used and even for an empty `in`.
MUST_USE enum http1_step http1_feed(struct http1 *h, struct bytes in, size_t *used_r, struct bytes *piece_r);

// The complete raw head after HTTP1_HEAD; lives in the arena.
struct bytes http1_head(const struct http1 *h);
// Has any byte of the message arrived?
bool http1_started(const struct http1 *h);

// Says which body follows. MUST be called once, between HTTP1_HEAD and the next feed, with what `head`
// sealed.
//   fails    FAULT_FRAMING_DISAGREES when llhttp read the same head differently; the parser is then at fault
MUST_USE enum fault http1_expect_body(struct http1 *h, enum framing framing, uint64_t length);

// The peer will send no more.
//   returns  HTTP1_END for a body that ends with the connection or a message already complete,
//            otherwise HTTP1_FAULT with FAULT_TRUNCATED
MUST_USE enum http1_step http1_end_of_input(struct http1 *h);

enum fault http1_fault(const struct http1 *h);

// The raw trailer section of a chunked body after HTTP1_END (field lines with their CR LF), already checked
// by head_trailers; empty when there was none.
struct bytes http1_trailers(const struct http1 *h);
