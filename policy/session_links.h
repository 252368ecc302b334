// SPDX-License-Identifier: Apache-2.0
// session_links: session ids in addresses, where apps put them for browsers without cookies (";jsessionid=…",
// "?PHPSESSID=…"), and where attackers plant them.
#pragma once
#include "policy/session_rules.h"

enum link_check {
    LINK_CLEAN,   // there is none
    LINK_CLEANED, // there was; *clean_r is the same address without it, for a redirect
    LINK_REFUSED  // there is one that cannot be taken out: hidden in an escape, or no room
};

// Looks at path and query of a request.
//   returns  with LINK_CLEANED an address in the arena, which begins with "/" and never with "//"
enum link_check links_check(const struct session_names *names, const struct request *q, struct arena *arena,
                            struct bytes *clean_r);

// A Location without path parameters that are ids of the session.
//   returns  the same span when there is none; one in the arena; absent when there is no room
struct bytes links_clean_location(const struct session_names *names, struct bytes location,
                                  struct arena *arena);
