// SPDX-License-Identifier: Apache-2.0
// reply: one answer, three forms.
#include "gateway/reply.h"
#include "parser/date.h"
#include <time.h>

#define BODY_MAX 2048u
#define HEAD_MAX 1024u

enum form { FORM_TEXT, FORM_JSON, FORM_HTML, FORM_COUNT };

static const char *const types[FORM_COUNT] = {
    [FORM_TEXT] = "text/plain; charset=utf-8",
    [FORM_JSON] = "application/problem+json",
    [FORM_HTML] = "text/html; charset=utf-8",
};

// clang-format off
static const struct { unsigned status; const char *phrase; } phrases[] = {
    {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"}, {403, "Forbidden"}, {404, "Not Found"},
    {405, "Method Not Allowed"}, {408, "Request Timeout"}, {413, "Content Too Large"}, {414, "URI Too Long"},
    {417, "Expectation Failed"}, {421, "Misdirected Request"}, {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"}, {501, "Not Implemented"},
    {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
};
// clang-format on

const char *reply_phrase(unsigned status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "";
}

static bool has(struct bytes text, struct bytes part)
{
    return memmem(text.at, text.len, part.at, part.len) != NULL;
}

// What the client reads best. Weights are ignored: browsers name text/html, programs name JSON, and the rest
// gets text.
static enum form form_for(const struct request *q)
{
    const struct field *accept = q ? fields_find(&q->fields, FIELD_ACCEPT) : NULL;
    if (!accept)
        return FORM_TEXT;
    if (has(accept->value, BYTES("text/html")))
        return FORM_HTML;
    if (has(accept->value, BYTES("json")))
        return FORM_JSON;
    return FORM_TEXT;
}

static void write_text(struct bytes_out *out, const struct reply *r)
{
    out_uint(out, r->status);
    out_char(out, ' ');
    out_text(out, reply_phrase(r->status));
    out_text(out, "\n");
    out_text(out, r->says);
    out_text(out, " (");
    out_text(out, r->token);
    out_text(out, ")\nrequest id: ");
    out_bytes(out, r->id);
    out_char(out, '\n');
}

static void write_json(struct bytes_out *out, const struct reply *r)
{
    out_text(out, "{\"type\":\"about:blank\",\"title\":\"");
    out_text(out, reply_phrase(r->status));
    out_text(out, "\",\"status\":");
    out_uint(out, r->status);
    out_text(out, ",\"detail\":\"");
    out_json(out, bytes_of(r->says));
    out_text(out, "\",\"reason\":\"");
    out_text(out, r->token);
    out_text(out, "\",\"request_id\":\"");
    out_json(out, r->id);
    out_text(out, "\"}\n");
}

static void write_html(struct bytes_out *out, const struct reply *r)
{
    out_text(out, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>");
    out_uint(out, r->status);
    out_char(out, ' ');
    out_text(out, reply_phrase(r->status));
    out_text(out, "</title><h1>");
    out_text(out, reply_phrase(r->status));
    out_text(out, "</h1><p>");
    out_html(out, bytes_of(r->says));
    out_text(out, "<p><small>");
    out_text(out, r->token);
    out_text(out, " &middot; request id ");
    out_html(out, r->id);
    out_text(out, "</small></html>\n");
}

static const struct edits *edits_of(const struct reply *r)
{
    return r->edits && !r->edits->failed ? r->edits : NULL;
}

static void write_head(struct bytes_out *out, const struct reply *r, enum form form, size_t body_len)
{
    out_text(out, "HTTP/1.1 ");
    out_uint(out, r->status);
    out_char(out, ' ');
    out_text(out, reply_phrase(r->status));
    out_text(out, "\r\nDate: ");
    date_http((int64_t)time(NULL), out);
    out_text(out, "\r\nContent-Type: ");
    out_text(out, types[form]);
    out_text(out, "\r\nContent-Length: ");
    out_uint(out, body_len);
    out_text(out, "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                  "Content-Security-Policy: default-src 'none'\r\nX-Request-Id: ");
    out_bytes(out, r->id);
    if (r->field) {
        out_text(out, "\r\n");
        out_text(out, r->field);
        out_text(out, ": ");
        out_bytes(out, r->field_value);
    }
    if (r->retry_after_s > 0) {
        out_text(out, "\r\nRetry-After: ");
        out_uint(out, r->retry_after_s);
    }
    out_text(out, r->close ? "\r\nConnection: close\r\n" : "\r\n");
    edits_print(edits_of(r), out);
    out_text(out, "\r\n");
}

struct bytes reply_write(const struct reply *r, const struct request *request, struct arena *arena)
{
    static void (*const writers[FORM_COUNT])(struct bytes_out *, const struct reply *) = {
        [FORM_TEXT] = write_text,
        [FORM_JSON] = write_json,
        [FORM_HTML] = write_html,
    };
    enum form        form = form_for(request);
    char             text[BODY_MAX];
    struct bytes_out body = {.at = text, .cap = sizeof text};
    size_t           room = HEAD_MAX + r->field_value.len + edits_room(edits_of(r)) + BODY_MAX;
    struct bytes_out out = {.at = arena_alloc(arena, room), .cap = room};
    if (!out.at)
        return (struct bytes){0};
    writers[form](&body, r);
    write_head(&out, r, form, body.len);
    if (!request || request->method != METHOD_HEAD)
        out_bytes(&out, out_written(&body));
    ASSERT(!out.overflowed && !body.overflowed);
    return out_written(&out);
}
