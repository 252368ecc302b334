// SPDX-License-Identifier: Apache-2.0
// head: a complete raw head in, a frozen request or response out. Reads the whole head by the grammar of RFC
// 9112 a second time, after llhttp: two readers must agree, and the strict one decides.
#pragma once
#include "parser/request.h"
#include "parser/response.h"

// Seals a request.
//   borrows  raw: the head from its first byte to the CR LF of its empty line, inclusive; must outlive
//            request_r
//   returns  request_r; what had to change lives in the arena
//   fails    the first fault in reading order (request line, then each field line with its limits); after
//            that the first of: method, host, framing, Connection, target, Expect, WebSocket. FAULT_SYNTAX
//            when raw stops early
MUST_USE enum fault head_request(struct bytes raw, const struct limits *limits, struct arena *arena,
                                 struct request *request_r);

// Seals a response. `method` is that of the request it answers: HEAD has no body, whatever the head says.
// 1xx, 204 and 304 have none either. 2xx to CONNECT never happens. 101 is returned as it is, framing NONE.
MUST_USE enum fault head_response(struct bytes raw, enum method method, const struct limits *limits,
                                  struct arena *arena, struct response *response_r);

// Checks the trailer section of a chunked body (field lines, each with CR LF; empty is fine).
//   fails    like a head, and FAULT_TRAILER for framing, routing, authentication or content fields
//            (RFC 9110 6.5.1)
MUST_USE enum fault head_trailers(struct bytes raw, const struct limits *limits, struct arena *arena,
                                  struct fields *trailers_r);
