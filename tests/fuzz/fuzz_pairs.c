// SPDX-License-Identifier: Apache-2.0
// fuzz_pairs: pairs are parts of the text in their order, a text cut behind an "&" has the same ones, and
// decoding never grows.
#include "parser/arena.h"
#include "parser/pairs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(struct bytes text)
{
    struct pairs pairs = pairs_over(text);
    struct pair  pair;
    size_t       found = 0;
    const char  *before = text.at;
    for (; pairs_next(&pairs, &pair); found++) {
        ASSERT(pair.name.at >= before && pair.name.len + pair.value.len < text.len + 1);
        ASSERT(memchr(pair.name.at, '=', pair.name.len) == NULL);
        before = pair.name.at + pair.name.len;
    }
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes     text = {(const char *)data, size};
    size_t           all = count(text);
    struct arena     arena;
    struct bytes_out out = {.cap = size};
    for (size_t i = 0; i < size; i++)
        if (data[i] == '&')
            ASSERT(count((struct bytes){text.at, i}) + count(bytes_after(text, i + 1)) == all);
    arena_init(&arena, NULL, size + 4096);
    out.at = arena_alloc(&arena, size);
    bool good = pairs_decode(text, &out);
    ASSERT(!out.overflowed && out.len <= size);
    ASSERT(good || (size > 0 && memchr(data, '%', size) != NULL));
    arena_reset(&arena);
    return 0;
}
