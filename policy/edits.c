// SPDX-License-Identifier: Apache-2.0
// edits: a bit for each field that is left out, and a list of what is added.
#include "policy/edits.h"
#include "parser/cursor.h"
#include <string.h>

struct edit {
    struct edit *next;
    struct bytes name; // empty: value holds whole lines
    struct bytes value;
};

void edits_init(struct edits *e, size_t field_count, struct arena *arena)
{
    *e = (struct edits){.arena = arena, .count = field_count};
}

void edits_drop(struct edits *e, size_t index)
{
    if (e == NULL || e->failed)
        return;
    ASSERT(index < e->count);
    if (e->dropped == NULL)
        e->dropped = arena_zalloc(e->arena, (e->count + 63) / 64 * sizeof *e->dropped);
    if (e->dropped == NULL)
        e->failed = true;
    else
        e->dropped[index / 64] |= UINT64_C(1) << (index % 64);
}

static void append(struct edits *e, struct bytes name, struct bytes value)
{
    struct edit *edit = arena_alloc(e->arena, sizeof *edit);
    if (edit == NULL) {
        e->failed = true;
        return;
    }
    *edit = (struct edit){.name = name, .value = value};
    if (e->last == NULL)
        e->first = edit;
    else
        *e->last = edit;
    e->last = &edit->next;
    e->room += value.len + (name.len == 0 ? 0 : name.len + strlen(": \r\n"));
}

static bool is_name(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_token_char(name.at[i]))
            return false;
    return name.len > 0;
}

static bool is_value(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++)
        if (((unsigned char)value.at[i] < 0x20 && value.at[i] != '\t') || value.at[i] == 0x7f)
            return false;
    return true;
}

void edits_add(struct edits *e, struct bytes name, struct bytes value)
{
    ASSERT(is_name(name) && is_value(value));
    if (e != NULL && !e->failed)
        append(e, name, value);
}

void edits_add_lines(struct edits *e, struct bytes lines)
{
    if (e != NULL && !e->failed && lines.len > 0)
        append(e, (struct bytes){0}, lines);
}

void edits_path(struct edits *e, struct bytes path)
{
    ASSERT(path.at == NULL || bytes_starts_with(path, BYTES("/")));
    if (e == NULL)
        return;
    e->path = path;
    e->failed = e->failed || path.at == NULL;
}

size_t edits_room(const struct edits *e)
{
    return e == NULL ? 0 : e->room;
}

void edits_print(const struct edits *e, struct bytes_out *out)
{
    for (const struct edit *edit = e == NULL ? NULL : e->first; edit != NULL; edit = edit->next) {
        out_bytes(out, edit->name);
        out_bytes(out, edit->name.len == 0 ? BYTES("") : BYTES(": "));
        out_bytes(out, edit->value);
        out_bytes(out, edit->name.len == 0 ? BYTES("") : BYTES("\r\n"));
    }
}
