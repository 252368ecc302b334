// SPDX-License-Identifier: Apache-2.0
// session_places: the memory of the session table: shards of records, found by sid, lined up by age. For
// session_table.c and session_snapshot.c.
//
// A record is read and written under the lock of its shard only. Places are numbered from 1, 0 is none, so
// that memory that was never used is never touched.
#pragma once
#include "policy/session_table.h"
#include <pthread.h>
#include <stdatomic.h>

// The lines in which records wait for being forgotten, the one that was seen first in front.
enum session_line { LINE_ANONYMOUS, LINE_AUTHENTICATED, LINE_ENDED, LINES };

struct session {
    struct sid sid;
    uint32_t   generation, minimum, before_login;
    bool       is_authenticated, is_ended;
    uint64_t   created_ms, seen_ms, login_ms;
    uint64_t   settled_ms; // when the current generation came in first; 0: not yet
    uint64_t   dies_ms;    // alive until then, that ms included
    uint64_t   forget_ms;  // no cookie of it is valid later
    uint32_t   next;       // in its bucket, or of the free places
    uint32_t   older, newer;
    uint32_t   login_until_s; // a login is under way, and everybody else waits; 0: none
};

struct line {
    uint32_t oldest, newest;
    uint32_t count;
};

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    struct session        *sessions; // [1 + capacity]
    uint32_t              *buckets;
    uint32_t               mask; // of buckets
    uint32_t               capacity;
    uint32_t               used; // places that were ever taken
    uint32_t               free;
    struct line            lines[LINES];
    uint64_t               refused, evicted, evicted_authenticated;
    struct session_changes changes;
};

struct session_table {
    struct shard    *shards;
    unsigned         count; // a power of two
    _Atomic uint64_t forgotten_ms;
    _Atomic uint64_t crashed_ms;
};

struct shard *session_shard(struct session_table *t, const struct sid *sid);

// The functions below: with the shard locked.

// NULL: there is none.
struct session *session_find(struct shard *s, const struct sid *sid);
// A new record, which is not in there yet, cleared but for its sid, in its line and its bucket.
//   `logs_in`  it may take the place of one that has logged in
//   fails      NULL when there is no room
struct session   *session_place(struct session_table *t, struct shard *s, const struct sid *sid, bool logs_in,
                                uint64_t now_ms);
enum session_line session_line(const struct session *one);
void              session_leave(struct shard *s, struct session *one);
void              session_line_up(struct shard *s, struct session *one); // as the newest of its line
void              session_raise(_Atomic uint64_t *number, uint64_t to);
