// SPDX-License-Identifier: Apache-2.0
// chain: the policies of one route in their order; the only place where modes are applied and admissions are
// made.
//
//   off      the policy is not asked
//   shadow   asked, its denial recorded, the request passes
//   enforce  its denial ends the walk
#pragma once
#include "policy/policy.h"

enum mode { MODE_ENFORCE, MODE_SHADOW, MODE_OFF };

// For node_choice: "enforce", "shadow", "off", NULL; in the order of the enum.
extern const char *const mode_names[];
// The "mode" of an object, or the inherited one when it says none.
enum mode mode_load(struct node object, enum mode inherited);

struct chain;

// One policy in a chain.
struct link {
    const struct policy *policy;
    const void          *rules;
    struct bytes         name; // its key in "policies", or the type for a default one
    enum mode            mode;
    uint32_t             line; // of its JSON object; 0 for a default one
};

// Proof that a chain let this request pass. Only chain.c can make one; forwarding takes one.
struct admission;
const struct request *admission_request(const struct admission *a);

// What a link's on_admit took, until its on_end.
struct claim {
    void *held;
    bool  open; // on_end is still owed
};

// What a walk came to.
struct ruling {
    struct verdict     verdict; // PASS; the denial that ended the walk; or the WAIT that interrupts it
    const struct link *by;      // who denied or waits; NULL on PASS
    const struct link *shadow;  // the first link in shadow mode that would not have passed; NULL when none
    struct verdict     shadow_verdict;
    uint32_t           delay_ms; // an admitted request is held this long before it is forwarded; unless
                                 // some policy takes a place: then it was a WAIT before that
    size_t        next;          // link whose on_admit is to be asked next
    struct claim *claims;        // one a link; NULL while nothing was taken
};

// Builds the chain of one route: the catalog's default rows, and what the route names. A named policy
// replaces the default one of its type.
//   `policies`  the object "policies" of the root (item NULL: there is none)
//   `names`     the route's array of names (item NULL: there is none)
//   `inherited` the mode for policies that say none themselves: the route's, or the file's
//   returns     a chain in the scope's arena; NULL after telling the document why
MUST_USE struct chain *chain_load(struct node policies, struct node names, enum mode inherited,
                                  const struct policy_scope *scope);

// Reads every policy of the object, whether a route uses it or not.
//   returns  false after telling the document what is wrong with some
bool chain_check_policies(struct node policies, const struct policy_scope *scope);

// Judge the head: every link's on_head first, then every link's on_admit. When one of the latter denies, all
// that was taken before it is given back.
//   returns  an admission that lives in s->arena, or NULL: then ruling_r says who denied and why; or, with
//            VERDICT_WAIT, that chain_go_on must be called when the waiter is woken or verdict.ms have gone
//            by; or, with VERDICT_PASS, that the arena is full
MUST_USE const struct admission *chain_on_head(const struct chain *c, const struct subject *s,
                                               struct ruling *ruling_r);
// Goes on behind a WAIT. Returns the same.
MUST_USE const struct admission *chain_go_on(const struct chain *c, const struct subject *s,
                                             struct ruling *ruling);

// The changes that policies ask for, of the request and of its answer.
void chain_on_request(const struct chain *c, const struct subject *s, struct ruling *ruling,
                      struct edits *edits);
void chain_on_reply(const struct chain *c, const struct subject *s, struct ruling *ruling,
                    const struct answer *a, struct edits *edits);

// Gives back what was taken. Safe to call twice, and for a ruling that took nothing.
void chain_end(const struct chain *c, const struct subject *s, struct ruling *ruling, enum ending ending);

// Judge one piece of an admitted request's body, before it is forwarded.
//   `ruling` is the one from chain_on_head: a shadow finding is added only while there is none yet
//   returns  false when the piece was denied; ruling says by whom
MUST_USE bool chain_on_body(const struct chain *c, const struct subject *s, struct ruling *ruling);
bool          chain_wants_body(const struct chain *c);

// May a request whose body still comes, or a connection that was handed over, go on?
bool chain_still_admits(const struct chain *c, const struct subject *s, const struct ruling *ruling);
bool chain_watches(const struct chain *c); // somebody wants to be asked that

// The links in the order of judging, for explain.
size_t             chain_length(const struct chain *c);
const struct link *chain_link(const struct chain *c, size_t i);
// One link's own verdict on the head, whatever its mode (PASS for a NULL hook).
struct verdict chain_ask(const struct chain *c, size_t i, const struct subject *s);
