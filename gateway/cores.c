// SPDX-License-Identifier: Apache-2.0
// cores: the affinity mask and the cgroup's quota. A container that was given 1.5 CPUs on a machine of 64
// must not start 64 loops: they would be throttled together, all in the same moment.
#include "gateway/cores.h"
#include "gateway/file.h"
#include "parser/cursor.h"
#include <limits.h>
#include <sched.h>
#include <stdio.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

unsigned cores_granted(struct bytes cpu_max)
{
    struct cursor c = cursor_over(cpu_max);
    uint64_t      quota;
    uint64_t      period;
    if (!cursor_decimal(&c, UINT32_MAX, &quota) || !cursor_char(&c, ' ') ||
        !cursor_decimal(&c, UINT32_MAX, &period) || period == 0)
        return UINT_MAX;
    uint64_t cores = (quota + period - 1) / period;
    return cores == 0 ? 1 : (unsigned)cores;
}

// The path of this process below the cgroup root: the line "0::/path" (cgroups(7)). Without a leading "/".
static struct bytes own_cgroup(struct bytes listing)
{
    struct cursor c = cursor_over(listing);
    struct bytes  line;
    while (cursor_until(&c, '\n', &line)) {
        if (bytes_starts_with(line, BYTES("0::/")))
            return (struct bytes){line.at + 4, line.len - 4};
        if (!cursor_char(&c, '\n'))
            break;
    }
    return (struct bytes){"", 0};
}

static unsigned granted_at(struct bytes cgroup)
{
    char path[PATH_MAX];
    int  length = snprintf(path, sizeof path, CGROUP_ROOT "/%.*s/cpu.max", (int)cgroup.len, cgroup.at);
    char memory[64];
    struct bytes_out text = {.at = memory, .cap = sizeof memory};
    if (length < 0 || (size_t)length >= sizeof path || file_read(path, &text) != NULL)
        return UINT_MAX;
    return cores_granted(out_written(&text));
}

// A quota binds everything below it: the smallest one on the way up counts.
static unsigned granted_by_cgroup(void)
{
    char             memory[PATH_MAX];
    struct bytes_out listing = {.at = memory, .cap = sizeof memory};
    if (file_read("/proc/self/cgroup", &listing) != NULL)
        return UINT_MAX;

    struct bytes cgroup = own_cgroup(out_written(&listing));
    unsigned     least = granted_at(cgroup);
    while (cgroup.len > 0) {
        const char *slash = memrchr(cgroup.at, '/', cgroup.len);
        cgroup.len = slash == NULL ? 0 : (size_t)(slash - cgroup.at);
        unsigned granted = granted_at(cgroup);
        if (granted < least)
            least = granted;
    }
    return least;
}

unsigned cores_available(void)
{
    cpu_set_t allowed;
    unsigned  cores = 1;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        cores = (unsigned)CPU_COUNT(&allowed);
    unsigned granted = granted_by_cgroup();
    return granted < cores ? granted : cores;
}
