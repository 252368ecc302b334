// SPDX-License-Identifier: Apache-2.0
// websocket: the opening handshake of WebSocket (RFC 6455 4), judged by its fields alone.
#pragma once
#include "parser/request.h"
#include "parser/response.h"

// Does this request ask for WebSocket? Another protocol is none of our business: an Upgrade may be ignored
// (RFC 9110 7.8).
//   fails  FAULT_WEBSOCKET when it does, and not in the one way in which it can be asked for
MUST_USE enum fault websocket_asked(const struct request *q, bool *asked_r);

// Is this 101 the answer to it: the same protocol, and `accept`, the proof that the server has read the key?
bool websocket_granted(const struct response *r, struct bytes accept);
