// SPDX-License-Identifier: Apache-2.0
// head: reads a head by its grammar in one pass, then applies the rules that need all of it.
//
//   request line or status line → field lines → Host → framing → Connection → target → Expect → WebSocket
//
// Nothing is repaired: what is not exactly the grammar is a fault. Running off the end of `raw` is
// FAULT_SYNTAX, and nothing else that is read line by line is, so that http1 can ask what a cut head is
// worth.
#include "parser/head.h"

#include "parser/cursor.h"
#include "parser/websocket.h"

#define BIT(n) (UINT64_C(1) << (n))
_Static_assert(FIELD_COUNT <= 64, "the sets of field ids are one word");

#define CRLF BYTES("\r\n")
#define FIELDS_FIRST 32 // room that nearly every head makes do with; it doubles then

struct head {
    unsigned      minor;
    struct field *fields;
    size_t        count;
    size_t        room;  // of fields
    uint64_t      seen;  // BIT(field id) of every field
    uint64_t      twice; // of those that came more than once
};

static bool has(const struct head *h, enum field_id id)
{
    return (h->seen & BIT(id)) != 0;
}

static bool has_twice(const struct head *h, enum field_id id)
{
    return (h->twice & BIT(id)) != 0;
}

static struct fields fields_of(const struct head *h)
{
    return (struct fields){h->fields, h->count};
}

static struct bytes value_of(const struct head *h, enum field_id id)
{
    struct fields fields = fields_of(h);
    return fields_find(&fields, id)->value;
}

// ---- the lines ----

// `fault`, unless there is nothing to find fault with: the head stops here.
static enum fault unless_cut(const struct cursor *c, enum fault fault)
{
    return cursor_done(c) ? FAULT_SYNTAX : fault;
}

// The byte at hand is wrong. RFC 9112 2.2: a bare CR is invalid; a bare LF may be taken for a line end, and
// is not here.
static enum fault wrong_byte(struct cursor *c, enum fault otherwise)
{
    if (cursor_char(c, '\n'))
        return FAULT_LINE_END;
    return unless_cut(c, cursor_char(c, '\r') ? FAULT_LINE_END : otherwise);
}

static enum fault line_end(struct cursor *c, enum fault otherwise)
{
    return cursor_text(c, CRLF) ? FAULT_NONE : wrong_byte(c, otherwise);
}

// method SP request-target SP HTTP-version CRLF                                             RFC 9112 3
static enum fault request_line(struct cursor *c, const struct limits *limits, struct head *h,
                               enum method *method_r, struct bytes *target_r)
{
    struct bytes method;
    if (!cursor_token(c, &method))
        return unless_cut(c, FAULT_LEADING_BYTES);
    if (!cursor_char(c, ' '))
        return unless_cut(c, FAULT_REQUEST_LINE);
    *method_r = method_of(method);
    if (*method_r == METHOD_COUNT)
        return FAULT_METHOD_UNKNOWN;
    if (!cursor_visible(c, target_r) || !cursor_char(c, ' '))
        return unless_cut(c, FAULT_REQUEST_LINE);
    if (target_r->len > limits->target_bytes)
        return FAULT_TARGET_TOO_LONG;
    if (cursor_text(c, BYTES("HTTP/1.1")))
        h->minor = 1;
    else if (!cursor_text(c, BYTES("HTTP/1.0")))
        return unless_cut(c, cursor_text(c, BYTES("HTTP/")) ? FAULT_VERSION : FAULT_REQUEST_LINE);
    return line_end(c, FAULT_REQUEST_LINE);
}

// HTTP-version SP 3DIGIT SP [ reason-phrase ] CRLF                                          RFC 9112 4
// Many servers leave out the second SP with the reason: harmless, because the line is written anew.
static enum fault status_line(struct cursor *c, struct head *h, unsigned *status_r, struct bytes *reason_r)
{
    uint64_t     status;
    struct bytes digits;
    if (cursor_text(c, BYTES("HTTP/1.1 ")))
        h->minor = 1;
    else if (!cursor_text(c, BYTES("HTTP/1.0 ")))
        return FAULT_STATUS_LINE;
    if (!cursor_token(c, &digits) || digits.len != 3)
        return FAULT_STATUS_LINE;
    struct cursor number = cursor_over(digits);
    if (!cursor_decimal(&number, 599, &status) || !cursor_done(&number) || status < 100)
        return FAULT_STATUS_LINE;
    *status_r = (unsigned)status;
    *reason_r = (struct bytes){"", 0};
    if (cursor_char(c, ' '))
        *reason_r = cursor_field_text(c);
    return cursor_text(c, CRLF) ? FAULT_NONE : FAULT_STATUS_LINE;
}

// field-name ":" OWS field-value OWS CRLF                                                   RFC 9112 5
static enum fault field_line(struct cursor *c, const struct limits *limits, struct field *field_r)
{
    if (cursor_char(c, ' ') || cursor_char(c, '\t'))
        return FAULT_FIELD_FOLDED; // RFC 9112 5.2: obs-fold MUST be rejected or replaced
    if (!cursor_token(c, &field_r->name))
        return wrong_byte(c, FAULT_FIELD_NAME);
    if (!cursor_char(c, ':')) // RFC 9112 5.1: no whitespace between name and colon
        return unless_cut(c, FAULT_FIELD_NAME);
    field_r->value = cursor_field_text(c);
    if (field_r->name.len + 1 + field_r->value.len > limits->field_bytes)
        return FAULT_FIELD_TOO_LARGE;
    TRY(line_end(c, FAULT_FIELD_VALUE));
    field_r->value = bytes_trim(field_r->value);
    field_r->id = field_look_up(field_r->name, &field_r->dropped);
    field_r->dropped |= field_kind_of(field_r->id) == FIELD_KIND_HOP;
    return FAULT_NONE;
}

static enum fault make_room(struct head *h, const struct limits *limits, struct arena *arena)
{
    if (h->count == limits->fields)
        return FAULT_FIELDS_TOO_MANY;
    if (h->count < h->room)
        return FAULT_NONE;
    h->room = h->room == 0 ? FIELDS_FIRST : 2 * h->room;
    struct field *more = arena_alloc(arena, h->room * sizeof *more);
    if (more == NULL)
        return FAULT_NO_MEMORY;
    for (size_t i = 0; i < h->count; i++)
        more[i] = h->fields[i];
    h->fields = more;
    return FAULT_NONE;
}

// Reads field lines up to and including the empty line of a head, or up to the end of a trailer section.
static enum fault field_lines(struct cursor *c, bool trailers, const struct limits *limits,
                              struct arena *arena, struct head *h)
{
    while (trailers ? !cursor_done(c) : !cursor_text(c, CRLF)) {
        TRY(make_room(h, limits, arena));
        struct field *field = &h->fields[h->count];
        TRY(field_line(c, limits, field));
        h->count++;
        h->twice |= h->seen & BIT(field->id);
        h->seen |= BIT(field->id);
    }
    return cursor_done(c) ? FAULT_NONE : FAULT_SYNTAX;
}

// ---- the rules ----

// RFC 9112 3.2: exactly one Host in HTTP/1.1, at most one in HTTP/1.0.
static enum fault host_rule(const struct head *h, struct arena *arena, struct host *host_r)
{
    if (has_twice(h, FIELD_HOST))
        return FAULT_HOST_TWICE;
    if (!has(h, FIELD_HOST))
        return h->minor == 1 ? FAULT_HOST_MISSING : FAULT_NONE;
    return host_parse(value_of(h, FIELD_HOST), arena, host_r);
}

// How long the body is, by the fields alone (RFC 9112 6.3). Where a recipient may choose between repairing
// and refusing, the choice is always to refuse.
static enum fault framing_rule(const struct head *h, enum framing *framing_r, uint64_t *length_r)
{
    *framing_r = FRAMING_NONE;
    if (has(h, FIELD_TRANSFER_ENCODING) && has(h, FIELD_CONTENT_LENGTH))
        return FAULT_TE_AND_CL;
    if (has_twice(h, FIELD_TRANSFER_ENCODING))
        return FAULT_TE_TWICE;
    if (has_twice(h, FIELD_CONTENT_LENGTH))
        return FAULT_CL_TWICE;
    if (has(h, FIELD_TRANSFER_ENCODING)) {
        if (h->minor == 0)
            return FAULT_TE_IN_1_0;
        if (!bytes_equal_nocase(value_of(h, FIELD_TRANSFER_ENCODING), BYTES("chunked")))
            return FAULT_TE_UNSUPPORTED;
        *framing_r = FRAMING_CHUNKED;
    } else if (has(h, FIELD_CONTENT_LENGTH)) {
        struct cursor number = cursor_over(value_of(h, FIELD_CONTENT_LENGTH));
        if (!cursor_decimal(&number, INT64_MAX, length_r) || !cursor_done(&number))
            return FAULT_CL_SYNTAX;
        *framing_r = FRAMING_LENGTH;
    }
    return FAULT_NONE;
}

struct options { // what Connection asks for
    bool   close;
    bool   keep_alive;
    bool   upgrade;
    size_t count;
};

// RFC 9110 7.6.1: fields named by Connection are for this connection only. But a client must not be able to
// take away what the backend relies on.
static void drop_named(struct head *h, struct bytes option)
{
    for (size_t i = 0; i < h->count; i++) {
        struct field *field = &h->fields[i];
        if (bytes_equal_nocase(field->name, option) && !field_kind_is_protected(field_kind_of(field->id)))
            field->dropped = true;
    }
}

// Connection = [ connection-option *( OWS "," OWS connection-option ) ]; empty elements are ignored.
static enum fault connection_list(struct head *h, struct bytes list, struct options *o)
{
    struct cursor c = cursor_over(list);
    do {
        struct bytes option;
        cursor_blanks(&c);
        if (!cursor_token(&c, &option))
            continue;
        if (o->count++ == LIMITS_CONNECTION_OPTIONS)
            return FAULT_FIELDS_TOO_MANY;
        o->close |= bytes_equal_nocase(option, BYTES("close"));
        o->keep_alive |= bytes_equal_nocase(option, BYTES("keep-alive"));
        o->upgrade |= bytes_equal_nocase(option, BYTES("upgrade"));
        drop_named(h, option);
        cursor_blanks(&c);
    } while (cursor_char(&c, ','));
    return cursor_done(&c) ? FAULT_NONE : FAULT_SYNTAX;
}

static enum fault connection_rule(struct head *h, bool *keep_alive_r, bool *upgrade_r)
{
    struct options o = {0};
    for (size_t i = 0; has(h, FIELD_CONNECTION) && i < h->count; i++)
        if (h->fields[i].id == FIELD_CONNECTION)
            TRY(connection_list(h, h->fields[i].value, &o));
    *keep_alive_r = !o.close && (h->minor == 1 || o.keep_alive);
    // RFC 9110 7.8: Upgrade MUST be named by Connection, and is ignored in HTTP/1.0.
    *upgrade_r = o.upgrade && has(h, FIELD_UPGRADE) && h->minor == 1;
    return FAULT_NONE;
}

static bool same_authority(const struct host *a, const struct host *b, uint16_t default_port)
{
    uint16_t a_port = a->port != 0 ? a->port : default_port;
    uint16_t b_port = b->port != 0 ? b->port : default_port;
    return a_port == b_port && a->is_v6 == b->is_v6 && bytes_equal(a->name, b->name);
}

static enum fault target_rule(const struct head *h, struct bytes raw, struct arena *arena, struct request *r)
{
    TRY(target_parse(raw, arena, &r->target));
    switch (r->target.form) {
    case TARGET_ORIGIN:
        return FAULT_NONE;
    case TARGET_ASTERISK: // RFC 9112 3.2.4: only for OPTIONS
        return r->method == METHOD_OPTIONS ? FAULT_NONE : FAULT_TARGET_FORM;
    case TARGET_ABSOLUTE: // RFC 9112 3.2.2: Host MUST be ignored then; two names are refused instead
        if (has(h, FIELD_HOST) && !same_authority(&r->host, &r->target.authority, r->target.https ? 443 : 80))
            return FAULT_HOST_DISAGREES;
        r->host = r->target.authority;
    }
    return FAULT_NONE;
}

// RFC 9110 10.1.1: a server may refuse what it cannot meet, and ignores all of it in HTTP/1.0.
static enum fault expectation_rule(const struct head *h, bool *continue_r)
{
    *continue_r = false;
    for (size_t i = 0; has(h, FIELD_EXPECT) && h->minor == 1 && i < h->count; i++) {
        if (h->fields[i].id != FIELD_EXPECT)
            continue;
        if (!bytes_equal_nocase(h->fields[i].value, BYTES("100-continue")))
            return FAULT_EXPECTATION;
        *continue_r = true;
    }
    return FAULT_NONE;
}

enum fault head_request(struct bytes raw, const struct limits *limits, struct arena *arena,
                        struct request *request_r)
{
    struct request r = {0};
    struct head    h = {0};
    struct cursor  c = cursor_over(raw);
    struct bytes   target;
    TRY(request_line(&c, limits, &h, &r.method, &target));
    TRY(field_lines(&c, false, limits, arena, &h));
    if (r.method == METHOD_CONNECT || r.method == METHOD_TRACE)
        return FAULT_METHOD_REFUSED;
    TRY(host_rule(&h, arena, &r.host));
    TRY(framing_rule(&h, &r.framing, &r.content_length));
    TRY(connection_rule(&h, &r.keep_alive, &r.upgrade));
    TRY(target_rule(&h, target, arena, &r));
    r.minor = h.minor;
    r.fields = fields_of(&h);
    TRY(expectation_rule(&h, &r.expect_continue));
    if (has(&h, FIELD_UPGRADE))
        TRY(websocket_asked(&r, &r.websocket));
    *request_r = r;
    return FAULT_NONE;
}

enum fault head_response(struct bytes raw, enum method method, const struct limits *limits,
                         struct arena *arena, struct response *response_r)
{
    struct response r = {0};
    struct head     h = {0};
    struct cursor   c = cursor_over(raw);
    TRY(status_line(&c, &h, &r.status, &r.reason));
    TRY(field_lines(&c, false, limits, arena, &h));
    TRY(framing_rule(&h, &r.framing, &r.content_length));
    TRY(connection_rule(&h, &r.keep_alive, &r.upgrade));
    r.minor = h.minor;
    r.fields = fields_of(&h);
    r.has_length = r.framing == FRAMING_LENGTH;
    // RFC 9112 6.3 (1): these end at the empty line, whatever their fields announce.
    if (method == METHOD_HEAD || r.status < 200 || r.status == 204 || r.status == 304)
        r.framing = FRAMING_NONE;
    else if (r.framing == FRAMING_NONE) {
        r.framing = FRAMING_UNTIL_CLOSE;
        r.keep_alive = false;
    }
    *response_r = r;
    return FAULT_NONE;
}

enum fault head_trailers(struct bytes raw, const struct limits *limits, struct arena *arena,
                         struct fields *trailers_r)
{
    struct head   h = {0};
    struct cursor c = cursor_over(raw);
    TRY(field_lines(&c, true, limits, arena, &h));
    // RFC 9110 6.5.1: nothing that frames, routes, authenticates or describes content may come this late.
    for (size_t i = 0; i < h.count; i++)
        if (field_kind_of(h.fields[i].id) != FIELD_KIND_PLAIN || h.fields[i].dropped)
            return FAULT_TRAILER;
    *trailers_r = fields_of(&h);
    return FAULT_NONE;
}
