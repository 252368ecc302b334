// SPDX-License-Identifier: Apache-2.0
// detail: written in the arena of the exchange.
#include "policy/detail.h"

#define DETAIL_MAX 96 // two numbers of 20 digits and a word

struct bytes detail_excess(struct arena *arena, uint64_t found, const char *what, uint64_t allowed)
{
    struct bytes_out out = {.at = arena_alloc(arena, DETAIL_MAX), .cap = DETAIL_MAX};
    if (out.at == NULL)
        return (struct bytes){NULL, 0};
    out_uint(&out, found);
    out_char(&out, ' ');
    out_text(&out, what);
    out_text(&out, ", ");
    out_uint(&out, allowed);
    out_text(&out, " allowed");
    return out_written(&out);
}
