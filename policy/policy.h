// SPDX-License-Identifier: Apache-2.0
// policy: the small interface. One kind of check = one file in policy/modules = one `const struct policy` =
// one row in catalog.c. A policy only says what it saw; the chain alone applies the operator's mode.
#pragma once
#include "parser/request.h"
#include "policy/document.h"
#include "policy/edits.h"
#include "policy/reasons.h"
#include "policy/waiter.h"

struct state;    // the tables that outlive a configuration: policy/state.h
struct standing; // where an address stands on the ladder: policy/reputation.h
struct ladder;

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

// What the session policy remembers of a client connection: the last login that was answered on it.
struct session_trace {
    unsigned char sid[16];
    uint32_t      generation; // that it came in with
    uint32_t      late_uses;
    uint64_t      login_ms; // wall-clock time; 0: there was none
};

// All that a policy may look at. Everything is borrowed for the duration of one hook.
struct subject {
    const struct peer      *peer;
    const struct tls_facts *tls; // NULL on a plain listener
    const struct request   *request;
    struct bytes            route;      // its name
    struct bytes            piece;      // on_body: the decoded bytes that just arrived
    uint64_t                body_bytes; // on_body: all decoded bytes so far, the piece included
    uint64_t                now_ns;     // monotonic; time is an argument, never a call
    uint64_t                unix_ms;    // wall-clock time
    struct session_trace   *trace;      // of the connection; NULL: only looking
    bool                    is_shadow;  // on_admit: nothing of what the policy says will be applied
    struct state           *state;      // shared by all loops; NULL: only looking (explain), nothing is taken
    const struct standing  *standing;   // of peer->address; NULL: unknown. standing_cost() is for rate limits
    struct waiter          *waiter;     // for VERDICT_WAIT
    struct arena           *arena;      // dies with the exchange
};

enum verdict_kind {
    VERDICT_PASS,
    VERDICT_DELAY, // pass, but not before `ms` have gone by
    VERDICT_WAIT,  // ask again when the waiter is woken, at the latest after `ms`; it may be asked early
    VERDICT_DENY   // with ms > 0 the client is told to come back after so long (Retry-After)
};

struct verdict {
    enum verdict_kind kind;
    enum reason       reason;
    struct bytes
             detail; // what exactly: for the log and explain, and for the answer field of the reason's row
    uint32_t ms;
    bool     shared; // what is used up is not this client's alone: to be refused for it is no offence
};

#define PASS ((struct verdict){.kind = VERDICT_PASS})
#define DENY(why, what) ((struct verdict){.kind = VERDICT_DENY, .reason = (why), .detail = (what)})

#define BODY_BYTES_MAX (UINT64_C(1) << 40) // ceiling of what a configuration may ask for

struct chain_rules; // what has been read already: policy/chain_rules.h

// What a policy needs to know when it is loaded. Rules are shared by all routes, those of a policy with
// by_body_limit by all whose limits.body is the same.
struct policy_scope {
    struct arena        *arena;            // of the snapshot: rules live here
    struct chain_rules  *known;            // NULL: nothing is shared
    document_reader     *read_file;        // NULL: files cannot be named
    uint64_t             body_bytes;       // limits.body of the route; 0 without by_body_limit
    uint32_t             fields_max;       // the parser refuses more anyway
    uint32_t             target_bytes_max; // the same
    struct node          reputation;       // of the root, for its mode and its line; item NULL: there is none
    const struct ladder *ladder;           // what it says; NULL: there is none
};

// The answer whose head is about to be written.
struct answer {
    unsigned             status;
    const struct fields *fields; // of the upstream's answer; none for one of our own
    bool                 own;    // Portcullis answers itself: a refusal or an error
};

enum ending {
    ENDING_WITHDRAWN, // nothing was forwarded: another policy said no, or the client left while it was held
    ENDING_DONE
};

// The moments of a request, in their order. A NULL hook says: not interested in that moment. `held` is memory
// of the policy's own for this exchange, from the subject's arena; NULL until on_admit sets it.
struct policy {
    const char *name;          // JSON "type", log token and metric label at once
    bool        by_body_limit; // its rules depend on limits.body of the route
    bool        takes_a_place; // others wait while it holds: on_admit is asked when all delays are over

    // Reads the policy's JSON object (settings.item == NULL: all defaults).
    //   returns  const rules in the scope's arena (never NULL for success; a policy without settings returns
    //            any non-NULL)
    //   fails    NULL, after telling the document what is wrong and where; or because the arena is full
    const void *(*load)(struct node settings, const struct policy_scope *scope);

    // Looks at the head. Takes nothing: a policy behind it may say no.
    struct verdict (*on_head)(const void *rules, const struct subject *s);

    // Everybody's on_head passed: takes what the request costs (a token, a slot), or says no. Only this one
    // may answer DELAY or WAIT. When it denies it has taken nothing.
    struct verdict (*on_admit)(const void *rules, const struct subject *s, void **held);

    // Changes to the fields that the upstream gets. edits == NULL: shadow, nothing is applied.
    void (*on_request)(const void *rules, const struct subject *s, void *held, struct edits *edits);

    // Once per piece, before it is forwarded.
    struct verdict (*on_body)(const void *rules, const struct subject *s, void *held);

    // Before the head of the answer is written, a refusal's included; not for 1xx but 101. A second time when
    // an error of ours takes the place of an answer of which nothing was sent.
    void (*on_reply)(const void *rules, const struct subject *s, const struct answer *a, void *held,
                     struct edits *edits);

    // While the body of a request comes, before each piece and its end are passed on; and while a connection
    // that was handed over lasts (WebSocket), each time that bytes pass and at least once a second.
    //   returns  false: it must end
    bool (*still_admits)(const void *rules, const struct subject *s, void *held);

    // Exactly once for each on_admit that passed, delayed or still waits: gives back what was taken.
    void (*on_end)(const void *rules, const struct subject *s, void *held, enum ending ending);
};
