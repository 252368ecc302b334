// SPDX-License-Identifier: Apache-2.0
// target: the canonical request target. The bytes that policies judge are the bytes that are forwarded.
//
// Two readings come out of one text:
//   path      RFC 3986 6.2.2 normal form: unreserved characters decoded once, the other escapes kept (in
//   upper case),
//             dot segments removed, %2F kept, double slashes kept. Forwarded.
//   decision  what the laziest backend could make of it: decoded to a fixed point (at most four rounds),
//   backslash
//             as slash, path parameters stripped, slashes merged, dot segments gone. Routes and rules match
//             on it.
// Where the second would need a `..` that the first does not show, the request is refused.
#pragma once
#include "parser/host.h"

enum target_form { TARGET_ORIGIN, TARGET_ABSOLUTE, TARGET_ASTERISK };

struct target {
    struct bytes     path;          // canonical, begins with "/" ("*" for the asterisk form)
    struct bytes     query;         // without "?", as received; at == NULL when there was no "?"
    struct bytes     decision;      // begins with "/" ("*" for the asterisk form); raw bytes, valid UTF-8
    struct host      authority;     // absolute form only
    bool             https;         // absolute form only: its scheme
    bool             encoded_slash; // the path holds %2F
    bool             parameters;    // the path holds ";", plain or encoded
    enum target_form form;
};

// Reads a request target.
//   borrows  raw, which must outlive target_r: spans point into it wherever nothing had to change
//   returns  target_r
//   fails    one of the FAULT_TARGET_*, FAULT_HOST_SYNTAX, FAULT_USERINFO, FAULT_NO_MEMORY
//   never    looks at the method; head does (asterisk only with OPTIONS)
// A query may hold any visible ASCII but "#"; a percent sign there needs two hexadecimal digits only in
// strict apps, so it is left alone. A path that is empty in absolute form becomes "/".
MUST_USE enum fault target_parse(struct bytes raw, struct arena *arena, struct target *target_r);

// The decision of those who decode before they look for the query: "/a.php%3Fb" is "/a.php" for them, as for
// Apache in front of PHP-FPM (CVE-2024-38474). The same span as the decision where there is no such place.
struct bytes target_before_query(const struct target *t);
