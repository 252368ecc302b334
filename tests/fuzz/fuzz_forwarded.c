// SPDX-License-Identifier: Apache-2.0
// fuzz_forwarded: one list or one line per entry give the same client, and what stands further left changes
// nothing once an untrusted address was found.
#include "parser/forwarded.h"

#define LINES_MAX 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// 10.0.0.0/8 is ours.
static bool trusts(const void *trusted, const struct ip *address)
{
    (void)trusted;
    return ip_is_v4(address) && address->octet[12] == 10;
}

static size_t split(struct bytes text, char stop, struct field lines[LINES_MAX])
{
    size_t count = 0, start = 0;
    for (size_t i = 0; i <= text.len && count < LINES_MAX; i++) {
        if (i < text.len && text.at[i] != stop)
            continue;
        lines[count++] = (struct field){.value = {&text.at[start], i - start}, .id = FIELD_X_FORWARDED_FOR};
        start = i + 1;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes  text = {(const char *)data, size};
    struct ip     sender = {{[10] = 0xFF, [11] = 0xFF, [12] = 10, [15] = 1}};
    struct field  one = {.value = text, .id = FIELD_X_FORWARDED_FOR}, lines[LINES_MAX + 1];
    struct ip     whole = forwarded_client(&sender, &(struct fields){&one, 1}, trusts, NULL);
    size_t        count = split(text, ',', &lines[1]);
    struct fields cut = {&lines[1], count};
    if (count == LINES_MAX)
        return 0;
    struct ip again = forwarded_client(&sender, &cut, trusts, NULL);
    ASSERT(memcmp(&whole, &again, sizeof whole) == 0);

    lines[0] = (struct field){.value = BYTES("10.6.6.6, 6.6.6.6"), .id = FIELD_X_FORWARDED_FOR};
    struct ip longer = forwarded_client(&sender, &(struct fields){lines, count + 1}, trusts, NULL);
    ASSERT(trusts(NULL, &whole) || memcmp(&whole, &longer, sizeof whole) == 0);
    return 0;
}
