// SPDX-License-Identifier: Apache-2.0
// relay: framing on the way out.
#include "gateway/relay.h"

#define SIZE_LINE_MAX 18u // 16 hexadecimal digits and CR LF

void relay_begin(struct side *s, struct wire *to, struct bytes head, enum framing framing, uint64_t length)
{
    *s = (struct side){.to = to, .head = head, .framing = framing, .announced = length};
}

static struct bytes take_head(struct side *s)
{
    struct bytes head = s->head;
    s->head = (struct bytes){0};
    return head;
}

static unsigned hex_digits(size_t n)
{
    unsigned digits = 1;
    while (n >>= 4)
        digits++;
    return digits;
}

static void send_chunk(struct side *s, struct bytes piece)
{
    char             line[SIZE_LINE_MAX];
    struct bytes_out out = {.at = line, .cap = sizeof line};
    out_hex(&out, piece.len, hex_digits(piece.len));
    out_bytes(&out, BYTES("\r\n"));
    wire_send(s->to, take_head(s), out_written(&out));
    wire_send(s->to, piece, BYTES("\r\n"));
}

void relay_piece(struct side *s, struct bytes piece)
{
    if (piece.len == 0) // a chunk of size 0 would be the end
        return;
    s->passed += piece.len;
    ASSERT(!s->ended && s->framing != FRAMING_NONE);
    ASSERT(s->framing != FRAMING_LENGTH || s->passed <= s->announced);
    if (s->framing == FRAMING_CHUNKED)
        send_chunk(s, piece);
    else
        wire_send(s->to, take_head(s), piece);
}

void relay_flush(struct side *s)
{
    if (s->head.len > 0)
        wire_send(s->to, take_head(s), (struct bytes){0});
    wire_push(s->to);
}

void relay_trailers(struct side *s, struct bytes lines)
{
    ASSERT(!s->ended && s->framing == FRAMING_CHUNKED);
    s->trailers = lines;
}

void relay_end(struct side *s)
{
    ASSERT(s->framing != FRAMING_LENGTH || s->passed == s->announced);
    s->ended = true;
    if (s->framing != FRAMING_CHUNKED) {
        relay_flush(s);
        return;
    }
    wire_send(s->to, take_head(s), s->trailers.len > 0 ? BYTES("0\r\n") : BYTES("0\r\n\r\n"));
    if (s->trailers.len > 0)
        wire_send(s->to, s->trailers, BYTES("\r\n"));
}

void relay_redirect(struct side *s, struct wire *to, struct bytes untaken)
{
    s->to = to;
    wire_send(to, untaken, (struct bytes){0});
}

bool relay_is_full(const struct side *s)
{
    return wire_queued(s->to) > 0;
}
