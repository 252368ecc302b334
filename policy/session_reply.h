// SPDX-License-Identifier: Apache-2.0
// session_reply: the answer to a visit: what the app sets leaves as an outer cookie, a login gets a new one,
// and a logout ends it.
#pragma once
#include "policy/session_visit.h"

void session_edit_reply(const struct session_broker *b, const struct subject *s, struct visit *v,
                        const struct answer *a, struct edits *edits);
