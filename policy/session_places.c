// SPDX-License-Identifier: Apache-2.0
// session_places: shards, buckets, lines, and who has to go.
#include "policy/session_places.h"
#include <stdlib.h>

#define SHARDS_MAX 16u
#define SHARD_SESSIONS_MIN 4096u // smaller shards would be full at different times

// --- finding ---

static uint64_t half(const struct sid *sid, unsigned which)
{
    return bytes_load8((const char *)sid->octet + 8 * which);
}

struct shard *session_shard(struct session_table *t, const struct sid *sid)
{
    return &t->shards[half(sid, 0) & (t->count - 1)];
}

static uint32_t *bucket_of(struct shard *s, const struct sid *sid)
{
    return &s->buckets[half(sid, 1) & s->mask];
}

static uint32_t number_of(const struct shard *s, const struct session *one)
{
    return (uint32_t)(one - s->sessions);
}

struct session *session_find(struct shard *s, const struct sid *sid)
{
    for (uint32_t i = *bucket_of(s, sid); i != 0; i = s->sessions[i].next) {
        if (memcmp(&s->sessions[i].sid, sid, sizeof *sid) == 0)
            return &s->sessions[i];
    }
    return NULL;
}

static void drop_from_bucket(struct shard *s, const struct session *one)
{
    uint32_t *link = bucket_of(s, &one->sid);
    while (*link != number_of(s, one))
        link = &s->sessions[*link].next;
    *link = one->next;
}

// --- lines ---

enum session_line session_line(const struct session *one)
{
    if (!one->is_authenticated && one->login_until_s == 0) // what is logging in is worth as much as if it had
        return LINE_ANONYMOUS;
    return one->is_ended ? LINE_ENDED : LINE_AUTHENTICATED;
}

void session_leave(struct shard *s, struct session *one)
{
    struct line *line = &s->lines[session_line(one)];
    *(one->older ? &s->sessions[one->older].newer : &line->oldest) = one->newer;
    *(one->newer ? &s->sessions[one->newer].older : &line->newest) = one->older;
    one->older = one->newer = 0;
    line->count--;
}

void session_line_up(struct shard *s, struct session *one)
{
    struct line *line = &s->lines[session_line(one)];
    one->older = line->newest;
    one->newer = 0;
    *(line->newest ? &s->sessions[line->newest].newer : &line->oldest) = number_of(s, one);
    line->newest = number_of(s, one);
    line->count++;
}

// --- room ---

void session_raise(_Atomic uint64_t *number, uint64_t to)
{
    uint64_t now = atomic_load(number);
    while (now < to && !atomic_compare_exchange_weak(number, &now, to))
        ;
}

static struct session *oldest(struct shard *s, enum session_line line)
{
    uint32_t number = s->lines[line].oldest;
    return number ? &s->sessions[number] : NULL;
}

// The one whose place a new one gets; NULL: all are worth more.
static struct session *victim(struct shard *s, bool logs_in, uint64_t now_ms)
{
    for (enum session_line line = 0; line < LINES; line++) {
        struct session *one = oldest(s, line);
        if (one && one->forget_ms < now_ms)
            return one;
    }
    struct session *login = oldest(s, LINE_AUTHENTICATED);
    if (oldest(s, LINE_ANONYMOUS))
        return oldest(s, LINE_ANONYMOUS);
    if (oldest(s, LINE_ENDED))
        return oldest(s, LINE_ENDED);
    return login && (logs_in || login->dies_ms < now_ms) ? login : NULL;
}

// Forgets a record, and remembers that there was something to remember.
static void forget(struct session_table *t, struct shard *s, struct session *one, uint64_t now_ms)
{
    bool is_alive = !one->is_ended && one->dies_ms >= now_ms;
    if (session_line(one) != LINE_ANONYMOUS && one->forget_ms >= now_ms)
        session_raise(&t->forgotten_ms, one->seen_ms);
    s->evicted += is_alive && !one->is_authenticated;
    s->evicted_authenticated += is_alive && one->is_authenticated;
    session_leave(s, one);
    drop_from_bucket(s, one);
    *one = (struct session){.next = s->free};
    s->free = number_of(s, one);
}

struct session *session_place(struct session_table *t, struct shard *s, const struct sid *sid, bool logs_in,
                              uint64_t now_ms)
{
    if (s->free == 0 && s->used == s->capacity) {
        struct session *one = victim(s, logs_in, now_ms);
        if (one == NULL) {
            s->refused++;
            return NULL;
        }
        forget(t, s, one, now_ms);
    }
    struct session *place = &s->sessions[s->free ? s->free : s->used + 1];
    if (s->free)
        s->free = place->next;
    else
        s->used++;
    uint32_t *bucket = bucket_of(s, sid);
    *place = (struct session){.sid = *sid, .next = *bucket};
    *bucket = number_of(s, place);
    session_line_up(s, place);
    return place;
}

// --- the table ---

static bool shard_init(struct shard *s, size_t capacity)
{
    size_t buckets = 1;
    while (buckets < capacity)
        buckets *= 2;
    *s = (struct shard){.capacity = (uint32_t)capacity, .mask = (uint32_t)buckets - 1};
    s->sessions = calloc(capacity + 1, sizeof *s->sessions);
    s->buckets = calloc(buckets, sizeof *s->buckets);
    return s->sessions && s->buckets && pthread_mutex_init(&s->lock, NULL) == 0;
}

struct session_table *session_table_new(size_t sessions)
{
    ASSERT(sessions > 0 && sessions <= SESSIONS_MAX);
    unsigned shards = 1;
    while (shards < SHARDS_MAX && sessions / (2 * shards) >= SHARD_SESSIONS_MIN)
        shards *= 2;
    struct session_table *t = calloc(1, sizeof *t);
    struct shard         *made = aligned_alloc(_Alignof(struct shard), shards * sizeof *made);
    if (t == NULL || made == NULL) {
        free(t);
        free(made);
        return NULL;
    }
    t->shards = made;
    bool whole = true;
    for (unsigned i = 0; i < shards && whole; i++, t->count++)
        whole = shard_init(&made[i], (sessions + shards - 1) / shards);
    if (!whole)
        session_table_free(&t);
    return t;
}

void session_table_free(struct session_table **t)
{
    for (unsigned i = 0; i < (*t)->count; i++) {
        struct shard *s = &(*t)->shards[i];
        (void)pthread_mutex_destroy(&s->lock);
        free(s->sessions);
        free(s->buckets);
    }
    free((*t)->shards);
    free(*t);
    *t = NULL;
}

static void check_line(const struct shard *s, enum session_line line)
{
    uint32_t count = 0, before = 0;
    for (uint32_t i = s->lines[line].oldest; i != 0; before = i, i = s->sessions[i].newer, count++) {
        ASSERT(i <= s->used && s->sessions[i].older == before);
        ASSERT(session_line(&s->sessions[i]) == line);
        ASSERT(s->sessions[i].minimum <= s->sessions[i].generation);
    }
    ASSERT(s->lines[line].newest == before && s->lines[line].count == count);
}

static void check_shard(struct shard *s)
{
    uint32_t filed = 0, free = 0, lined_up = 0;
    for (enum session_line line = 0; line < LINES; line++) {
        check_line(s, line);
        lined_up += s->lines[line].count;
    }
    for (uint32_t bucket = 0; bucket <= s->mask; bucket++) {
        for (uint32_t i = s->buckets[bucket]; i != 0; i = s->sessions[i].next, filed++)
            ASSERT(session_find(s, &s->sessions[i].sid) == &s->sessions[i]);
    }
    for (uint32_t i = s->free; i != 0; i = s->sessions[i].next)
        free++;
    ASSERT(filed == lined_up && filed + free == s->used && s->used <= s->capacity);
}

void session_table_check(struct session_table *t)
{
    for (unsigned i = 0; i < t->count; i++) {
        pthread_mutex_lock(&t->shards[i].lock);
        check_shard(&t->shards[i]);
        pthread_mutex_unlock(&t->shards[i].lock);
    }
}
