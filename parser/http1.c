// SPDX-License-Identifier: Apache-2.0
// http1: llhttp finds the end of the head and refuses early; the head's bytes are collected beside it; bodies
// are read here, by the framing that `head` sealed.
//
//   IN_HEAD → AFTER_HEAD → IN_BODY → ENDED        FAULTY from everywhere, final
//
// llhttp sees the bytes of one head and no others: at the end of the head it is paused for good.
#include "parser/http1.h"

#include "parser/chunked.h"
#include "parser/cursor.h"
#include "parser/head.h"

#include <llhttp.h>

enum state { IN_HEAD, AFTER_HEAD, IN_BODY, ENDED, FAULTY };

struct http1 {
    llhttp_t             llhttp;
    const struct limits *limits;
    struct arena        *arena;
    enum http1_role      role;
    enum state           state;
    enum fault           fault;
    struct bytes_out     head; // collected so far
    enum framing         framing;
    uint64_t             left; // of a body with FRAMING_LENGTH
    struct chunked       chunked;
};

static int pause_here(llhttp_t *llhttp)
{
    (void)llhttp;
    return HPE_PAUSED;
}

static void start_llhttp(llhttp_t *llhttp, enum http1_role role)
{
    static const llhttp_settings_t settings = {.on_headers_complete = pause_here};
    llhttp_init(llhttp, role == HTTP1_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
}

struct http1 *http1_new(struct arena *arena, enum http1_role role, const struct limits *limits)
{
    struct http1 *h = arena_alloc(arena, sizeof *h);
    if (h == NULL)
        return NULL;
    *h = (struct http1){.limits = limits, .arena = arena, .role = role, .chunked = CHUNKED_START};
    start_llhttp(&h->llhttp, role);
    return h;
}

static enum http1_step fail(struct http1 *h, enum fault fault)
{
    h->state = FAULTY;
    h->fault = fault;
    return HTTP1_FAULT;
}

// ---- the head ----

static bool collect(struct http1 *h, struct bytes piece, bool is_last)
{
    if (h->head.len > 0 || !is_last)
        return arena_append(h->arena, &h->head, piece, h->limits->head_bytes);
    struct bytes whole = arena_copy(h->arena, piece);
    h->head = (struct bytes_out){.at = (char *)whole.at, .len = whole.len, .cap = whole.len};
    return whole.at != NULL;
}

// What our own reader has against the head so far; FAULT_SYNTAX when nothing but that it stops.
static enum fault second_opinion(const struct http1 *h)
{
    struct request  request;
    struct response response;
    if (h->role == HTTP1_REQUEST)
        return head_request(http1_head(h), h->limits, h->arena, &request);
    return head_response(http1_head(h), METHOD_GET, h->limits, h->arena, &response);
}

// What is wrong with the target, of which the byte that llhttp refused is the last.
static enum fault target_fault(const struct http1 *h)
{
    struct cursor c = cursor_over(http1_head(h));
    struct bytes  method, raw;
    struct target target;
    if (!cursor_token(&c, &method) || !cursor_char(&c, ' ') || !cursor_visible(&c, &raw))
        return FAULT_TARGET_CHARACTER;
    TRY(target_parse(raw, h->arena, &target));
    return FAULT_TARGET_CHARACTER;
}

// The name of what llhttp refused. The byte it refused is the last one collected.
static enum fault fault_of(const struct http1 *h, llhttp_errno_t error)
{
    enum fault fault = second_opinion(h);
    if (fault != FAULT_NONE && fault != FAULT_SYNTAX)
        return fault;
    switch (error) {
    case HPE_INVALID_METHOD:
        return FAULT_METHOD_UNKNOWN;
    case HPE_INVALID_URL:
        return target_fault(h);
    case HPE_INVALID_VERSION:
        return FAULT_VERSION;
    case HPE_INVALID_CONSTANT:
        return FAULT_REQUEST_LINE;
    case HPE_STRICT:
    case HPE_CR_EXPECTED:
    case HPE_LF_EXPECTED:
        return FAULT_LINE_END;
    case HPE_INVALID_HEADER_TOKEN:
        return FAULT_FIELD_NAME;
    case HPE_INVALID_CONTENT_LENGTH:
        return FAULT_CL_SYNTAX;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
        return h->llhttp.flags & F_TRANSFER_ENCODING ? FAULT_TE_AND_CL : FAULT_CL_TWICE;
    case HPE_INVALID_TRANSFER_ENCODING: // chunked already, and now again
        return h->llhttp.flags & F_CHUNKED ? FAULT_TE_TWICE : FAULT_TE_UNSUPPORTED;
    default:
        return FAULT_SYNTAX;
    }
}

static enum fault too_large(const struct http1 *h)
{
    struct cursor c = cursor_over(http1_head(h));
    struct bytes  line;
    bool          in_first_line = !cursor_until(&c, '\n', &line);
    return h->role == HTTP1_REQUEST && in_first_line ? FAULT_TARGET_TOO_LONG : FAULT_HEAD_TOO_LARGE;
}

// RFC 9112 2.2 lets a server skip an empty line before the request line, and llhttp skips any number; here
// the first byte must be the first of the head.
static enum fault first_byte(enum http1_role role, char byte)
{
    if (role == HTTP1_REQUEST)
        return is_token_char(byte) ? FAULT_NONE : FAULT_LEADING_BYTES;
    return byte == 'H' ? FAULT_NONE : FAULT_STATUS_LINE;
}

// llhttp stops behind some bytes that it refuses and in front of others. Where it stopped in front, the byte
// is collected too: the name of the fault must depend on the same bytes however the input was cut.
static bool collect_refused(struct http1 *h, struct bytes rest)
{
    llhttp_t again;
    start_llhttp(&again, h->role);
    if (rest.len == 0 || llhttp_execute(&again, h->head.at, h->head.len) != HPE_OK)
        return true;
    return collect(h, (struct bytes){rest.at, 1}, false);
}

static enum http1_step refuse(struct http1 *h, llhttp_errno_t error, struct bytes rest)
{
    return fail(h, collect_refused(h, rest) ? fault_of(h, error) : FAULT_NO_MEMORY);
}

static enum http1_step feed_head(struct http1 *h, struct bytes in, size_t *used_r)
{
    if (in.len == 0)
        return HTTP1_MORE;
    enum fault first = h->head.len == 0 ? first_byte(h->role, *in.at) : FAULT_NONE;
    if (first != FAULT_NONE)
        return fail(h, first);

    size_t         room = h->limits->head_bytes - h->head.len;
    size_t         offered = in.len < room ? in.len : room;
    llhttp_errno_t error = llhttp_execute(&h->llhttp, in.at, offered);
    *used_r = error == HPE_OK ? offered : (size_t)(llhttp_get_error_pos(&h->llhttp) - in.at);
    if (!collect(h, (struct bytes){in.at, *used_r}, error == HPE_PAUSED))
        return fail(h, FAULT_NO_MEMORY);
    if (error == HPE_PAUSED) {
        h->state = AFTER_HEAD;
        return HTTP1_HEAD;
    }
    if (error != HPE_OK)
        return refuse(h, error, (struct bytes){in.at + *used_r, offered - *used_r});
    return h->head.len == h->limits->head_bytes ? fail(h, too_large(h)) : HTTP1_MORE;
}

struct bytes http1_head(const struct http1 *h)
{
    return out_written(&h->head);
}

bool http1_started(const struct http1 *h)
{
    return h->head.len > 0 || h->state != IN_HEAD;
}

// ---- the body ----

static bool llhttp_agrees(const struct http1 *h, enum framing framing, uint64_t length)
{
    unsigned coding = h->llhttp.flags & (F_TRANSFER_ENCODING | F_CHUNKED);
    bool     counted = (h->llhttp.flags & F_CONTENT_LENGTH) != 0;
    bool     is_response = h->role == HTTP1_RESPONSE;
    switch (framing) {
    case FRAMING_NONE: // a response to HEAD, a 204 and a 304 announce the length of a body that does not come
        return is_response || (coding == 0 && !counted);
    case FRAMING_LENGTH:
        return coding == 0 && counted && h->llhttp.content_length == length;
    case FRAMING_CHUNKED:
        return (coding & F_CHUNKED) != 0 && !counted;
    case FRAMING_UNTIL_CLOSE:
        return is_response && coding == 0 && !counted;
    }
    return false;
}

enum fault http1_expect_body(struct http1 *h, enum framing framing, uint64_t length)
{
    ASSERT(h->state == AFTER_HEAD);
    if (!llhttp_agrees(h, framing, length)) {
        fail(h, FAULT_FRAMING_DISAGREES);
        return FAULT_FRAMING_DISAGREES;
    }
    h->state = IN_BODY;
    h->framing = framing;
    h->left = length;
    return FAULT_NONE;
}

// May the message end here?
static bool is_complete(const struct http1 *h)
{
    return h->framing == FRAMING_NONE || (h->framing == FRAMING_LENGTH && h->left == 0);
}

static enum http1_step finish(struct http1 *h)
{
    h->state = ENDED;
    return HTTP1_END;
}

static enum http1_step feed_chunked(struct http1 *h, struct bytes in, size_t *used_r, struct bytes *piece_r)
{
    enum http1_step step = chunked_feed(&h->chunked, h->limits, h->arena, in, used_r, piece_r);
    if (step == HTTP1_END)
        return finish(h);
    return step == HTTP1_FAULT ? fail(h, h->chunked.fault) : step;
}

static enum http1_step feed_body(struct http1 *h, struct bytes in, size_t *used_r, struct bytes *piece_r)
{
    if (h->framing == FRAMING_CHUNKED)
        return feed_chunked(h, in, used_r, piece_r);
    if (is_complete(h))
        return finish(h);
    if (in.len == 0)
        return HTTP1_MORE;
    *piece_r = in;
    if (h->framing == FRAMING_LENGTH) {
        piece_r->len = in.len < h->left ? in.len : (size_t)h->left;
        h->left -= piece_r->len;
    }
    *used_r = piece_r->len;
    return HTTP1_BODY;
}

enum http1_step http1_feed(struct http1 *h, struct bytes in, size_t *used_r, struct bytes *piece_r)
{
    ASSERT(h->state != AFTER_HEAD); // http1_expect_body comes first
    *used_r = 0;
    *piece_r = (struct bytes){NULL, 0};
    switch (h->state) {
    case IN_HEAD:
        return feed_head(h, in, used_r);
    case IN_BODY:
        return feed_body(h, in, used_r, piece_r);
    case ENDED:
        return HTTP1_END;
    default:
        return HTTP1_FAULT;
    }
}

enum http1_step http1_end_of_input(struct http1 *h)
{
    if (h->state == FAULTY)
        return HTTP1_FAULT;
    if (h->state == ENDED)
        return HTTP1_END;
    if (h->state == IN_BODY && (h->framing == FRAMING_UNTIL_CLOSE || is_complete(h)))
        return finish(h);
    return fail(h, FAULT_TRUNCATED);
}

enum fault http1_fault(const struct http1 *h)
{
    return h->fault;
}

struct bytes http1_trailers(const struct http1 *h)
{
    return out_written(&h->chunked.trailers);
}
