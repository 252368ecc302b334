// SPDX-License-Identifier: Apache-2.0
// methods: a set of request methods as the operator names it.
#pragma once
#include "parser/request.h"
#include "policy/document.h"

#define METHOD_BIT(m) (UINT32_C(1) << (m))

// Reads an array of method names, at least one.
//   returns  false when the node is absent, or wrong and reported; *set_r is then untouched
bool methods_load(struct node array, uint32_t *set_r);
// The names with ", " between them, in the order of METHODS, as Allow wants them (RFC 9110 10.2.1).
void methods_print(uint32_t set, struct bytes_out *out);
