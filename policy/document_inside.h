// SPDX-License-Identifier: Apache-2.0
// document_inside: what only the document_*.c files may see.
#pragma once
#include "policy/document_scan.h"
#include <cjson/cJSON.h>

struct document {
    char           *text; // as it was given, to show its lines
    size_t          len;
    char           *file;
    struct cJSON   *root;
    struct places   places; // sorted by item
    struct problems problems;
    // The last answer of node_at: a loop over its index walks the list once, not once for each index.
    const struct cJSON *list;
    const struct cJSON *child;
    size_t              index;
};

// Where a value stands. NULL for an absent one.
struct place *document_place(struct node n);

// Reports a problem at the key of a member, under the pointer of its object.
void node_key_problem(struct node member, const char *hint, const char *says);
