// SPDX-License-Identifier: Apache-2.0
// document: a configuration text in, values out; every problem carries file:line:column, a JSON pointer, the
// line with a caret, and where it helps a did-you-mean. All problems of a text are found in one run, at most
// DOCUMENT_PROBLEMS_MAX are kept. cJSON builds the values; a scanner of our own in front of it refuses what
// cJSON lets through (duplicate keys, "\u0000", bad UTF-8, BOM, raw controls, leading zeros, numbers out of
// range, depth) and blanks comments and trailing commas without moving a byte.
#pragma once
#include "parser/arena.h"

#define DOCUMENT_PROBLEMS_MAX 20
#define DOCUMENT_BYTES_MAX (4u * 1024u * 1024u)
#define DOCUMENT_DEPTH_MAX 32

struct document;
struct cJSON;

// A value in a document. item == NULL: the value is absent; the readers below then return false and report
// nothing.
struct node {
    struct document    *document;
    const struct cJSON *item;
};

// Parses a text; what is wrong with it is kept as problems. `file` names it in them.
//   borrows  nothing (both are copied)
//   returns  a document, even for a broken text (then its root is absent); NULL only when memory is exhausted
MUST_USE struct document *document_parse(struct bytes text, const char *file);
void                      document_free(struct document **d);

struct node document_root(struct document *d);
const char *document_file(const struct document *d);
bool        document_has_problems(const struct document *d);
// All problems as text for people, and the closing line "2 problems: nothing was loaded".
void document_print(const struct document *d, struct bytes_out *out);

// ${NAME}, ${NAME:-default} and ${file:/path} inside string values, expanded after parsing, so that a value
// can never change the structure.
// "$${" stands for a literal "${". An unset NAME without default, or a lookup that fails, is a problem.
//   `lookup` gives the text for "NAME" or "file:/path"; false: there is none, why_r may say why (static text)
typedef bool document_lookup(void *context, struct bytes name, struct bytes_out *value, const char **why_r);
void         document_expand(struct document *d, document_lookup *lookup, void *context);

// Appends the content of a file that a document names to `out`, which has a bound: rooms below the gateway
// open nothing themselves.
//   returns  NULL, or why it failed in words (static text)
typedef const char *document_reader(const char *path, struct bytes_out *out);

// A span as the two arguments of "%.*s".
#define SHOW(b) (int)((b).len < 1024 ? (b).len : 1024), (b).at

// Report a problem at a value. The hint may be NULL; it says what to write instead.
// Values go through "%.*s" or a number, words of our own through "%s": about a text that came out of an
// expansion only the latter are shown, and no hint.
__attribute__((format(printf, 3, 4))) void node_problem(struct node n, const char *hint, const char *format,
                                                        ...);
uint32_t                                   node_line(struct node n);

// Objects. node_keys reports every key that is not in the NULL-terminated list, with the nearest one as a
// hint.
bool node_is_object(struct node n); // without reporting, as the next three
bool node_is_array(struct node n);
bool node_is_text(struct node n);
bool node_expect_object(struct node n); // reports when it is something else
bool node_expect_array(struct node n);
void node_keys(struct node object, const char *const keys[]);
// Case-sensitive; the child is absent when there is none, or when it is null: that is how a file says "not
// set".
bool node_find(struct node object, const char *key, struct node *child_r);
// Elements of an array or members of an object, in order.
size_t       node_length(struct node n);
struct node  node_at(struct node n, size_t i);
struct node  node_next(struct node child); // absent behind the last
struct bytes node_key(struct node member);
// The nearest name within two edits, or NULL: for a did-you-mean on names that are not keys.
const char *nearest_name(struct bytes wrong, const char *const names[]);
// Reports that the text of n is no known <what>, with the nearest of the known ones as a hint.
void node_unknown(struct node n, const char *what, const struct bytes *known, size_t count);

// Values. Each returns false when the value is absent, or wrong and reported; *_r is then untouched. Spans
// live as long as the document.
bool node_text(struct node n, struct bytes *text_r);
bool node_bool(struct node n, bool *value_r);
bool node_count(struct node n, uint64_t min, uint64_t max, uint64_t *value_r); // a plain integer
bool node_duration(struct node n, uint64_t min_ms, uint64_t max_ms,
                   uint64_t *ms_r); // "500ms" "10s" "2m" "1h" "7d"
bool node_size(struct node n, uint64_t min, uint64_t max,
               uint64_t *bytes_r); // "512B" "16KiB" "1MiB" "2GiB" "10KB" "1MB"
bool node_byte_rate(struct node n, uint64_t min, uint64_t max, uint64_t *bytes_r); // "500B/s": per second
// "5/s" "30/min" "1000/h" "100/day": events per period.
bool node_rate(struct node n, uint64_t *events_r, uint64_t *period_ms_r);
// The index in a NULL-terminated list of names.
bool node_choice(struct node n, const char *const names[], size_t *index_r);
