// SPDX-License-Identifier: Apache-2.0
// session_multipart: session ids in the parts of multipart/form-data (RFC 7578 4.2), looked for while the
// body streams. Readers differ about boundaries, quotes and folded lines; so the boundary is not asked for:
// every line that begins like a Content-Disposition is one, and what it says may go on until an empty line.
#pragma once
#include "policy/session_parameter.h"

enum multipart_place {
    MULTIPART_OUTSIDE, // of a part's head
    MULTIPART_SEEK,    // in it, for "name"
    MULTIPART_EQUALS,  // behind "name=", before the value
    MULTIPART_VALUE
};

// All 0 in the beginning.
struct multipart_watch {
    enum multipart_place    place;
    size_t                  begun;      // letters of "content-disposition" at the beginning of this line
    bool                    is_other;   // this line begins otherwise
    bool                    has_text;   // this line is not empty
    size_t                  word;       // letters of "name"
    bool                    is_in_word; // another one
    bool                    is_escaped; // behind a backslash
    char                    quote;      // of the value; '\0': none
    struct parameter_reader name;
};

// The next byte of the body.
//   returns  false when a part has the name of a session cookie, or hides what its name is
MUST_USE bool multipart_put(struct multipart_watch *w, const struct session_names *names, char c);
