// SPDX-License-Identifier: Apache-2.0
// arena: a list of blocks; allocation moves `next` towards `end` of the newest standard block.
//
//   invariants   next and end are both NULL, or lie 16-byte aligned in one block with next <= end
//                taken is the sum of the blocks' sizes, and <= max
//   leaves out   freeing one allocation, growing in place, sharing between threads
#include "parser/arena.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif

#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#define POISON(at, n) __asan_poison_memory_region((at), (n))
#define UNPOISON(at, n) __asan_unpoison_memory_region((at), (n))
#define RED_ZONE 16u
#else
#define POISON(at, n) ((void)(at), (void)(n))
#define UNPOISON(at, n) ((void)(at), (void)(n))
#define RED_ZONE 0u
#endif

#define ALIGNMENT 16u

struct arena_block {
    struct arena_block *next;
    size_t              size; // header included
    _Alignas(ALIGNMENT) char memory[];
};

void arena_pool_init(struct arena_pool *pool, size_t keep_max)
{
    *pool = (struct arena_pool){.keep_max = keep_max};
}

void arena_pool_drain(struct arena_pool *pool)
{
    while (pool->free != NULL) {
        struct arena_block *block = pool->free;
        pool->free = block->next;
        free(block);
    }
    pool->kept = 0;
}

static struct arena_block *take_kept(struct arena_pool *pool)
{
    if (pool == NULL || pool->free == NULL)
        return NULL;
    struct arena_block *block = pool->free;
    pool->free = block->next;
    pool->kept--;
    return block;
}

static void give_back(struct arena_pool *pool, struct arena_block *block)
{
    if (pool == NULL || block->size != ARENA_BLOCK || pool->kept == pool->keep_max) {
        free(block);
        return;
    }
    POISON(block->memory, block->size - sizeof *block);
    block->next = pool->free;
    pool->free = block;
    pool->kept++;
}

void arena_init(struct arena *a, struct arena_pool *pool, size_t max_bytes)
{
    *a = (struct arena){.pool = pool, .max = max_bytes};
}

static struct arena_block *add_block(struct arena *a, size_t size)
{
    if (size > a->max - a->taken)
        return NULL;
    struct arena_block *block = size == ARENA_BLOCK ? take_kept(a->pool) : NULL;
    if (block == NULL)
        block = malloc(size);
    if (block == NULL)
        return NULL;
    block->next = a->blocks;
    block->size = size;
    a->blocks = block;
    a->taken += size;
    POISON(block->memory, size - sizeof *block);
    return block;
}

// Memory for an allocation that the newest block cannot hold. One larger than a standard block gets its own,
// and the rest of the newest block stays in use.
static char *take_more(struct arena *a, size_t size)
{
    bool                large = size > ARENA_BLOCK - sizeof(struct arena_block);
    struct arena_block *block = add_block(a, large ? sizeof *block + size : ARENA_BLOCK);
    if (block == NULL)
        return NULL;
    if (large)
        return block->memory;
    a->next = block->memory + size;
    a->end = (char *)block + ARENA_BLOCK;
    return block->memory;
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > a->max || n > SIZE_MAX / 2) { // the second keeps rounding up from wrapping
        a->overflowed = true;
        return NULL;
    }
    size_t size = ((n > 0 ? n : 1) + RED_ZONE + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    char  *at = a->next;
    if (size <= (size_t)(a->end - a->next))
        a->next += size;
    else if ((at = take_more(a, size)) == NULL) {
        a->overflowed = true;
        return NULL;
    }
    UNPOISON(at, n);
    return at;
}

void *arena_zalloc(struct arena *a, size_t n)
{
    void *at = arena_alloc(a, n);
    return at == NULL ? NULL : memset(at, 0, n);
}

struct bytes arena_copy(struct arena *a, struct bytes b)
{
    struct bytes_out copy = {.at = arena_alloc(a, b.len), .cap = b.len};
    if (copy.at == NULL)
        return (struct bytes){NULL, 0};
    out_bytes(&copy, b);
    return out_written(&copy);
}

bool arena_append(struct arena *a, struct bytes_out *text, struct bytes more, size_t max)
{
    ASSERT(text->len <= max && more.len <= max - text->len);
    if (more.len > text->cap - text->len) {
        size_t           cap = text->len + more.len > max / 2 ? max : 2 * (text->len + more.len);
        struct bytes_out grown = {.at = arena_alloc(a, cap), .cap = cap};
        if (grown.at == NULL)
            return false;
        out_bytes(&grown, out_written(text));
        *text = grown;
    }
    out_bytes(text, more);
    return true;
}

void arena_reset(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *block = a->blocks;
        a->blocks = block->next;
        give_back(a->pool, block);
    }
    arena_init(a, a->pool, a->max);
}

void arena_check(const struct arena *a)
{
    size_t sum = 0;
    bool   inside = a->next == NULL && a->end == NULL;
    for (const struct arena_block *block = a->blocks; block != NULL; block = block->next) {
        sum += block->size;
        inside |= a->next >= block->memory && a->end == (const char *)block + block->size;
    }
    ASSERT(inside && a->next <= a->end);
    ASSERT((uintptr_t)a->next % ALIGNMENT == 0);
    ASSERT(sum == a->taken && a->taken <= a->max);
}
