// SPDX-License-Identifier: Apache-2.0
// session_form: session ids in the fields of a form. PHP and others take them from there when they are told
// to, and a planted form is as good as a planted link. Bodies of application/x-www-form-urlencoded are
// watched while they stream; parts of multipart/form-data are not.
#pragma once
#include "policy/session_rules.h"

#define FORM_NAME_MAX (3u * SESSION_NAME_MAX + 1u) // every character escaped; longer names are none of ours

struct form_watch {
    bool   watches; // the body is such a form
    bool   in_value;
    size_t len; // of the name so far; FORM_NAME_MAX: too long
    char   name[FORM_NAME_MAX];
};

// Would some app take an id from a parameter of this raw name, in a query, a path or a form?
bool session_is_parameter(const struct session_names *names, struct bytes raw);

void form_begin(struct form_watch *w, const struct request *q);
// The next piece of the body, cut anywhere.
//   returns  false when a field has the name of a session cookie
MUST_USE bool form_watch(struct form_watch *w, const struct session_names *names, struct bytes piece);
