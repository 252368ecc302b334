// SPDX-License-Identifier: Apache-2.0
// document_expand: ${NAME}, ${NAME:-default}, ${file:/path} and $${ inside string values. What comes out is
// data: it is not read again, and never shown.
#include "parser/cursor.h"
#include "policy/document_inside.h"
#include <stdlib.h>

#define EXPANDED_MAX (64u * 1024u) // one value: enough for keys and certificates

struct expansion {
    document_lookup *lookup;
    void            *context;
    struct node      node;
    struct bytes_out out;
};

// [A-Za-z_][A-Za-z0-9_]*, or "file:" and a path
static bool is_name(struct bytes name)
{
    if (bytes_starts_with(name, BYTES("file:")))
        return name.len > strlen("file:");
    for (size_t i = 0; i < name.len; i++) {
        bool digit = name.at[i] >= '0' && name.at[i] <= '9';
        bool letter = (name.at[i] | 0x20) >= 'a' && (name.at[i] | 0x20) <= 'z';
        if (!letter && name.at[i] != '_' && !(digit && i > 0))
            return false;
    }
    return name.len > 0;
}

// NAME [ ":-" default ]; a path may hold ":-" itself.
static struct bytes split_default(struct bytes inside, struct bytes *name_r)
{
    *name_r = inside;
    const char *mark = inside.len == 0 ? NULL : memmem(inside.at, inside.len, ":-", 2);
    if (mark == NULL || bytes_starts_with(inside, BYTES("file:")))
        return (struct bytes){NULL, 0};
    name_r->len = (size_t)(mark - inside.at);
    return (struct bytes){mark + 2, inside.len - name_r->len - 2};
}

// Writes what stands for the inside of one pair of braces.
static bool expand_one(struct expansion *e, struct bytes inside)
{
    struct bytes name, fallback = split_default(inside, &name);
    if (!is_name(name)) {
        node_problem(e->node, "a plain \"${\" is written \"$${\"",
                     "\"${%.*s}\" is not the name of a variable", SHOW(inside));
        return false;
    }
    const char      *why = NULL;
    struct bytes_out value = {.at = e->out.at + e->out.len, .cap = e->out.cap - e->out.len};
    if (e->lookup(e->context, name, &value, &why) && (value.len > 0 || fallback.at == NULL)) {
        if (!value.overflowed && memchr(value.at, '\0', value.len) == NULL) {
            e->out.len += value.len;
            return true;
        }
        why = value.overflowed ? "it is longer than 64 KiB" : "it holds a NUL";
    } else if (fallback.at != NULL) {
        out_bytes(&e->out, fallback);
        return true;
    }
    node_problem(e->node, why == NULL ? "a default is written ${NAME:-default}" : NULL, "${%.*s}: %s",
                 SHOW(name), why == NULL ? "not set" : why);
    return false;
}

// Expands a whole value into e->out, with a NUL behind it. Returns false after a problem.
static bool expand_text(struct expansion *e, struct bytes text)
{
    struct cursor c = cursor_over(text);
    struct bytes  inside;
    while (!cursor_done(&c)) {
        if (cursor_text(&c, BYTES("$${")))
            out_text(&e->out, "${");
        else if (!cursor_text(&c, BYTES("${")))
            out_char(&e->out, *c.at++);
        else if (!cursor_until(&c, '}', &inside)) {
            node_problem(e->node, "a plain \"${\" is written \"$${\"", "\"${\" without \"}\"");
            return false;
        } else if (!cursor_char(&c, '}') || !expand_one(e, inside))
            return false;
    }
    out_char(&e->out, '\0');
    if (e->out.overflowed)
        node_problem(e->node, NULL, "this is longer than 64 KiB");
    return !e->out.overflowed;
}

static void expand_value(struct expansion *e, struct cJSON *item)
{
    struct place *place = document_place(e->node);
    e->out.len = 0;
    e->out.overflowed = false;
    if (!expand_text(e, bytes_of(item->valuestring))) {
        place->told = true;
        return;
    }
    char *text = cJSON_malloc(e->out.len);
    if (text == NULL) {
        node_problem(e->node, NULL, "there is no memory to expand this");
        return;
    }
    struct bytes_out copy = {.at = text, .cap = e->out.len};
    out_bytes(&copy, out_written(&e->out));
    cJSON_free(item->valuestring);
    item->valuestring = text;
    place->expanded = true;
}

static void expand_all(struct expansion *e, struct cJSON *item)
{
    e->node.item = item;
    if (cJSON_IsString(item) && strstr(item->valuestring, "${") != NULL)
        expand_value(e, item);
    for (struct cJSON *child = item->child; child != NULL; child = child->next)
        expand_all(e, child);
}

void document_expand(struct document *d, document_lookup *lookup, void *context)
{
    struct expansion e = {.lookup = lookup,
                          .context = context,
                          .node = {d, NULL},
                          .out = {.at = malloc(EXPANDED_MAX), .cap = EXPANDED_MAX}};
    if (d->root != NULL && e.out.at != NULL)
        expand_all(&e, d->root);
    if (e.out.at == NULL)
        problems_add(&d->problems, 0, "there is no memory to expand this", "", NULL);
    free(e.out.at);
}
