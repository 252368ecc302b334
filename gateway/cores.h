// SPDX-License-Identifier: Apache-2.0
// cores: how many processors this process may use at once: what `"loops": "auto"` comes to.
#pragma once
#include "parser/bytes.h"

// The smaller one of the affinity mask and the CPU quota of the cgroup (version 2); at least 1.
unsigned cores_available(void);

// Reads the content of a cpu.max file: "150000 100000" grants 2 cores, rounded up.
//   returns  UINT_MAX for "max" and for what is not understood
unsigned cores_granted(struct bytes cpu_max);
