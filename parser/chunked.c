// SPDX-License-Identifier: Apache-2.0
// chunked: one state per place in the grammar, one byte at a time but for data and trailer lines, which are
// taken in runs.
//
//   chunked-body = *chunk last-chunk trailer-section CRLF                                RFC 9112 7.1
//   chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
//   chunk-ext    = *( ";" token [ "=" ( token / quoted-string ) ] )
//
// The RFC lets blanks stand around ";" and "=" of an extension, as bad whitespace; here they are refused. A
// bare LF is never a line end: that is what chunk-extension smuggling lives on.
#include "parser/chunked.h"

#include "parser/cursor.h"
#include "parser/head.h"

enum state {
    SIZE_START, // the first digit must come
    SIZE,
    EXTENSION_START, // after ";"
    EXTENSION,
    VALUE_START, // after "="
    VALUE,
    QUOTED,
    QUOTED_PAIR, // after "\"
    QUOTED_END,  // after the closing quote
    LINE_LF,     // after the CR of a chunk-size line
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START, // at the start of a line behind the last chunk
    TRAILER_LINE,
    LAST_LF, // after the CR of the empty line
    ENDED,
    FAULTY,
};

static enum fault size_digit(struct chunked *c, char digit)
{
    // RFC 9112 7.1: recipients MUST anticipate large numerals and prevent overflow.
    if (c->line_bytes > 16 || c->left > INT64_MAX >> 4)
        return FAULT_CHUNK_SIZE;
    c->left = c->left << 4 | hex_value(digit);
    c->state = SIZE;
    return FAULT_NONE;
}

static enum fault go(struct chunked *c, enum state to)
{
    c->state = to;
    return FAULT_NONE;
}

static enum fault expect(struct chunked *c, char byte, char wanted, enum state to, enum fault otherwise)
{
    return byte == wanted ? go(c, to) : otherwise;
}

// What may follow a complete size, name or value: the next extension or the end of the line.
static enum fault after_item(struct chunked *c, char byte, enum fault otherwise)
{
    return byte == ';' ? go(c, EXTENSION_START) : expect(c, byte, '\r', LINE_LF, otherwise);
}

static enum fault quoted_byte(struct chunked *c, char byte)
{
    if (!is_text_char(byte))
        return FAULT_CHUNK_EXTENSION;
    if (c->state == QUOTED_PAIR)
        return go(c, QUOTED);
    return go(c, byte == '"' ? QUOTED_END : byte == '\\' ? QUOTED_PAIR : QUOTED);
}

// One byte of a chunk-size line up to its CR.
static enum fault line_byte(struct chunked *c, const struct limits *limits, char byte)
{
    if (byte != '\r' && ++c->line_bytes > limits->chunk_line_bytes)
        return FAULT_CHUNK_EXTENSION;
    switch ((enum state)c->state) {
    case SIZE_START:
        return is_hex_digit(byte) ? size_digit(c, byte) : FAULT_CHUNK_SIZE;
    case SIZE:
        return is_hex_digit(byte) ? size_digit(c, byte) : after_item(c, byte, FAULT_CHUNK_SIZE);
    case EXTENSION_START:
        return is_token_char(byte) ? go(c, EXTENSION) : FAULT_CHUNK_EXTENSION;
    case EXTENSION:
        if (byte == '=')
            return go(c, VALUE_START);
        return is_token_char(byte) ? FAULT_NONE : after_item(c, byte, FAULT_CHUNK_EXTENSION);
    case VALUE_START:
        if (byte == '"')
            return go(c, QUOTED);
        return is_token_char(byte) ? go(c, VALUE) : FAULT_CHUNK_EXTENSION;
    case VALUE:
        return is_token_char(byte) ? FAULT_NONE : after_item(c, byte, FAULT_CHUNK_EXTENSION);
    case QUOTED:
    case QUOTED_PAIR:
        return quoted_byte(c, byte);
    default:
        return after_item(c, byte, FAULT_CHUNK_EXTENSION);
    }
}

static enum fault start_data(struct chunked *c)
{
    c->line_bytes = 0;
    return go(c, c->left > 0 ? DATA : TRAILER_START);
}

// One byte anywhere outside data and trailer lines.
static enum fault next_byte(struct chunked *c, const struct limits *limits, char byte)
{
    switch ((enum state)c->state) {
    case LINE_LF:
        return byte == '\n' ? start_data(c) : FAULT_LINE_END;
    case DATA_CR:
        return expect(c, byte, '\r', DATA_LF, FAULT_CHUNK_END);
    case DATA_LF:
        return expect(c, byte, '\n', SIZE_START, FAULT_CHUNK_END);
    case LAST_LF:
        return expect(c, byte, '\n', ENDED, FAULT_LINE_END);
    default:
        return line_byte(c, limits, byte);
    }
}

// Takes what `in` holds of one trailer line. What is inside the lines is head_trailers' business.
static enum fault trailer_run(struct chunked *c, const struct limits *limits, struct arena *arena,
                              struct bytes in, size_t *used_r)
{
    if (c->state == TRAILER_START && *in.at == '\r') {
        *used_r = 1;
        return go(c, LAST_LF);
    }
    struct cursor line = cursor_over(in);
    struct bytes  run;
    bool          complete = cursor_until(&line, '\n', &run) && cursor_char(&line, '\n');
    run = complete ? (struct bytes){in.at, run.len + 1} : in;
    *used_r = run.len;
    if (run.len > limits->trailer_bytes - c->trailers.len)
        return FAULT_TRAILERS_TOO_LARGE;
    if (!arena_append(arena, &c->trailers, run, limits->trailer_bytes))
        return FAULT_NO_MEMORY;
    if (complete && !bytes_ends_with(out_written(&c->trailers), BYTES("\r\n")))
        return FAULT_LINE_END;
    return go(c, complete ? TRAILER_START : TRAILER_LINE);
}

static enum http1_step fail(struct chunked *c, enum fault fault)
{
    c->fault = fault;
    c->state = FAULTY;
    return HTTP1_FAULT;
}

static enum http1_step end(struct chunked *c, const struct limits *limits, struct arena *arena)
{
    struct fields trailers; // checked, not kept: they are not forwarded
    enum fault    fault = head_trailers(out_written(&c->trailers), limits, arena, &trailers);
    return fault == FAULT_NONE ? HTTP1_END : fail(c, fault);
}

static enum http1_step data_run(struct chunked *c, struct bytes rest, size_t *used_r, struct bytes *piece_r)
{
    *piece_r = (struct bytes){rest.at, rest.len < c->left ? rest.len : (size_t)c->left};
    *used_r += piece_r->len;
    c->left -= piece_r->len;
    if (c->left == 0)
        c->state = DATA_CR;
    return HTTP1_BODY;
}

enum http1_step chunked_feed(struct chunked *c, const struct limits *limits, struct arena *arena,
                             struct bytes in, size_t *used_r, struct bytes *piece_r)
{
    *used_r = 0;
    if (c->state == FAULTY)
        return HTTP1_FAULT;
    while (c->state != ENDED && *used_r < in.len) {
        struct bytes rest = {in.at + *used_r, in.len - *used_r};
        size_t       used = 1;
        enum fault   fault;
        if (c->state == DATA)
            return data_run(c, rest, used_r, piece_r);
        if (c->state == TRAILER_START || c->state == TRAILER_LINE)
            fault = trailer_run(c, limits, arena, rest, &used);
        else
            fault = next_byte(c, limits, *rest.at);
        if (fault != FAULT_NONE)
            return fail(c, fault);
        *used_r += used;
        if (c->state == ENDED)
            return end(c, limits, arena);
    }
    return c->state == ENDED ? HTTP1_END : HTTP1_MORE;
}
