// SPDX-License-Identifier: Apache-2.0
// session_parameter: one byte at a time, so that no length hides a name.
#include "policy/session_parameter.h"
#include "parser/cursor.h"

static void push(struct parameter_reader *r, char c)
{
    if (r->len < sizeof r->text)
        r->text[r->len++] = c;
}

static void put_decoded(struct parameter_reader *r, char c)
{
    bool is_blank = c == ' ' || (c >= '\t' && c <= '\r');
    r->cut = r->cut || c == '\0' || c == '[';
    if (r->cut)
        return;
    if (is_blank) {
        r->blanks += r->len > 0 && r->blanks < sizeof r->text;
        return;
    }
    for (; r->blanks > 0; r->blanks--)
        push(r, ' ');
    push(r, c);
}

static void put_raw(struct parameter_reader *r, char c)
{
    put_decoded(r, c == '+' ? ' ' : c);
}

// What began as an escape, and is none, stands for itself.
static void flush(struct parameter_reader *r)
{
    if (r->escaped > 0)
        put_decoded(r, '%');
    if (r->escaped > 1)
        put_decoded(r, r->digit);
    r->escaped = 0;
}

void parameter_put(struct parameter_reader *r, char c)
{
    if (r->escaped > 0 && !is_hex_digit(c))
        flush(r);
    if (r->escaped == 2) {
        r->escaped = 0;
        put_decoded(r, (char)(hex_value(r->digit) << 4 | hex_value(c)));
    } else if (r->escaped == 1) {
        r->escaped = 2;
        r->digit = c;
    } else if (c == '%') {
        r->escaped = 1;
    } else {
        put_raw(r, c);
    }
}

bool parameter_is_id(struct parameter_reader *r, const struct session_names *names)
{
    flush(r);
    return r->len <= SESSION_NAME_MAX &&
           session_name_find(names, (struct bytes){r->text, r->len}) < names->count;
}

bool session_is_parameter(const struct session_names *names, struct bytes raw)
{
    struct parameter_reader r = {0};
    for (size_t i = 0; i < raw.len; i++)
        parameter_put(&r, raw.at[i]);
    return parameter_is_id(&r, names);
}
