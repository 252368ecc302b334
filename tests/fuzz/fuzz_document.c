// SPDX-License-Identifier: Apache-2.0
// fuzz_document: any text is read to its end; whatever is wrong with it is told once, in a bounded text
// without controls, and nothing of what came out of an expansion is in it.
#include "policy/document.h"

#define SECRET "\x01secret" // no text can hold it: JSON has no raw controls, and what is shown has none

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lookup(void *context, struct bytes name, struct bytes_out *value, const char **why_r)
{
    (void)context;
    *why_r = "it was not to be";
    out_text(value, name.len > 0 && name.at[0] == 'S' ? SECRET "10s" : "");
    return name.len % 2 == 1;
}

static void read_as_everything(struct node n)
{
    static const char *const  names[] = {"listen", "upstream", "mode", NULL};
    static const struct bytes known[] = {BYTES("erp"), BYTES("wiki")};
    struct bytes              text;
    uint64_t                  number, period;
    size_t                    index;
    bool                      truth;
    (void)node_text(n, &text);
    (void)node_bool(n, &truth);
    (void)node_choice(n, names, &index);
    (void)node_rate(n, &number, &period);
    node_unknown(n, "upstream", known, 2);
    if (node_count(n, 5, 1000, &number))
        ASSERT(number >= 5 && number <= 1000);
    if (node_duration(n, 1000, 60000, &number))
        ASSERT(number >= 1000 && number <= 60000);
    if (node_size(n, 10, 100000, &number))
        ASSERT(number >= 10 && number <= 100000);
    if (node_expect_object(n))
        node_keys(n, names);
    (void)node_expect_array(n);
}

static void walk(struct node n, size_t depth)
{
    ASSERT(depth <= DOCUMENT_DEPTH_MAX);
    ASSERT(node_line(n) > 0);
    read_as_everything(n);
    for (size_t i = 0; (node_is_object(n) || node_is_array(n)) && i < node_length(n); i++)
        walk(node_at(n, i), depth + 1);
}

static void check_print(const struct document *d)
{
    static char      printed[64 * 1024];
    struct bytes_out out = {.at = printed, .cap = sizeof printed};
    document_print(d, &out);
    ASSERT(!out.overflowed);
    ASSERT(document_has_problems(d) == (out.len > 0));
    for (size_t i = 0; i < out.len; i++)
        ASSERT(printed[i] == '\n' || printed[i] >= ' ' || printed[i] < 0);
    ASSERT(memmem(printed, out.len, "?secret", strlen("?secret")) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    if (size > 64 * 1024 || memmem(data, size, "secret", strlen("secret")) != NULL)
        return 0;
    // Never NULL: what the scanner lets through, cJSON lets through.
    struct document *d = document_parse(text, "fuzz.json");
    ASSERT(d != NULL);
    struct node root = document_root(d);
    ASSERT(root.item != NULL || document_has_problems(d));
    document_expand(d, lookup, NULL);
    if (root.item != NULL)
        walk(root, 0);
    check_print(d);
    document_free(&d);
    return 0;
}
