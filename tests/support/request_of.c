// SPDX-License-Identifier: Apache-2.0
// request_of: with the widest limits, so that policies are the only ones to refuse.
#include "tests/support/request_of.h"
#include "parser/head.h"

#define HEAD_MAX (64u * 1024u)

static const struct limits wide = {.head_bytes = LIMITS_HEAD_BYTES_MAX,
                                   .target_bytes = LIMITS_HEAD_BYTES_MAX,
                                   .fields = LIMITS_FIELDS_MAX,
                                   .field_bytes = LIMITS_HEAD_BYTES_MAX};

struct request request_of(struct arena *arena, const char *head)
{
    struct request request;
    ASSERT(head_request(bytes_of(head), &wide, arena, &request) == FAULT_NONE);
    return request;
}

struct request request_for(struct arena *arena, const char *method, const char *host, const char *target)
{
    struct bytes_out head = {.at = arena_alloc(arena, HEAD_MAX), .cap = HEAD_MAX};
    out_text(&head, method);
    out_char(&head, ' ');
    out_text(&head, target);
    out_text(&head, " HTTP/1.1\r\nHost: ");
    out_text(&head, host == NULL ? "a.example" : host);
    out_text(&head, "\r\n\r\n");
    out_char(&head, '\0');
    ASSERT(!head.overflowed);
    return request_of(arena, head.at);
}
