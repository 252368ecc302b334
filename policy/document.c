// SPDX-License-Identifier: Apache-2.0
// document: from a text to values that know where they stand.
//
//   text ─ copy ─▶ document_scan ─ blanked copy, places ─▶ cJSON ─ tree ─▶ attach, sort ─▶ nodes
//
// The scanner lists the places in the order of the text, which is also the order of a walk through cJSON's
// tree; so the n-th value of one is the n-th of the other.
#include "policy/document_inside.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void attach(struct document *d, const struct cJSON *item, const struct cJSON *parent, size_t *next)
{
    ASSERT(*next < d->places.count);
    struct place *place = &d->places.at[(*next)++];
    place->item = item;
    place->parent = parent;
    for (const struct cJSON *child = item->child; child != NULL; child = child->next)
        attach(d, child, item, next);
}

static int order(uintptr_t a, uintptr_t b)
{
    return (a > b) - (a < b);
}

static int by_item(const void *a, const void *b)
{
    return order((uintptr_t)((const struct place *)a)->item, (uintptr_t)((const struct place *)b)->item);
}

static const char *key_of(const struct place *place)
{
    return place->item->string == NULL ? "" : place->item->string;
}

// Members of one object lie together, equal keys side by side in the order of the text.
static int by_key(const void *a, const void *b)
{
    const struct place *x = *(const struct place *const *)a, *y = *(const struct place *const *)b;
    int                 c = order((uintptr_t)x->parent, (uintptr_t)y->parent);
    c = c == 0 ? strcmp(key_of(x), key_of(y)) : c;
    return c == 0 ? order(x->key_at, y->key_at) : c;
}

// Writes the JSON pointer (RFC 6901) of an item, from the root to it; what does not fit is cut.
static void print_pointer(struct document *d, const struct cJSON *item, struct bytes_out *out)
{
    const struct place *place = document_place((struct node){d, item});
    if (place == NULL || place->parent == NULL)
        return;
    print_pointer(d, place->parent, out);
    out_char(out, '/');
    if (item->string == NULL) {
        uint64_t index = 0;
        for (const struct cJSON *child = place->parent->child; child != item; child = child->next)
            index++;
        out_uint(out, index);
        return;
    }
    pointer_token(bytes_of(item->string), out);
}

static void report(struct document *d, size_t at, const struct cJSON *item, const char *says,
                   const char *hint)
{
    char             where[PROBLEM_WHERE_MAX];
    struct bytes_out out = {.at = where, .cap = sizeof where - 1};
    print_pointer(d, item, &out);
    where[out.len] = '\0';
    problems_add(&d->problems, at, says, where, hint);
}

static bool same_key(const struct place *a, const struct place *b)
{
    return a->parent == b->parent && b->item->string != NULL && strcmp(key_of(a), key_of(b)) == 0;
}

// Returns false when memory is exhausted.
static bool find_duplicates(struct document *d)
{
    const struct place **sorted = malloc(d->places.count * sizeof(struct place *));
    if (sorted == NULL)
        return false;
    for (size_t i = 0; i < d->places.count; i++)
        sorted[i] = &d->places.at[i];
    qsort(sorted, d->places.count, sizeof(struct place *), by_key);
    for (size_t i = 1; i < d->places.count; i++) {
        const struct place *first = sorted[i - 1], *second = sorted[i];
        if (!same_key(first, second))
            continue;
        char says[PROBLEM_SAYS_MAX], hint[PROBLEM_HINT_MAX];
        (void)snprintf(says, sizeof says, "duplicate key \"%s\"", key_of(second));
        (void)snprintf(hint, sizeof hint, "the one before is in line %u", first->line);
        report(d, second->key_at, second->parent, says, hint);
    }
    free(sorted);
    return true;
}

// Builds the values and their places from what the scanner left. Returns false when memory is exhausted.
static bool build(struct document *d, char *blanked)
{
    if (!document_scan(blanked, d->len, &d->places, &d->problems))
        return !d->places.exhausted;
    d->root = cJSON_ParseWithLengthOpts(blanked, d->len + 1, NULL, true);
    if (d->root == NULL)
        return false;
    size_t next = 0;
    attach(d, d->root, NULL, &next);
    ASSERT(next == d->places.count);
    qsort(d->places.at, d->places.count, sizeof *d->places.at, by_item);
    return find_duplicates(d);
}

// A copy with a NUL behind it.
static char *copy(struct bytes text)
{
    struct bytes_out out = {.at = malloc(text.len + 1), .cap = text.len + 1};
    if (out.at == NULL)
        return NULL;
    out_bytes(&out, text);
    out_char(&out, '\0');
    return out.at;
}

struct document *document_parse(struct bytes text, const char *file)
{
    bool             too_large = text.len > DOCUMENT_BYTES_MAX;
    struct document *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->len = too_large ? 0 : text.len;
    d->text = copy((struct bytes){text.at, d->len});
    d->file = copy(bytes_of(file));
    char *blanked = copy((struct bytes){text.at, d->len});
    bool  done = d->text != NULL && d->file != NULL && blanked != NULL;
    if (done && too_large)
        problems_add(&d->problems, 0, "the file is larger than 4 MiB", "", NULL);
    else
        done = done && build(d, blanked);
    free(blanked);
    if (!done)
        document_free(&d);
    return d;
}

void document_free(struct document **d)
{
    if (*d == NULL)
        return;
    cJSON_Delete((*d)->root);
    free((*d)->places.at);
    free((*d)->file);
    free((*d)->text);
    free(*d);
    *d = NULL;
}

struct node document_root(struct document *d)
{
    return (struct node){d, d->root};
}

const char *document_file(const struct document *d)
{
    return d->file;
}

bool document_has_problems(const struct document *d)
{
    return d->problems.count > 0;
}

void document_print(const struct document *d, struct bytes_out *out)
{
    problems_print(&d->problems, d->file, (struct bytes){d->text, d->len}, out);
}

struct place *document_place(struct node n)
{
    const struct place wanted = {.item = n.item};
    if (n.item == NULL)
        return NULL;
    struct place *place =
        bsearch(&wanted, n.document->places.at, n.document->places.count, sizeof wanted, by_item);
    ASSERT(place != NULL);
    return place;
}

uint32_t node_line(struct node n)
{
    const struct place *place = document_place(n);
    return place == NULL ? 0 : place->line;
}

// Prints a sentence about a secret: "%s" is our own word and shown, every other conversion is a value and
// becomes "...". What follows a number is hidden too, because its size is not known here.
static void print_without_values(const char *format, va_list words, struct bytes_out *out)
{
    bool blind = false;
    for (const char *c = format; *c != '\0'; c++) {
        if (*c != '%') {
            out_char(out, *c);
            continue;
        }
        bool value = c[1] != 's';
        blind = blind || (value && strncmp(c, "%.*s", 4) != 0);
        if (!blind && value)
            (void)va_arg(words, int);
        const char *word = blind ? NULL : va_arg(words, const char *);
        out_text(out, value || blind ? "..." : word);
        c += 1 + strspn(c + 1, "-+ #0123456789.*hljzt");
    }
}

void node_problem(struct node n, const char *hint, const char *format, ...)
{
    const struct place *place = document_place(n);
    if (place != NULL && place->told)
        return;
    char             says[PROBLEM_SAYS_MAX];
    struct bytes_out out = {.at = says, .cap = sizeof says - 1};
    bool             secret = place != NULL && place->expanded;
    va_list          values;
    va_start(values, format);
    if (secret) {
        print_without_values(format, values, &out);
        says[out.len] = '\0';
    } else {
        (void)vsnprintf(says, sizeof says, format, values);
    }
    va_end(values);
    report(n.document, place == NULL ? 0 : place->value_at, n.item, says, secret ? NULL : hint);
}

void node_key_problem(struct node member, const char *hint, const char *says)
{
    const struct place *place = document_place(member);
    report(member.document, place->key_at, place->parent, says, hint);
}

size_t node_length(struct node n)
{
    return n.item == NULL ? 0 : (size_t)cJSON_GetArraySize(n.item);
}

struct node node_at(struct node n, size_t i)
{
    struct document *d = n.document;
    ASSERT(n.item != NULL);
    if (d->list != n.item || d->child == NULL || i < d->index) {
        d->list = n.item;
        d->child = n.item->child;
        d->index = 0;
    }
    for (; d->index < i && d->child != NULL; d->index++)
        d->child = d->child->next;
    return (struct node){d, d->child};
}

struct node node_next(struct node child)
{
    return (struct node){child.document, child.item == NULL ? NULL : child.item->next};
}

struct bytes node_key(struct node member)
{
    return member.item == NULL || member.item->string == NULL ? (struct bytes){NULL, 0}
                                                              : bytes_of(member.item->string);
}

bool node_find(struct node object, const char *key, struct node *child_r)
{
    const struct cJSON *child =
        object.item == NULL ? NULL : cJSON_GetObjectItemCaseSensitive(object.item, key);
    *child_r = (struct node){object.document, cJSON_IsNull(child) ? NULL : child};
    return child_r->item != NULL;
}
