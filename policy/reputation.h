// SPDX-License-Identifier: Apache-2.0
// reputation: what addresses have on their account: points for what they did wrong, which decay, and bans.
// Outlives a configuration; the rules (a ladder) are an argument of every call. Shared by all loops, every
// function may be called from any thread. Bounded: when there is no room, who has the fewest points is
// forgotten, and never who is banned for one who is not.
//
// An IPv4 address counts for itself, an IPv6 address for its /64 and, with a sixteenth, for its /48: a user
// owns the one, sometimes the other. IPv4 inside IPv6 is IPv4.
#pragma once
#include "policy/ip_set.h"
#include "policy/prefix.h"

#define REPUTATION_PREFIXES 65536u // most that are remembered by the gateway
#define REPUTATION_WHY_MAX 64u
#define RUNGS_MAX 8u
#define BAN_MS_MAX (UINT64_C(24) * 3600 * 1000) // of a ban that nobody has spoken
#define BAN_SPOKEN_MS_MAX (366 * BAN_MS_MAX)    // of an operator's ban
#define REPUTATION_CLEAN_MS (3600u * 1000u)     // such a time without an offence takes one doubling back
#define BAN_STEP_MAX 31u                        // doublings
#define POINTS_MAX 1000000u

// clang-format off
//      enum                  token        points  what it was
#define OFFENCES(OFFENCE) \
    OFFENCE(OFFENCE_FAULT,     "fault",     5, "messages that break the protocol") \
    OFFENCE(OFFENCE_SLOW,      "slow",      5, "connections that were ended because they were too slow") \
    OFFENCE(OFFENCE_LOGIN,     "login",     4, "failed logins") \
    OFFENCE(OFFENCE_DENIAL,    "denial",    3, "requests that a policy denied") \
    OFFENCE(OFFENCE_NOT_FOUND, "not_found", 1, "requests for what is not there") \
    OFFENCE(OFFENCE_LIMIT,     "limit",     1, "requests beyond a rate or a number at once")
// clang-format on

enum offence {
#define OFFENCE_ENUM(name, token, points, says) name,
    OFFENCES(OFFENCE_ENUM)
#undef OFFENCE_ENUM
        OFFENCE_COUNT
};

// Static text.
const char *offence_token(enum offence o);
uint32_t    offence_points(enum offence o);
const char *offence_says(enum offence o);

// One step of the ladder: what happens to those who have so many points.
enum rung_act { RUNG_DELAY, RUNG_TARPIT, RUNG_BAN };

struct rung {
    uint32_t      at; // points
    enum rung_act act;
    uint32_t      ms;   // delay, time in the tarpit, or the first ban, which doubles each time
    uint32_t      cost; // how many requests each one counts as where a policy limits their rate
};

struct ladder {
    uint32_t             half_life_ms;
    const struct ip_set *never;            // have no account; NULL: nobody
    struct rung          rungs[RUNGS_MAX]; // with rising points; only the last may be a ban
    size_t               count;
};

struct ban {
    struct prefix prefix;
    uint64_t      until_ms;    // of the clock that now_ms is of
    uint32_t      step;        // how often it was doubled
    bool          by_operator; // otherwise by the ladder
    char          why[REPUTATION_WHY_MAX];
};

struct reputation;

// Room for `prefixes` (rounded up to a power of two). Memory that was never used costs nothing.
//   `seed`  random: nobody can choose addresses that meet in one place of the table
//   fails   NULL when memory is exhausted
MUST_USE struct reputation *reputation_new(size_t prefixes, const uint64_t seed[2]);
void                        reputation_free(struct reputation **r);
size_t                      reputation_bytes(size_t prefixes); // that it takes at most

// --- the loops ---

// One offence of an address.
//   returns  whether a ban begins with it; *ban_r then says which. While a ban lasts, none begins
bool reputation_hit(struct reputation *r, const struct ladder *l, const struct ip *who, enum offence what,
                    uint64_t now_ms, struct ban *ban_r);

// Where an address stands.
struct standing {
    uint32_t           points;
    const struct rung *rung;      // the highest that is reached, the ban's left out; NULL: none
    uint64_t           until_ms;  // banned until then; 0: not banned
    bool               is_shadow; // set by the caller: only watched, so that it costs nothing
};

struct standing reputation_standing(struct reputation *r, const struct ladder *l, const struct ip *who,
                                    uint64_t now_ms);
// How many requests one of such an address counts as where rates are limited: at least 1, also for NULL.
uint32_t standing_cost(const struct standing *s);

// --- the tarpit ---

// A place for one who is held up; the caller leaves it again.
//   fails  false when all `places` are taken
MUST_USE bool reputation_hold(struct reputation *r, uint32_t places);
void          reputation_let_go(struct reputation *r);

// --- operators and the journal ---

// Bans a prefix, or changes its ban.
//   fails  false when there is no room left for a ban
MUST_USE bool reputation_ban(struct reputation *r, const struct ladder *l, const struct ban *ban,
                             uint64_t now_ms);
// Ends the ban of exactly this prefix and forgets what it has on its account.
//   fails  false when there is none
MUST_USE bool reputation_pardon(struct reputation *r, const struct prefix *prefix, uint64_t now_ms);

enum ban_filter {
    BANS_NOW,      // all that last
    BANS_REMEMBER, // also those that ended, while the next one would be longer
    BANS_NEWS      // those that began or changed since they were asked for as news
};

// Walks through the bans. `place` starts at 0 and is kept by the caller.
//   fails  false behind the last
MUST_USE bool reputation_next_ban(struct reputation *r, enum ban_filter filter, uint64_t now_ms,
                                  size_t *place, struct ban *ban_r);
// Grows with each ban that begins: whether it is worth asking for news.
uint64_t reputation_ban_count(const struct reputation *r);
