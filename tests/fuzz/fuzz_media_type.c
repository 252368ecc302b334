// SPDX-License-Identifier: Apache-2.0
// fuzz_media_type: a type that is read has tokens on both sides, parameters that are all read, and no second
// type behind it.
#include "parser/cursor.h"
#include "parser/media_type.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_token(struct bytes b)
{
    size_t i = 0;
    while (i < b.len && is_token_char(b.at[i]))
        i++;
    return b.len > 0 && i == b.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes           text = {(const char *)data, size};
    struct media_type      type;
    struct media_parameter p;
    if (!media_type_read(text, &type))
        return 0;
    ASSERT(is_token(type.type) && is_token(type.subtype));
    ASSERT(type.type.len + 1 + type.subtype.len + type.parameters.len == size);
    const char *end = text.at + size;
    while (media_parameter_next(&type.parameters, &p)) {
        ASSERT(is_token(p.name));
        for (size_t i = 0; i < p.value.len; i++)
            ASSERT(is_text_char(p.value.at[i]));
    }
    ASSERT(type.parameters.len == 0 && type.parameters.at == end);
    return 0;
}
