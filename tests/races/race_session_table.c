// SPDX-License-Identifier: Apache-2.0
// race_session_table: of logins at once one wins; a generation that was replaced by a login never comes in
// again, nor what has ended, whatever other loops do to the table; while a login is under way nobody else is
// inside; snapshots are taken meanwhile and hold together.
#include "policy/session_snapshot.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 8u
#define LOGINS 20000u
#define STEPS 40000u
#define SHARED 64u
#define TRIES 200000u
#define NOW UINT64_C(1800000000000)

static const struct session_lives lives = {.idle_ms = 1800000, .absolute_ms = 43200000, .grace_ms = 30000};

struct race {
    struct session_table *t;
    pthread_barrier_t     gate;
    _Atomic uint32_t      won[LOGINS];
    _Atomic uint32_t      minimum[SHARED]; // a login that was told to somebody
    _Atomic bool          ended[SHARED];
    _Atomic bool          over;
    _Atomic unsigned      inside; // who logs in to the one session
    _Atomic unsigned      begun;
};

struct thread {
    pthread_t    id;
    struct race *race;
    unsigned     number;
};

static struct sid sid_of(uint64_t n)
{
    struct sid sid = {{0}};
    uint64_t   words[2] = {n * UINT64_C(0x9e3779b97f4a7c15), n};
    memcpy(sid.octet, words, sizeof sid);
    return sid;
}

// Everybody logs in to the same session at once; on every second one nothing is known of it.
static void *log_in(void *thread)
{
    struct thread *t = thread;
    for (uint32_t n = 0; n < LOGINS; n++) {
        struct sid           sid = sid_of(n);
        struct session_facts facts;
        if (n % 1000 == 0)
            pthread_barrier_wait(&t->race->gate);
        enum session_answer answer = session_rotate(t->race->t, &sid, 0, ROTATION_LOGIN, &lives, NOW, &facts);
        ASSERT(answer == SESSION_ROTATED || answer == SESSION_OVERTAKEN);
        ASSERT(facts.generation == 1 && facts.minimum == 1);
        if (answer == SESSION_ROTATED)
            atomic_fetch_add(&t->race->won[n], 1);
        ASSERT(session_admit(t->race->t, &sid, 0, &lives, NOW, &facts) == SESSION_TOO_OLD);
    }
    return NULL;
}

static void raise(_Atomic uint32_t *number, uint32_t to)
{
    uint32_t now = atomic_load(number);
    while (now < to && !atomic_compare_exchange_weak(number, &now, to))
        ;
}

// One step of one of the shared sessions; what was told to anybody before holds for all.
static void step(struct race *race, uint64_t n, uint32_t dice, uint64_t now)
{
    struct sid           sid = sid_of(n);
    struct session_facts facts;
    bool                 ended = atomic_load(&race->ended[n]);
    uint32_t             minimum = atomic_load(&race->minimum[n]), from = minimum + dice / 64 % 3;
    enum session_answer  answer = SESSION_TOO_OLD;
    if (dice % 64 < 40) {
        answer = session_admit(race->t, &sid, minimum > 0 ? from - 1 : from, &lives, now, &facts);
        ASSERT(answer != SESSION_ADMITTED || from > minimum || minimum == 0);
    } else if (dice % 64 < 50) {
        answer = session_rotate(race->t, &sid, from, ROTATION_TIMER, &lives, now, &facts);
    } else if (dice % 64 < 60) {
        answer = session_rotate(race->t, &sid, from, ROTATION_LOGIN, &lives, now, &facts);
        if (answer == SESSION_ROTATED)
            raise(&race->minimum[n], facts.generation);
    } else if (dice % 64 < 63) {
        answer = session_begin(race->t, &sid, 0, &lives, now, &facts);
    } else if (dice % 4096 == 63) {
        ASSERT(session_destroy(race->t, &sid, &lives, now) == SESSION_ENDED);
        atomic_store(&race->ended[n], true);
    }
    ASSERT(!ended || answer == SESSION_ENDED || answer == SESSION_TOO_OLD);
}

static void *live(void *thread)
{
    struct thread *t = thread;
    uint32_t       dice = t->number;
    for (uint64_t n = 0; n < SHARED; n++) {
        struct sid           sid = sid_of(n);
        struct session_facts facts;
        (void)session_rotate(t->race->t, &sid, 0, ROTATION_LOGIN, &lives, NOW, &facts);
        raise(&t->race->minimum[n], 1);
    }
    pthread_barrier_wait(&t->race->gate);
    for (uint64_t i = 0; i < STEPS; i++) {
        dice = dice * 1664525 + 1013904223;
        step(t->race, dice >> 26, dice >> 8, NOW + i);
        struct sid           anonymous = sid_of(1000 + (dice >> 8));
        struct session_facts facts;
        (void)session_begin(t->race->t, &anonymous, 0, &lives, NOW + i, &facts);
    }
    return NULL;
}

// A login is under way: until it has ended, whoever comes waits.
static void *begin_logins(void *thread)
{
    struct thread       *t = thread;
    struct sid           sid = sid_of(1);
    struct session_facts facts;
    for (unsigned i = 0; i < TRIES; i++) {
        enum session_answer answer = session_login_begin(t->race->t, &sid, 0, &lives, NOW);
        ASSERT(answer == SESSION_ADMITTED || answer == SESSION_WAITING);
        if (answer == SESSION_WAITING)
            continue;
        ASSERT(atomic_fetch_add(&t->race->inside, 1) == 0);
        ASSERT(session_admit(t->race->t, &sid, 0, &lives, NOW, &facts) == SESSION_WAITING);
        ASSERT(session_rotate(t->race->t, &sid, 0, ROTATION_TIMER, &lives, NOW, &facts) == SESSION_TOO_OLD);
        ASSERT(atomic_fetch_sub(&t->race->inside, 1) == 1);
        atomic_fetch_add(&t->race->begun, 1);
        session_login_end(t->race->t, &sid, LOGIN_JUDGED, &lives, NOW);
    }
    return NULL;
}

static bool append(void *to, struct bytes piece)
{
    out_bytes(to, piece);
    return true;
}

static void *take_snapshots(void *thread)
{
    struct thread          *t = thread;
    struct session_snapshot about = {.mark = 1, .taken_ms = NOW};
    struct bytes_out        out = {.cap = 8u << 20};
    out.at = malloc(out.cap);
    ASSERT(out.at != NULL);
    while (!atomic_load(&t->race->over)) {
        struct session_table *copy = session_table_new(4096);
        out.len = 0;
        ASSERT(copy && session_table_write(t->race->t, &about, append, &out) && !out.overflowed);
        ASSERT(session_table_read(copy, out_written(&out), 1, NOW, &about) == NULL);
        session_table_check(copy);
        session_table_free(&copy);
    }
    free(out.at);
    return NULL;
}

static void run(struct race *race, void *(*what)(void *thread), size_t room)
{
    struct thread threads[THREADS], writer = {.race = race};
    race->t = session_table_new(room);
    atomic_store(&race->over, false);
    ASSERT(race->t && pthread_create(&writer.id, NULL, take_snapshots, &writer) == 0);
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){.race = race, .number = i};
        ASSERT(pthread_create(&threads[i].id, NULL, what, &threads[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i].id, NULL);
    atomic_store(&race->over, true);
    pthread_join(writer.id, NULL);
    session_table_check(race->t);
    session_table_free(&race->t);
}

int main(void)
{
    struct race *race = calloc(1, sizeof *race);
    ASSERT(race && pthread_barrier_init(&race->gate, NULL, THREADS) == 0);
    run(race, log_in, LOGINS);
    for (uint32_t n = 0; n < LOGINS; n++)
        ASSERT(atomic_load(&race->won[n]) == 1);
    printf("%u times %u logins at once: one has won each time\n", LOGINS, THREADS);
    run(race, live, 1024);
    printf("%u threads with %u steps each: nothing came in that was replaced or over\n", THREADS, STEPS);
    run(race, begin_logins, 1024);
    printf("%u logins by turns: nobody else was inside\n", atomic_load(&race->begun));
    pthread_barrier_destroy(&race->gate);
    free(race);
    return 0;
}
