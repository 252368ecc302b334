// SPDX-License-Identifier: Apache-2.0
// descriptors: how many open files the configured connections come to.
#pragma once
#include "gateway/config.h"

// Two for each of limits.connections, its client's and its upstream's, and what the loops and listeners hold.
uint64_t descriptors_needed(const struct config *c);
// How many connections may all be served with so many descriptors; at least 1, so that it can be written.
uint32_t descriptors_suffice_for(const struct config *c, uint64_t allowed);
