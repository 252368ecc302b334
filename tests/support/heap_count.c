// SPDX-License-Identifier: Apache-2.0
// heap_count: --wrap=malloc,calloc,realloc: our calls come here first; those from inside libraries do not.
#include "tests/support/heap_count.h"
#include "parser/bytes.h"
#include <stdlib.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *at, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *at, size_t n);

static size_t calls, fails_at;
static bool   failed;

size_t heap_count(void)
{
    return calls;
}

void heap_fail(size_t nth)
{
    fails_at = nth > 0 ? calls + nth : 0;
    failed = false;
}

bool heap_has_failed(void)
{
    return failed;
}

void *heap_of_test(void *at, size_t n)
{
    void *got = __real_realloc(at, n);
    ASSERT(got != NULL);
    return got;
}

static bool is_there(void)
{
    if (++calls == fails_at)
        failed = true;
    return calls != fails_at;
}

void *__wrap_malloc(size_t n)
{
    return is_there() ? __real_malloc(n) : NULL;
}

void *__wrap_calloc(size_t count, size_t n)
{
    return is_there() ? __real_calloc(count, n) : NULL;
}

void *__wrap_realloc(void *at, size_t n)
{
    return is_there() ? __real_realloc(at, n) : NULL;
}
