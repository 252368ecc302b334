// SPDX-License-Identifier: Apache-2.0
// route_index: for every host that a route names a tree of the segments of its paths.
//
//   any host ──────┬─ "help" ── below: 0        0  /help/*
//                  └─ "scan" ── exact: 1        1  /scan
//   .example.com ──── any path: 2               2  *.example.com
//   a.example.com ─┬─ any path: 4               3  a.example.com/x
//                  └─ "x" ───── exact: 3        4  a.example.com
//
// A question goes down the tree of every host pattern that fits (any, the name, its ends), as far as the
// segments of the path are known there, and takes the lowest number on its way. All steps down are in one
// hash table, by the step they come from and their text.
//
//   invariant   the routes of one place stand in its list in rising order
#include "policy/route_index.h"
#include "parser/cursor.h"
#include "policy/methods.h"

#define NONE UINT32_MAX // no step, no route
#define ANY_HOST 0u     // the step that is always there
// What hosts and names of routes come from, in place of a step.
#define FROM_HOST (UINT32_MAX - 1)
#define FROM_HOST_END (UINT32_MAX - 2)
#define FROM_NAME (UINT32_MAX - 3)

// Routes with one pattern: they differ in their methods.
struct list {
    uint32_t first, last;
};

struct step {
    uint32_t     from;
    struct bytes text;
    struct list  any;   // of a host: routes without a path; of a name: its route
    struct list  exact; // paths that end here
    struct list  below; // "/*" behind this
};

struct route_index {
    const struct route *routes;
    struct step        *steps;
    uint32_t           *table; // of steps, by hash; NONE: free
    uint32_t           *next;  // route → the next in its list
    uint32_t            count, mask;
    unsigned            end_dots_max; // in an end of hosts: ".example.com" has two
    bool                has_hosts;    // some route names one as a whole
};

// A text that is looked for.
struct text {
    struct bytes bytes;
    uint64_t     hash;     // of what it reads as
    bool         escaped;  // segments of a path only
    bool         hopeless; // holds an escaped slash, which is no slash and nothing else
};

static bool is_escape(struct bytes b)
{
    return b.len >= 3 && b.at[0] == '%' && is_hex_digit(b.at[1]) && is_hex_digit(b.at[2]);
}

// Takes one byte as a backend does that decodes once; route_matches reads in the same way.
static unsigned char take_byte(struct bytes *b)
{
    if (is_escape(*b)) {
        unsigned char byte = (unsigned char)(hex_value(b->at[1]) << 4 | hex_value(b->at[2]));
        *b = bytes_after(*b, 3);
        return byte;
    }
    unsigned char byte = (unsigned char)*b->at;
    *b = bytes_after(*b, 1);
    return byte;
}

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * UINT64_C(0x9FB21C651E98DF25);
    return h ^ h >> 32;
}

static struct text plain_text(struct bytes b)
{
    uint64_t h = b.len, word = 0;
    size_t   i = 0;
    for (; b.len - i >= 8; i += 8)
        h = mix(h, bytes_load8(b.at + i));
    for (; i < b.len; i++)
        word = word << 8 | (unsigned char)b.at[i];
    return (struct text){.bytes = b, .hash = mix(h, word)};
}

static struct text escaped_text(struct bytes b)
{
    struct text t = {.bytes = b, .escaped = true};
    uint64_t    word = 0;
    size_t      length = 0, i = 0;
    for (struct bytes rest = b; rest.len > 0; length++) {
        bool escaped = is_escape(rest);
        t.hopeless |= take_byte(&rest) == '/' && escaped;
    }
    t.hash = length;
    for (struct bytes rest = b; rest.len > 0; i++) {
        // As plain_text does: words have their first byte lowest, the rest its last.
        bool whole = length - i / 8 * 8 >= 8;
        if (whole)
            word |= (uint64_t)take_byte(&rest) << i % 8 * 8;
        else
            word = word << 8 | take_byte(&rest);
        if (whole && i % 8 == 7) {
            t.hash = mix(t.hash, word);
            word = 0;
        }
    }
    t.hash = mix(t.hash, word);
    return t;
}

// A segment of a path as a request has it.
static struct text segment_text(struct bytes b)
{
    return b.len == 0 || memchr(b.at, '%', b.len) == NULL ? plain_text(b) : escaped_text(b);
}

// Is the text, read as above, this one?
static bool reads_as(const struct text *t, struct bytes plain)
{
    if (!t->escaped)
        return bytes_equal(t->bytes, plain);
    struct bytes rest = t->bytes;
    size_t       i = 0;
    for (; rest.len > 0 && i < plain.len; i++)
        if (take_byte(&rest) != (unsigned char)plain.at[i])
            return false;
    return rest.len == 0 && i == plain.len;
}

// The place in the table of a step, or a free one.
static uint32_t *place_of(const struct route_index *x, uint32_t from, const struct text *t)
{
    for (uint32_t i = (uint32_t)mix(t->hash, from) & x->mask;; i = (i + 1) & x->mask) {
        const struct step *s = x->table[i] == NONE ? NULL : &x->steps[x->table[i]];
        if (s == NULL || (s->from == from && reads_as(t, s->text)))
            return &x->table[i];
    }
}

static uint32_t step_to(const struct route_index *x, uint32_t from, struct text t)
{
    return t.hopeless ? NONE : *place_of(x, from, &t);
}

// The segment that begins here, up to the next slash or the end.
static struct bytes take_segment(struct cursor *c)
{
    struct bytes segment = cursor_rest(c);
    if (!cursor_until(c, '/', &segment))
        c->at = c->end;
    return segment;
}

// --- building ---

static uint32_t segments_in(struct bytes path)
{
    uint32_t count = 0;
    for (size_t i = 0; i < path.len; i++)
        count += path.at[i] == '/';
    return count;
}

struct route_index *route_index_new(const struct route *routes, size_t count, struct arena *arena)
{
    const struct list   empty = {NONE, NONE};
    uint32_t            steps = 1, slots = 4;
    struct route_index *x = arena_zalloc(arena, sizeof *x);
    for (size_t i = 0; i < count; i++)
        steps += 2 + segments_in(routes[i].path); // a host, a name
    while (slots < 2 * steps)
        slots *= 2;
    if (x == NULL)
        return NULL;
    *x = (struct route_index){.routes = routes,
                              .steps = arena_alloc(arena, steps * sizeof *x->steps),
                              .table = arena_alloc(arena, slots * sizeof *x->table),
                              .next = arena_alloc(arena, count * sizeof *x->next),
                              .count = 1,
                              .mask = slots - 1};
    if (x->steps == NULL || x->table == NULL || x->next == NULL)
        return NULL;
    for (uint32_t i = 0; i < slots; i++)
        x->table[i] = NONE;
    x->steps[ANY_HOST] = (struct step){.from = NONE, .any = empty, .exact = empty, .below = empty};
    return x;
}

// The step to this text, made when it was not there.
static uint32_t make_step(struct route_index *x, uint32_t from, struct bytes text)
{
    const struct list empty = {NONE, NONE};
    struct text       t = plain_text(text);
    uint32_t         *place = place_of(x, from, &t);
    if (*place != NONE)
        return *place;
    x->steps[x->count] = (struct step){from, text, empty, empty, empty};
    return *place = x->count++;
}

static void append(struct route_index *x, struct list *list, uint32_t number)
{
    x->next[number] = NONE;
    if (list->first == NONE)
        list->first = number;
    else
        x->next[list->last] = number;
    list->last = number;
}

static uint32_t make_host(struct route_index *x, struct bytes host)
{
    if (host.len == 0)
        return ANY_HOST;
    if (host.at[0] != '*') {
        x->has_hosts = true;
        return make_step(x, FROM_HOST, host);
    }
    unsigned dots = 0;
    for (size_t i = 0; i < host.len; i++)
        dots += host.at[i] == '.';
    x->end_dots_max = dots > x->end_dots_max ? dots : x->end_dots_max;
    return make_step(x, FROM_HOST_END, bytes_after(host, 1));
}

void route_index_add(struct route_index *index, size_t number)
{
    const struct route *route = &index->routes[number];
    struct step        *name = &index->steps[make_step(index, FROM_NAME, route->name)];
    uint32_t            at = make_host(index, route->host);
    struct bytes        prefix;
    if (name->any.first == NONE) // the first is enough, and its list is another's
        name->any.first = (uint32_t)number;
    if (route->path.len == 0) {
        append(index, &index->steps[at].any, (uint32_t)number);
        return;
    }
    bool          subtree = route_is_subtree(route->path, &prefix);
    struct cursor c = cursor_over(prefix);
    while (cursor_char(&c, '/'))
        at = make_step(index, at, take_segment(&c));
    append(index, subtree ? &index->steps[at].below : &index->steps[at].exact, (uint32_t)number);
}

// Keeps only the routes that some method reaches.
static void thin_out(struct route_index *x, struct list *list)
{
    uint32_t reached = 0, *link = &list->first;
    bool     all = false;
    for (uint32_t n = list->first; n != NONE; n = x->next[n]) {
        uint32_t methods = x->routes[n].methods;
        if (all || (methods != 0 && (methods & ~reached) == 0))
            continue;
        all = methods == 0;
        reached |= methods;
        *link = list->last = n;
        link = &x->next[n];
    }
    *link = NONE;
}

void route_index_close(struct route_index *index)
{
    for (uint32_t i = 0; i < index->count; i++) {
        if (index->steps[i].from == FROM_NAME)
            continue;
        thin_out(index, &index->steps[i].any);
        thin_out(index, &index->steps[i].exact);
        thin_out(index, &index->steps[i].below);
    }
}

// --- asking ---

// Which is the first route that matches all of this?
struct question {
    const struct route_index *index;
    struct bytes              path;
    bool                      subtree;    // and all that lies below it
    bool                      everything; // there is no path: every path, and the asterisk form
    uint32_t                  methods;    // 0: all
    uint32_t                  first;      // the answer so far
};

static void consider(struct question *q, const struct list *list)
{
    for (uint32_t n = list->first; n < q->first; n = q->index->next[n]) { // NONE is the largest
        uint32_t methods = q->index->routes[n].methods;
        if (methods == 0 || (q->methods != 0 && (q->methods & ~methods) == 0))
            q->first = n;
    }
}

// Among the routes of one host pattern.
static void ask_host(struct question *q, uint32_t at)
{
    if (at == NONE)
        return;
    consider(q, &q->index->steps[at].any);
    struct cursor c = cursor_over(q->path);
    while (at != NONE && !q->everything) {
        const struct step *s = &q->index->steps[at];
        if (cursor_done(&c)) {
            consider(q, &s->below);
            if (!q->subtree)
                consider(q, &s->exact);
            return;
        }
        if (!cursor_char(&c, '/'))
            return; // the asterisk form
        consider(q, &s->below);
        at = step_to(q->index, at, segment_text(take_segment(&c)));
    }
}

static void ask_name(struct question *q, struct bytes name)
{
    if (q->index->has_hosts)
        ask_host(q, step_to(q->index, FROM_HOST, plain_text(name)));
}

// Among those of all ends of the name that begin with a dot, at `from` or behind it.
static void ask_ends(struct question *q, struct bytes name, size_t from)
{
    unsigned dots = 0;
    for (size_t i = name.len; i > from && dots < q->index->end_dots_max; i--) {
        if (name.at[i - 1] != '.')
            continue;
        dots++;
        ask_host(q, step_to(q->index, FROM_HOST_END, plain_text(bytes_after(name, i - 1))));
    }
}

static const struct route *answer(const struct question *q)
{
    return q->first == NONE ? NULL : &q->index->routes[q->first];
}

const struct route *route_index_find(const struct route_index *index, const struct host *host,
                                     struct bytes path, enum method method)
{
    struct question q = {.index = index, .path = path, .methods = METHOD_BIT(method), .first = NONE};
    ask_host(&q, ANY_HOST);
    if (host->name.len > 0) {
        ask_name(&q, host->name);
        ask_ends(&q, host->name, 1); // at least a byte in front of the dot
    }
    return answer(&q);
}

const struct route *route_index_hider(const struct route_index *index, const struct route *route)
{
    struct question q = {.index = index, .methods = route->methods, .first = NONE};
    q.subtree = route_is_subtree(route->path, &q.path);
    q.everything = route->path.len == 0;
    ask_host(&q, ANY_HOST);
    if (bytes_starts_with(route->host, BYTES("*")))
        ask_ends(&q, bytes_after(route->host, 1), 0);
    else if (route->host.len > 0) {
        ask_name(&q, route->host);
        ask_ends(&q, route->host, 1);
    }
    return answer(&q);
}

const struct route *route_index_namesake(const struct route_index *index, const struct route *route)
{
    uint32_t at = step_to(index, FROM_NAME, plain_text(route->name));
    return at == NONE ? NULL : &index->routes[index->steps[at].any.first];
}
