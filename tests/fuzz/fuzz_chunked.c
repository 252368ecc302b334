// SPDX-License-Identifier: Apache-2.0
// fuzz_chunked: a chunked body; the first byte says how long the pieces are, and must not matter.
#include "parser/chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct limits limits = {
    .fields = 4, .field_bytes = 32, .chunk_line_bytes = 24, .trailer_bytes = 48};

struct result {
    struct chunked   decoder;
    enum http1_step  step;
    size_t           used;
    struct bytes_out body;
};

static struct result decode(struct arena *arena, struct bytes in, size_t size)
{
    struct result r = {.body = {.at = arena_alloc(arena, in.len), .cap = in.len}};
    while (r.used < in.len && (r.step == HTTP1_MORE || r.step == HTTP1_BODY)) {
        size_t       used, left = in.len - r.used;
        struct bytes data, piece = {in.at + r.used, left < size ? left : size};
        r.step = chunked_feed(&r.decoder, &limits, arena, piece, &used, &data);
        ASSERT(used <= piece.len && (r.step != HTTP1_MORE || used == piece.len));
        r.used += used;
        if (r.step == HTTP1_BODY)
            out_bytes(&r.body, data);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena arena;
    struct bytes in = {(const char *)data + 1, size - 1};
    arena_init(&arena, NULL, 1024 * 1024);
    struct result whole = decode(&arena, in, size), cut = decode(&arena, in, data[0] % 16 + 1u);
    ASSERT(whole.decoder.fault == cut.decoder.fault);
    ASSERT(bytes_equal(out_written(&whole.body), out_written(&cut.body)));
    if (whole.step == HTTP1_END) {
        ASSERT(cut.step == HTTP1_END && whole.used == cut.used);
        ASSERT(bytes_equal(out_written(&whole.decoder.trailers), out_written(&cut.decoder.trailers)));
    }
    arena_reset(&arena);
    return 0;
}
