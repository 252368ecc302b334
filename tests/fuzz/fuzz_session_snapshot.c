// SPDX-License-Identifier: Apache-2.0
// fuzz_session_snapshot: the input as a snapshot, and as records inside of one; what is read is a table in
// order and comes back the same when it is written; cut anywhere it is refused.
#include "policy/session_snapshot.h"

#define RECORD 88u
#define HEADER 56u
#define FILE_MAX 16384u
#define SESSIONS 32u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool append(void *to, struct bytes piece)
{
    out_bytes(to, piece);
    return true;
}

static void put(struct bytes_out *out, uint64_t number)
{
    out_bytes(out, (struct bytes){(const char *)&number, sizeof number});
}

static uint64_t sum_of(struct bytes b)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < b.len; i += 8) {
        sum = (sum ^ bytes_load8(b.at + i)) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    return sum;
}

// What is read is written and read again.
static void try(struct bytes snapshot, uint64_t now)
{
    static char      memory[2][FILE_MAX];
    struct bytes_out out = {.at = memory[0], .cap = FILE_MAX}, again = {.at = memory[1], .cap = FILE_MAX};
    struct session_table   *t = session_table_new(SESSIONS), *other = session_table_new(SESSIONS);
    struct session_snapshot about;
    ASSERT(t && other);
    if (session_table_read(t, snapshot, 0, now, &about) == NULL) {
        session_table_check(t);
        ASSERT(session_table_write(t, &about, append, &out) && !out.overflowed);
        ASSERT(session_table_read(other, out_written(&out), 0, now, &about) == NULL);
        session_table_check(other);
        ASSERT(session_table_write(other, &about, append, &again) && again.len == out.len);
        ASSERT(session_table_read(other, (struct bytes){out.at, now % out.len}, 0, now, &about) != NULL);
    }
    session_table_free(&t);
    session_table_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char      memory[FILE_MAX];
    struct bytes     given = {(const char *)data, size};
    struct bytes_out out = {.at = memory, .cap = sizeof memory};
    if (size < HEADER || size > FILE_MAX / 2)
        return 0;
    try(given, bytes_load8(given.at));
    size_t count = (size - HEADER) / RECORD;
    put(&out, UINT64_C(0x3174736f69737373));
    put(&out, RECORD);
    put(&out, 0);
    out_bytes(&out, (struct bytes){given.at, HEADER - 24});
    out_bytes(&out, (struct bytes){given.at + HEADER, count * RECORD});
    put(&out, count);
    put(&out, sum_of(out_written(&out)));
    try(out_written(&out), bytes_load8(given.at + 32));
    return 0;
}
