// SPDX-License-Identifier: Apache-2.0
// ban_line: one ban as a line of the journal that outlives the process:
//
//   checksum SP prefix SP until SP step SP ("operator" / "ladder") SP why LF
//
// The checksum is the CRC-32 of the rest, in eight hexadecimal digits; `until` is in ms since 1970, 0 for a
// ban that was lifted.
#pragma once
#include "policy/reputation.h"

#define BAN_LINE_MAX 192u // bytes, its end included

// One moment on both clocks.
struct ban_time {
    uint64_t now_ms;  // monotonic, as of reputation
    int64_t  wall_ms; // since 1970
};

// Writes a line, its end included.
void ban_line_print(const struct ban *ban, struct ban_time t, struct bytes_out *out);
// Reads one without its end. A ban that is over comes with the step that clean hours have left of it.
//   fails  false when it is not exactly what was written
MUST_USE bool ban_line_read(struct bytes line, struct ban_time t, struct ban *ban_r);
