// SPDX-License-Identifier: Apache-2.0
// fuzz_base64: what is read is written back as the same text, and any bytes come back.
#include "parser/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes given = {(const char *)data, size < 2048 ? size : 2048};
    for (enum base64 kind = BASE64_STANDARD; kind <= BASE64_URL; kind++) {
        char             read_memory[4096], text_memory[4096];
        struct bytes_out read = {.at = read_memory, .cap = sizeof read_memory};
        struct bytes_out text = {.at = text_memory, .cap = sizeof text_memory};
        if (base64_read(given, kind, &read)) {
            base64_write(out_written(&read), kind, &text);
            ASSERT(bytes_equal(out_written(&text), given));
        }
        read.len = text.len = 0;
        base64_write(given, kind, &text);
        ASSERT(text.len == base64_length(given.len, kind));
        ASSERT(base64_read(out_written(&text), kind, &read) && bytes_equal(out_written(&read), given));
    }
    return 0;
}
