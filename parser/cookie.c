// SPDX-License-Identifier: Apache-2.0
// cookie: split at ";" and ",", then at the first "=".
//
// Old Java servers split at ",", and some readers inside quotes. The pieces here are the finest that any of
// them makes: a name that one of them sees is the name of a piece.
#include "parser/cookie.h"

// Readers that take the text for Latin-1, as WSGI does, trim its blanks: NEL and NBSP. In values they may be
// the end of a UTF-8 character.
static bool is_around_name(char c)
{
    return c == ' ' || c == '\t' || c == '"' || c == '\x85' || c == '\xA0';
}

static bool is_around_value(char c)
{
    return c == ' ' || c == '\t' || c == '"';
}

static struct bytes trim(struct bytes b, bool is_around(char))
{
    while (b.len > 0 && is_around(b.at[b.len - 1]))
        b.len--;
    while (b.len > 0 && is_around(*b.at))
        b = bytes_after(b, 1);
    return b;
}

static struct bytes take_piece(struct bytes *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->at[len] != ';' && rest->at[len] != ',')
        len++;
    struct bytes piece = {rest->at, len};
    *rest = bytes_after(*rest, len < rest->len ? len + 1 : len);
    return piece;
}

static struct cookie read_piece(struct bytes piece)
{
    const char *equals = piece.len > 0 ? memchr(piece.at, '=', piece.len) : NULL;
    if (equals == NULL)
        return (struct cookie){.name = trim(piece, is_around_name), .piece = piece};
    struct bytes name = {piece.at, (size_t)(equals - piece.at)};
    return (struct cookie){.name = trim(name, is_around_name),
                           .value = trim(bytes_after(piece, name.len + 1), is_around_value),
                           .piece = piece};
}

bool cookies_next(struct cookies *cookies, struct cookie *cookie_r)
{
    for (;;) {
        while (cookies->rest.len > 0) {
            *cookie_r = read_piece(take_piece(&cookies->rest));
            cookie_r->line = cookies->line - 1;
            if (cookie_r->name.len > 0 || cookie_r->value.at != NULL)
                return true;
        }
        if (cookies->line == cookies->fields->count)
            return false;
        const struct field *field = &cookies->fields->at[cookies->line++];
        if (field->id == FIELD_COOKIE)
            cookies->rest = field->value;
    }
}

struct bytes cookie_find(const struct fields *fields, struct bytes name)
{
    struct cookies cookies = cookies_of(fields);
    struct cookie  cookie;
    while (cookies_next(&cookies, &cookie))
        if (bytes_equal(cookie.name, name))
            return cookie.value.at != NULL ? cookie.value : BYTES("");
    return (struct bytes){NULL, 0};
}
