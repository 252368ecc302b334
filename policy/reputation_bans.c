// SPDX-License-Identifier: Apache-2.0
// reputation_bans: bans as operators and the journal see them, and the places of the tarpit.
#include "policy/reputation_inside.h"

bool reputation_hold(struct reputation *r, uint32_t places)
{
    uint32_t held = atomic_load_explicit(&r->held, memory_order_relaxed);
    while (held < places) {
        if (atomic_compare_exchange_weak_explicit(&r->held, &held, held + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    }
    return false;
}

void reputation_let_go(struct reputation *r)
{
    uint32_t before = atomic_fetch_sub_explicit(&r->held, 1, memory_order_relaxed);
    ASSERT(before > 0);
}

bool reputation_ban(struct reputation *r, const struct ladder *l, const struct ban *ban, uint64_t now_ms)
{
    struct found    f = reputation_find(r, &ban->prefix);
    struct account *a = reputation_open(r, l, &f, &ban->prefix, now_ms, true);
    if (a != NULL) {
        a->until_ms = ban->until_ms;
        a->at_ms = ban->until_ms < now_ms ? ban->until_ms : a->at_ms; // clean since its end
        if (!ban->by_operator) // an operator's does not make the next one of the ladder shorter
            a->step = (uint8_t)(ban->step < BAN_STEP_MAX ? ban->step : BAN_STEP_MAX);
        a->by_operator = ban->by_operator;
        a->is_news = false;
        memcpy(a->why, ban->why, sizeof a->why);
        a->why[sizeof a->why - 1] = '\0';
    }
    reputation_unlock(r, &f);
    return a != NULL;
}

bool reputation_pardon(struct reputation *r, const struct prefix *prefix, uint64_t now_ms)
{
    struct found f = reputation_find(r, prefix);
    bool         banned = f.account != NULL && f.account->until_ms > now_ms;
    if (banned)
        reputation_close(r, f.account);
    reputation_unlock(r, &f);
    return banned;
}

static bool is_wanted(struct account *a, enum ban_filter filter, uint64_t now_ms)
{
    bool lasts = a->until_ms > now_ms;
    bool is_news = a->is_news;
    switch (filter) {
    case BANS_NOW:
        return lasts;
    case BANS_REMEMBER:
        return lasts || (a->until_ms > 0 && reputation_step(a, now_ms) > 0);
    case BANS_NEWS:
        a->is_news = false;
        return is_news;
    }
    return false;
}

// The next wanted account of one set. An operator's prefix without a ban is of no use any more.
static bool next_in_set(struct reputation *r, enum ban_filter filter, uint64_t now_ms, size_t *place,
                        struct ban *ban_r)
{
    struct found f = {.set = *place / WAYS};
    bool         found = false;
    pthread_mutex_lock(&r->locks[f.set % LOCKS]);
    while (!found && *place / WAYS == f.set) {
        struct account *a = &r->accounts[(*place)++];
        if (!a->used)
            continue;
        found = is_wanted(a, filter, now_ms);
        if (found) {
            *ban_r = (struct ban){
                .prefix = a->prefix, .until_ms = a->until_ms, .step = a->step, .by_operator = a->by_operator};
            memcpy(ban_r->why, a->why, sizeof ban_r->why);
        } else if (a->by_operator && a->until_ms <= now_ms && a->points == 0) {
            reputation_close(r, a);
        }
    }
    reputation_unlock(r, &f);
    return found;
}

bool reputation_next_ban(struct reputation *r, enum ban_filter filter, uint64_t now_ms, size_t *place,
                         struct ban *ban_r)
{
    while (*place / WAYS <= r->mask) {
        // A set without tags has no accounts.
        if (*place % WAYS == 0 && atomic_load_explicit(&r->tags[*place / WAYS], memory_order_relaxed) == 0)
            *place += WAYS;
        else if (next_in_set(r, filter, now_ms, place, ban_r))
            return true;
    }
    return false;
}

uint64_t reputation_ban_count(const struct reputation *r)
{
    return atomic_load_explicit(&r->bans, memory_order_relaxed);
}
