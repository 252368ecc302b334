// SPDX-License-Identifier: Apache-2.0
// ip_set_load: prefixes as they are written, in JSON and in the lines of files.
#include "parser/cursor.h"
#include "policy/ip_set.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define V4_BITS 32u
#define V6_BITS 128u
#define SHOWN_MAX 64u // bytes of a line that is wrong
#define LIST_FIRST 64u
#define FILE_BYTES_USUAL (256u * 1024u)

// What is collected before the set is built; on the heap, because nobody knows how many will come.
struct list {
    struct ip_prefix *at;
    size_t            count, cap;
    document_reader  *read; // NULL: files cannot be named here
};

// Where a text with a prefix stands: a value, or a place in the file that the value names.
struct origin {
    struct node  node;
    struct bytes file; // absent: none
    unsigned     line, column;
};

static bool add(struct list *list, struct node n, const struct ip_prefix *prefix)
{
    if (list->count == IP_SET_MAX) {
        node_problem(n, NULL, "more than %u prefixes", IP_SET_MAX);
        return false;
    }
    if (list->count == list->cap) {
        size_t            cap = list->cap > 0 ? 2 * list->cap : LIST_FIRST;
        struct ip_prefix *grown = realloc(list->at, cap * sizeof *grown);
        if (grown == NULL) {
            node_problem(n, NULL, "there is no memory for these addresses");
            return false;
        }
        list->at = grown;
        list->cap = cap;
    }
    list->at[list->count++] = *prefix;
    return true;
}

// address [ "/" bits ]. `bits_r` counts within the family that was written.
static bool read_prefix(struct bytes text, struct ip *ip_r, bool *v4_r, uint64_t *bits_r)
{
    struct cursor c = cursor_over(text);
    struct bytes  address = text;
    bool          has_bits = cursor_until(&c, '/', &address) && cursor_char(&c, '/');
    if (!ip_parse(address, ip_r))
        return false;
    *v4_r = memchr(address.at, ':', address.len) == NULL;
    *bits_r = *v4_r ? V4_BITS : V6_BITS;
    if (!has_bits)
        return true;
    struct bytes digits = cursor_rest(&c);
    bool         leading_zero = digits.len > 1 && digits.at[0] == '0';
    return !leading_zero && cursor_decimal(&c, *bits_r, bits_r) && cursor_done(&c);
}

// The address with no bit set behind the prefix.
static struct ip first_of(const struct ip *ip, unsigned bits)
{
    struct ip first = *ip;
    for (unsigned i = 0; i < sizeof first.octet; i++) {
        unsigned fixed = bits > 8 * i ? bits - 8 * i : 0;
        first.octet[i] &= (uint8_t)(fixed >= 8 ? 0xff : ~(0xff >> fixed));
    }
    return first;
}

static void wrong(const struct origin *o, const char *hint, struct bytes text, const char *why)
{
    if (text.len > SHOWN_MAX)
        text.len = SHOWN_MAX;
    if (o->file.at == NULL)
        node_problem(o->node, hint, "\"%.*s\" %s", SHOW(text), why);
    else
        node_problem(o->node, hint, "%.*s:%u:%u: \"%.*s\" %s", SHOW(o->file), o->line, o->column, SHOW(text),
                     why);
}

static bool add_text(struct list *list, const struct origin *o, struct bytes text)
{
    struct ip ip;
    uint64_t  bits;
    bool      v4;
    if (!read_prefix(text, &ip, &v4, &bits)) {
        wrong(o, "written as \"192.0.2.7\", \"192.0.2.0/24\", \"2001:db8::/32\"", text,
              "is not an address or prefix");
        return false;
    }
    struct ip_prefix prefix = {.bits = (uint8_t)(v4 ? V6_BITS - V4_BITS + bits : bits)};
    prefix.address = first_of(&ip, prefix.bits);
    if (memcmp(&prefix.address, &ip, sizeof ip) != 0) {
        char             first[IP_TEXT_MAX], hint[IP_TEXT_MAX + 32];
        struct bytes_out out = {.at = first, .cap = sizeof first};
        ip_print(&prefix.address, &out);
        (void)snprintf(hint, sizeof hint, "did you mean \"%.*s/%u\"?", (int)out.len, first, (unsigned)bits);
        wrong(o, hint, text, "has bits set behind its prefix");
        return false;
    }
    return add(list, o->node, &prefix);
}

// What a line holds before a comment begins.
static struct bytes content_of(struct bytes line)
{
    size_t len = 0;
    while (len < line.len && line.at[len] != '#' && line.at[len] != ';' && line.at[len] != '\r')
        len++;
    return bytes_trim((struct bytes){line.at, len});
}

// One prefix in each line. Behind so many wrong lines as a document keeps problems, the rest is not read.
static bool add_lines(struct list *list, struct origin o, struct bytes text)
{
    struct cursor c = cursor_over(text);
    unsigned      problems = 0;
    for (o.line = 1; !cursor_done(&c) && problems < DOCUMENT_PROBLEMS_MAX; o.line++) {
        struct bytes line;
        if (!cursor_until(&c, '\n', &line)) {
            line = cursor_rest(&c);
            c.at = c.end;
        } else
            c.at++;
        struct bytes content = content_of(line);
        o.column = (unsigned)(content.at - line.at) + 1;
        if (content.len > 0 && !add_text(list, &o, content))
            problems++;
    }
    return problems == 0;
}

// Reads a file into memory that the caller frees. The size is not known before: most need the little room.
static const char *read_text(document_reader *read, const char *path, struct bytes_out *text_r)
{
    static const size_t rooms[] = {FILE_BYTES_USUAL, IP_SET_FILE_BYTES_MAX};
    const char         *why = NULL;
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        *text_r = (struct bytes_out){.at = malloc(rooms[i]), .cap = rooms[i]};
        if (text_r->at == NULL)
            return "there is no memory for it";
        why = read(path, text_r);
        if (text_r->len < text_r->cap && !text_r->overflowed)
            return why;
        if (i == 0)
            free(text_r->at);
    }
    return why;
}

static bool add_file(struct list *list, struct node n, struct bytes name)
{
    char             path[PATH_MAX];
    struct bytes_out out = {.at = path, .cap = sizeof path};
    out_bytes(&out, name);
    out_char(&out, '\0');
    if (name.len == 0 || out.overflowed || memchr(name.at, '\0', name.len) != NULL) {
        node_problem(n, "a file is named as \"@/etc/portcullis/blocklist.txt\"", "this is not a path");
        return false;
    }
    struct bytes_out text;
    const char      *why = read_text(list->read, path, &text);
    if (why != NULL)
        node_problem(n, NULL, "cannot read %.*s: %s", SHOW(name), why);
    bool good = why == NULL && add_lines(list, (struct origin){.node = n, .file = name}, out_written(&text));
    free(text.at);
    return good;
}

static bool add_element(struct list *list, struct node n)
{
    struct bytes text;
    if (!node_text(n, &text))
        return false;
    if (list->read != NULL && bytes_starts_with(text, BYTES("@")))
        return add_file(list, n, bytes_after(text, 1));
    return add_text(list, &(struct origin){.node = n}, text);
}

static struct ip_set *load(struct node array, struct list *list, struct arena *arena)
{
    size_t length = node_length(array);
    bool   good = true;
    if (array.item != NULL && !node_expect_array(array))
        return NULL;
    for (size_t i = 0; i < length; i++)
        good = add_element(list, node_at(array, i)) && good;
    struct ip_set *set = good ? ip_set_new(list->at, list->count, arena) : NULL;
    if (good && set == NULL)
        node_problem(array, NULL, "there is no memory for these addresses");
    return set;
}

struct ip_set *ip_set_load_files(struct node array, document_reader *read, struct arena *arena,
                                 size_t *count_r)
{
    struct list    list = {.read = read};
    struct ip_set *set = load(array, &list, arena);
    *count_r = list.count;
    free(list.at);
    return set;
}

struct ip_set *ip_set_load(struct node array, struct arena *arena)
{
    size_t ignored;
    return ip_set_load_files(array, NULL, arena, &ignored);
}
