// SPDX-License-Identifier: Apache-2.0
// session_visit: the sessions of one request: which of its cookies open, who is admitted, and what the app
// gets to see.
#pragma once
#include "policy/session_cookie.h"
#include "policy/session_form.h"

#define OUTERS_MAX 8u // of one request: apps under several paths have one each

// The rules of one policy.
struct session_broker {
    const struct session_rules *rules;
    struct bytes                policy; // its name
    struct session_lives        lives;
};

// An outer cookie of the request, and what became of it.
struct presented {
    size_t       cookie; // index of its name
    struct outer outer;
    bool         raw;      // the app's own, accepted for a while: there is no outer yet
    bool         admitted; // the app gets the inner one
    bool         late;     // of an older generation: no answer to it sets a session cookie
    bool         authenticated;
};

// What is known of one request.
struct visit {
    struct outer_scope scope;
    struct presented   at[OUTERS_MAX];
    size_t             count;
    bool               dirty; // the request has cookies that the app must not see
    bool               login, logout;
    struct form_watch  form; // of the body
};

// Seconds since 1970.
static inline uint32_t unix_s(const struct subject *s)
{
    return (uint32_t)(s->unix_ms / 1000);
}

// Two cookies of one name: the gateway would judge one of them, and the app might take the other.
bool visit_has_doubles(const struct session_rules *rules, const struct subject *s);
// Reads the cookies, and asks the table about them. Needs s->state.
//   returns  memory in the arena; NULL when that is full
MUST_USE struct visit *visit_new(const struct session_broker *b, const struct subject *s);
// The session that came in under that name, if it is admitted, or too late; otherwise NULL.
const struct presented *visit_presented(const struct visit *v, size_t cookie);
// Takes outer cookies out of the request, and puts the inner ones of who is admitted in.
void visit_edit_request(const struct session_broker *b, const struct subject *s, const struct visit *v,
                        struct edits *edits);
