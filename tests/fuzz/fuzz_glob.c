// SPDX-License-Identifier: Apache-2.0
// fuzz_glob: the first line is a path, the others are patterns. What the set says is what a slow reader says
// who asks one pattern after the other.
#include "policy/glob_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PATTERNS 32

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

// On a difference, the last star takes one byte more; an earlier one never has to.
static bool matches(struct bytes p, struct bytes t)
{
    size_t i = 0, k = 0, star = SIZE_MAX, from = 0;
    while (k < t.len) {
        if (i < p.len && p.at[i] == '*') {
            star = i++;
            from = k;
        } else if (i < p.len && (p.at[i] == '?' || lower(p.at[i]) == lower(t.at[k]))) {
            i++;
            k++;
        } else if (star == SIZE_MAX)
            return false;
        else {
            i = star + 1;
            k = ++from;
        }
    }
    while (i < p.len && p.at[i] == '*')
        i++;
    return i == p.len;
}

static struct bytes first_match(const struct bytes *patterns, size_t count, struct bytes path)
{
    for (size_t i = 0; i < count; i++)
        if (matches(patterns[i], path))
            return patterns[i];
    return (struct bytes){NULL, 0};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes lines[PATTERNS + 1];
    char         folder[4097];
    struct arena arena;
    size_t       count = 0;
    if (size > 4096)
        return 0;
    for (const char *at = (const char *)data, *end = at + size; at < end && count <= PATTERNS;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        size_t len = (size_t)(stop - at);
        lines[count] = (struct bytes){at, len > 100 && count > 0 ? 100 : len};
        count++;
        at = stop + 1;
    }
    if (count == 0)
        return 0;
    arena_init(&arena, NULL, 64u << 20);
    const struct glob_set *set = glob_set_new(lines + 1, count - 1, &arena);
    ASSERT(set != NULL);
    struct bytes_out out = {.at = folder, .cap = sizeof folder};
    out_bytes(&out, lines[0]);
    out_char(&out, '/');
    struct bytes expected = first_match(lines + 1, count - 1, lines[0]);
    if (expected.at == NULL)
        expected = first_match(lines + 1, count - 1, out_written(&out));
    ASSERT(glob_set_match(set, lines[0]).at == expected.at);
    arena_reset(&arena);
    return 0;
}
