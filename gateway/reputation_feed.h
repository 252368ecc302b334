// SPDX-License-Identifier: Apache-2.0
// reputation_feed: which ending of an exchange or a connection is an offence of the client, and who counts as
// the client. Nothing is counted when the file has no "reputation".
#pragma once
#include "gateway/config.h"
#include "gateway/loop.h"
#include "gateway/record.h"
#include "policy/reputation.h"

// Whether an address can have an account: not a proxy of ours.
bool reputation_knows(const struct config *config, const struct peer *peer);

// The offence that a finished exchange was, OFFENCE_COUNT: none.
enum offence reputation_offence(const struct record *r);

void reputation_feed_exchange(const struct loop *l, const struct config *config, const struct record *r);
// A connection that ended between exchanges, or before the first.
void reputation_feed_close(const struct loop *l, const struct config *config, const struct peer *peer,
                           enum close_reason why);

// Where the client stands now.
//   returns  false when it is not known, or nothing is counted
bool reputation_look_up(const struct loop *l, const struct config *config, const struct peer *peer,
                        struct standing *standing_r);
// Whether a TCP peer is to be turned away before anything is read. A trusted proxy never is: its clients are
// judged one by one.
bool reputation_turns_away(const struct loop *l, const struct config *config, const struct peer *peer);
