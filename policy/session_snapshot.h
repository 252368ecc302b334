// SPDX-License-Identifier: Apache-2.0
// session_snapshot: the session table as bytes, so that sessions outlive the process. A header, a record for
// each session, and behind them their number and a checksum: what is torn or foreign is refused as a whole.
#pragma once
#include "policy/session_table.h"

// What a snapshot says of itself.
struct session_snapshot {
    uint64_t mark;     // of those who may read it, of any kind: another key ring has other sids
    uint64_t taken_ms; // when
    bool     is_last;  // nothing happened to the table afterwards
};

// Writes pieces of at most SESSION_PIECE_MAX bytes to a sink. The loops go on meanwhile: what changes during
// the call is in there as it was before or as it was afterwards, and a session that begins may be missing.
//   fails  false as soon as the sink does
#define SESSION_PIECE_MAX 8192u
MUST_USE bool session_table_write(struct session_table *t, const struct session_snapshot *about,
                                  bool (*sink)(void *to, struct bytes piece), void       *to);

// Fills a new table, before others use it. Sessions whose cookies are no longer valid are left out; when the
// table is too small, it keeps what session_table.h says.
//   `mark`     what the snapshot must have been written with
//   `about_r`  what it says of itself; of a snapshot that was not the last one, the table remembers that
//   there
//              may have been logins until now (session_table_crashed_ms)
//   returns    NULL
//   fails      the reason (static text); the table is as it was
MUST_USE const char *session_table_read(struct session_table *t, struct bytes snapshot, uint64_t mark,
                                        uint64_t now_ms, struct session_snapshot *about_r);
// Nothing is known of what there was before: no file, or one that could not be read. Cookies of before are
// treated as after a crash.
void session_table_crashed(struct session_table *t, uint64_t now_ms);
