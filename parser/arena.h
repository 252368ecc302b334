// SPDX-License-Identifier: Apache-2.0
// arena: bounded memory of one exchange (or one configuration), freed by one reset.
//
// Blocks of ARENA_BLOCK bytes come from an arena_pool, which keeps freed ones for the next exchange: a
// keep-alive request allocates nothing from the heap. A request larger than a block gets a heap block of its
// own. Under ASan everything that is not handed out is poisoned, with a red zone behind each allocation.
#pragma once
#include "parser/bytes.h"

#define ARENA_BLOCK 4096u // bytes of one pooled block, its header included

struct arena_block;

// Freed standard blocks, at most `keep_max` of them. One per loop; not for two threads.
struct arena_pool {
    struct arena_block *free;
    size_t              kept;
    size_t              keep_max;
};

void arena_pool_init(struct arena_pool *pool, size_t keep_max);
void arena_pool_drain(struct arena_pool *pool); // frees all kept blocks

struct arena {
    char               *next;
    char               *end;
    struct arena_block *blocks;
    struct arena_pool  *pool;  // NULL: blocks go back to the heap
    size_t              taken; // bytes taken from pool and heap so far
    size_t              max;   // `taken` never passes it
    bool                overflowed;
};

// Takes no memory until the first arena_alloc.
void arena_init(struct arena *a, struct arena_pool *pool, size_t max_bytes);

// Returns 16-byte aligned memory that lives until arena_reset, not cleared; NULL when the bound or the heap
// is exhausted (then a->overflowed stays set). n == 0 returns a valid, unique pointer.
MUST_USE void *arena_alloc(struct arena *a, size_t n);
// The same, cleared.
MUST_USE void *arena_zalloc(struct arena *a, size_t n);
// A copy that lives in the arena; {NULL, 0} when there is no room. An empty b gives a non-NULL empty copy.
MUST_USE struct bytes arena_copy(struct arena *a, struct bytes b);

// Appends to a text that grows in the arena: room doubles, up to `max` bytes, so that many small pieces cost
// as much as one large one. Start with {0}.
//   fails    false when there is no room; text is as before
//   never    is asked to pass max: the caller looks first
MUST_USE bool arena_append(struct arena *a, struct bytes_out *text, struct bytes more, size_t max);

// Gives every block back. The arena can be used again.
void arena_reset(struct arena *a);
void arena_check(const struct arena *a); // ASSERTs the invariants
