// SPDX-License-Identifier: Apache-2.0
// reputation: sets of eight accounts behind locks that are held for one look; in front of them a word of
// eight tags a set, read without a lock, which says of most addresses that they have no account.
//
// (1) An account is read and written under its set's lock only: no offence is lost, however many loops report
// at once, and none is put on the account of somebody who took the place meanwhile. (2) A tag is written
// under the lock as well; who reads an old one without it looks a moment early or late, as if he had come
// then.
// (3) A clock that is behind (the loops read theirs at different moments) takes no points away and moves no
// time back.
#include "policy/reputation_inside.h"
#include <stdlib.h>

#define POINT 1024u // a point in the unit of accounts
#define ROOTS 20u
#define PARENT_SHARE 16u // of what an offence puts on the account of a /64, its /48 gets this part
#define USER_BITS 64u
#define SITE_BITS 48u
#define HIGHEST_TIMES 2u // points end at so many times the highest rung, so that nobody pays for ever

static const struct {
    const char *token;
    uint32_t    points;
    const char *says;
} offences[OFFENCE_COUNT] = {
#define OFFENCE_ROW(name, token, points, says) [name] = {token, points, says},
    OFFENCES(OFFENCE_ROW)
#undef OFFENCE_ROW
};

const char *offence_token(enum offence o)
{
    return offences[o].token;
}

uint32_t offence_points(enum offence o)
{
    return offences[o].points;
}

const char *offence_says(enum offence o)
{
    return offences[o].says;
}

// --- time ---

// What is left of points after some time: half of them for each half life. The fraction of a half life is a
// sum of halves, quarters, eighths …, and so what is left is a product of roots.
static uint32_t decayed(uint32_t points, uint64_t ms, uint32_t half_life_ms)
{
    // 2^32 divided by the square root of 2, by the fourth root, the eighth …
    static const uint32_t roots[ROOTS] = {3037000500u, 3611622603u, 3938502376u, 4112874773u, 4202935003u,
                                          4248701965u, 4271771996u, 4283353945u, 4289156690u, 4292061010u,
                                          4293513907u, 4294240540u, 4294603903u, 4294785595u, 4294876445u,
                                          4294921870u, 4294944583u, 4294955939u, 4294961618u, 4294964457u};
    uint64_t              halves = ms / half_life_ms;
    if (halves >= 32)
        return 0;
    uint64_t left = ((uint64_t)points << 20) >> halves;
    uint64_t fraction = ((ms % half_life_ms) << ROOTS) / half_life_ms;
    for (unsigned i = 0; i < ROOTS; i++) {
        if (fraction >> (ROOTS - 1 - i) & 1)
            left = (uint64_t)((unsigned __int128)left * roots[i] >> 32);
    }
    return (uint32_t)(left >> 20);
}

static uint32_t points_now(const struct account *a, const struct ladder *l, uint64_t now_ms)
{
    return decayed(a->points, now_ms > a->at_ms ? now_ms - a->at_ms : 0, l->half_life_ms);
}

// Rounded: who offends twice within a second has the points of both.
static uint64_t whole(uint64_t points)
{
    return (points + POINT / 2) / POINT;
}

unsigned reputation_step(const struct account *a, uint64_t now_ms)
{
    uint64_t since = a->until_ms > a->at_ms ? a->until_ms : a->at_ms;
    uint64_t clean = now_ms > since ? (now_ms - since) / REPUTATION_CLEAN_MS : 0;
    return a->step > clean ? a->step - (unsigned)clean : 0;
}

// --- the table ---

static uint64_t mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash(const struct reputation *r, const struct prefix *prefix)
{
    uint64_t half[2];
    memcpy(half, prefix->first.octet, sizeof half);
    return mix(mix(half[0] ^ r->seed[0], half[1] ^ r->seed[1]) ^ r->seed[0] ^ prefix->bits, r->seed[1] | 1);
}

static uint64_t tag_of(uint64_t hashed)
{
    uint64_t tag = hashed >> 56;
    return tag > 0 ? tag : 1;
}

static bool has_tag(uint64_t tags, uint64_t tag)
{
    uint64_t same = tags ^ tag * UINT64_C(0x0101010101010101); // a byte of 0 where it is
    return ((same - UINT64_C(0x0101010101010101)) & ~same & UINT64_C(0x8080808080808080)) != 0;
}

static void set_tag(struct reputation *r, const struct account *a, uint64_t tag)
{
    size_t   index = (size_t)(a - r->accounts);
    unsigned shift = 8 * (unsigned)(index % WAYS);
    uint64_t tags = atomic_load_explicit(&r->tags[index / WAYS], memory_order_relaxed);
    tags = (tags & ~(UINT64_C(0xff) << shift)) | tag << shift;
    atomic_store_explicit(&r->tags[index / WAYS], tags, memory_order_relaxed);
}

static size_t set_of(const struct reputation *r, const struct prefix *prefix)
{
    return (size_t)hash(r, prefix) & r->mask;
}

static bool may_have(const struct reputation *r, const struct prefix *prefix)
{
    uint64_t hashed = hash(r, prefix);
    uint64_t tags = atomic_load_explicit(&r->tags[(size_t)hashed & r->mask], memory_order_relaxed);
    return has_tag(tags, tag_of(hashed));
}

static bool is_same(const struct prefix *a, const struct prefix *b)
{
    return a->bits == b->bits && memcmp(&a->first, &b->first, sizeof a->first) == 0;
}

struct found reputation_find(struct reputation *r, const struct prefix *prefix)
{
    struct found f = {.set = set_of(r, prefix)};
    pthread_mutex_lock(&r->locks[f.set % LOCKS]);
    struct account *set = &r->accounts[f.set * WAYS];
    for (struct account *a = set; a < set + WAYS && !f.account; a++) {
        if (a->used && is_same(&a->prefix, prefix))
            f.account = a;
    }
    return f;
}

void reputation_unlock(struct reputation *r, const struct found *f)
{
    pthread_mutex_unlock(&r->locks[f->set % LOCKS]);
}

// Of the lengths that offences are put on; others come from operators.
static bool is_usual(const struct prefix *p)
{
    if (p->bits == PREFIX_BITS)
        return ip_is_v4(&p->first);
    return p->bits == USER_BITS || p->bits == SITE_BITS;
}

static void count_length(struct reputation *r, const struct prefix *p, uint32_t more)
{
    atomic_fetch_add_explicit(&r->lengths[p->bits], more, memory_order_relaxed);
    if (!is_usual(p))
        atomic_fetch_add_explicit(&r->unusual, more, memory_order_relaxed);
}

void reputation_close(struct reputation *r, struct account *a)
{
    count_length(r, &a->prefix, (uint32_t)-1);
    set_tag(r, a, 0);
    *a = (struct account){0};
}

// Who has the least to be remembered for: free places, then points, then bans of the ladder by their end,
// then those of an operator.
static uint64_t worth(const struct account *a, const struct ladder *l, uint64_t now_ms)
{
    if (!a->used)
        return 0;
    if (a->until_ms <= now_ms)
        return 1 + (uint64_t)points_now(a, l, now_ms);
    return (a->by_operator ? UINT64_C(3) << 62 : UINT64_C(1) << 62) + (a->until_ms & (UINT64_MAX >> 2));
}

struct account *reputation_open(struct reputation *r, const struct ladder *l, struct found *f,
                                const struct prefix *prefix, uint64_t now_ms, bool for_ban)
{
    if (f->account)
        return f->account;
    struct account *set = &r->accounts[f->set * WAYS], *least = set;
    for (struct account *a = set + 1; a < set + WAYS; a++) {
        if (worth(a, l, now_ms) < worth(least, l, now_ms))
            least = a;
    }
    if (least->used) {
        bool is_banned = least->until_ms > now_ms;
        if (is_banned && (!for_ban || least->by_operator))
            return NULL;
        reputation_close(r, least);
    }
    *least = (struct account){.prefix = *prefix, .used = true, .at_ms = now_ms};
    set_tag(r, least, tag_of(hash(r, prefix)));
    count_length(r, prefix, 1);
    return f->account = least;
}

static size_t sets_for(size_t prefixes)
{
    size_t sets = LOCKS;
    while (sets * WAYS < prefixes)
        sets *= 2;
    return sets;
}

size_t reputation_bytes(size_t prefixes)
{
    return sizeof(struct reputation) +
           sets_for(prefixes) * (WAYS * sizeof(struct account) + sizeof(_Atomic uint64_t));
}

struct reputation *reputation_new(size_t prefixes, const uint64_t seed[2])
{
    struct reputation *r = calloc(1, sizeof *r);
    size_t             sets = sets_for(prefixes);
    if (r == NULL)
        return NULL;
    r->mask = sets - 1;
    memcpy(r->seed, seed, sizeof r->seed);
    r->tags = calloc(sets, sizeof *r->tags);
    r->accounts = calloc(sets * WAYS, sizeof *r->accounts);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&r->locks[i], NULL);
    if (r->tags == NULL || r->accounts == NULL)
        reputation_free(&r);
    return r;
}

void reputation_free(struct reputation **r)
{
    if (*r == NULL)
        return;
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&(*r)->locks[i]);
    free((*r)->accounts);
    free((*r)->tags);
    free(*r);
    *r = NULL;
}

// --- offences ---

// The rung that bans, or NULL.
static const struct rung *ban_rung(const struct ladder *l)
{
    const struct rung *last = l->count > 0 ? &l->rungs[l->count - 1] : NULL;
    return last != NULL && last->act == RUNG_BAN ? last : NULL;
}

static uint64_t ban_ms(const struct rung *rung, unsigned step)
{
    uint64_t ms = (uint64_t)rung->ms << step;
    return ms < BAN_MS_MAX ? ms : BAN_MS_MAX;
}

static void begin_ban(struct account *a, const struct rung *rung, enum offence what, uint64_t now_ms)
{
    unsigned         step = reputation_step(a, now_ms);
    struct bytes_out why = {.at = a->why, .cap = sizeof a->why - 1};
    a->until_ms = now_ms + ban_ms(rung, step);
    a->step = (uint8_t)(step < BAN_STEP_MAX ? step + 1 : step);
    a->by_operator = false;
    a->is_news = true;
    out_text(&why, "too many points, the last for ");
    out_text(&why, offence_token(what));
    a->why[why.len] = '\0';
}

static void tell(const struct account *a, struct ban *ban_r)
{
    *ban_r = (struct ban){
        .prefix = a->prefix, .until_ms = a->until_ms, .step = a->step, .by_operator = a->by_operator};
    memcpy(ban_r->why, a->why, sizeof ban_r->why);
}

// Puts an offence on one account.
static bool charge(struct reputation *r, const struct ladder *l, const struct prefix *prefix, uint32_t share,
                   enum offence what, uint64_t now_ms, struct ban *ban_r)
{
    const struct rung *ban = ban_rung(l);
    uint64_t           highest = l->count > 0 ? l->rungs[l->count - 1].at : POINTS_MAX;
    struct found       f = reputation_find(r, prefix);
    struct account    *a = reputation_open(r, l, &f, prefix, now_ms, false);
    bool               begins = false;
    if (a != NULL) {
        uint64_t points = points_now(a, l, now_ms) + (uint64_t)offence_points(what) * POINT / share;
        uint64_t most = HIGHEST_TIMES * highest * POINT;
        unsigned step = reputation_step(a, now_ms);
        begins = ban != NULL && whole(points) >= ban->at && a->until_ms <= now_ms;
        a->points = (uint32_t)(points < most ? points : most);
        if (begins)
            begin_ban(a, ban, what, now_ms);
        else
            a->step = (uint8_t)step; // the hours before this offence were clean, the next one is not
        a->at_ms = now_ms > a->at_ms ? now_ms : a->at_ms;
        if (begins)
            tell(a, ban_r);
    }
    reputation_unlock(r, &f);
    if (begins)
        atomic_fetch_add_explicit(&r->bans, 1, memory_order_relaxed);
    return begins;
}

static bool is_exempt(const struct ladder *l, const struct ip *who)
{
    return l->never != NULL && ip_set_has(l->never, who);
}

bool reputation_hit(struct reputation *r, const struct ladder *l, const struct ip *who, enum offence what,
                    uint64_t now_ms, struct ban *ban_r)
{
    if (is_exempt(l, who))
        return false;
    bool          v4 = ip_is_v4(who);
    struct prefix user = prefix_of(who, v4 ? PREFIX_BITS : USER_BITS);
    struct prefix site = prefix_of(who, SITE_BITS);
    struct ban    ignored;
    bool          begins = charge(r, l, &user, 1, what, now_ms, ban_r);
    if (!v4 && charge(r, l, &site, PARENT_SHARE, what, now_ms, begins ? &ignored : ban_r))
        begins = true;
    return begins;
}

// --- standing ---

static void look(struct reputation *r, const struct ladder *l, const struct prefix *prefix, uint64_t now_ms,
                 uint32_t *points, uint64_t *until_ms)
{
    if (!may_have(r, prefix))
        return;
    struct found f = reputation_find(r, prefix);
    if (f.account != NULL) {
        uint32_t its = points_now(f.account, l, now_ms);
        *points = its > *points ? its : *points;
        if (f.account->until_ms > now_ms && f.account->until_ms > *until_ms)
            *until_ms = f.account->until_ms;
    }
    reputation_unlock(r, &f);
}

// Prefixes that only an operator bans.
static void look_at_unusual(struct reputation *r, const struct ladder *l, const struct ip *who,
                            uint64_t now_ms, uint32_t *points, uint64_t *until_ms)
{
    for (unsigned bits = ip_is_v4(who) ? PREFIX_V4_BITS : 0; bits <= PREFIX_BITS; bits++) {
        struct prefix p = prefix_of(who, bits);
        if (atomic_load_explicit(&r->lengths[bits], memory_order_relaxed) > 0)
            look(r, l, &p, now_ms, points, until_ms);
    }
}

struct standing reputation_standing(struct reputation *r, const struct ladder *l, const struct ip *who,
                                    uint64_t now_ms)
{
    struct standing s = {0};
    uint32_t        points = 0;
    if (is_exempt(l, who))
        return s;
    bool          v4 = ip_is_v4(who);
    struct prefix user = prefix_of(who, v4 ? PREFIX_BITS : USER_BITS);
    look(r, l, &user, now_ms, &points, &s.until_ms);
    if (!v4) {
        struct prefix site = prefix_of(who, SITE_BITS);
        look(r, l, &site, now_ms, &points, &s.until_ms);
    }
    if (atomic_load_explicit(&r->unusual, memory_order_relaxed) > 0)
        look_at_unusual(r, l, who, now_ms, &points, &s.until_ms);
    s.points = (uint32_t)whole(points);
    for (size_t i = 0; i < l->count && l->rungs[i].at <= s.points; i++) {
        if (l->rungs[i].act != RUNG_BAN)
            s.rung = &l->rungs[i];
    }
    return s;
}

uint32_t standing_cost(const struct standing *s)
{
    return s != NULL && s->rung != NULL && !s->is_shadow ? s->rung->cost : 1;
}
