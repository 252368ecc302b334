// SPDX-License-Identifier: Apache-2.0
// session_form: a name is kept until its "=", decoded, and compared. A name without "=" is given to no app as
// an id.
#include "policy/session_form.h"
#include "parser/pairs.h"

void form_begin(struct form_watch *w, const struct request *q)
{
    static const struct bytes form = BYTES("application/x-www-form-urlencoded");
    w->watches = false;
    w->in_value = false;
    w->len = 0;
    for (size_t i = 0; i < q->fields.count; i++) {
        const struct field *f = &q->fields.at[i];
        w->watches = w->watches || (f->id == FIELD_CONTENT_TYPE && f->value.len >= form.len &&
                                    bytes_equal_nocase((struct bytes){f->value.at, form.len}, form));
    }
}

// PHP drops blanks before a name, and what stands behind "[" is an index.
static struct bytes as_php_reads(struct bytes name)
{
    while (name.len > 0 && name.at[0] == ' ')
        name = bytes_after(name, 1);
    const char *bracket = name.len > 0 ? memchr(name.at, '[', name.len) : NULL;
    return bracket == NULL ? name : (struct bytes){name.at, (size_t)(bracket - name.at)};
}

bool session_is_parameter(const struct session_names *names, struct bytes raw)
{
    char             text[FORM_NAME_MAX];
    struct bytes_out decoded = {.at = text, .cap = sizeof text};
    if (raw.len >= FORM_NAME_MAX)
        return false;
    (void)pairs_decode(raw, &decoded);
    return session_name_find(names, as_php_reads(out_written(&decoded))) < names->count;
}

static bool is_planted(const struct form_watch *w, const struct session_names *names)
{
    return w->len < FORM_NAME_MAX && session_is_parameter(names, (struct bytes){w->name, w->len});
}

bool form_watch(struct form_watch *w, const struct session_names *names, struct bytes piece)
{
    for (size_t i = 0; w->watches && i < piece.len; i++) {
        char c = piece.at[i];
        if (c == '&') {
            w->in_value = false;
            w->len = 0;
        } else if (!w->in_value && c == '=') {
            if (is_planted(w, names))
                return false;
            w->in_value = true;
        } else if (!w->in_value && w->len < FORM_NAME_MAX) {
            w->name[w->len] = c;
            w->len++;
        }
    }
    return true;
}
