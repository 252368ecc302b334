// SPDX-License-Identifier: Apache-2.0
// heap_count: how often the objects of this test program have asked for memory, and what happens when there
// is none. Needs the linker's --wrap.
#pragma once
#include <stdbool.h>
#include <stddef.h>

size_t heap_count(void);

// From now on the nth call finds no memory, and only that one; 0: none does.
void heap_fail(size_t nth);
bool heap_has_failed(void); // since heap_fail

// Memory of the test itself: never counted, never missing. As realloc; what grows is not zeroed.
void *heap_of_test(void *at, size_t n);
