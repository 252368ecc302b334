// SPDX-License-Identifier: Apache-2.0
// document_scan: a strict reader of JSON with comments and trailing commas. It builds nothing: it says what
// is wrong, where each value stands, and leaves behind a text that cJSON takes as it was meant.
#pragma once
#include "policy/document_problems.h"

// Where one value stands in the text.
struct place {
    const struct cJSON *item; // this and the next: filled in when the values are built
    const struct cJSON *parent;
    uint32_t            key_at; // offset of its key; of the value itself where there is none
    uint32_t            value_at;
    uint32_t            line;     // of the value
    bool                expanded; // came out of an expansion: never shown
    bool                told;     // its problem is known: no other is worth reading
};

// All values of a text, in the order of the text: a value before what is inside it.
struct places {
    struct place *at;
    size_t        count;
    size_t        cap;
    bool          exhausted; // no memory
};

// Reads a text, which must be followed by a NUL. Blanks comments, trailing commas and what stood in for a
// value but was none, without moving a byte.
//   returns  true when cJSON can build values from what is left, even if there are problems
//   fails    false after the first problem behind which nothing is certain, or when memory is exhausted
MUST_USE bool document_scan(char *text, size_t len, struct places *places, struct problems *problems);
