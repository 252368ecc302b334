// SPDX-License-Identifier: Apache-2.0
// fuzz_set_cookie: every span lies inside the field, and reading name, value and attributes again, written
// one behind the other, gives the same cookie.
#include "parser/set_cookie.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_inside(struct bytes span, struct bytes whole)
{
    ASSERT(span.len == 0 || (span.at >= whole.at && span.at + span.len <= whole.at + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes       field = {(const char *)data, size};
    struct set_cookie  c = set_cookie_read(field, 1700000000);
    const struct bytes spans[] = {c.name, c.value, c.attributes, c.path, c.domain};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        expect_inside(spans[i], field);
    struct bytes_out again = {.at = malloc(size + 1), .cap = size + 1};
    ASSERT(again.at != NULL);
    out_bytes(&again, c.name);
    out_bytes(&again, c.name.len == 0 ? BYTES("") : BYTES("="));
    out_bytes(&again, c.value);
    out_bytes(&again, c.attributes);
    ASSERT(!again.overflowed);
    if (c.name.len > 0) {
        struct set_cookie same = set_cookie_read(out_written(&again), 1700000000);
        ASSERT(bytes_equal(same.name, c.name) && bytes_equal(same.value, c.value));
        ASSERT(bytes_equal(same.path, c.path) && same.ends == c.ends && same.secure == c.secure);
    }
    free(again.at);
    return 0;
}
