// SPDX-License-Identifier: Apache-2.0
// media_type: read strictly, because two readers of a loose one choose two parsers for one body.
#include "parser/media_type.h"
#include "parser/cursor.h"

// quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE                                   RFC 9110 5.6.4
static bool read_quoted(struct cursor *c, struct bytes *inside_r)
{
    const char *start = c->at + 1;
    if (!cursor_char(c, '"'))
        return false;
    while (!cursor_done(c) && *c->at != '"') {
        c->at += *c->at == '\\';
        if (cursor_done(c) || !is_text_char(*c->at))
            return false;
        c->at++;
    }
    *inside_r = (struct bytes){start, (size_t)(c->at - start)};
    return cursor_char(c, '"');
}

enum found { NOTHING, PARAMETER, BROKEN };

// *( OWS ";" OWS ) [ parameter ]
static enum found read_parameter(struct cursor *c, struct media_parameter *p)
{
    bool apart = false;
    cursor_blanks(c);
    while (cursor_char(c, ';')) {
        apart = true;
        cursor_blanks(c);
    }
    if (cursor_done(c))
        return NOTHING;
    bool named = apart && cursor_token(c, &p->name) && cursor_char(c, '=');
    return named && (cursor_token(c, &p->value) || read_quoted(c, &p->value)) ? PARAMETER : BROKEN;
}

bool media_type_read(struct bytes text, struct media_type *type_r)
{
    struct cursor          c = cursor_over(text);
    struct media_parameter ignored;
    enum found             found;
    if (!cursor_token(&c, &type_r->type) || !cursor_char(&c, '/') || !cursor_token(&c, &type_r->subtype))
        return false;
    type_r->parameters = cursor_rest(&c);
    do {
        found = read_parameter(&c, &ignored);
    } while (found == PARAMETER);
    return found == NOTHING;
}

bool media_parameter_next(struct bytes *rest, struct media_parameter *parameter_r)
{
    struct cursor c = cursor_over(*rest);
    enum found    found = read_parameter(&c, parameter_r);
    *rest = cursor_rest(&c);
    return found == PARAMETER;
}
