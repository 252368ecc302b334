// SPDX-License-Identifier: Apache-2.0
// session_cookie: the outer cookie, which the browser has in place of the app's own (the inner one). What it
// says is sealed: the client can neither read nor change it, and it opens for one host and one name only.
#pragma once
#include "policy/policy.h"
#include "policy/seal.h"
#include "policy/session_rules.h"
#include "policy/session_table.h"

#define OUTER_NAME_MAX (SESSION_NAME_MAX + 16u)
#define OUTER_PATH_MAX 255u

struct outer {
    struct sid   sid;
    uint32_t     generation;
    uint32_t     issued_s;  // since 1970
    uint32_t     begun_s;   // when the first cookie of this session was issued
    uint32_t     expires_s; // when the browser forgets it; 0: with its window
    struct bytes path;      // of the app's cookie: where the app gets it
    struct bytes inner;
};

// Whose cookies they are: what a token is bound to.
struct outer_scope {
    struct key_ring *ring;
    struct bytes     policy; // name of the policy: routes that share it share sessions
    struct bytes     host;   // of the request
    bool             secure; // over TLS: the name then begins with "__Host-"
};

// The sid of an inner cookie: the same for every outer one that wraps it, on whichever host.
//   fails  false when memory is exhausted
MUST_USE bool outer_sid(const struct outer_scope *scope, struct bytes cookie, struct bytes inner,
                        struct sid *sid_r);

// The name of the outer cookie: "__Host-NAME" for an app at "/"; for one at another path a mark of that path
// stands behind, so that two apps on one host keep apart. Over plain HTTP without "__Host-".
void outer_name(const struct outer_scope *scope, struct bytes cookie, struct bytes path,
                struct bytes_out *out);

// Which session cookie an outer one of this name may stand for.
//   returns  its index; names->count when it is for none
size_t outer_name_find(const struct outer_scope *scope, const struct session_names *names, struct bytes name);

// Appends the token.
//   fails  false when there is no room (4096 bytes are all that browsers keep), or no memory
MUST_USE bool outer_write(const struct outer_scope *scope, struct bytes name, const struct outer *o,
                          struct bytes_out *out);
// Opens a token.
//   returns  false for whatever was not written by outer_write under the same scope and name; spans of
//            outer_r live in the arena
MUST_USE bool outer_read(const struct outer_scope *scope, struct bytes name, struct bytes token,
                         struct arena *arena, struct outer *outer_r);

// Does a browser send a cookie of that path with a request for this one? (RFC 6265bis 5.1.4)
bool outer_path_matches(struct bytes cookie_path, struct bytes request_path);
