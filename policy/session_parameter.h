// SPDX-License-Identifier: Apache-2.0
// session_parameter: is a name, as it stands in a query, a path, a form or a Cookie field, one that some app
// reads its session id from? Read as the laziest of them would: escapes decoded, blanks around it dropped
// however many, cut at a zero byte and at a "[".
#pragma once
#include "policy/session_rules.h"

// A name that is read byte by byte. All 0 in the beginning.
struct parameter_reader {
    size_t len;     // of the text; more than SESSION_NAME_MAX: none of ours
    size_t blanks;  // behind the text so far
    size_t escaped; // bytes of an escape that were read: "%" and a digit
    char   digit;
    bool   cut; // what follows is no part of it
    char   text[SESSION_NAME_MAX + 1];
};

void parameter_put(struct parameter_reader *r, char c);
// The name ends here.
bool parameter_is_id(struct parameter_reader *r, const struct session_names *names);

// The same for a whole name.
bool session_is_parameter(const struct session_names *names, struct bytes raw);
