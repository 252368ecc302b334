// SPDX-License-Identifier: Apache-2.0
// session_visit: the sessions of one request: which of its cookies open, who is admitted, and what the app
// gets to see.
#pragma once
#include "policy/flight_table.h"
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
    size_t        cookie; // index of its name
    struct outer  outer;
    bool          raw;      // the app's own, accepted for a while: there is no outer yet
    bool          admitted; // the app gets the inner one
    bool          late;     // of an older generation: no answer to it sets a session cookie
    bool          by_time;  // it is late only because time has replaced it: a login may still come with it
    bool          authenticated;
    uint32_t      counts_as;     // generation, for what lasts
    bool          is_asked;      // the table has decided
    bool          is_logging_in; // the table keeps others out until session_login_end
    bool          is_rotated;    // by a login, in this answer
    bool          is_counted;    // among those that are in the app with this session
    struct flight flight;        // when it is
};

// A session whose cookie went out with the answer.
struct issued {
    struct sid sid;
    uint32_t   generation;
};

// What is known of one request.
struct visit {
    struct outer_scope scope;
    struct presented   at[OUTERS_MAX];
    size_t             count;
    struct issued      issued[OUTERS_MAX];
    size_t             issued_count;
    uint64_t           patient_until_ns; // for logins of others
    uint64_t           drain_until_ns;   // of a login: for those who are in the app already
    bool               is_shadow;        // only looking: there are no sessions
    bool               dirty;            // the request has cookies that the app must not see
    bool               login, logout;
    bool               is_sent; // the app may have it
    struct form_watch  form;    // of the body
};

// Seconds since 1970.
static inline uint32_t unix_s(const struct subject *s)
{
    return (uint32_t)(s->unix_ms / 1000);
}

// Two cookies of one name: the gateway would judge one of them, and the app might take the other.
bool visit_has_doubles(const struct session_rules *rules, const struct subject *s);
// Reads the cookies. Needs s->state.
//   returns  memory in the arena; NULL when that is full
MUST_USE struct visit *visit_new(const struct session_broker *b, const struct subject *s);
// Asks the table about them.
//   returns  false while a login is under way in one of the sessions: ask again a little later. That ends;
//   who
//            has waited for too long comes in without the session
MUST_USE bool visit_ask(const struct session_broker *b, const struct subject *s, struct visit *v);
// Once, when the answer was judged, or there will be none (judged == false): lets others in again, or ends
// sessions in which a login may have succeeded that nobody has seen.
void visit_end_logins(const struct session_broker *b, const struct subject *s, struct visit *v, bool judged);
// Nothing of it is in the app any more. Safe to call twice.
void visit_leave(const struct subject *s, struct visit *v);
// Whether all sessions that it has to do with still last.
bool visit_lasts(const struct session_broker *b, const struct subject *s, const struct visit *v);
// The session that came in under that name, if it is admitted, or too late; otherwise NULL.
struct presented *visit_presented(struct visit *v, size_t cookie);
// It goes to the app now. Time has passed since it was asked about: sessions in which somebody logs in, or
// has logged in, meanwhile do not go with it.
void visit_send(const struct session_broker *b, const struct subject *s, struct visit *v);
// Takes outer cookies out of the request, and puts the inner ones of who is admitted in.
void visit_edit_request(const struct session_broker *b, const struct subject *s, const struct visit *v,
                        struct edits *edits);
