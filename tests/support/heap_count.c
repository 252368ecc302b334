// SPDX-License-Identifier: Apache-2.0
// heap_count: --wrap=malloc,calloc,realloc: our calls come here first; those from inside libraries do not.
#include "tests/support/heap_count.h"
#include <stdlib.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *at, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *at, size_t n);

static size_t calls;

size_t heap_count(void)
{
    return calls;
}

void *__wrap_malloc(size_t n)
{
    calls++;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    calls++;
    return __real_calloc(count, n);
}

void *__wrap_realloc(void *at, size_t n)
{
    calls++;
    return __real_realloc(at, n);
}
