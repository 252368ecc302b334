// SPDX-License-Identifier: Apache-2.0
// pairs: the name=value pairs of a query or of an application/x-www-form-urlencoded body (WHATWG URL 5.1),
// one after the other, without memory.
#pragma once
#include "parser/bytes.h"

struct pair {
    struct bytes name;  // raw: still encoded, maybe empty
    struct bytes value; // the same; at == NULL when there was no "="
};

struct pairs {
    struct bytes rest; // what is still to be read
};

// Begins to read. Borrows the text, and so do all pairs.
static inline struct pairs pairs_over(struct bytes text)
{
    return (struct pairs){text};
}

// The next pair. What stands between two "&" is one; nothing between them is none.
//   returns  false when there are no more
MUST_USE bool pairs_next(struct pairs *pairs, struct pair *pair_r);

// Decodes a name or value once: "+" is a blank, "%XX" is that byte. Writes at most raw.len bytes.
//   returns  false when a percent sign begins no escape; it then stands for itself, as in all readers that do
//            not refuse it
bool pairs_decode(struct bytes raw, struct bytes_out *out);
