// SPDX-License-Identifier: Apache-2.0
// fuzz_head: any bytes as a head; what is sealed and written anew is sealed again, with the same fields.
#include "parser/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void out_fields(struct bytes_out *out, const struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        out_bytes(out, fields->at[i].name);
        out_text(out, ":");
        out_bytes(out, fields->at[i].value);
        out_text(out, "\r\n");
    }
    out_text(out, "\r\n");
}

static void expect_same(const struct fields *a, const struct fields *b)
{
    ASSERT(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        ASSERT(bytes_equal(a->at[i].name, b->at[i].name) && bytes_equal(a->at[i].value, b->at[i].value));
        ASSERT(a->at[i].dropped == b->at[i].dropped);
    }
}

static void check_request(struct bytes raw, struct arena *arena)
{
    struct request a, b;
    if (head_request(raw, &LIMITS_DEFAULT, arena, &a) != FAULT_NONE)
        return;
    struct bytes_out out = {.at = arena_alloc(arena, raw.len + 16), .cap = raw.len + 16};
    out_bytes(&out, (struct bytes){raw.at, strcspn(raw.at, "\n") + 1});
    out_fields(&out, &a.fields);
    ASSERT(!out.overflowed);
    ASSERT(head_request(out_written(&out), &LIMITS_DEFAULT, arena, &b) == FAULT_NONE);
    expect_same(&a.fields, &b.fields);
    ASSERT(a.framing == b.framing && a.content_length == b.content_length && a.keep_alive == b.keep_alive);
    ASSERT(a.expect_continue == b.expect_continue && a.websocket == b.websocket);
}

static void check_response(struct bytes raw, struct arena *arena)
{
    struct response a, b;
    if (head_response(raw, METHOD_GET, &LIMITS_DEFAULT, arena, &a) != FAULT_NONE)
        return;
    struct bytes_out out = {.at = arena_alloc(arena, raw.len + 16), .cap = raw.len + 16};
    out_bytes(&out, (struct bytes){raw.at, strcspn(raw.at, "\n") + 1});
    out_fields(&out, &a.fields);
    ASSERT(!out.overflowed);
    ASSERT(head_response(out_written(&out), METHOD_GET, &LIMITS_DEFAULT, arena, &b) == FAULT_NONE);
    expect_same(&a.fields, &b.fields);
    ASSERT(a.framing == b.framing && a.content_length == b.content_length && a.keep_alive == b.keep_alive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena  arena;
    struct fields trailers;
    struct bytes  raw = {(const char *)data, size};
    arena_init(&arena, NULL, 1024 * 1024);
    check_request(raw, &arena);
    check_response(raw, &arena);
    if (head_trailers(raw, &LIMITS_DEFAULT, &arena, &trailers) == FAULT_NONE)
        ASSERT(size == 0 || data[size - 1] == '\n');
    arena_reset(&arena);
    return 0;
}
