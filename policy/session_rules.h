// SPDX-License-Identifier: Apache-2.0
// session_rules: what the operator says about the sessions of the app behind.
#pragma once
#include "policy/login.h"

#define SESSION_NAMES_MAX 8u
#define SESSION_NAME_MAX 64u // bytes

enum same_site { SAME_SITE_LAX, SAME_SITE_STRICT, SAME_SITE_NONE };

struct session_names {
    struct bytes at[SESSION_NAMES_MAX];
    size_t       count;
};

struct session_rules {
    struct session_names cookies; // the app's session cookies
    struct session_names expose;  // other cookies, which scripts must read
    struct login         login, logout;
    bool                 has_login, has_logout;
    enum same_site       same_site;
    uint32_t             idle_s;             // default 30m
    uint32_t             absolute_s;         // default 12h
    uint32_t             rotate_s;           // default 15m
    int64_t              accept_raw_until_s; // since 1970; 0: never
    bool                 safe; // what the table has lost is nobody's session; otherwise it is taken up again
};

// Reads a policy of the type "session".
//   borrows  the document
//   returns  rules in the arena; NULL after telling the document why, or because the arena is full
MUST_USE const struct session_rules *session_rules_load(struct node settings, struct arena *arena);

// Would some backend take this for the name of that cookie? Letters of either case are the same, and so is
// all that is neither letter nor digit: PHP makes "_" of "." and of a blank.
bool session_is_named(struct bytes name, struct bytes cookie);
// The index of the session cookie that a backend may take this for; cookies.count when it is none.
size_t session_name_find(const struct session_names *names, struct bytes name);
