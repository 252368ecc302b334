// SPDX-License-Identifier: Apache-2.0
// fuzz_origin: an origin that is read and written again is the same one, and nobody's path or user is in its
// host.
#include "policy/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_origin(const struct origin *origin, struct bytes_out *out)
{
    bool v6 = memchr(origin->host.at, ':', origin->host.len) != NULL;
    out_text(out, origin->https ? "https://" : "http://");
    out_text(out, v6 ? "[" : "");
    out_bytes(out, origin->host);
    out_text(out, v6 ? "]:" : ":");
    out_uint(out, origin->port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena  arena;
    struct origin origin, again;
    struct bytes  text = {(const char *)data, size}, rest;
    char          room[512];
    arena_init(&arena, NULL, 64 * 1024);
    if (origin_read(text, &arena, &rest, &origin)) {
        struct bytes_out out = {.at = room, .cap = sizeof room};
        write_origin(&origin, &out);
        ASSERT(!out.overflowed && origin_read(out_written(&out), &arena, NULL, &again));
        ASSERT(origin_matches(&origin, &again) && origin_matches(&again, &origin));
        for (size_t i = 0; i < origin.host.len; i++)
            ASSERT(memchr("/?#\\@%", origin.host.at[i], 6) == NULL);
        ASSERT(rest.len == 0 || memchr("/?#\\", *rest.at, 4) != NULL);
    }
    arena_reset(&arena);
    return 0;
}
