// SPDX-License-Identifier: Apache-2.0
// fuzz_cookie: one field, or one for each of its pieces, give the same cookies; none of them holds an end.
#include "parser/cookie.h"

#define LINES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t split(struct bytes text, struct field lines[LINES_MAX])
{
    size_t count = 0, start = 0;
    for (size_t i = 0; i <= text.len && count < LINES_MAX; i++) {
        if (i < text.len && text.at[i] != ';' && text.at[i] != ',')
            continue;
        lines[count++] = (struct field){.value = {&text.at[start], i - start}, .id = FIELD_COOKIE};
        start = i + 1;
    }
    return count;
}

static void check(struct bytes part)
{
    ASSERT(part.len == 0 ||
           (memchr(part.at, ';', part.len) == NULL && memchr(part.at, ',', part.len) == NULL));
    ASSERT(part.len == 0 || (*part.at != ' ' && *part.at != '"' && part.at[part.len - 1] != '\t'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes   text = {(const char *)data, size};
    struct field   one = {.value = text, .id = FIELD_COOKIE}, lines[LINES_MAX];
    struct fields  whole = {&one, 1}, cut = {lines, split(text, lines)};
    struct cookies a = cookies_of(&whole), b = cookies_of(&cut);
    struct cookie  x, y;
    if (cut.count == LINES_MAX)
        return 0;
    while (cookies_next(&a, &x)) {
        ASSERT(cookies_next(&b, &y));
        ASSERT(x.name.at == y.name.at && x.name.len == y.name.len);
        ASSERT(x.value.at == y.value.at && x.value.len == y.value.len);
        check(x.name);
        check(x.value);
        ASSERT(x.name.len == 0 || cookie_find(&whole, x.name).at != NULL);
    }
    ASSERT(!cookies_next(&b, &y));
    return 0;
}
