// SPDX-License-Identifier: Apache-2.0
// session_table: the steps of a session's life, each under the lock of its shard.
#include "policy/session_places.h"

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static struct shard *lock(struct session_table *t, const struct sid *sid)
{
    struct shard *s = session_shard(t, sid);
    pthread_mutex_lock(&s->lock);
    return s;
}

static void unlock(struct shard *s)
{
    pthread_mutex_unlock(&s->lock);
}

// --- one record; its shard is locked ---

static bool is_expired(const struct session *one, uint64_t now_ms)
{
    return one->dies_ms < now_ms;
}

static void tell(const struct session *one, struct session_facts *facts)
{
    facts->generation = one->generation;
    facts->minimum = one->minimum;
    facts->before_login = one->before_login;
    facts->is_authenticated = one->is_authenticated;
    facts->created_ms = one->created_ms;
    facts->login_ms = one->login_ms;
}

// Seen: it lives on, and is the last to go. Its times never move back.
static void touch(struct shard *s, struct session *one, const struct session_lives *lives, uint64_t now_ms)
{
    one->seen_ms = now_ms > one->seen_ms ? now_ms : one->seen_ms;
    uint64_t idle_end = sum(one->seen_ms, lives->idle_ms), end = sum(one->created_ms, lives->absolute_ms);
    one->dies_ms = idle_end < end ? idle_end : end;
    one->forget_ms = sum(one->seen_ms, lives->absolute_ms);
    if (one->newer) {
        session_leave(s, one);
        session_line_up(s, one);
    }
    s->changes.touches++;
}

static void catch_up(struct session *one, uint32_t generation, uint64_t now_ms, struct session_facts *facts)
{
    if (generation <= one->generation)
        return;
    // Whatever made it newer may have been a login.
    one->generation = one->minimum = generation;
    one->settled_ms = now_ms;
    facts->is_ahead = true;
}

static bool may_enter(struct session *one, uint32_t generation, const struct session_lives *lives,
                      uint64_t now_ms)
{
    if (generation == one->generation) {
        if (one->settled_ms == 0)
            one->settled_ms = now_ms;
        return true;
    }
    return generation >= one->minimum &&
           (one->settled_ms == 0 || now_ms <= sum(one->settled_ms, lives->grace_ms));
}

static struct session *make(struct session_table *t, struct shard *s, const struct sid *sid,
                            uint32_t generation, bool logs_in, uint64_t now_ms)
{
    struct session *one = session_place(t, s, sid, logs_in, now_ms);
    if (one == NULL)
        return NULL;
    one->generation = one->minimum = generation;
    one->created_ms = now_ms;
    s->changes.records++;
    return one;
}

// Over, for whoever has a cookie of it.
static void end(struct shard *s, struct session *one, const struct session_lives *lives, uint64_t now_ms)
{
    session_leave(s, one);
    one->is_ended = true;
    one->login_until_s = 0;
    session_line_up(s, one);
    touch(s, one, lives, now_ms);
    s->changes.records++;
}

// The same when a login may have succeeded: what is forgotten of it then must not come back to life.
static void end_login(struct shard *s, struct session *one, const struct session_lives *lives,
                      uint64_t now_ms)
{
    session_leave(s, one);
    one->is_authenticated = true;
    session_line_up(s, one);
    end(s, one, lives, now_ms);
}

static void await_login(struct shard *s, struct session *one, uint64_t until_ms)
{
    session_leave(s, one);
    one->login_until_s = (uint32_t)(until_ms / 1000);
    session_line_up(s, one);
}

// Found, alive or not.
static enum session_answer look(struct session_table *t, const struct session *one, uint64_t now_ms,
                                struct session_facts *facts)
{
    *facts = (struct session_facts){0};
    if (one == NULL) {
        facts->forgotten_ms = atomic_load(&t->forgotten_ms);
        return SESSION_UNKNOWN;
    }
    facts->seen_ms = one->seen_ms;
    tell(one, facts);
    if (one->is_ended)
        return SESSION_ENDED;
    return is_expired(one, now_ms) ? SESSION_EXPIRED : SESSION_ADMITTED;
}

static enum session_answer enter(struct shard *s, struct session *one, uint32_t generation,
                                 const struct session_lives *lives, uint64_t now_ms,
                                 struct session_facts *facts)
{
    if (one->login_until_s > 0 && one->login_until_s < now_ms / 1000) {
        end_login(s, one, lives, now_ms);
        return SESSION_ENDED;
    }
    catch_up(one, generation, now_ms, facts);
    if (!may_enter(one, generation, lives, now_ms))
        return SESSION_TOO_OLD;
    if (one->login_until_s > 0)
        return SESSION_WAITING;
    touch(s, one, lives, now_ms);
    return SESSION_ADMITTED;
}

// --- the steps ---

enum session_answer session_admit(struct session_table *t, const struct sid *sid, uint32_t generation,
                                  const struct session_lives *lives, uint64_t now_ms,
                                  struct session_facts *facts_r)
{
    struct shard       *s = lock(t, sid);
    struct session     *one = session_find(s, sid);
    enum session_answer answer = look(t, one, now_ms, facts_r);
    if (answer == SESSION_ADMITTED) {
        answer = enter(s, one, generation, lives, now_ms, facts_r);
        tell(one, facts_r);
    }
    unlock(s);
    return answer;
}

enum session_answer session_login_begin(struct session_table *t, const struct sid *sid, uint32_t generation,
                                        const struct session_lives *lives, uint64_t now_ms)
{
    struct session_facts facts;
    struct shard        *s = lock(t, sid);
    struct session      *one = session_find(s, sid);
    enum session_answer  answer = look(t, one, now_ms, &facts);
    if (answer == SESSION_UNKNOWN) {
        one = make(t, s, sid, generation, false, now_ms);
        answer = one ? SESSION_ADMITTED : SESSION_FULL;
    }
    if (answer == SESSION_ADMITTED)
        answer = enter(s, one, generation, lives, now_ms, &facts);
    if (answer == SESSION_ADMITTED)
        await_login(s, one, sum(now_ms, SESSION_LOGIN_MS));
    unlock(s);
    return answer;
}

void session_login_end(struct session_table *t, const struct sid *sid, enum session_login how,
                       const struct session_lives *lives, uint64_t now_ms)
{
    struct shard   *s = lock(t, sid);
    struct session *one = session_find(s, sid);
    if (one != NULL && one->login_until_s > 0) {
        await_login(s, one, 0);
        if (how == LOGIN_UNSEEN)
            end_login(s, one, lives, now_ms);
    }
    unlock(s);
}

bool session_lasts(struct session_table *t, const struct sid *sid, uint32_t generation,
                   const struct session_lives *lives, uint64_t now_ms)
{
    struct shard         *s = lock(t, sid);
    const struct session *one = session_find(s, sid);
    bool                  lasts = one == NULL || (!one->is_ended && one->login_until_s == 0 &&
                                 now_ms <= sum(one->created_ms, lives->absolute_ms) &&
                                 (one->login_ms == 0 || generation > one->before_login));
    unlock(s);
    return lasts;
}

enum session_answer session_begin(struct session_table *t, const struct sid *sid, uint32_t generation,
                                  const struct session_lives *lives, uint64_t now_ms,
                                  struct session_facts *facts_r)
{
    struct shard       *s = lock(t, sid);
    struct session     *one = session_find(s, sid);
    enum session_answer answer = look(t, one, now_ms, facts_r);
    if (answer == SESSION_UNKNOWN) {
        one = make(t, s, sid, generation, false, now_ms);
        facts_r->is_new = one != NULL;
        answer = one ? SESSION_ADMITTED : SESSION_FULL;
    }
    if (answer == SESSION_ADMITTED) {
        touch(s, one, lives, now_ms);
        tell(one, facts_r);
    }
    unlock(s);
    return answer;
}

static void log_in(struct shard *s, struct session *one, uint64_t now_ms)
{
    session_leave(s, one);
    one->is_authenticated = true;
    session_line_up(s, one);
    one->before_login = one->generation++;
    one->minimum = one->generation;
    one->created_ms = one->login_ms = now_ms > one->created_ms ? now_ms : one->created_ms;
    one->settled_ms = 0;
}

static enum session_answer rotate(struct shard *s, struct session *one, uint32_t from,
                                  enum session_rotation kind)
{
    if (from < one->minimum)
        return kind == ROTATION_LOGIN ? SESSION_OVERTAKEN : SESSION_TOO_OLD;
    if (kind == ROTATION_TIMER && one->login_until_s > 0)
        return SESSION_TOO_OLD;
    if (kind == ROTATION_TIMER && from != one->generation)
        return SESSION_OVERTAKEN;
    if (one->generation == UINT32_MAX) // four thousand million rotations: nobody has seen one
        return SESSION_EXPIRED;
    s->changes.records++;
    return SESSION_ROTATED;
}

enum session_answer session_rotate(struct session_table *t, const struct sid *sid, uint32_t from,
                                   enum session_rotation kind, const struct session_lives *lives,
                                   uint64_t now_ms, struct session_facts *facts_r)
{
    struct shard       *s = lock(t, sid);
    struct session     *one = session_find(s, sid);
    enum session_answer answer = look(t, one, now_ms, facts_r);
    if (answer == SESSION_UNKNOWN && kind == ROTATION_LOGIN) {
        one = make(t, s, sid, from, true, now_ms);
        facts_r->is_new = one != NULL;
        answer = one ? SESSION_ADMITTED : SESSION_FULL;
    }
    if (answer == SESSION_ADMITTED) {
        catch_up(one, from, now_ms, facts_r);
        answer = rotate(s, one, from, kind);
        if (answer == SESSION_ROTATED && kind == ROTATION_LOGIN) {
            log_in(s, one, now_ms);
        } else if (answer == SESSION_ROTATED) {
            one->minimum = one->generation++; // of those before only the last may still come in
            one->settled_ms = 0;
        }
        if (answer == SESSION_ROTATED)
            touch(s, one, lives, now_ms);
        tell(one, facts_r);
    }
    unlock(s);
    return answer;
}

enum session_answer session_destroy(struct session_table *t, const struct sid *sid,
                                    const struct session_lives *lives, uint64_t now_ms)
{
    struct shard   *s = lock(t, sid);
    struct session *one = session_find(s, sid);
    if (one == NULL)
        one = make(t, s, sid, 0, false, now_ms);
    if (one != NULL && !one->is_ended)
        end(s, one, lives, now_ms);
    unlock(s);
    return one ? SESSION_ENDED : SESSION_FULL;
}

// --- numbers ---

struct session_counts session_table_counts(struct session_table *t)
{
    struct session_counts all = {0};
    for (unsigned i = 0; i < t->count; i++) {
        struct shard *s = &t->shards[i];
        pthread_mutex_lock(&s->lock);
        all.anonymous += s->lines[LINE_ANONYMOUS].count;
        all.authenticated += s->lines[LINE_AUTHENTICATED].count;
        all.ended += s->lines[LINE_ENDED].count;
        all.refused += s->refused;
        all.evicted += s->evicted;
        all.evicted_authenticated += s->evicted_authenticated;
        unlock(s);
    }
    return all;
}

struct session_changes session_table_changes(struct session_table *t)
{
    struct session_changes all = {0};
    for (unsigned i = 0; i < t->count; i++) {
        struct shard *s = &t->shards[i];
        pthread_mutex_lock(&s->lock);
        all.records += s->changes.records;
        all.touches += s->changes.touches;
        unlock(s);
    }
    return all;
}

uint64_t session_table_crashed_ms(const struct session_table *t)
{
    return atomic_load(&t->crashed_ms);
}
