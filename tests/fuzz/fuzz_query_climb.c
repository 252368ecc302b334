// SPDX-License-Identifier: Apache-2.0
// fuzz_query_climb: what climbs still does when all of it is encoded once more, and when more stands around
// it.
#include "policy/query_climb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool climbs(struct bytes query, struct arena *arena)
{
    bool         full;
    struct bytes name = query_climb(query, arena, &full);
    ASSERT(!full);
    return name.at != NULL;
}

static void out_escape(struct bytes_out *out, uint8_t byte)
{
    out_char(out, '%');
    out_hex(out, byte, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena     arena;
    struct bytes     text = {(const char *)data, size};
    struct bytes_out again = {.cap = 3 * size + 16}, around = {.cap = size + 16};
    for (size_t i = 0; i < size; i++)
        if (data[i] >= 0x80)
            return 0;
    arena_init(&arena, NULL, 16 * size + 64 * 1024);
    again.at = arena_alloc(&arena, again.cap);
    around.at = arena_alloc(&arena, around.cap);
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '&' || data[i] == '=' || data[i] == '+')
            out_char(&again, (char)data[i]);
        else
            out_escape(&again, data[i]);
    }
    out_text(&around, "a=b&");
    out_bytes(&around, text);
    out_text(&around, "&c");
    ASSERT(!again.overflowed && !around.overflowed);
    bool found = climbs(text, &arena);
    ASSERT(climbs(out_written(&around), &arena) == found);
    ASSERT(climbs(out_written(&again), &arena) == found);
    arena_reset(&arena);
    return 0;
}
