// SPDX-License-Identifier: Apache-2.0
// puppets: a catalogue of three policies, "first", "second" and "third", that do what a test tells them and
// count what they are asked. It stands in front of the real one.
#pragma once
#include "policy/chain.h"

#define PUPPETS 3u

struct puppet {
    struct verdict head;      // what on_head says
    struct verdict admit[4];  // what on_admit says, call by call; PASS behind that
    const char    *lines;     // that on_request and on_reply add; NULL: nothing
    int            drops;     // index of the field that both drop; -1: none
    unsigned       admitted;  // calls of on_admit
    unsigned       done;      // calls of on_end
    unsigned       withdrawn; // calls of on_end
    unsigned       replies;   // calls of on_reply
    unsigned       status;    // of the last one
    bool           own;       // of the last one
    bool           is_over;   // what still_admits says no to
    bool           is_shadow; // what the last on_admit was told
    void          *held;      // what on_admit left: itself
    struct waiter *waiter;    // of the last on_admit
};

extern struct puppet puppets[PUPPETS];
void                 puppets_reset(void);

// A configuration's "policies" and "routes" with all three, in enforce but for the one that is named.
#define PUPPETS_IN(mode_of_second)                                                                           \
    "\"policies\": {\"a\": {\"type\": \"first\"}, \"b\": {\"type\": \"second\", \"mode\": \"" mode_of_second \
    "\"}, \"c\": {\"type\": \"third\"}}, \"routes\": [{\"name\": \"r\", \"policies\": [\"a\", \"b\", "       \
    "\"c\"]}]"
