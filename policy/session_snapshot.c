// SPDX-License-Identifier: Apache-2.0
// session_snapshot: numbers of 8 bytes, the lowest first. The checksum finds every change of a single number
// for sure, and others but for one in 2^64; it is no seal: who can write the file owns the gateway.
#include "policy/session_snapshot.h"
#include "policy/session_places.h"
#include <stdlib.h>

#define NUMBER 8u
#define HEADER (7 * NUMBER)
#define RECORD (11 * NUMBER)
#define TRAILER (2 * NUMBER)
#define MAGIC UINT64_C(0x3174736f69737373) // "sssiost1"
#define AT_ONCE 64u                        // records that are copied under one lock
#define IS_AUTHENTICATED 1u
#define IS_ENDED 2u

_Static_assert(AT_ONCE *RECORD <= SESSION_PIECE_MAX && RECORD < SESSION_BYTES, "");

// --- numbers ---

static void put(struct bytes_out *out, uint64_t number)
{
    uint64_t low_first = htole64(number);
    out_bytes(out, (struct bytes){(const char *)&low_first, NUMBER});
}

static void put_pair(struct bytes_out *out, uint32_t low, uint32_t high)
{
    put(out, low | (uint64_t)high << 32);
}

static uint64_t get(struct bytes *from)
{
    uint64_t number = bytes_load8(from->at);
    *from = bytes_after(*from, NUMBER);
    return number;
}

// Each step can be undone, so two sums that differ once differ for ever.
static uint64_t add_sum(uint64_t sum, struct bytes whole_numbers)
{
    while (whole_numbers.len > 0) {
        sum = (sum ^ get(&whole_numbers)) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    return sum;
}

// --- writing ---

struct writer {
    bool (*sink)(void *to, struct bytes piece);
    void    *to;
    uint64_t sum, count;
};

static bool pass_on(struct writer *w, const struct bytes_out *piece)
{
    w->sum = add_sum(w->sum, out_written(piece));
    return piece->len == 0 || w->sink(w->to, out_written(piece));
}

static void put_session(struct bytes_out *out, const struct session *one)
{
    unsigned is = (one->is_authenticated ? IS_AUTHENTICATED : 0) | (one->is_ended ? IS_ENDED : 0);
    out_bytes(out, (struct bytes){(const char *)one->sid.octet, sizeof one->sid});
    put_pair(out, one->generation, one->minimum);
    put_pair(out, one->before_login, is);
    put(out, one->created_ms);
    put(out, one->seen_ms);
    put(out, one->login_ms);
    put(out, one->settled_ms);
    put(out, one->dies_ms);
    put(out, one->forget_ms);
    put(out, 0); // for later
}

// A place that is taken: what is in a line has been seen.
static bool is_taken(const struct session *one)
{
    return one->forget_ms != 0;
}

// The next sessions behind `place`, which moves on.
//   fails  false behind the last
static bool next_piece(struct shard *s, uint32_t *place, struct bytes_out *piece, uint64_t *count)
{
    pthread_mutex_lock(&s->lock);
    uint32_t used = s->used, end = used - *place < AT_ONCE ? used : *place + AT_ONCE;
    bool     is_more = *place < used;
    while (*place < end) {
        const struct session *one = &s->sessions[++*place];
        if (!is_taken(one))
            continue;
        put_session(piece, one);
        ++*count;
    }
    pthread_mutex_unlock(&s->lock);
    return is_more;
}

bool session_table_write(struct session_table *t, const struct session_snapshot *about,
                         bool (*sink)(void *to, struct bytes piece), void       *to)
{
    char             memory[SESSION_PIECE_MAX];
    struct bytes_out piece = {.at = memory, .cap = sizeof memory};
    struct writer    w = {.sink = sink, .to = to};
    put(&piece, MAGIC);
    put(&piece, RECORD);
    put(&piece, about->mark);
    put(&piece, about->taken_ms);
    put(&piece, about->is_last);
    put(&piece, atomic_load(&t->forgotten_ms));
    put(&piece, atomic_load(&t->crashed_ms));
    bool written = pass_on(&w, &piece);
    for (unsigned i = 0; i < t->count && written; i++) {
        uint32_t place = 0;
        for (piece.len = 0; written && next_piece(&t->shards[i], &place, &piece, &w.count); piece.len = 0)
            written = pass_on(&w, &piece);
    }
    piece.len = 0;
    put(&piece, w.count);
    put(&piece, add_sum(w.sum, out_written(&piece)));
    return written && sink(to, out_written(&piece));
}

// --- reading ---

static bool get_session(struct bytes from, struct session *one_r)
{
    *one_r = (struct session){0};
    memcpy(one_r->sid.octet, from.at, sizeof one_r->sid);
    from = bytes_after(from, sizeof one_r->sid);
    uint64_t generations = get(&from), rest = get(&from);
    one_r->generation = (uint32_t)generations;
    one_r->minimum = (uint32_t)(generations >> 32);
    one_r->before_login = (uint32_t)rest;
    one_r->is_authenticated = (rest >> 32 & IS_AUTHENTICATED) != 0;
    one_r->is_ended = (rest >> 32 & IS_ENDED) != 0;
    one_r->created_ms = get(&from);
    one_r->seen_ms = get(&from);
    one_r->login_ms = get(&from);
    one_r->settled_ms = get(&from);
    one_r->dies_ms = get(&from);
    one_r->forget_ms = get(&from);
    return one_r->minimum <= one_r->generation && is_taken(one_r) && get(&from) == 0 &&
           rest >> 32 <= (IS_AUTHENTICATED | IS_ENDED);
}

// Takes header and trailer off.
static const char *open_snapshot(struct bytes *b, uint64_t mark, struct session_snapshot *about,
                                 uint64_t *forgotten_ms, uint64_t *crashed_ms)
{
    if (b->len < HEADER + TRAILER || (b->len - HEADER - TRAILER) % RECORD != 0)
        return "this is no snapshot of sessions, or only a part of one";
    struct bytes header = {b->at, HEADER}, trailer = bytes_after(*b, b->len - TRAILER);
    uint64_t     sum = add_sum(0, (struct bytes){b->at, b->len - NUMBER});
    *b = (struct bytes){b->at + HEADER, b->len - HEADER - TRAILER};
    if (get(&header) != MAGIC || get(&header) != RECORD)
        return "this is no snapshot of sessions, or one of another version";
    if (get(&trailer) != b->len / RECORD || get(&trailer) != sum)
        return "the snapshot of sessions is damaged";
    about->mark = get(&header);
    about->taken_ms = get(&header);
    about->is_last = get(&header) == 1;
    *forgotten_ms = get(&header);
    *crashed_ms = get(&header);
    return about->mark == mark ? NULL : "the snapshot of sessions belongs to another key ring";
}

static void restore(struct session_table *t, const struct session *read, uint64_t now_ms)
{
    struct shard *s = session_shard(t, &read->sid);
    pthread_mutex_lock(&s->lock);
    struct session *one = session_find(s, &read->sid);
    if (one == NULL)
        one = session_place(t, s, &read->sid, read->is_authenticated && !read->is_ended, now_ms);
    if (one != NULL) {
        uint32_t next = one->next;
        session_leave(s, one);
        *one = *read;
        one->next = next;
        session_line_up(s, one);
    } else if (read->is_authenticated) {
        session_raise(&t->forgotten_ms, read->seen_ms);
    }
    pthread_mutex_unlock(&s->lock);
}

static int by_age(const void *a, const void *b)
{
    const struct session *x = a, *y = b;
    return x->seen_ms < y->seen_ms ? -1 : x->seen_ms > y->seen_ms;
}

// All records, the one that was seen first in front, so that the lines are in their order.
static const char *read_sessions(struct bytes b, struct session **sessions_r)
{
    size_t          count = b.len / RECORD;
    struct session *sessions = calloc(count + 1, sizeof *sessions);
    if (sessions == NULL)
        return "no memory";
    for (size_t i = 0; i < count; i++) {
        if (!get_session((struct bytes){b.at + i * RECORD, RECORD}, &sessions[i])) {
            free(sessions);
            return "the snapshot of sessions holds what no session is";
        }
    }
    qsort(sessions, count, sizeof *sessions, by_age);
    *sessions_r = sessions;
    return NULL;
}

const char *session_table_read(struct session_table *t, struct bytes snapshot, uint64_t mark, uint64_t now_ms,
                               struct session_snapshot *about_r)
{
    uint64_t        forgotten_ms, crashed_ms;
    struct session *sessions = NULL;
    const char     *why = open_snapshot(&snapshot, mark, about_r, &forgotten_ms, &crashed_ms);
    if (!why)
        why = read_sessions(snapshot, &sessions);
    if (why)
        return why;
    session_raise(&t->forgotten_ms, forgotten_ms);
    session_raise(&t->crashed_ms, about_r->is_last ? crashed_ms : now_ms);
    for (size_t i = 0; i < snapshot.len / RECORD; i++) {
        if (sessions[i].forget_ms >= now_ms)
            restore(t, &sessions[i], now_ms);
    }
    free(sessions);
    return NULL;
}

void session_table_crashed(struct session_table *t, uint64_t now_ms)
{
    session_raise(&t->crashed_ms, now_ms);
}
