// SPDX-License-Identifier: Apache-2.0
// tls_rotation: a deadline that is armed again.
#include "gateway/tls_rotation.h"

static void wait_for_next(struct tls_rotation *r)
{
    loop_deadline_at(r->loop, &r->due, tls_tickets_due_s(r->tickets) * 1000);
}

static void on_due(struct deadline *d)
{
    struct tls_rotation *r = (struct tls_rotation *)((char *)d - offsetof(struct tls_rotation, due));
    tls_tickets_rotate(r->tickets, loop_now_ms(r->loop) / 1000);
    wait_for_next(r);
}

void tls_rotation_start(struct tls_rotation *r, struct loop *l, struct tls_tickets *tickets)
{
    *r = (struct tls_rotation){.loop = l, .tickets = tickets};
    deadline_init(&r->due, on_due);
    wait_for_next(r);
}

void tls_rotation_stop(struct tls_rotation *r)
{
    if (r->loop)
        deadline_disarm(&r->due);
    r->loop = NULL;
}
