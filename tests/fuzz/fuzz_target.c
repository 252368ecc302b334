// SPDX-License-Identifier: Apache-2.0
// fuzz_target: a canonical target reads the same again, and neither reading holds a dot segment.
#include "parser/cursor.h"
#include "parser/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_no_dot_segment(struct bytes path)
{
    for (size_t start = 0, i = 1; i <= path.len; i++) {
        if (i < path.len && path.at[i] != '/')
            continue;
        struct bytes segment = {&path.at[start + 1], i - start - 1};
        ASSERT(!bytes_equal(segment, BYTES(".")) && !bytes_equal(segment, BYTES("..")));
        start = i;
    }
}

static void check_characters(struct bytes path)
{
    for (size_t i = 0; i < path.len; i++)
        ASSERT(is_unreserved(path.at[i]) || memchr("!$&'()*+,;=:@/%", path.at[i], 15) != NULL);
}

static void check_decision(struct bytes decision)
{
    for (size_t i = 0; i < decision.len; i++) {
        ASSERT((uint8_t)decision.at[i] >= 0x20 && memchr("\\;\x7F", decision.at[i], 3) == NULL);
        ASSERT(i == 0 || decision.at[i] != '/' || decision.at[i - 1] != '/');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena  arena;
    struct target target, again;
    arena_init(&arena, NULL, 4 * size + 64 * 1024);
    if (target_parse((struct bytes){(const char *)data, size}, &arena, &target) == FAULT_NONE &&
        target.form != TARGET_ASTERISK) {
        ASSERT(target.path.at[0] == '/' && target.decision.at[0] == '/');
        check_no_dot_segment(target.path);
        check_no_dot_segment(target.decision);
        check_characters(target.path);
        check_decision(target.decision);
        struct bytes shorter = target_before_query(&target);
        ASSERT(shorter.at == target.decision.at && shorter.len > 0);
        ASSERT(shorter.len == target.decision.len ||
               memchr("?#", target.decision.at[shorter.len], 2) != NULL);
        ASSERT(target_parse(target.path, &arena, &again) == FAULT_NONE);
        ASSERT(bytes_equal(again.path, target.path) && bytes_equal(again.decision, target.decision));
        ASSERT(again.encoded_slash == target.encoded_slash && again.parameters == target.parameters);
    }
    arena_reset(&arena);
    return 0;
}
