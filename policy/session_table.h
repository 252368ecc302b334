// SPDX-License-Identifier: Apache-2.0
// session_table: what is known of the app's sessions: which generation of a session's cookie may still come
// in, who has logged in, what is over. Outlives a configuration and, by a snapshot, the process. Shared by
// all loops; every function may be called from any thread. Time is wall-clock time in ms that never goes
// back; a clock that is a little behind (loops read theirs at different moments) moves no time back.
//
// (1) Each function is one step: of two at once one comes first, for all to see. (2) A generation below the
// minimum never comes in again, and the minimum never falls. (3) Bounded: a record takes SESSION_BYTES. When
// there is no room, first goes what no cookie could revive, then the anonymous session that was idle for the
// longest, then what has ended, then those that had logged in and were idle for too long; a session that has
// logged in and is alive goes only for one that logs in, and never for an anonymous one. (4) What has ended
// stays ended until no cookie of it can be valid any more, or until its place is needed. (5) When something
// goes that an old cookie could revive, the table remembers of when it was (forgotten_ms): a cookie that is
// not younger and whose session is unknown must be taken for none.
#pragma once
#include "parser/bytes.h"

#define SESSIONS_DEFAULT 65536u
#define SESSIONS_MAX (16u * 1024u * 1024u)
#define SESSION_BYTES 104u // of memory for each session, at most

// Of one session, the same for all cookies that stand for it: a keyed hash, so that nobody chooses it.
struct sid {
    unsigned char octet[16];
};

// How long sessions live. A record has the times by which it was used last.
struct session_lives {
    uint64_t idle_ms;     // since it was seen
    uint64_t absolute_ms; // since it began or logged in; no cookie is valid for longer after it was issued
    uint64_t grace_ms;    // of the cookie before, from when its successor came back for the first time
};

enum session_answer {
    SESSION_ADMITTED,
    SESSION_TOO_OLD,   // the generation has been replaced
    SESSION_UNKNOWN,   // nothing is known of it (any more)
    SESSION_EXPIRED,   // idle for too long, or at its end
    SESSION_ENDED,     // destroyed
    SESSION_FULL,      // not recorded: there is no room
    SESSION_ROTATED,   // this call has won
    SESSION_OVERTAKEN, // another rotation came before it
    SESSION_WAITING,   // a login is under way: ask again
};

// As they are after the call. All 0 for SESSION_UNKNOWN and SESSION_FULL but forgotten_ms.
struct session_facts {
    uint32_t generation;   // the current one
    uint32_t minimum;      // those below are dead
    uint32_t before_login; // the one that the last login replaced
    bool     is_authenticated;
    bool     is_new;       // this call has made the record
    bool     is_ahead;     // a newer generation was presented than was known: a crash, or another gateway
    uint64_t created_ms;   // when it began, or when it logged in
    uint64_t seen_ms;      // before this call
    uint64_t login_ms;     // the last one; 0: none
    uint64_t forgotten_ms; // invariant (5); 0: nothing was forgotten
};

struct session_table;

// Room for so many sessions, at most SESSIONS_MAX. Memory that was never used costs nothing.
//   fails  NULL when memory is exhausted
MUST_USE struct session_table *session_table_new(size_t sessions);
void                           session_table_free(struct session_table **t);

// A cookie of this generation came in. Seen: the session's idle time starts anew.
//   returns  ADMITTED, TOO_OLD, UNKNOWN, EXPIRED, ENDED, or WAITING: it would be admitted if no login were
//            under way, and nothing was changed. A generation before the current one is admitted as
//            well when only time replaced it: until grace_ms after the current one came back. So nobody is
//            out because an answer was lost
enum session_answer session_admit(struct session_table *t, const struct sid *sid, uint32_t generation,
                                  const struct session_lives *lives, uint64_t now_ms,
                                  struct session_facts *facts_r);

// The app has set a cookie of this session: finds the record or makes one.
//   `generation`  of a record that is made: 0, or what a cookie has whose record was lost
//   returns       ADMITTED, EXPIRED, ENDED, or FULL
enum session_answer session_begin(struct session_table *t, const struct sid *sid, uint32_t generation,
                                  const struct session_lives *lives, uint64_t now_ms,
                                  struct session_facts *facts_r);

// A request that may turn out as a login came in with that generation, and goes to the app now. Until
// session_login_end nobody else is admitted, and no time rotates the session: between the app's yes and its
// answer an old cookie would be inside. Makes a record when there is none.
//   returns  ADMITTED; WAITING: another login is under way; TOO_OLD, EXPIRED, ENDED; or FULL: nobody can be
//            kept out, so this request must not go to the app inside the session
enum session_answer session_login_begin(struct session_table *t, const struct sid *sid, uint32_t generation,
                                        const struct session_lives *lives, uint64_t now_ms);

enum session_login {
    LOGIN_JUDGED, // the answer said how it ended, and the session was rotated if it had to be
    LOGIN_UNSEEN  // the app may have logged somebody in: the session is ended, for nobody knows whose it is
};

// After session_login_begin has returned ADMITTED, exactly once. Without it the session ends after
// SESSION_LOGIN_MS.
#define SESSION_LOGIN_MS 120000u
void session_login_end(struct session_table *t, const struct sid *sid, enum session_login how,
                       const struct session_lives *lives, uint64_t now_ms);

// May what was admitted with this generation, and lasts, go on? Changes nothing.
//   returns  false behind a logout, a login, and at the end of the absolute lifetime; and while a login is
//            under way
bool session_lasts(struct session_table *t, const struct sid *sid, uint32_t generation,
                   const struct session_lives *lives, uint64_t now_ms);

enum session_rotation {
    ROTATION_LOGIN, // the cookies before are dead at once; a record is made when there is none
    ROTATION_TIMER  // the same rights before and after
};

// A new generation for a session, in the answer to a request that came in with `from`.
//   returns  ROTATED: hand out facts_r->generation.
//            OVERTAKEN: at ROTATION_TIMER facts_r->generation may be handed out as well. At ROTATION_LOGIN
//            another login came between: who sent this request may be somebody else than who has logged in,
//            so the caller must know that they are one before he hands it out. TOO_OLD (TIMER only; also
//            while a login is under way), UNKNOWN (TIMER only), EXPIRED, ENDED; FULL (LOGIN only: never while
//            the table has room for one session)
enum session_answer session_rotate(struct session_table *t, const struct sid *sid, uint32_t from,
                                   enum session_rotation kind, const struct session_lives *lives,
                                   uint64_t now_ms, struct session_facts *facts_r);

// Logged out: no cookie of this session comes in again, also when nothing was known of it.
//   returns  ENDED, or FULL: it could not be remembered
enum session_answer session_destroy(struct session_table *t, const struct sid *sid,
                                    const struct session_lives *lives, uint64_t now_ms);

// For operators. What is over counts until its place is needed.
struct session_counts {
    uint64_t anonymous, authenticated, ended; // records
    uint64_t refused;                         // not recorded: no room
    uint64_t evicted;                         // alive, but gone for another; anonymous ones
    uint64_t evicted_authenticated;
};

struct session_counts session_table_counts(struct session_table *t);

// Grows with every change.
struct session_changes {
    uint64_t records; // begun, rotated, destroyed
    uint64_t touches; // seen
};

struct session_changes session_table_changes(struct session_table *t);

// The start before which logins may have been lost (the process before this one did not come to its end); 0:
// none. A cookie that was issued before may be a planted one also when its record says "anonymous".
uint64_t session_table_crashed_ms(const struct session_table *t);

void session_table_check(struct session_table *t); // ASSERTs the invariants of the memory; slow
