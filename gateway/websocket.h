// SPDX-License-Identifier: Apache-2.0
// websocket: the one computation of the opening handshake. Everything else about it stands in
// parser/websocket.h; the frames that follow are not looked at.
#pragma once
#include "parser/bytes.h"

#define WEBSOCKET_ACCEPT_CHARS 28u // base64 of the 20 bytes of a SHA-1

// The Sec-WebSocket-Accept by which a server shows that it has read `key` (RFC 6455 4.2.2).
//   returns  text in `room`; {NULL, 0} when libcrypto has no SHA-1
MUST_USE struct bytes websocket_accept(struct bytes key, char room[WEBSOCKET_ACCEPT_CHARS + 1]);
