// SPDX-License-Identifier: Apache-2.0
// rate_table: how much of a rate each key has used. Shared by all loops; every function but new and free may
// be called from any thread.
//
// GCRA: of each key one time is kept, its TAT: when it will be idle again. A request of cost c moves it c
// intervals on from now, or from where it is if that is later, and passes when it then lies no further ahead
// than the burst. So nothing is to be refilled, and how long to wait is known exactly.
//
// Bounded: the entries are taken once and never grow. Who is idle makes room for others, and is as if it had
// never been there. Where nobody in a set is idle, the table is crowded: the newcomer is not charged, nobody
// is forgotten, and the caller says what that means (rate_take_parent charges a coarser key, for which there
// is always room).
#pragma once
#include "parser/bytes.h"

#define RATE_NEVER UINT64_MAX // a wait that has no end: the cost is more than the burst

// Times in nanoseconds.
struct rate {
    uint64_t interval;  // one event each
    uint64_t burst;     // so many events may come at once: their number times the interval
    uint64_t undelayed; // of them without a delay; the same as the burst: nobody is delayed
};

// `events` in `period_ns`, `burst` at once, the first `undelayed` of them without delay.
//   fails  false when a number is 0, undelayed is more than burst, or the burst would take more than
//          RATE_SPAN_MAX to come back
// An interval that is no whole number of nanoseconds is rounded up: never more than the rate says.
#define RATE_SPAN_MAX (UINT64_C(40) * 24 * 3600 * 1000000000)
MUST_USE bool rate_make(uint64_t events, uint64_t period_ns, uint64_t burst, uint64_t undelayed,
                        struct rate *rate_r);
// The same for a prefix that shares so many of it.
struct rate rate_times(const struct rate *rate, uint64_t times);

enum rate_answer {
    RATE_PASSES,
    RATE_SPENT,  // it would exceed the burst; nothing was charged
    RATE_CROWDED // there is no room to count it; nothing was charged
};

struct rate_outcome {
    enum rate_answer answer;
    uint64_t         wait;  // RATE_SPENT: ns until the same would pass, exactly, if nobody else comes
    uint64_t         delay; // RATE_PASSES: ns to hold it, so that those beyond `undelayed` come at the rate
    uint64_t         remaining; // whole events that would still pass now
    uint64_t         idle;      // ns until all of the burst is there again
};

// What rate_give_back needs to know about a charge.
struct rate_charge {
    uint64_t key;
    uint64_t amount; // ns; 0: nothing was charged
    uint64_t until;  // the TAT behind it
    bool     parent; // it stands with the parents
};

struct rate_table;

// Room for `entries` keys (rounded up to a power of two, 64 at least) and an eighth of that for parents. The
// pages cost nothing before they are used.
//   returns  NULL when memory is exhausted
MUST_USE struct rate_table *rate_table_new(size_t entries);
void                        rate_table_free(struct rate_table **t);
size_t                      rate_table_bytes(size_t entries); // what rate_table_new would take at most
const uint64_t             *rate_table_seed(const struct rate_table *t); // two words, for the hash of a key
uint64_t                    rate_table_crowded(const struct rate_table *t); // how often there was no room

// Charges `cost` events to a key, if they fit.
//   `key`       keyed hash of all that makes it: limits that must not mix have different keys
//   `now`       monotonic, ns. Threads whose clocks differ a little make no difference larger than that
//   `charge_r`  what was charged, to give it back
MUST_USE struct rate_outcome rate_take(struct rate_table *t, uint64_t key, const struct rate *rate,
                                       uint64_t cost, uint64_t now, struct rate_charge *charge_r);
// The same among the parents: coarse keys, of which there are few. Never crowded: where nobody is idle, the
// one that is nearest to it is forgotten.
MUST_USE struct rate_outcome rate_take_parent(struct rate_table *t, uint64_t key, const struct rate *rate,
                                              uint64_t cost, uint64_t now, struct rate_charge *charge_r);
// What rate_take or rate_take_parent would answer; charges nothing. A key that is not there passes.
MUST_USE struct rate_outcome rate_look(struct rate_table *t, bool parent, uint64_t key,
                                       const struct rate *rate, uint64_t cost, uint64_t now);

// Takes a charge back, exactly: what others were charged meanwhile stays. What time has paid off already is
// not given again: who holds charges back and picks their order saves less than one burst up, and never gets
// more than the rate in the long run. A key that had to make room meanwhile gets nothing.
void rate_give_back(struct rate_table *t, struct rate_charge *charge, uint64_t now);
