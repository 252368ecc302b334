// SPDX-License-Identifier: Apache-2.0
// forward: heads on their way onward, written from values. No byte of a raw head is ever copied; what the
// peers are told about framing, connection and origin is ours.
#pragma once
#include "parser/response.h"
#include "policy/chain.h"

// What a forwarded request says about where it came from.
struct forward_origin {
    const struct peer *peer;
    struct bytes       id;    // X-Request-Id
    bool               https; // the client speaks TLS to us
    uint16_t           port;  // that the client reached
};

// `edits` below may be NULL: the fields stay as they are. When they failed, the arena was full.

// Writes the head of an admitted request for an upstream.
//   returns  bytes that live in the arena, from the request line to the empty line; {NULL, 0} when it is full
// The body follows as it is framed: Content-Length, or chunked. A WebSocket handshake is written anew.
MUST_USE struct bytes forward_request(const struct admission *admission, const struct forward_origin *origin,
                                      const struct edits *edits, struct arena *arena);

// Writes a 1xx head for a client of HTTP/1.1, of its fields Link only; a 101, which was judged, goes over to
// WebSocket with all of them.
//   returns  as above
MUST_USE struct bytes forward_interim(const struct response *response, const struct edits *edits,
                                      struct arena *arena);

// How the body of a response goes to the client: as it came, or chunked, or until close where the client
// is 1.0.
enum framing forward_framing(const struct response *response, unsigned client_minor);

// Writes the head of a response for the client.
//   `framing`     from forward_framing
//   `keep_alive`  false adds "Connection: close"
//   returns       as above
MUST_USE struct bytes forward_response(const struct response *response, const struct request *request,
                                       enum framing framing, bool keep_alive, const struct edits *edits,
                                       struct arena *arena);

// Writes the trailer fields of a response, without the empty line behind them.
//   returns  as above
MUST_USE struct bytes forward_trailers(const struct fields *trailers, struct arena *arena);
