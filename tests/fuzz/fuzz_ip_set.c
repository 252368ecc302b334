// SPDX-License-Identifier: Apache-2.0
// fuzz_ip_set: any file gives a set or problems, the same with other ends of lines; and an address that was
// written alone in a line is in it.
#include "policy/ip_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 8192u

static struct bytes_out file;

static const char *read_file(const char *path, struct bytes_out *out)
{
    ASSERT(path[0] == 'x');
    out_bytes(out, out_written(&file));
    return NULL;
}

static struct ip_set *load(struct arena *arena, size_t *count_r)
{
    struct document *d = document_parse(BYTES("[\"@x\"]"), "fuzz.json");
    ASSERT(d != NULL);
    struct ip_set *set = ip_set_load_files(document_root(d), read_file, arena, count_r);
    ASSERT((set == NULL) == document_has_problems(d));
    document_free(&d);
    return set;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char               text[TEXT_MAX];
    struct arena       arena;
    struct ip          ip;
    size_t             count, count_again;
    const struct bytes whole = {(const char *)data, size < TEXT_MAX / 2 ? size : TEXT_MAX / 2};
    arena_init(&arena, NULL, 16u << 20);
    file = (struct bytes_out){.at = text, .cap = sizeof text};
    out_bytes(&file, whole);
    const struct ip_set *set = load(&arena, &count);
    file.len = 0;
    for (size_t i = 0; i < whole.len; i++)
        out_bytes(&file, whole.at[i] == '\n' ? BYTES("\r\n") : (struct bytes){whole.at + i, 1});
    const struct ip_set *again = load(&arena, &count_again);
    ASSERT((set == NULL) == (again == NULL) && (set == NULL || count == count_again));
    for (size_t from = 0, to = 0; set != NULL && to <= whole.len; to++)
        if (to == whole.len || whole.at[to] == '\n') {
            bool address = ip_parse((struct bytes){whole.at + from, to - from}, &ip);
            ASSERT(!address || (ip_set_has(set, &ip) && ip_set_has(again, &ip)));
            from = to + 1;
        }
    arena_reset(&arena);
    return 0;
}
