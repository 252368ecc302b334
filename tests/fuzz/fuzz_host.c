// SPDX-License-Identifier: Apache-2.0
// fuzz_host: a host that was read reads the same from its own name, an address from its own text.
#include "parser/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ip(struct bytes text)
{
    struct ip        ip, again;
    char             room[IP_TEXT_MAX];
    struct bytes_out out = {.at = room, .cap = sizeof room};
    if (!ip_parse(text, &ip))
        return;
    ip_print(&ip, &out);
    ASSERT(!out.overflowed && ip_parse(out_written(&out), &again) && memcmp(&ip, &again, sizeof ip) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = {(const char *)data, size};
    struct arena arena;
    struct host  host, again;
    arena_init(&arena, NULL, size + 64 * 1024);
    check_ip(text);
    if (host_parse(text, &arena, &host) == FAULT_NONE) {
        struct ip ip;
        ASSERT(host.name.len > 0 && host.name.len <= 253);
        for (size_t i = 0; i < host.name.len; i++)
            ASSERT(host.name.at[i] > ' ' &&
                   memchr("/\\@%?#[]ABCDEFGHIJKLMNOPQRSTUVWXYZ", host.name.at[i], 34) == NULL);
        ASSERT(bytes_equal(host.received, text));
        ASSERT(host.is_v6 ? ip_parse(host.name, &ip) : host_parse(host.name, &arena, &again) == FAULT_NONE);
        ASSERT(host.is_v6 || bytes_equal(again.name, host.name));
    }
    arena_reset(&arena);
    return 0;
}
