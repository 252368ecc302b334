// SPDX-License-Identifier: Apache-2.0
// backend_paths: what each kind of backend makes of a path besides its text, as a table of stacks.
#pragma once
#include "parser/bytes.h"

enum backend { BACKEND_GENERIC, BACKEND_PHP, BACKEND_TOMCAT, BACKEND_IIS, BACKEND_WSGI };

// For node_choice, in the order of the enum.
extern const char *const backend_names[];

// Patterns of what the stack keeps for itself and no visitor needs (glob_set); static.
const struct bytes *backend_closed(enum backend b, size_t *count_r);

// What in this path the stack reads otherwise than it is written.
//   `path`   its decision reading (parser/target.h)
//   returns  static text; absent when there is nothing
struct bytes backend_quirk(enum backend b, struct bytes path);

// PHP and ASP.NET run a script with a path behind it, "/a.php/b": moves *end behind the next script from
// there.
//   returns  false when there is none before the end of the path, or the stack does no such thing
bool backend_script(enum backend b, struct bytes path, size_t *end);
