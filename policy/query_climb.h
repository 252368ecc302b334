// SPDX-License-Identifier: Apache-2.0
// query_climb: finds the path that climbs up (`../`) in what a query says, however it is spelled.
#pragma once
#include "parser/arena.h"

// The first parameter whose name or value holds a segment "..", once everything is decoded that any reader
// decodes: escapes however often, %uXXXX, overlong UTF-8 and look-alikes. "/", "\", NUL, "=", ";" and
// ":" end a segment.
//   `query`  of a target that was read: ASCII
//   returns  its raw name; absent when there is none; *full_r: the arena was, and nothing is known
struct bytes query_climb(struct bytes query, struct arena *arena, bool *full_r);
