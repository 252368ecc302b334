// SPDX-License-Identifier: Apache-2.0
// set_cookie: one Set-Cookie field of an answer, read as browsers read it (RFC 6265bis 5.6): whatever a
// browser would store must be seen here.
#pragma once
#include "parser/bytes.h"

struct set_cookie {
    struct bytes name; // trimmed; empty where there is no "=": then the value is all of it
    struct bytes value;
    struct bytes attributes; // as received, from the first ";" on; maybe empty
    struct bytes path;   // of the last Path attribute; absent when there is none, or it begins with no "/"
    struct bytes domain; // of the last Domain attribute; absent when there is none
    bool         secure;
    bool         http_only;
    bool         same_site; // has the attribute, whatever it says
    bool         ends;      // Max-Age is not positive, or Expires is before `now_s`: the browser forgets it
    int64_t      expires_s; // when the browser forgets it, since 1970; 0: with its window, or it ends now
};

// Reads the value of a Set-Cookie field. Borrows it.
//   `now_s`  seconds since 1970, for Expires
//   returns  set_cookie_r; nothing is an error here: the oddest text is some cookie
struct set_cookie set_cookie_read(struct bytes field, int64_t now_s);
