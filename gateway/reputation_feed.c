// SPDX-License-Identifier: Apache-2.0
// reputation_feed: tables of endings, and the way to the account.
#include "gateway/reputation_feed.h"
#include "policy/state.h"

#define ANY 0u

// The first row that fits decides.
// clang-format off
static const struct ending_row {
    enum record_verdict verdict;
    unsigned            status;     // ANY
    bool                own;        // our answer; otherwise the upstream's
    bool                logging_in; // only a request that tries to
    enum offence        offence;    // OFFENCE_COUNT: none
} endings[] = {
    {RECORD_FAULT, ANY, true, false, OFFENCE_FAULT},
    {RECORD_DENY, 404, true, false, OFFENCE_NOT_FOUND},
    {RECORD_DENY, 429, true, false, OFFENCE_LIMIT},
    {RECORD_DENY, 503, true, false, OFFENCE_LIMIT},
    {RECORD_DENY, ANY, true, false, OFFENCE_DENIAL},
    {RECORD_PASS, 404, false, false, OFFENCE_NOT_FOUND},
    {RECORD_PASS, 401, false, true, OFFENCE_LOGIN},
    {RECORD_PASS, 403, false, true, OFFENCE_LOGIN},
};
// clang-format on

// Too slow, in whichever way; the rest of the reasons is nobody's fault, or ours.
static bool is_slow(enum close_reason why)
{
    return why == CLOSE_HANDSHAKE_TIMEOUT || why == CLOSE_HEAD_TIMEOUT || why == CLOSE_BODY_TIMEOUT ||
           why == CLOSE_CLIENT_TOO_SLOW || why == CLOSE_READER_TIMEOUT || why == CLOSE_READER_TOO_SLOW;
}

// A 401 or 403 says that somebody could not log in, when credentials or a form came with the request. To be
// asked for a password is no offence, and neither is a link that one may not follow.
static bool logs_in(const struct request *q)
{
    static const bool is_safe[METHOD_COUNT] = {
#define METHOD_SAFE(name, text, safe, idempotent) [name] = safe,
        METHODS(METHOD_SAFE)
#undef METHOD_SAFE
    };
    return q && (fields_find(&q->fields, FIELD_AUTHORIZATION) || !is_safe[q->method]);
}

// Denials that say nothing about the client: browsers reuse connections for other names, the room was ours,
// the budget that of many. Otherwise who uses a limit up that others share could have them banned.
static bool is_blameless(const struct record *r)
{
    static const enum reason reasons[] = {REASON_MISDIRECTED, REASON_CROWDED, REASON_NO_ROOM};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (r->reason == reason_token(reasons[i]))
            return true;
    return r->shared;
}

enum offence reputation_offence(const struct record *r)
{
    if (bytes_equal(r->policy, BYTES("reputation")) && r->verdict == RECORD_DENY)
        return OFFENCE_COUNT; // no refusal is the reason for the next one
    if (r->reason == fault_token(FAULT_TRUNCATED))
        return OFFENCE_COUNT; // somebody left in the middle of an upload
    if (is_blameless(r))
        return OFFENCE_COUNT;
    if (r->verdict == RECORD_ERROR)
        return is_slow(r->close) ? OFFENCE_SLOW : OFFENCE_COUNT;
    enum record_verdict verdict = r->verdict == RECORD_SHADOW ? RECORD_PASS : r->verdict;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const struct ending_row *row = &endings[i];
        if (row->verdict == verdict && (row->status == ANY || row->status == r->status) &&
            (row->own || r->upstream_ns > 0) && (!row->logging_in || logs_in(r->request)))
            return row->offence;
    }
    return OFFENCE_COUNT;
}

bool reputation_knows(const struct config *config, const struct peer *peer)
{
    return !ip_set_has(config->trusted_proxies, &peer->address);
}

static const struct ladder *ladder_for(const struct loop *l, const struct config *config,
                                       const struct peer *peer)
{
    const struct ladder *ladder = snapshot_ladder(config->snapshot);
    return ladder && l->state && reputation_knows(config, peer) ? ladder : NULL;
}

static void feed(const struct loop *l, const struct config *config, const struct peer *peer,
                 enum offence what)
{
    const struct ladder *ladder = ladder_for(l, config, peer);
    struct ban           ban; // the main thread finds it in the table
    if (ladder)
        (void)reputation_hit(l->state->reputation, ladder, &peer->address, what, loop_now_ms(l), &ban);
}

void reputation_feed_exchange(const struct loop *l, const struct config *config, const struct record *r)
{
    enum offence what = reputation_offence(r);
    if (what != OFFENCE_COUNT)
        feed(l, config, r->peer, what);
}

void reputation_feed_close(const struct loop *l, const struct config *config, const struct peer *peer,
                           enum close_reason why)
{
    if (is_slow(why))
        feed(l, config, peer, OFFENCE_SLOW);
}

bool reputation_look_up(const struct loop *l, const struct config *config, const struct peer *peer,
                        struct standing *standing_r)
{
    const struct ladder *ladder = ladder_for(l, config, peer);
    if (!ladder)
        return false;
    *standing_r = reputation_standing(l->state->reputation, ladder, &peer->address, loop_now_ms(l));
    standing_r->is_shadow = snapshot_ladder_is_shadow(config->snapshot);
    return true;
}

bool reputation_turns_away(const struct loop *l, const struct config *config, const struct peer *peer)
{
    struct standing standing;
    return !peer->trusted && !snapshot_ladder_is_shadow(config->snapshot) &&
           reputation_look_up(l, config, peer, &standing) && standing.until_ms > 0;
}
