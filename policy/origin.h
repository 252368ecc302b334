// SPDX-License-Identifier: Apache-2.0
// origin: scheme, host and port, as browsers compare them (RFC 6454).
#pragma once
#include "policy/policy.h"

struct origin {
    bool         https;
    struct bytes host; // lower case; of an operator's origin also a pattern, "*.example.com"
    uint16_t     port; // the scheme's own when none was written
};

// Reads `scheme "://" host [":" port]`, http or https.
//   `rest_r`  what stands behind, or NULL: nothing may
//   returns   an origin that lives in the text or in the arena
MUST_USE bool origin_read(struct bytes text, struct arena *arena, struct bytes *rest_r,
                          struct origin *origin_r);

// Reads one that an operator names; its host may begin with "*.".
//   fails  false after telling the document why, or because the arena is full
MUST_USE bool origin_load(struct node n, struct arena *arena, struct origin *origin_r);

// The origin of this request as its client sees it: what a trusted proxy reported, otherwise what we see.
//   fails  false when the request names no host
MUST_USE bool origin_own(const struct subject *s, struct origin *origin_r);

// Is `one` among what `pattern` names?
bool origin_matches(const struct origin *pattern, const struct origin *one);
