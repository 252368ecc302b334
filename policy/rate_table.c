// SPDX-License-Identifier: Apache-2.0
// rate_table: sets of eight entries of sixteen bytes, {key, TAT}.
//
// (1) An entry changes only by a compare-and-swap of all its sixteen bytes. So a charge never lands on a key
//     that took the place meanwhile, however long ago the entry was read and whatever time stands there now,
//     and a place is never taken from a key that was charged a moment ago: one of the two swaps fails, and
//     that thread looks again.
// (2) The key of an entry changes only under the lock of its set, after a search under that lock that did not
//     find the newcomer. So no key stands twice in its set, and a limit is never doubled. The hit path takes
//     no lock.
// (3) Only an idle entry (TAT <= now) makes room for another key: it says the same as none at all. Nothing is
//     ever forgotten, however many keys come; only among the parents the lowest TAT goes, idle or not.
// (4) The key 0 is an empty entry; its TAT is 0, which is idle at any time.
// (5) A TAT is at most RATE_SPAN_MAX ahead of the clock of who wrote it, so sums stay within 64 bits; they
// are
//     checked all the same.
#include "policy/rate_table.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <threads.h>

#define WAYS 8u
#define LINE 64u // a set is two of them
#define ENTRIES_MIN 64u
#define PARENTS_SHARE 8u
#define SPINS 64u // before the processor is given to who holds the lock

struct entry {
    _Alignas(16) _Atomic uint64_t key;
    _Atomic uint64_t tat;
};

// The same, read.
union image {
    struct {
        uint64_t key, tat;
    };
    unsigned __int128 whole;
};

struct set {
    struct entry ways[WAYS];
};

struct area {
    struct set  *sets;
    atomic_bool *locks; // one a set
    size_t       mask;  // number of sets, a power of two, less one
    bool         forgets;
};

struct rate_table {
    struct area      keys, parents;
    void            *memory[2]; // of the sets, before it was aligned
    _Atomic uint64_t crowded;
};

_Static_assert(sizeof(struct entry) == 16, "an entry is swapped as a whole");
_Static_assert(sizeof(struct set) == 2 * LINE, "a set is two cache lines");

// --- making one ---

static size_t rounded(size_t entries)
{
    size_t n = ENTRIES_MIN;
    while (n < entries)
        n *= 2;
    return n;
}

static bool area_make(struct area *a, size_t entries, void **memory_r)
{
    size_t sets = entries / WAYS;
    // Fresh pages of the system are zero: calloc does not touch them.
    char *memory = calloc(1, sets * sizeof(struct set) + LINE);
    *memory_r = memory;
    a->locks = calloc(sets, sizeof *a->locks);
    if (memory == NULL || a->locks == NULL)
        return false;
    a->sets = (struct set *)(memory + (LINE - (uintptr_t)memory % LINE) % LINE);
    a->mask = sets - 1;
    return true;
}

struct rate_table *rate_table_new(size_t entries)
{
    struct rate_table *t = calloc(1, sizeof *t);
    size_t             n = rounded(entries);
    if (t == NULL)
        return NULL;
    if (!area_make(&t->keys, n, &t->memory[0]) || !area_make(&t->parents, n / PARENTS_SHARE, &t->memory[1])) {
        rate_table_free(&t);
        return NULL;
    }
    t->parents.forgets = true;
    return t;
}

void rate_table_free(struct rate_table **t)
{
    if (*t == NULL)
        return;
    free(*(void **)&(*t)->keys.locks);
    free(*(void **)&(*t)->parents.locks);
    free((*t)->memory[0]);
    free((*t)->memory[1]);
    free(*t);
    *t = NULL;
}

size_t rate_table_bytes(size_t entries)
{
    size_t sets = (rounded(entries) + rounded(entries) / PARENTS_SHARE) / WAYS;
    return sets * (sizeof(struct set) + sizeof(atomic_bool)) + 2 * LINE + sizeof(struct rate_table);
}

uint64_t rate_table_crowded(const struct rate_table *t)
{
    return atomic_load_explicit(&t->crowded, memory_order_relaxed);
}

// --- GCRA: numbers only ---

bool rate_make(uint64_t events, uint64_t period_ns, uint64_t burst, uint64_t undelayed, struct rate *rate_r)
{
    struct rate r;
    if (events == 0 || period_ns == 0 || burst == 0 || undelayed > burst)
        return false;
    r.interval = period_ns / events + (period_ns % events > 0);
    if (__builtin_mul_overflow(burst, r.interval, &r.burst) || r.burst > RATE_SPAN_MAX)
        return false;
    r.undelayed = undelayed * r.interval;
    *rate_r = r;
    return true;
}

struct rate rate_times(const struct rate *rate, uint64_t times)
{
    uint64_t interval = rate->interval / times + (rate->interval % times > 0);
    uint64_t burst = rate->burst / rate->interval * times,
             undelayed = rate->undelayed / rate->interval * times;
    struct rate r = {.interval = interval};
    if (__builtin_mul_overflow(burst, interval, &r.burst) || r.burst > RATE_SPAN_MAX)
        r.burst = RATE_SPAN_MAX;
    if (__builtin_mul_overflow(undelayed, interval, &r.undelayed) || r.undelayed > r.burst)
        r.undelayed = r.burst;
    return r;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

// What becomes of a key with this TAT.
//   `after_r`  its TAT when it passes
static struct rate_outcome judge(const struct rate *rate, uint64_t tat, uint64_t cost, uint64_t now,
                                 uint64_t *after_r)
{
    uint64_t            from = tat > now ? tat : now, amount, after, ahead;
    struct rate_outcome o = {.answer = RATE_SPENT, .wait = RATE_NEVER, .idle = from - now};
    o.remaining = minus(rate->burst, from - now) / rate->interval;
    if (__builtin_mul_overflow(cost, rate->interval, &amount) || amount > rate->burst ||
        __builtin_add_overflow(from, amount, &after))
        return o;
    ahead = after - now;
    o.wait = minus(ahead, rate->burst);
    if (o.wait > 0)
        return o;
    *after_r = after;
    return (struct rate_outcome){.answer = RATE_PASSES,
                                 .delay = minus(ahead, rate->undelayed),
                                 .remaining = (rate->burst - ahead) / rate->interval,
                                 .idle = ahead};
}

// --- entries ---

static uint64_t key_of(const struct entry *e)
{
    return atomic_load_explicit(&e->key, memory_order_acquire);
}

static union image image_of(const struct entry *e)
{
    union image i;
    i.key = key_of(e);
    i.tat = atomic_load_explicit(&e->tat, memory_order_acquire);
    return i;
}

// C has no name for sixteen bytes that is lock-free without a library; every compiler of ours has this one.
static bool swap(struct entry *e, union image from, uint64_t key, uint64_t tat)
{
    union image to = {.key = key, .tat = tat};
    return __sync_bool_compare_and_swap((unsigned __int128 *)(void *)e, from.whole, to.whole);
}

static struct set *set_of(const struct area *a, uint64_t key)
{
    struct set *s = &a->sets[key & a->mask];
    __builtin_prefetch(&s->ways[WAYS / 2]);
    return s;
}

static struct entry *find(struct set *s, uint64_t key)
{
    for (struct entry *e = s->ways; e < s->ways + WAYS; e++)
        if (atomic_load_explicit(&e->key, memory_order_relaxed) == key)
            return e;
    return NULL;
}

static void lock(const struct area *a, uint64_t key)
{
    for (unsigned spins = 0; atomic_exchange_explicit(&a->locks[key & a->mask], true, memory_order_acquire);)
        if (++spins % SPINS == 0)
            thrd_yield();
}

static void unlock(const struct area *a, uint64_t key)
{
    atomic_store_explicit(&a->locks[key & a->mask], false, memory_order_release);
}

// One request on its way through the table.
struct request_for {
    uint64_t            key;
    const struct rate  *rate;
    uint64_t            cost, now;
    struct rate_charge *charge; // NULL: only look
};

static void note(const struct area *a, const struct request_for *r, uint64_t after)
{
    *r->charge = (struct rate_charge){
        .key = r->key, .amount = r->cost * r->rate->interval, .until = after, .parent = a->forgets};
}

// The key stands there. Returns false when it does no more.
static bool take_at(const struct area *a, struct entry *e, const struct request_for *r,
                    struct rate_outcome *o_r)
{
    for (;;) {
        uint64_t    after = 0;
        union image seen = image_of(e);
        if (seen.key != r->key)
            return false;
        *o_r = judge(r->rate, seen.tat, r->cost, r->now, &after);
        if (o_r->answer == RATE_PASSES && r->charge != NULL) {
            if (!swap(e, seen, r->key, after))
                continue;
            note(a, r, after);
            return true;
        }
        // Nothing is written here, so under a flood the line stays shared; that both words belonged together
        // is seen by the key being there still.
        if (key_of(e) == r->key)
            return true;
    }
}

// The entry that is idle, or will be first.
static struct entry *nearest_to_idle(struct set *s, union image *seen_r)
{
    struct entry *best = s->ways;
    *seen_r = image_of(best);
    for (struct entry *e = s->ways + 1; e < s->ways + WAYS; e++) {
        union image seen = image_of(e);
        if (seen.tat < seen_r->tat) {
            best = e;
            *seen_r = seen;
        }
    }
    return best;
}

// The key stands nowhere. Returns false when it does now. Under the lock of the set.
static bool insert(struct rate_table *t, const struct area *a, struct set *s, const struct request_for *r,
                   struct rate_outcome *o_r)
{
    uint64_t after = 0;
    if (find(s, r->key) != NULL)
        return false;
    *o_r = judge(r->rate, 0, r->cost, r->now, &after);
    while (o_r->answer == RATE_PASSES) {
        union image   seen;
        struct entry *e = nearest_to_idle(s, &seen);
        if (seen.tat > r->now)
            atomic_fetch_add_explicit(&t->crowded, 1, memory_order_relaxed);
        if (seen.tat > r->now && !a->forgets) {
            o_r->answer = RATE_CROWDED;
            break;
        }
        if (swap(e, seen, r->key, after)) {
            note(a, r, after);
            break;
        }
    }
    return true;
}

static struct rate_outcome ask(struct rate_table *t, const struct area *a, struct request_for r)
{
    struct rate_outcome o;
    r.key = r.key == 0 ? 1 : r.key;
    struct set *s = set_of(a, r.key);
    for (;;) {
        struct entry *e = find(s, r.key);
        if (e != NULL && take_at(a, e, &r, &o))
            return o;
        if (e != NULL)
            continue;
        if (r.charge == NULL) {
            uint64_t ignored;
            return judge(r.rate, 0, r.cost, r.now, &ignored);
        }
        lock(a, r.key);
        bool done = insert(t, a, s, &r, &o);
        unlock(a, r.key);
        if (done)
            return o;
    }
}

struct rate_outcome rate_take(struct rate_table *t, uint64_t key, const struct rate *rate, uint64_t cost,
                              uint64_t now, struct rate_charge *charge_r)
{
    *charge_r = (struct rate_charge){.key = key};
    return ask(t, &t->keys, (struct request_for){key, rate, cost, now, charge_r});
}

struct rate_outcome rate_take_parent(struct rate_table *t, uint64_t key, const struct rate *rate,
                                     uint64_t cost, uint64_t now, struct rate_charge *charge_r)
{
    *charge_r = (struct rate_charge){.key = key};
    return ask(t, &t->parents, (struct request_for){key, rate, cost, now, charge_r});
}

struct rate_outcome rate_look(struct rate_table *t, bool parent, uint64_t key, const struct rate *rate,
                              uint64_t cost, uint64_t now)
{
    return ask(t, parent ? &t->parents : &t->keys, (struct request_for){key, rate, cost, now, NULL});
}

void rate_give_back(struct rate_table *t, struct rate_charge *charge, uint64_t now)
{
    const struct area *a = charge->parent ? &t->parents : &t->keys;
    // Time has begun to pay it off when less than its amount lies between now and its end.
    uint64_t left = minus(charge->until, now);
    uint64_t amount = left < charge->amount ? left : charge->amount;
    charge->amount = 0;
    if (amount == 0)
        return;
    struct entry *e = find(set_of(a, charge->key), charge->key);
    while (e != NULL) {
        union image seen = image_of(e);
        if (seen.key != charge->key || swap(e, seen, seen.key, minus(seen.tat, amount)))
            return;
    }
}
