// SPDX-License-Identifier: Apache-2.0
// host_pattern: hosts as the operator names them: "erp.example.com", "192.0.2.7", "[2001:db8::7]", or
// "*.example.com" for one or more labels in front. Without a port.
#pragma once
#include "parser/host.h"
#include "policy/document.h"

// Reads one; it lives in the arena, in lower case and without brackets.
//   fails  false after telling the document why, or because the arena is full
MUST_USE bool host_pattern_load(struct node n, struct arena *arena, struct bytes *pattern_r);

// Compares with the name of a host. An empty pattern matches every one.
bool host_pattern_matches(struct bytes pattern, struct bytes name);
// Does `a` match every name that `b` does?
bool host_pattern_covers(struct bytes a, struct bytes b);
