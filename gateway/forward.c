// SPDX-License-Identifier: Apache-2.0
// forward: values → heads.
#include "gateway/forward.h"

#define FIXED_MAX 1024u // everything that is not a target, a field, or a value taken from one
#define PER_FIELD 4u    // ": " and CR LF

static size_t fields_room(const struct fields *fields)
{
    size_t room = 0;
    for (size_t i = 0; i < fields->count; i++)
        room += fields->at[i].name.len + fields->at[i].value.len + PER_FIELD;
    return room;
}

static inline void put_field(struct bytes_out *out, struct bytes name, struct bytes value)
{
    out_parts(out, (const struct bytes[]){name, BYTES(": "), value, BYTES("\r\n")}, 4);
}

// Every field but those that are described anew: framing, and in a request (`routing_too`) who asked for
// what; and what the edits make of them.
static void put_fields(struct bytes_out *out, const struct fields *fields, bool routing_too,
                       const struct edits *edits)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *f = &fields->at[i];
        enum field_kind     kind = field_kind_of(f->id);
        bool                anew =
            kind == FIELD_KIND_FRAMING || (kind == FIELD_KIND_ROUTING && routing_too && f->id != FIELD_VIA);
        if (!f->dropped && !anew && !edits_drops(edits, i))
            put_field(out, f->name, f->value);
    }
    edits_print(edits, out);
}

// Room for a head that holds so many bytes besides what is fixed, and the edits.
static struct bytes_out head_room(size_t bytes, const struct edits *edits, struct arena *arena)
{
    size_t room = FIXED_MAX + bytes + edits_room(edits);
    bool   whole = !edits || !edits->failed;
    return (struct bytes_out){.at = whole ? arena_alloc(arena, room) : NULL, .cap = room};
}

static void put_framing(struct bytes_out *out, enum framing framing, uint64_t length)
{
    if (framing == FRAMING_CHUNKED)
        out_bytes(out, BYTES("Transfer-Encoding: chunked\r\n"));
    if (framing == FRAMING_LENGTH) {
        out_bytes(out, BYTES("Content-Length: "));
        out_uint(out, length);
        out_bytes(out, BYTES("\r\n"));
    }
}

// RFC 9110 7.8: Upgrade is for one connection; it goes further only when both sides speak of the same thing.
static void put_websocket(struct bytes_out *out)
{
    out_bytes(out, BYTES("Upgrade: websocket\r\nConnection: Upgrade\r\n"));
}

static void put_status_line(struct bytes_out *out, const struct response *response)
{
    out_bytes(out, BYTES("HTTP/1.1 "));
    out_uint(out, response->status);
    out_char(out, ' ');
    out_bytes(out, response->reason);
    out_bytes(out, BYTES("\r\n"));
}

// X-Forwarded-For: what a trusted sender reported, and the sender; of anybody else only the sender.
static void put_forwarded_for(struct bytes_out *out, const struct request *q, const struct peer *peer,
                              struct bytes sender)
{
    out_bytes(out, BYTES("X-Forwarded-For: "));
    for (size_t i = 0; peer->trusted && i < q->fields.count; i++) {
        const struct field *f = &q->fields.at[i];
        if (f->id != FIELD_X_FORWARDED_FOR || f->dropped || f->value.len == 0)
            continue;
        out_bytes(out, f->value);
        out_bytes(out, BYTES(", "));
    }
    out_bytes(out, sender);
    out_bytes(out, BYTES("\r\n"));
}

static bool is_same_ip(const struct ip *a, const struct ip *b)
{
    return memcmp(a->octet, b->octet, sizeof a->octet) == 0;
}

// A field that a trusted sender may say; otherwise our own value.
static struct bytes believed(const struct request *q, const struct peer *peer, enum field_id id,
                             struct bytes own)
{
    const struct field *f = peer->trusted ? fields_find(&q->fields, id) : NULL;
    return f && !f->dropped && f->value.len > 0 ? f->value : own;
}

static void put_origin(struct bytes_out *out, const struct request *q, const struct forward_origin *origin)
{
    const struct peer *peer = origin->peer;
    char               digits[8], sender_text[IP_TEXT_MAX], address_text[IP_TEXT_MAX];
    struct bytes_out   port = {.at = digits, .cap = sizeof digits};
    struct bytes_out   sender = {.at = sender_text, .cap = sizeof sender_text};
    struct bytes_out   address = {.at = address_text, .cap = sizeof address_text};
    out_uint(&port, origin->port);
    ip_print(&peer->sender, &sender);
    put_forwarded_for(out, q, peer, out_written(&sender));
    if (is_same_ip(&peer->sender, &peer->address)) // nearly always
        address = sender;
    else
        ip_print(&peer->address, &address);
    put_field(out, BYTES("X-Real-IP"), out_written(&address));
    struct bytes own = origin->https ? BYTES("https") : BYTES("http");
    put_field(out, BYTES("X-Forwarded-Proto"), believed(q, peer, FIELD_X_FORWARDED_PROTO, own));
    if (q->host.received.len > 0)
        put_field(out, BYTES("X-Forwarded-Host"),
                  believed(q, peer, FIELD_X_FORWARDED_HOST, q->host.received));
    put_field(out, BYTES("X-Forwarded-Port"), believed(q, peer, FIELD_X_FORWARDED_PORT, out_written(&port)));
    put_field(out, BYTES("X-Request-Id"), origin->id);
    out_bytes(out, BYTES("Via: 1."));
    out_uint(out, q->minor);
    out_bytes(out, BYTES(" portcullis\r\n"));
}

struct bytes forward_request(const struct admission *admission, const struct forward_origin *origin,
                             const struct edits *edits, struct arena *arena)
{
    const struct request *q = admission_request(admission);
    struct bytes          path = edits && edits->path.at ? edits->path : q->target.path;
    // Twice: a trusted sender's X-Forwarded-* are counted as fields and written as ours.
    size_t room = path.len + q->target.query.len + 3 * q->host.received.len + 2 * fields_room(&q->fields) +
                  origin->id.len;
    struct bytes_out out = head_room(room, edits, arena);
    if (!out.at)
        return (struct bytes){0};
    out_text(&out, method_name(q->method));
    out_char(&out, ' ');
    out_bytes(&out, path);
    if (q->target.query.at) {
        out_char(&out, '?');
        out_bytes(&out, q->target.query);
    }
    out_bytes(&out, BYTES(" HTTP/1.1\r\n"));
    put_field(&out, BYTES("Host"), q->host.received);
    put_fields(&out, &q->fields, true, edits);
    put_framing(&out, q->framing, q->content_length);
    if (q->websocket)
        put_websocket(&out);
    put_origin(&out, q, origin);
    out_bytes(&out, BYTES("\r\n"));
    ASSERT(!out.overflowed);
    return out_written(&out);
}

// RFC 8297 2: hints are links. No policy sees an interim answer, so nothing else passes with it: no cookie,
// and nothing that it would take out of the final one.
static void put_hints(struct bytes_out *out, const struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *f = &fields->at[i];
        if (!f->dropped && bytes_equal_nocase(f->name, BYTES("Link")))
            put_field(out, f->name, f->value);
    }
}

struct bytes forward_interim(const struct response *response, const struct edits *edits, struct arena *arena)
{
    struct bytes_out out = head_room(response->reason.len + fields_room(&response->fields), edits, arena);
    if (!out.at)
        return (struct bytes){0};
    put_status_line(&out, response);
    if (response->status == 101) {
        put_fields(&out, &response->fields, false, edits);
        put_websocket(&out);
    } else
        put_hints(&out, &response->fields);
    out_bytes(&out, BYTES("\r\n"));
    ASSERT(!out.overflowed);
    return out_written(&out);
}

enum framing forward_framing(const struct response *response, unsigned client_minor)
{
    bool unknown = response->framing == FRAMING_CHUNKED || response->framing == FRAMING_UNTIL_CLOSE;
    if (!unknown)
        return response->framing;
    return client_minor >= 1 ? FRAMING_CHUNKED : FRAMING_UNTIL_CLOSE; // RFC 9112 6.1: never chunked to 1.0
}

struct bytes forward_response(const struct response *response, const struct request *request,
                              enum framing framing, bool keep_alive, const struct edits *edits,
                              struct arena *arena)
{
    struct bytes_out out = head_room(response->reason.len + fields_room(&response->fields), edits, arena);
    if (!out.at)
        return (struct bytes){0};
    put_status_line(&out, response);
    put_fields(&out, &response->fields, false, edits);
    // The length of what GET would have got, or of what was not modified: no body follows it. Never in a 204
    // (RFC 9110 8.6).
    if (framing == FRAMING_NONE && response->has_length && response->status != 204)
        put_framing(&out, FRAMING_LENGTH, response->content_length);
    else
        put_framing(&out, framing, response->content_length);
    if (!keep_alive)
        out_bytes(&out, BYTES("Connection: close\r\n"));
    else if (request->minor == 0)
        out_bytes(&out, BYTES("Connection: keep-alive\r\n"));
    out_bytes(&out, BYTES("\r\n"));
    ASSERT(!out.overflowed);
    return out_written(&out);
}

struct bytes forward_trailers(const struct fields *trailers, struct arena *arena)
{
    size_t           room = fields_room(trailers);
    struct bytes_out out = {.at = arena_alloc(arena, room), .cap = room};
    if (!out.at)
        return (struct bytes){0};
    put_fields(&out, trailers, false, NULL);
    ASSERT(!out.overflowed);
    return out_written(&out);
}
