// SPDX-License-Identifier: Apache-2.0
// response: the parsed, checked, frozen head of an upstream's response.
#pragma once
#include "parser/request.h"

struct response {
    unsigned      status; // 100 to 599
    unsigned      minor;
    struct bytes  reason; // may be empty; no control characters
    struct fields fields;
    enum framing  framing;
    uint64_t      content_length; // FRAMING_LENGTH; also set, with has_length, for an answer to HEAD or a 304
    bool          has_length;
    bool          keep_alive; // the upstream will take another request on this connection
    bool          upgrade;    // goes over to another protocol; the Upgrade field says which
};
