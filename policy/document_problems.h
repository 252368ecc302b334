// SPDX-License-Identifier: Apache-2.0
// document_problems: what is wrong with a text, kept in the order of the text and printed for people. Nothing
// that is printed can move a terminal's cursor or reverse its text, whatever the file holds.
#pragma once
#include "policy/document.h"

#define PROBLEM_SAYS_MAX 256 // all three are cut there
#define PROBLEM_WHERE_MAX 160
#define PROBLEM_HINT_MAX 192

struct problem {
    size_t at; // byte offset in the text
    char   says[PROBLEM_SAYS_MAX];
    char   where[PROBLEM_WHERE_MAX]; // JSON pointer
    char   hint[PROBLEM_HINT_MAX];   // empty: none
};

struct problems {
    struct problem kept[DOCUMENT_PROBLEMS_MAX]; // sorted by `at`
    size_t         count;
    bool           more; // others were dropped
};

// Keeps a problem, unless the same was said at the same place before. All texts are copied; hint may be NULL.
void problems_add(struct problems *problems, size_t at, const char *says, const char *where,
                  const char *hint);
void problems_print(const struct problems *problems, const char *file, struct bytes text,
                    struct bytes_out *out);

// Writes one token of a JSON pointer (RFC 6901 3).
void pointer_token(struct bytes token, struct bytes_out *out);
