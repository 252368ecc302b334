// SPDX-License-Identifier: Apache-2.0
// request_of: requests for tests, made from bytes by the real parser; what it refuses ends the test.
#pragma once
#include "parser/request.h"

// From a whole head, which must outlive the request.
struct request request_of(struct arena *arena, const char *head);
// "METHOD target HTTP/1.1" with the given host, or a.example when it is NULL.
struct request request_for(struct arena *arena, const char *method, const char *host, const char *target);
