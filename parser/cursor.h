// SPDX-License-Identifier: Apache-2.0
// cursor: reading a span by grammar, so that parsers read like the RFC. The only pointer arithmetic on input.
// Each cursor_* either reads what its name says and moves on, or returns false and moves nothing.
#pragma once
#include "parser/bytes.h"

struct cursor {
    const char *at;
    const char *end;
};

static inline struct cursor cursor_over(struct bytes b)
{
    return (struct cursor){b.at, b.len > 0 ? b.at + b.len : b.at}; // NULL + 0 is undefined
}

static inline bool cursor_done(const struct cursor *c)
{
    return c->at == c->end;
}

static inline struct bytes cursor_rest(const struct cursor *c)
{
    return (struct bytes){c->at, (size_t)(c->end - c->at)};
}

// Character classes; one table, RFC 9110 5.6.2 and RFC 3986 2.
bool     is_token_char(char c);
bool     is_unreserved(char c);
bool     is_hex_digit(char c);
bool     is_text_char(char c); // VCHAR / SP / HTAB / obs-text
unsigned hex_value(char c);    // of a hexadecimal digit

MUST_USE static inline bool cursor_char(struct cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

MUST_USE static inline bool cursor_text(struct cursor *c, struct bytes wanted)
{
    if (!bytes_starts_with(cursor_rest(c), wanted))
        return false;
    c->at += wanted.len;
    return true;
}

MUST_USE bool cursor_token(struct cursor *c, struct bytes *token_r);             // 1*tchar
MUST_USE bool cursor_visible(struct cursor *c, struct bytes *visible_r);         // 1*( VCHAR / obs-text )
MUST_USE bool cursor_until(struct cursor *c, char stop, struct bytes *before_r); // up to, not including, stop
MUST_USE bool cursor_decimal(struct cursor *c, uint64_t max, uint64_t *number_r); // 1*DIGIT, value <= max
// One line without its CR LF. False when there is no LF, or the LF has no CR before it (nothing moved).
MUST_USE bool cursor_line(struct cursor *c, struct bytes *line_r);
// The longest run, maybe empty, of what a field value may hold: VCHAR / SP / HTAB / obs-text.
MUST_USE struct bytes cursor_field_text(struct cursor *c);
void                  cursor_blanks(struct cursor *c); // *( SP / HTAB )
