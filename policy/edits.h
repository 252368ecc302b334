// SPDX-License-Identifier: Apache-2.0
// edits: the changes to a head that policies ask for. The message stays frozen: who writes the head leaves
// out what was dropped and appends what was added.
#pragma once
#include "parser/arena.h"

struct edit; // one addition

struct edits {
    struct arena *arena;
    size_t        count;   // fields of the message
    uint64_t     *dropped; // one bit a field; NULL: none was dropped
    struct edit  *first;   // additions, in the order of their making
    struct edit **last;
    struct bytes  path;   // of the target, in place of the canonical one; absent: that one
    size_t        room;   // bytes that the additions take in a head
    bool          failed; // the arena was full: the head must not be written
};

// For a message of so many fields. Borrows the arena.
void edits_init(struct edits *e, size_t field_count, struct arena *arena);

// The changing functions do nothing when e is NULL.

// Leaves out the field with that index in the message.
void edits_drop(struct edits *e, size_t index);
// Appends a field. Borrows both until the head is written.
//   never  takes a name that is no token, or a value with control characters: that is our bug (ASSERT)
void edits_add(struct edits *e, struct bytes name, struct bytes value);
// Appends whole lines, "Name: value\r\n" each, which were checked when the configuration was loaded. Borrows.
void edits_add_lines(struct edits *e, struct bytes lines);

// Gives the upstream another spelling of the path, one with the same decision reading, so that what was
// judged is what is forwarded. Borrows; an absent one says that the arena was full.
void edits_path(struct edits *e, struct bytes path);

static inline bool edits_drops(const struct edits *e, size_t index)
{
    return e != NULL && e->dropped != NULL && (e->dropped[index / 64] >> (index % 64) & 1) != 0;
}

// Bytes that edits_print writes; 0 for NULL.
size_t edits_room(const struct edits *e);
// Writes the added lines.
void edits_print(const struct edits *e, struct bytes_out *out);
