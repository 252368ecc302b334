// SPDX-License-Identifier: Apache-2.0
// login: how a login, or a logout, of the app behind is told by its request, and its success by the answer.
// The operator describes it once; sessions, brute-force limits and the equaliser go by the same description.
#pragma once
#include "policy/glob_set.h"
#include "policy/policy.h"
#include "policy/status_set.h"

// All that is said must hold; where nothing is, every answer is a success.
struct login_sign {
    bool                   by_status;
    struct status_set      status;
    const struct glob_set *location;     // of the Location field, without scheme and host; NULL: not asked
    const struct glob_set *not_location; // must not match; an answer without Location does not
    struct bytes           set_cookie;   // name that the answer sets; absent: not asked
    struct bytes           field;        // name of a field of the answer; absent: not asked
    struct bytes           field_value;  // what it says
};

struct login {
    const struct glob_set *path;    // on the decision reading
    uint32_t               methods; // set of METHOD_BIT; 0: any
    struct login_sign      when;
};

// Reads { "path": ..., "method": [...], "when": {...} }; "path" is required.
//   borrows  the document
//   returns  false when the node is absent, or wrong and reported
bool login_load(struct node object, struct arena *arena, struct login *login_r);

bool login_is(const struct login *l, const struct request *q);
// Does the answer to such a request say that it succeeded? Answers of our own never do.
bool login_succeeded(const struct login *l, const struct answer *a);
