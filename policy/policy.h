// SPDX-License-Identifier: Apache-2.0
// policy: the small interface. One kind of check = one file in policy/modules = one `const struct policy` =
// one row in catalog.c. A policy only says what it saw; the chain alone applies the operator's mode.
#pragma once
#include "parser/request.h"
#include "policy/document.h"
#include "policy/reasons.h"

struct peer {
    struct ip address; // the client, as it may be trusted (trusted proxies resolved): policies judge this one
    struct ip sender;  // the TCP peer
    uint16_t  port;    // of the TCP peer
    bool      trusted; // the TCP peer is a trusted proxy: its X-Forwarded-* are believed
};

struct tls_facts {
    const char  *version;        // static: "TLSv1.3"
    struct bytes sni;            // empty when none was sent
    struct bytes client_subject; // of the client's certificate, RFC 4514; empty: none, or longer than 1 KiB
    struct bytes client_fingerprint; // its SHA-256 in hexadecimal; empty: there is none
    bool         client_verified;    // it is one of ours, not expired, not revoked
};

// All that a policy may look at. Everything is borrowed for the duration of one hook.
struct subject {
    const struct peer      *peer;
    const struct tls_facts *tls; // NULL on a plain listener
    const struct request   *request;
    struct bytes            piece;      // on_body: the decoded bytes that just arrived
    uint64_t                body_bytes; // on_body: all decoded bytes so far, the piece included
    uint64_t                now_ms;     // monotonic; time is an argument, never a call
    struct arena           *arena;      // for the detail of a verdict; dies with the exchange
};

enum verdict_kind { VERDICT_PASS, VERDICT_DENY };

struct verdict {
    enum verdict_kind kind;
    enum reason       reason;
    struct bytes
        detail; // what exactly: for the log and explain, and for the answer field of the reason's row
};

#define PASS ((struct verdict){.kind = VERDICT_PASS})
#define DENY(why, what) ((struct verdict){.kind = VERDICT_DENY, .reason = (why), .detail = (what)})

#define BODY_BYTES_MAX (UINT64_C(1) << 40) // ceiling of what a configuration may ask for

// What a policy needs to know when it is loaded for one route.
struct policy_scope {
    struct arena *arena;            // of the snapshot: rules live here
    uint64_t      body_bytes;       // limits.body of the route, or of the whole file
    uint32_t      fields_max;       // the parser refuses more anyway
    uint32_t      target_bytes_max; // the same
};

// A NULL hook says: not interested in that moment.
struct policy {
    const char *name; // JSON "type", log token and metric label at once

    // Reads the policy's JSON object (settings.item == NULL: all defaults).
    //   returns  const rules in the scope's arena (never NULL for success; a policy without settings returns
    //            any non-NULL)
    //   fails    NULL, after telling the document what is wrong and where; or because the arena is full
    const void *(*load)(struct node settings, const struct policy_scope *scope);

    struct verdict (*on_head)(const void *rules, const struct subject *s);
    struct verdict (*on_body)(const void           *rules,
                              const struct subject *s); // once per piece, before it is forwarded
};
