// SPDX-License-Identifier: Apache-2.0
// glob_literals: the automaton of Aho and Corasick (1975) over the literals of all patterns. Where a pattern
// has no star at its front, its literal begins with a symbol that only the beginning of the path is; likewise
// at its end.
//
//   "*.bak"  →  . b a k END         "/a/*"  →  START / a /         "*/.git/*"  →  / . g i t /
//
// Every byte is one step, however many patterns there are: a row of the table has the next state for each
// kind of byte. Bytes that no pattern has are of one kind, and so are the two cases of a letter.
//
//   invariants   states are numbered by their depth: what most paths visit lies together
//                output[s] is the lowest number among the patterns whose literal ends in s, whatever came
//                before it
#include "policy/glob_parts.h"
#include <stdlib.h>

#define CELLS_MAX (16u * 1024u * 1024u)
#define OUTPUT 0x80000000u // in a cell: something ends in that state
#define ROOT 0u

enum { KIND_OTHER, KIND_START, KIND_END, KIND_FIRST };

struct glob_literals {
    uint8_t   kind_of[256];
    uint32_t  kinds;
    uint32_t *cells;  // [state][kind] → index of the next state's row in cells, perhaps with OUTPUT
    uint32_t *output; // [state]
};

// The tree of all literals, before it becomes a table.
struct node_of_tree {
    uint32_t child, sibling; // ROOT: none
    uint32_t output, fail;
    uint8_t  kind;
};

struct tree {
    struct node_of_tree *at;
    uint32_t             count;
};

bool glob_literal(struct bytes pattern, struct bytes *literal_r, bool *open_front_r, bool *open_back_r)
{
    size_t front = 0, back = pattern.len;
    while (front < back && pattern.at[front] == '*')
        front++;
    while (back > front && pattern.at[back - 1] == '*')
        back--;
    *open_front_r = front > 0;
    *open_back_r = back < pattern.len || (front == back && front > 0);
    *literal_r = (struct bytes){pattern.at + front, back - front};
    for (size_t i = front; i < back; i++)
        if (pattern.at[i] == '*' || pattern.at[i] == '?')
            return false;
    return true;
}

static void add_kind(struct glob_literals *l, unsigned char byte)
{
    bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    if (l->kind_of[byte] != KIND_OTHER)
        return;
    l->kind_of[byte] = (uint8_t)l->kinds;
    if (letter)
        l->kind_of[byte ^ 0x20] = (uint8_t)l->kinds;
    l->kinds++;
}

static uint32_t grow(struct tree *tree, uint32_t from, uint8_t kind)
{
    uint32_t n = tree->at[from].child;
    while (n != ROOT && tree->at[n].kind != kind)
        n = tree->at[n].sibling;
    if (n != ROOT)
        return n;
    n = tree->count++;
    tree->at[n] = (struct node_of_tree){.sibling = tree->at[from].child, .output = GLOB_NONE, .kind = kind};
    tree->at[from].child = n;
    return n;
}

static void plant(struct tree *tree, const struct glob_literals *l, struct bytes pattern, uint32_t number)
{
    struct bytes literal;
    bool         open_front, open_back;
    bool         fits = glob_literal(pattern, &literal, &open_front, &open_back);
    uint32_t     n = ROOT;
    ASSERT(fits);
    if (!open_front)
        n = grow(tree, n, KIND_START);
    for (size_t i = 0; i < literal.len; i++)
        n = grow(tree, n, l->kind_of[(unsigned char)literal.at[i]]);
    if (!open_back)
        n = grow(tree, n, KIND_END);
    if (number < tree->at[n].output)
        tree->at[n].output = number;
}

// Fills in the table from the root downwards. `queue` has the nodes in the order of their states.
static void fill_table(struct glob_literals *l, struct tree *tree, uint32_t *queue)
{
    uint32_t queued = 1, kinds = l->kinds;
    queue[0] = ROOT;
    l->output[ROOT] = tree->at[ROOT].output;
    for (uint32_t state = 0; state < queued; state++) {
        struct node_of_tree *node = &tree->at[queue[state]];
        uint32_t            *row = l->cells + (size_t)state * kinds;
        // What failing leads to is less deep, and done.
        for (uint32_t k = 0; state != ROOT && k < kinds; k++)
            row[k] = l->cells[(size_t)node->fail * kinds + k];
        for (uint32_t c = node->child; c != ROOT; c = tree->at[c].sibling) {
            uint32_t *cell = &row[tree->at[c].kind];
            tree->at[c].fail = state == ROOT ? ROOT : (*cell & ~OUTPUT) / kinds;
            // Less deep, so it was queued in an earlier round, and its output is there.
            uint32_t inherited = l->output[tree->at[c].fail];
            l->output[queued] = tree->at[c].output < inherited ? tree->at[c].output : inherited;
            *cell = queued * kinds | (l->output[queued] != GLOB_NONE ? OUTPUT : 0);
            queue[queued++] = c;
        }
    }
    ASSERT(queued == tree->count);
}

static bool build(struct glob_literals *l, struct tree *tree, struct arena *arena)
{
    if ((size_t)tree->count * l->kinds > CELLS_MAX)
        return false;
    uint32_t *queue = malloc(tree->count * sizeof *queue);
    l->cells = arena_zalloc(arena, (size_t)tree->count * l->kinds * sizeof *l->cells);
    l->output = arena_alloc(arena, tree->count * sizeof *l->output);
    bool good = queue != NULL && l->cells != NULL && l->output != NULL;
    if (good)
        fill_table(l, tree, queue);
    free(queue);
    return good;
}

struct glob_literals *glob_literals_new(const struct bytes *patterns, const uint32_t *numbers, size_t count,
                                        struct arena *arena)
{
    struct glob_literals *l = arena_zalloc(arena, sizeof *l);
    size_t                nodes = 1;
    if (l == NULL)
        return NULL;
    l->kinds = KIND_FIRST;
    add_kind(l, '/'); // also where no pattern has one: it is asked for folders
    for (size_t i = 0; i < count; i++) {
        struct bytes pattern = patterns[numbers[i]];
        nodes += pattern.len + 2; // both ends
        for (size_t k = 0; k < pattern.len; k++)
            if (pattern.at[k] != '*')
                add_kind(l, (unsigned char)pattern.at[k]);
    }
    struct tree tree = {.at = malloc(nodes * sizeof *tree.at), .count = 1};
    bool        good = tree.at != NULL;
    if (good) {
        tree.at[ROOT] = (struct node_of_tree){.output = GLOB_NONE};
        for (size_t i = 0; i < count; i++)
            plant(&tree, l, patterns[numbers[i]], numbers[i]);
        good = build(l, &tree, arena);
    }
    free(tree.at);
    return good ? l : NULL;
}

// Enters the state of a cell, and keeps the lowest number that ends there.
static inline uint32_t enter(const struct glob_literals *l, uint32_t cell, uint32_t *lowest)
{
    uint32_t row = cell & ~OUTPUT;
    if ((cell & OUTPUT) != 0 && l->output[row / l->kinds] < *lowest)
        *lowest = l->output[row / l->kinds];
    return row;
}

struct glob_hit glob_literals_match(const struct glob_literals *l, struct bytes path)
{
    uint32_t lowest = l->output[ROOT]; // "*"
    uint32_t row = enter(l, l->cells[KIND_START], &lowest);
    for (size_t i = 0; i < path.len; i++)
        row = enter(l, l->cells[row + l->kind_of[(unsigned char)path.at[i]]], &lowest);
    struct glob_hit hit = {lowest, lowest};
    (void)enter(l, l->cells[row + KIND_END], &hit.path);
    row = enter(l, l->cells[row + l->kind_of['/']], &hit.folder);
    (void)enter(l, l->cells[row + KIND_END], &hit.folder);
    return hit;
}
