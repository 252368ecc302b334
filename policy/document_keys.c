// SPDX-License-Identifier: Apache-2.0
// document_keys: names that are not known, and the one that was probably meant.
#include "policy/document_inside.h"
#include <stdio.h>

#define NAME_MAX_LEN 64 // longer ones get no did-you-mean
#define EDITS_MAX 2

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

// Damerau-Levenshtein distance, any case: insertions, deletions, replacements and swaps of neighbours.
static unsigned edits(struct bytes a, struct bytes b)
{
    unsigned rows[3][NAME_MAX_LEN + 1];
    if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN)
        return EDITS_MAX + 1;
    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            bool same = lower(a.at[i - 1]) == lower(b.at[j - 1]);
            row[j] = least(above[j - 1] + !same, 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && lower(a.at[i - 1]) == lower(b.at[j - 2]) &&
                lower(a.at[i - 2]) == lower(b.at[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

// Keeps `name` as the nearest when it is nearer than the one before and still shares a letter with `wrong`.
static bool is_nearer(struct bytes wrong, struct bytes name, unsigned *nearest)
{
    unsigned distance = edits(wrong, name);
    if (distance >= *nearest || distance >= wrong.len)
        return false;
    *nearest = distance;
    return true;
}

const char *nearest_name(struct bytes wrong, const char *const names[])
{
    const char *found = NULL;
    unsigned    nearest = EDITS_MAX + 1;
    for (; *names != NULL; names++)
        if (is_nearer(wrong, bytes_of(*names), &nearest))
            found = *names;
    return found;
}

static bool is_listed(struct bytes name, const char *const names[])
{
    for (; *names != NULL; names++)
        if (bytes_equal(name, bytes_of(*names)))
            return true;
    return false;
}

void node_keys(struct node object, const char *const keys[])
{
    for (size_t i = 0; i < node_length(object); i++) {
        struct node  member = node_at(object, i);
        struct bytes key = node_key(member);
        if (is_listed(key, keys))
            continue;
        char        says[PROBLEM_SAYS_MAX], hint[PROBLEM_HINT_MAX] = "";
        const char *nearest = nearest_name(key, keys);
        (void)snprintf(says, sizeof says, "unknown key \"%s\"", key.at);
        if (nearest != NULL)
            (void)snprintf(hint, sizeof hint, "did you mean \"%s\"?", nearest);
        node_key_problem(member, hint, says);
    }
}

void node_unknown(struct node n, const char *what, const struct bytes *known, size_t count)
{
    struct bytes wrong, found = {NULL, 0};
    unsigned     nearest = EDITS_MAX + 1;
    char         hint[PROBLEM_HINT_MAX] = "";
    if (!node_text(n, &wrong))
        return;
    for (size_t i = 0; i < count; i++)
        if (is_nearer(wrong, known[i], &nearest))
            found = known[i];
    if (found.at != NULL)
        (void)snprintf(hint, sizeof hint, "did you mean \"%.*s\"?", SHOW(found));
    node_problem(n, hint, "unknown %s \"%.*s\"", what, SHOW(wrong));
}
