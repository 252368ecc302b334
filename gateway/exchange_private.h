// SPDX-License-Identifier: Apache-2.0
// exchange_private: what the files of the exchange know of each other: exchange.c (the steps),
// exchange_rules.c (the chain), exchange_handover.c (WebSocket), exchange_refuse.c (answers of our own),
// exchange_events.c (what wires and owners report), exchange_time.c (how long it waits, and for whom).
#pragma once
#include "gateway/exchange.h"
#include "gateway/relay.h"
#include "gateway/reputation_feed.h"
#include "gateway/upstream.h"
#include "parser/http1.h"
#include "parser/response.h"
#include "policy/reputation.h"

#define EXCHANGE_MAGIC 0x65786368u

enum exchange_state {
    HEAD,
    DECIDE,
    HOLD,
    LEASE,
    CONNECT,
    SEND,
    AWAIT,
    RELAY,
    HANDOVER,
    DRAIN,
    DONE,
    STATE_COUNT
};

// One of the two messages as it is read.
struct incoming {
    struct http1 *reader;
    struct bytes  in;    // given and not used yet; borrowed during one event
    uint64_t      used;  // bytes of the client, in all
    bool          ended; // the message is complete
};

// The connection to the server.
struct lease {
    struct upstream_connection *connection; // NULL: none
    struct upstream_connection *failed;     // it took nothing of the request: what to say is still there
    unsigned                    tries;      // connections opened
    bool                        kept_tried; // a kept connection is trusted once
    uint64_t                    asked_ns;   // when the request went out
    bool                        open;       // established
    bool                        late;       // a try ended by its deadline
    bool                        finished;   // the server sends no more
    bool                        broken;     // or the connection is of no further use
};

// A request that the rules have not let go yet.
struct hold {
    struct waiter    waiter;    // given to the policies
    struct loop_call call;      // from whichever thread woke it
    bool             over;      // woken, or its time has come
    bool             in_tarpit; // it will be refused, but not yet; one of few places is taken
    uint64_t         tarpit_until_ms;
};

// What was known of peer.address when the head was there.
struct known {
    bool            is_counted; // otherwise nothing is
    struct standing standing;
};

struct exchange {
    uint32_t                magic;
    enum exchange_state     state;
    enum exchange_outcome   outcome;
    struct exchange_seat   *seat;
    struct arena            arena;
    struct deadline         deadline;
    uint64_t                wait_until_ms; // for whom we wait, when it is not the client
    struct pace             body;          // of the client, while it is its turn
    struct request          request;
    struct response         response;
    struct peer             peer; // as X-Forwarded-For of a trusted proxy may have changed it
    const struct admission *admission;
    struct ruling           ruling;
    struct hold             hold;
    struct known            known;
    struct incoming         from_client;
    struct incoming         from_upstream;
    struct side             to_upstream;
    struct side             to_client;
    struct lease            lease;
    struct record           record;
    unsigned                interim;   // 1xx answers seen
    bool                    continued; // 100 Continue was sent, or the client did not wait for it
    bool                    armed;     // the deadline is that of the present state
    bool                    answering; // the head of an answer is on its way to the client
};

// exchange.c
extern const struct wire_events exchange_upstream_events;         // in exchange_events.c
void                            exchange_run(struct exchange *x); // until every step waits
void exchange_enter(struct exchange *x, enum exchange_state to);  // the only writer of state

// exchange_rules.c: what the chain of the route is told and asked. With a route only, but for the first and
// the last two.
void                rules_begin(struct exchange *x);
enum exchange_state rules_judge(struct exchange *x); // the head; returns the state to go to
enum exchange_state rules_go_on(struct exchange *x); // behind a WAIT
bool                rules_pass_piece(struct exchange *x, struct bytes piece);
void                rules_edit_request(struct exchange *x, struct edits *edits_r);
// `fields`: of the upstream's answer; NULL for one of our own.
void rules_edit_answer(struct exchange *x, unsigned status, const struct fields *fields,
                       struct edits *edits_r);
bool rules_watch(const struct exchange *x); // a policy wants to be asked while a hand-over lasts
bool rules_still_admit(struct exchange *x); // it may go on
// How long it is held until it is looked at again; 0: it is to be refused now.
uint32_t rules_tarpit_ms(const struct exchange *x);
void     rules_leave_tarpit(struct exchange *x);
void     rules_settle(struct exchange *x); // what was taken is given back; nobody wakes the exchange any more

// exchange_events.c
void exchange_run_and_tell(struct exchange *x); // the owner is told last: it may free the exchange

// exchange_time.c
void exchange_arm(struct exchange *x); // the wait of the present state, anew
void exchange_on_deadline(struct deadline *d);

// exchange_handover.c
enum exchange_state begin_handover(struct exchange *x); // a 101 is there; returns the state to go to
enum exchange_state pass_both_ways(struct exchange *x); // the step of HANDOVER
void                handover_client_finished(struct exchange *x);

// exchange_refuse.c: an answer of our own, or an abort where one of the upstream's is already under way. All
// return the state to go to.
enum exchange_state refuse_fault(struct exchange *x, enum fault f); // the message is wrong
enum exchange_state refuse_reason(struct exchange *x, enum reason why,
                                  struct bytes detail); // the rules say no
enum exchange_state refuse_ruling(struct exchange *x);  // what x->ruling says
enum exchange_state redirect_to_https(struct exchange *x);
enum exchange_state fail(struct exchange  *x,
                         enum close_reason why); // the world failed, or somebody took too long
// The answer of the upstream is not valid.
enum exchange_state fail_response(struct exchange *x, enum fault f);
bool may_keep(const struct exchange *x); // the client may send another request on this connection
void drop_lease(struct exchange *x);
void drop_failed(struct exchange *x);
