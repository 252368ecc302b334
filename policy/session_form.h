// SPDX-License-Identifier: Apache-2.0
// session_form: session ids in the fields of a form. PHP and others take them from there when they are told
// to, and a planted form is as good as a planted link. Bodies of application/x-www-form-urlencoded and of
// multipart/form-data are watched while they stream.
#pragma once
#include "policy/session_multipart.h"

struct form_watch {
    bool                    is_urlencoded; // the body is such a form
    bool                    is_multipart;
    bool                    in_value;
    struct parameter_reader name;
    struct multipart_watch  parts;
};

void form_begin(struct form_watch *w, const struct request *q);
// The next piece of the body, cut anywhere.
//   returns  false when a field has the name of a session cookie
MUST_USE bool form_watch(struct form_watch *w, const struct session_names *names, struct bytes piece);
