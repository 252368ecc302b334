// SPDX-License-Identifier: Apache-2.0
// ban_journal: bans outlive the process in a small file, DIRECTORY/bans: a line for each ban that begins,
// changes or is lifted, with a checksum in front; the last line of a prefix counts. Blocking: for the main
// thread only. A directory is locked: it is for one gateway.
//
// (1) A line that was cut or garbled is left out; those before and behind it count. (2) The file is written
// anew at start and when it has grown, beside itself and renamed: at any moment the old or the new one is
// there. (3) What was noted is on the disk when ban_journal_settle has returned true (fdatasync). (4) The
// file has wall-clock times: it outlives the monotonic clock.
#pragma once
#include "policy/ban_line.h"

#define BAN_JOURNAL_BYTES_MAX (16u * 1024u * 1024u) // then it is written anew

struct ban_journal;

struct ban_time ban_time_now(void);

// Reads the bans of a directory into the table and begins a new file with those that still count.
//   borrows  r and l, as long as the journal is open
//   fails    NULL with the reason in words (static text)
MUST_USE struct ban_journal *ban_journal_open(struct bytes directory, struct reputation *r,
                                              const struct ladder *l, struct ban_time t, const char **why_r);
void                         ban_journal_close(struct ban_journal **j);
// How many lines were left out when it was read.
size_t ban_journal_damaged(const struct ban_journal *j);

// A ban that began, changed, or was lifted (until_ms 0). Written by ban_journal_settle.
void ban_journal_note(struct ban_journal *j, const struct ban *ban, struct ban_time t);
// Writes what was noted.
//   fails  false with errno; the next call writes the whole file anew
MUST_USE bool ban_journal_settle(struct ban_journal *j, struct ban_time t);
