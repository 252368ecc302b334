// SPDX-License-Identifier: Apache-2.0
// fuzz_ban_line: what is read is written again as it was, and no shorter or longer line reads the same.
#include "policy/ban_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes    line = {(const char *)data, size};
    struct ban_time t = {.now_ms = 1000000, .wall_ms = 1800000000000};
    struct ban      ban, again;
    if (!ban_line_read(line, t, &ban))
        return 0;
    char             memory[BAN_LINE_MAX];
    struct bytes_out out = {.at = memory, .cap = sizeof memory};
    ban_line_print(&ban, t, &out);
    ASSERT(!out.overflowed && ban_line_read((struct bytes){memory, out.len - 1}, t, &again));
    ASSERT(again.until_ms == ban.until_ms && again.step == ban.step);
    ASSERT(memcmp(&again.prefix, &ban.prefix, sizeof ban.prefix) == 0 && strcmp(again.why, ban.why) == 0);
    for (size_t cut = 0; cut < size; cut++)
        ASSERT(!ban_line_read((struct bytes){line.at, cut}, t, &again));
    return 0;
}
