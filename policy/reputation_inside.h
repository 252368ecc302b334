// SPDX-License-Identifier: Apache-2.0
// reputation_inside: the table, for the two files that know it: reputation.c (the loops' side) and
// reputation_bans.c (the operators').
#pragma once
#include "policy/reputation.h"
#include <pthread.h>
#include <stdatomic.h>

#define WAYS 8u
#define LOCKS 64u

// All of it is read and written under the lock of its set.
struct account {
    struct prefix prefix;
    bool          used;
    bool          is_news;     // its ban was not told to the journal
    bool          by_operator; // its ban
    uint8_t       step;        // of the next ban
    uint32_t      points;      // in POINT-ths, as of:
    uint64_t      at_ms;       // its last offence
    uint64_t      until_ms;    // of its ban; 0: never had one
    char          why[REPUTATION_WHY_MAX];
};

struct reputation {
    size_t           mask; // number of sets, a power of two, less one
    uint64_t         seed[2];
    _Atomic uint64_t bans;                     // that ever began
    _Atomic uint32_t held;                     // in the tarpit
    _Atomic uint32_t unusual;                  // accounts of prefixes of other lengths than /32, /48 and /64
    _Atomic uint32_t lengths[PREFIX_BITS + 1]; // how many of each length
    // One byte an account, 0: free. Most addresses have none, and learn that without a lock.
    _Atomic uint64_t *tags;
    struct account   *accounts; // WAYS for each set
    pthread_mutex_t   locks[LOCKS];
};

// The account of a prefix, with its set locked.
struct found {
    size_t          set;
    struct account *account; // NULL: it has none
};

// A set without the tag is not locked for a mere look.
struct found reputation_find(struct reputation *r, const struct prefix *prefix);
void         reputation_unlock(struct reputation *r, const struct found *f);
// An account for a prefix whose set is locked: its own, a free one, or that of who goes.
//   `l`        for what points are worth by now
//   `for_ban`  who is banned shortest may go for it, unless an operator did that
//   fails      NULL when all others stay
struct account *reputation_open(struct reputation *r, const struct ladder *l, struct found *f,
                                const struct prefix *prefix, uint64_t now_ms, bool for_ban);
void            reputation_close(struct reputation *r, struct account *a); // frees it
// Clean hours make the next ban shorter.
unsigned reputation_step(const struct account *a, uint64_t now_ms);
