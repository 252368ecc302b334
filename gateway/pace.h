// SPDX-License-Identifier: Apache-2.0
// pace: whether a peer that we wait for keeps up the least rate it owes us. A bucket: time takes out of it,
// bytes that move fill it again. It begins with a grace time's worth and never holds more than the longest
// stall that is allowed, so that dripping bytes cannot extend it for ever, and a stall behind a quick start
// is forgiven.
#pragma once
#include "parser/bytes.h"

struct pace_rule {
    uint32_t rate;     // bytes per second; 0: only the stall counts
    uint32_t grace_ms; // what is forgiven at the start
    uint32_t stall_ms; // without any progress
};

struct pace {
    bool     running;
    uint64_t left;        // what the peer may still be short of, in thousandths of a byte
    uint64_t moved;       // bytes, at the last look
    uint64_t looked_ms;   // time of the last look
    uint64_t progress_ms; // and of the last one that saw progress
};

// From now on it is the peer's turn. `moved` is any count that grows with the bytes. Nothing while it runs.
void pace_begin(struct pace *p, const struct pace_rule *r, uint64_t moved, uint64_t now_ms);
void pace_end(struct pace *p); // it is not any more; safe twice
// Looks, while it runs.
//   returns  the moment from which on the peer is too slow, if nothing more moves: now or later
MUST_USE uint64_t pace_look(struct pace *p, const struct pace_rule *r, uint64_t moved, uint64_t now_ms);
// Whether it is the stall, not the rate, that the peer was too slow in.
bool pace_is_stall(const struct pace *p, const struct pace_rule *r);
