// SPDX-License-Identifier: Apache-2.0
// access_log: one JSON line per exchange. A loop formats into a buffer of its own; full buffers, and any
// buffer twice a second, go to a writer thread, so that a blocking disk or pipe never holds up a loop. When
// the writer cannot keep up, lines are dropped, counted, and the next line that gets through tells how many
// ("dropped").
#pragma once
#include "gateway/record.h"

struct access_log;  // the file and its writer thread
struct access_feed; // one loop's end

// Opens the log and starts the writer.
//   `target`  "stdout" or a path (appended to, created with 0640)
//   fails     NULL; errno says why
MUST_USE struct access_log *access_log_open(struct bytes target);
// Writes what was flushed, ends the writer, and frees the feeds; no loop may use them any more. A writer that
// is stuck is given two seconds.
void access_log_close(struct access_log **log);

// NULL when memory is exhausted. Freed with the log.
MUST_USE struct access_feed *access_feed_new(struct access_log *log);

// Never blocks. `now_ns` is the monotonic clock that record.started_ns comes from.
void access_feed_write(struct access_feed *feed, const struct record *r, uint64_t now_ns);
// Hands over what has gathered; called by the loop twice a second.
void access_feed_flush(struct access_feed *feed);
