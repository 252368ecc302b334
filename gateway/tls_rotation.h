// SPDX-License-Identifier: Apache-2.0
// tls_rotation: the clock of the ticket keys: whoever owns a loop lets them rotate when they are due.
#pragma once
#include "gateway/loop.h"
#include "gateway/tls_tickets.h"

struct tls_rotation {
    struct loop        *loop;
    struct tls_tickets *tickets;
    struct deadline     due;
};

// Borrows both until the stop. On one loop only. The tickets count the seconds of that loop's clock.
void tls_rotation_start(struct tls_rotation *r, struct loop *l, struct tls_tickets *tickets);
void tls_rotation_stop(struct tls_rotation *r); // safe twice, and when it was never started but is zeroed
