// SPDX-License-Identifier: Apache-2.0
// heap_count: how often the objects of this test program have asked for memory. Needs the linker's --wrap.
#pragma once
#include <stddef.h>

size_t heap_count(void);
