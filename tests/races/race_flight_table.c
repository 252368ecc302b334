// SPDX-License-Identifier: Apache-2.0
// flight_table: many threads enter, wait, give up and leave. Never more than so many are in at once,
// everybody who waits comes in or gives up, and nobody is woken who has left.
#include "policy/flight_table.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#define THREADS 8
#define TRIES 20000u
#define MAX 3u

struct guest {
    struct waiter waiter;
    struct flight flight;
    atomic_bool   woken;
};

static struct flight_table *table;
static atomic_uint          ready, in, entered, waited, gave_up, refused, wrong;

static void on_wake(struct waiter *w)
{
    atomic_store(&((struct guest *)w)->woken, true);
}

static void visit(struct guest *g)
{
    atomic_fetch_add(&entered, 1);
    if (atomic_fetch_add(&in, 1) >= MAX)
        atomic_fetch_add(&wrong, 1);
    sched_yield(); // others come meanwhile
    atomic_fetch_sub(&in, 1);
    flight_leave(table, &g->flight);
}

static void *come_and_go(void *context)
{
    (void)context;
    atomic_fetch_add(&ready, 1);
    while (atomic_load(&ready) < THREADS)
        sched_yield();
    for (unsigned i = 0; i < TRIES; i++) {
        struct guest       g = {.waiter = {on_wake}};
        enum flight_answer a = flight_enter(table, &g.flight, 7, MAX, 4, &g.waiter);
        bool               patient = i % 3 != 0;
        if (a == FLIGHT_FULL)
            atomic_fetch_add(&refused, 1);
        if (a == FLIGHT_QUEUED && patient) {
            while (!atomic_load(&g.woken)) // a lost wake-up hangs here
                sched_yield();
            atomic_fetch_add(&waited, 1);
            if (flight_state(table, &g.flight) != FLIGHT_IN)
                atomic_fetch_add(&wrong, 1);
        }
        if (a == FLIGHT_ENTERED || (a == FLIGHT_QUEUED && patient)) {
            visit(&g);
        } else if (a == FLIGHT_QUEUED) {
            atomic_fetch_add(&gave_up, 1);
            flight_leave(table, &g.flight); // its memory is another's from here on
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    table = flight_table_new(16);
    for (size_t i = 0; i < THREADS; i++)
        ASSERT(pthread_create(&threads[i], NULL, come_and_go, NULL) == 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    flight_table_free(&table); // ASSERTs that nobody is left
    bool all = waited > 0 && gave_up > 0 && refused > 0 && entered + gave_up + refused == THREADS * TRIES;
    printf("entered %u, of them from the queue %u; gave up %u, refused %u\n", entered, waited, gave_up,
           refused);
    printf("%d passed, %d failed\n", (wrong == 0) + all, (wrong > 0) + !all);
    return wrong > 0 || !all;
}
