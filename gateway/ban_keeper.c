// SPDX-License-Identifier: Apache-2.0
// ban_keeper: a look at the table each second, when a ban has begun since the last one.
#include "gateway/ban_keeper.h"
#include "gateway/ban_journal.h"
#include "gateway/log.h"
#include "policy/ladder.h"
#include <errno.h>
#include <stdlib.h>

#define LOOK_MS 1000u
#define TOLD_A_LOOK 10u          // bans that the log names each time; others are a number
#define COMPLAIN_MS (60u * 1000) // between messages about a journal that cannot be written
#define SHORTEST_V4 8u           // a ban of more than that is a mistake
#define SHORTEST_V6 16u

struct ban_keeper {
    struct loop         *loop;
    struct reputation   *reputation;
    const struct ladder *ladder; // NULL: nothing is counted
    bool                 is_shadow;
    struct ban_journal  *journal; // NULL: bans end with the process
    uint64_t             seen;    // bans that had begun at the last look
    uint64_t             complained_ms;
    struct deadline      look;
};

static void settle(struct ban_keeper *k, struct ban_time t)
{
    if (!k->journal || ban_journal_settle(k->journal, t))
        return;
    if (k->complained_ms > 0 && t.now_ms < k->complained_ms + COMPLAIN_MS)
        return;
    log_warning("the bans cannot be written: %s; they hold, and the next try follows", strerror(errno));
    k->complained_ms = t.now_ms;
}

static void tell(const struct ban_keeper *k, const struct ban *ban, struct ban_time t)
{
    char             memory[PREFIX_TEXT_MAX];
    struct bytes_out prefix = {.at = memory, .cap = sizeof memory};
    prefix_print(&ban->prefix, &prefix);
    uint64_t left_s = ban->until_ms > t.now_ms ? (ban->until_ms - t.now_ms + 999) / 1000 : 0;
    log_info("%s %.*s for %ju s: %s", k->is_shadow ? "would ban" : "banned", (int)prefix.len, prefix.at,
             (uintmax_t)left_s, ban->why);
}

static void look(struct ban_keeper *k)
{
    uint64_t begun = reputation_ban_count(k->reputation);
    if (begun != k->seen) {
        struct ban_time t = ban_time_now();
        struct ban      ban;
        unsigned        told = 0;
        k->seen = begun;
        for (size_t place = 0; reputation_next_ban(k->reputation, BANS_NEWS, t.now_ms, &place, &ban);
             told++) {
            if (k->journal)
                ban_journal_note(k->journal, &ban, t);
            if (told < TOLD_A_LOOK)
                tell(k, &ban, t);
        }
        if (told > TOLD_A_LOOK)
            log_info("and %u more", told - TOLD_A_LOOK);
    }
    settle(k, ban_time_now()); // also what could not be written before
}

static void on_look(struct deadline *d)
{
    struct ban_keeper *k = (struct ban_keeper *)((char *)d - offsetof(struct ban_keeper, look));
    look(k);
    loop_deadline(k->loop, d, LOOK_MS);
}

static bool open_journal(struct ban_keeper *k, struct bytes directory)
{
    const char *why;
    k->journal = ban_journal_open(directory, k->reputation, k->ladder, ban_time_now(), &why);
    if (!k->journal)
        log_error("the bans cannot be kept in %.*s: %s", (int)directory.len, directory.at, why);
    else if (ban_journal_damaged(k->journal) > 0)
        log_warning("%zu lines of %.*s/bans could not be read, and are gone", ban_journal_damaged(k->journal),
                    (int)directory.len, directory.at);
    return k->journal != NULL;
}

struct ban_keeper *ban_keeper_new(struct loop *l, const struct config *config, struct state *state)
{
    struct ban_keeper *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    *k = (struct ban_keeper){.loop = l,
                             .reputation = state->reputation,
                             .ladder = snapshot_ladder(config->snapshot),
                             .is_shadow = snapshot_ladder_is_shadow(config->snapshot)};
    deadline_init(&k->look, on_look);
    if (!k->ladder)
        return k;
    if (config->state_directory.len > 0 && !open_journal(k, config->state_directory)) {
        ban_keeper_free(&k);
        return NULL;
    }
    log_info("reputation remembers up to %u prefixes, in at most %zu KiB", REPUTATION_PREFIXES,
             reputation_bytes(REPUTATION_PREFIXES) / 1024);
    loop_deadline(l, &k->look, LOOK_MS);
    return k;
}

void ban_keeper_free(struct ban_keeper **keeper)
{
    struct ban_keeper *k = *keeper;
    *keeper = NULL;
    deadline_disarm(&k->look);
    if (k->journal) {
        look(k);
        ban_journal_close(&k->journal);
    }
    free(k);
}

// --- operators ---

static const char nothing_counts[] =
    "the configuration has no \"reputation\", or it is off: nobody can be banned";

static bool is_too_wide(const struct prefix *p)
{
    bool v4 = ip_is_v4(&p->first) && p->bits >= PREFIX_V4_BITS;
    return v4 ? p->bits < PREFIX_V4_BITS + SHORTEST_V4 : p->bits < SHORTEST_V6;
}

const char *ban_keeper_add(struct ban_keeper *k, const struct prefix *prefix, uint64_t for_ms,
                           struct bytes why)
{
    struct ban_time t = ban_time_now();
    struct ban      ban = {.prefix = *prefix, .until_ms = t.now_ms + for_ms, .by_operator = true};
    if (!k->ladder)
        return nothing_counts;
    if (is_too_wide(prefix))
        return "this prefix is too wide: /8 at least, /16 for IPv6";
    if (ip_set_has(k->ladder->never, &prefix->first))
        return "this address is in reputation.never: nothing that comes from it is refused";
    if (why.len >= sizeof ban.why)
        return "the reason is too long: 63 bytes are kept";
    for (size_t i = 0; i < why.len; i++) // it is shown in terminals
        if ((unsigned char)why.at[i] < ' ' || why.at[i] == 0x7f)
            return "the reason holds control characters";
    if (why.len > 0)
        memcpy(ban.why, why.at, why.len);
    if (!reputation_ban(k->reputation, k->ladder, &ban, t.now_ms))
        return "there is no room for another ban";
    if (k->journal)
        ban_journal_note(k->journal, &ban, t);
    settle(k, t);
    return NULL;
}

const char *ban_keeper_lift(struct ban_keeper *k, const struct prefix *prefix)
{
    struct ban_time t = ban_time_now();
    if (!k->ladder)
        return nothing_counts;
    if (!reputation_pardon(k->reputation, prefix, t.now_ms))
        return "exactly this prefix is not banned: portcullis ban list names those that are";
    if (k->journal)
        ban_journal_note(k->journal, &(struct ban){.prefix = *prefix}, t);
    settle(k, t);
    return NULL;
}

bool ban_keeper_next(struct ban_keeper *k, size_t *place, struct ban *ban_r, uint64_t *left_ms_r)
{
    uint64_t now_ms = ban_time_now().now_ms;
    if (!reputation_next_ban(k->reputation, BANS_NOW, now_ms, place, ban_r))
        return false;
    *left_ms_r = ban_r->until_ms - now_ms;
    return true;
}

bool ban_keeper_is_shadow(const struct ban_keeper *k)
{
    return k->is_shadow;
}
