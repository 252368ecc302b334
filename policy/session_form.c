// SPDX-License-Identifier: Apache-2.0
// session_form: a name is read until its "=", and compared. A name without "=" is given to no app as an id.
#include "policy/session_form.h"

static bool begins_with(struct bytes value, struct bytes type)
{
    return value.len >= type.len && bytes_equal_nocase((struct bytes){value.at, type.len}, type);
}

void form_begin(struct form_watch *w, const struct request *q)
{
    *w = (struct form_watch){0};
    for (size_t i = 0; i < q->fields.count; i++) {
        const struct field *f = &q->fields.at[i];
        if (f->id != FIELD_CONTENT_TYPE)
            continue;
        w->is_urlencoded =
            w->is_urlencoded || begins_with(f->value, BYTES("application/x-www-form-urlencoded"));
        w->is_multipart = w->is_multipart || begins_with(f->value, BYTES("multipart/"));
    }
}

// Old readers end a pair at ";" as well.
static bool put(struct form_watch *w, const struct session_names *names, char c)
{
    if (c == '&' || c == ';') {
        w->in_value = false;
        w->name = (struct parameter_reader){0};
    } else if (!w->in_value && c == '=') {
        w->in_value = true;
        return !parameter_is_id(&w->name, names);
    } else if (!w->in_value) {
        parameter_put(&w->name, c);
    }
    return true;
}

bool form_watch(struct form_watch *w, const struct session_names *names, struct bytes piece)
{
    for (size_t i = 0; w->is_urlencoded && i < piece.len; i++)
        if (!put(w, names, piece.at[i]))
            return false;
    for (size_t i = 0; w->is_multipart && i < piece.len; i++)
        if (!multipart_put(&w->parts, names, piece.at[i]))
            return false;
    return true;
}
