// SPDX-License-Identifier: Apache-2.0
// cookie: the cookies of a request, one after the other, without memory. They are read as the laziest backend
// would, not as RFC 6265 5.4 writes them: what any backend takes for a cookie must be seen here.
#pragma once
#include "parser/request.h"

struct cookie {
    struct bytes name;  // trimmed; an escape in it stays; maybe empty
    struct bytes value; // trimmed; at == NULL when there was no "="
    struct bytes piece; // all of it, untrimmed, without the ends around it
    size_t       line;  // index of its field
};

struct cookies {
    const struct fields *fields;
    size_t               line; // fields before this one are read
    struct bytes         rest; // of the present one
};

// Begins to read. Borrows the fields, and so do all cookies.
static inline struct cookies cookies_of(const struct fields *fields)
{
    return (struct cookies){.fields = fields};
}

// The next cookie of all Cookie fields in their order. ";" and "," end a cookie, inside quotes too; blanks,
// tabs and quotes around names and values are no part of them. Nothing between two ends is no cookie.
//   returns  false when there are no more
MUST_USE bool cookies_next(struct cookies *cookies, struct cookie *cookie_r);

// The value of the first cookie of that name, case-sensitive.
//   returns  absent when there is none; an empty span when it has none
struct bytes cookie_find(const struct fields *fields, struct bytes name);
