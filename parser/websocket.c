// SPDX-License-Identifier: Apache-2.0
// websocket: who may leave HTTP, and how.
#include "parser/websocket.h"

#include "parser/cursor.h"

#define KEY_CHARS 24u // base64 of 16 bytes
#define KEY_PADDING 2u

// The value of a field that is there once; {NULL, 0} when it is not, or more often.
static struct bytes only_value(const struct fields *fields, enum field_id id)
{
    struct bytes value = {0};
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id != id)
            continue;
        if (value.at)
            return (struct bytes){0};
        value = fields->at[i].value;
    }
    return value;
}

static bool only_websocket(const struct fields *fields)
{
    return bytes_equal_nocase(only_value(fields, FIELD_UPGRADE), BYTES("websocket"));
}

// Upgrade = #( protocol-name [ "/" protocol-version ] )                                     RFC 9110 7.8
static bool names_websocket(struct bytes list)
{
    struct cursor c = cursor_over(list);
    struct bytes  token;
    do {
        cursor_blanks(&c);
        if (cursor_token(&c, &token) && bytes_equal_nocase(token, BYTES("websocket")))
            return true;
    } while (cursor_until(&c, ',', &token) && cursor_char(&c, ','));
    return false;
}

static bool offers_websocket(const struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        if (fields->at[i].id == FIELD_UPGRADE && names_websocket(fields->at[i].value))
            return true;
    return false;
}

// RFC 6455 4.2.1 (5): "a base64-encoded value that, when decoded, is 16 bytes in length"
static bool is_key(struct bytes key)
{
    if (key.len != KEY_CHARS)
        return false;
    for (size_t i = 0; i < KEY_CHARS - KEY_PADDING; i++) {
        char c = key.at[i];
        bool is_alnum = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_alnum && c != '+' && c != '/')
            return false;
    }
    return bytes_ends_with(key, BYTES("=="));
}

static bool has_no_body(const struct request *q)
{
    return q->framing == FRAMING_NONE || (q->framing == FRAMING_LENGTH && q->content_length == 0);
}

enum fault websocket_asked(const struct request *q, bool *asked_r)
{
    *asked_r = false;
    // RFC 9110 7.8: "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request."
    if (q->minor == 0 || !offers_websocket(&q->fields))
        return FAULT_NONE;
    *asked_r = q->method == METHOD_GET && q->upgrade && only_websocket(&q->fields) && has_no_body(q) &&
               is_key(only_value(&q->fields, FIELD_WEBSOCKET_KEY)) &&
               bytes_equal(only_value(&q->fields, FIELD_WEBSOCKET_VERSION), BYTES("13"));
    return *asked_r ? FAULT_NONE : FAULT_WEBSOCKET;
}

bool websocket_granted(const struct response *r, struct bytes accept)
{
    return r->status == 101 && r->upgrade && only_websocket(&r->fields) &&
           bytes_equal(only_value(&r->fields, FIELD_WEBSOCKET_ACCEPT), accept);
}
