// SPDX-License-Identifier: Apache-2.0
// fuzz_http1: one message, request or response; the same bytes cut anywhere give the same outcome.
// The first byte chooses: its lowest bit the role (so "0" is a request, "1" a response), the others the cuts.
#include "tests/support/read_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct limits limits = {.head_bytes = 512,
                                         .target_bytes = 128,
                                         .fields = 8,
                                         .field_bytes = 128,
                                         .chunk_line_bytes = 32,
                                         .trailer_bytes = 64};
    if (size == 0)
        return 0;
    struct arena    arena;
    struct bytes    in = {(const char *)data + 1, size - 1};
    enum http1_role role = data[0] & 1 ? HTTP1_RESPONSE : HTTP1_REQUEST;
    struct cuts     cuts = {data[0] / 2u, data[0] / 4u};
    arena_init(&arena, NULL, 1024 * 1024);
    struct outcome whole = read_message(&arena, role, &limits, in, WHOLE);
    struct outcome cut = read_message(&arena, role, &limits, in, cuts);
    struct outcome slow = read_message(&arena, role, &limits, in, BYTE_BY_BYTE);
    ASSERT(same_outcome(&whole, &cut));
    ASSERT(same_outcome(&whole, &slow));
    arena_check(&arena);
    arena_reset(&arena);
    return 0;
}
