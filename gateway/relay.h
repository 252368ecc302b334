// SPDX-License-Identifier: Apache-2.0
// relay: one direction of a message on its way to a wire: the head, then body pieces in the framing that the
// head announced. Used for both directions alike.
#pragma once
#include "gateway/wire.h"
#include "parser/request.h"

struct side {
    struct wire *to;
    struct bytes head; // not sent yet: it shares a packet, and a TLS record, with the first piece
    enum framing framing;
    uint64_t     announced; // FRAMING_LENGTH
    uint64_t     passed;    // bytes of the body so far
    bool         ended;
    struct bytes trailers; // FRAMING_CHUNKED: field lines for the end
};

// Starts a message. Borrows head until the first piece, relay_flush or relay_end.
void relay_begin(struct side *s, struct wire *to, struct bytes head, enum framing framing, uint64_t length);
void relay_piece(struct side *s, struct bytes piece);
// This event has no more pieces: sends a head that is still waiting, and lets relay_is_full count it all.
void relay_flush(struct side *s);
// Field lines that relay_end shall send. Borrowed until then.
void relay_trailers(struct side *s, struct bytes lines);
void relay_end(struct side *s);
// Goes on with another receiver, who gets first what the one before did not take.
void relay_redirect(struct side *s, struct wire *to, struct bytes untaken);
// The receiver does not keep up: stop producing until its wire says on_drained.
bool relay_is_full(const struct side *s);
