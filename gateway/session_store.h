// SPDX-License-Identifier: Apache-2.0
// session_store: what the session broker keeps on disk: the key ring, and a snapshot of the session table. In
// DIRECTORY: `keys` (made when there is none and no other file is named), `sessions` and its lock; for the
// owner only. Blocking: for the main thread only, but for session_store_now_ms.
//
// (1) A file is written beside itself, synced, and renamed: at any moment the old or the new one is there,
// whole. (2) Of several gateways that begin at once with one directory of keys, one makes the ring and all
// use it. A snapshot belongs to one gateway. (3) A snapshot that cannot be read, or is not there while the
// keys are older, is treated as a crash (session_table_crashed), said, and replaced. (4) From the first
// moment on the file says that the process may still crash; only session_store_close writes the last word.
#pragma once
#include "policy/seal.h"
#include "policy/session_table.h"

#define SESSION_STORE_RECORDS_MS 5000u  // after logins, logouts and new sessions the file is at most so old
#define SESSION_STORE_TOUCHES_MS 60000u // when sessions were only seen

struct session_store;

struct session_store_plan {
    struct bytes directory; // an absolute or relative path; empty: nothing outlives the process
    struct bytes keys;      // path of the key ring; it must be there. Empty: DIRECTORY/keys
    size_t       sessions;  // room in the table
};

// Reads or makes the key ring, and reads the snapshot.
//   `now_ns`  monotonic, as in all functions here
//   borrows   nothing
//   fails     NULL; why tells which file (and line) and what is wrong. Warnings go to the log
MUST_USE struct session_store *session_store_open(const struct session_store_plan *plan, uint64_t now_ns,
                                                  struct bytes_out *why);
// Writes the last snapshot (failing: an error in the log) and frees ring and table. After the last loop has
// ended.
void session_store_close(struct session_store **store, uint64_t now_ns);

// Live as long as the store.
struct key_ring      *session_store_ring(const struct session_store *store);
struct session_table *session_store_table(const struct session_store *store);

// The wall clock of the sessions, in ms: that of the start, moved on by the monotonic one, so that it never
// goes back, and never before the snapshot was taken. From any thread.
uint64_t session_store_now_ms(const struct session_store *store, uint64_t now_ns);

// When session_store_attend wants to be called next, in ms of `now_ns`; 0: never.
uint64_t session_store_due_ms(const struct session_store *store);
// Writes a snapshot if one is due and something has changed. Failing is an error in the log, once until it
// works again; the old file stays.
//   returns  false: it could not be written; the next call tries again
bool session_store_attend(struct session_store *store, uint64_t now_ns);
