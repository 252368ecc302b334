// SPDX-License-Identifier: Apache-2.0
// session_visit: cookies → who comes in.
#include "policy/session_visit.h"
#include "parser/cookie.h"
#include "policy/state.h"

#define LATE_MS 5000u // how long after a login an outer from before it is honoured, on its own connection
#define LATE_USES 8u
#define SILENT_MS 60000u                    // how long afterwards an answer to such a one sets no new session
#define DRAIN_NS (UINT64_C(1) * 1000000000) // for what is in the app with a session when somebody logs in
#define PATIENT_NS (UINT64_C(15) * 1000000000) // for a login of somebody else

bool visit_has_doubles(const struct session_rules *rules, const struct subject *s)
{
    struct outer_scope scope = {.secure = s->tls != NULL};
    struct bytes       seen[OUTERS_MAX];
    size_t             count = 0;
    struct cookies     all = cookies_of(&s->request->fields);
    for (struct cookie c; cookies_next(&all, &c);) {
        if (outer_name_find(&scope, &rules->cookies, c.name) == rules->cookies.count)
            continue;
        for (size_t i = 0; i < count; i++)
            if (session_is_named(seen[i], c.name))
                return true;
        if (count == OUTERS_MAX)
            return true;
        seen[count++] = c.name;
    }
    return false;
}

static struct outer_scope scope_of(const struct session_broker *b, const struct subject *s)
{
    return (struct outer_scope){
        .ring = s->state->keys, .policy = b->policy, .host = s->request->host.name, .secure = s->tls != NULL};
}

// On the connection on which the login was answered, a request that left the browser before the new cookie
// came is still the user's: whoever planted the old one is not on that connection. A trusted proxy's
// connection is that of many.
static bool is_own_late(const struct subject *s, const struct outer *o, const struct session_facts *facts)
{
    struct session_trace *trace = s->trace;
    if (trace == NULL || s->peer->trusted || trace->login_ms == 0 || trace->login_ms != facts->login_ms ||
        trace->generation != o->generation || memcmp(trace->sid, &o->sid, sizeof o->sid) != 0 ||
        s->unix_ms > facts->login_ms + LATE_MS || trace->late_uses >= LATE_USES)
        return false;
    trace->late_uses++;
    return true;
}

// A session that the table does not know: lost in a crash, or given up for want of room. The token itself
// says how old it may be.
static bool take_up(const struct session_broker *b, const struct subject *s, const struct outer *o,
                    uint64_t forgotten_ms)
{
    uint32_t             now = unix_s(s);
    struct session_facts facts;
    return !b->rules->safe && o->issued_s * UINT64_C(1000) > forgotten_ms &&
           now - o->issued_s <= b->rules->idle_s + b->rules->rotate_s &&
           now - o->begun_s <= b->rules->absolute_s &&
           session_begin(s->state->sessions, &o->sid, o->generation, &b->lives, s->unix_ms, &facts) !=
               SESSION_ENDED;
}

// Logins may have been lost with the process before this one.
static bool is_doubtful(const struct session_broker *b, const struct subject *s, const struct outer *o)
{
    return b->rules->safe && o->issued_s * UINT64_C(1000) < session_table_crashed_ms(s->state->sessions);
}

// Returns false: ask again.
static bool admit(const struct session_broker *b, const struct subject *s, struct presented *p)
{
    struct session_facts facts;
    enum session_answer  answer =
        session_admit(s->state->sessions, &p->outer.sid, p->outer.generation, &b->lives, s->unix_ms, &facts);
    p->authenticated = facts.is_authenticated;
    p->counts_as = p->outer.generation;
    if (answer == SESSION_WAITING)
        return is_doubtful(b, s, &p->outer);
    if (answer == SESSION_ADMITTED && !is_doubtful(b, s, &p->outer)) {
        p->admitted = true;
        p->late = p->by_time = p->outer.generation < facts.generation;
    } else if (answer == SESSION_TOO_OLD) {
        p->admitted = is_own_late(s, &p->outer, &facts);
        p->counts_as = facts.generation;
        p->late = p->admitted || s->unix_ms < facts.login_ms + SILENT_MS;
    } else if (answer == SESSION_UNKNOWN) {
        p->admitted = take_up(b, s, &p->outer, facts.forgotten_ms);
    }
    return true;
}

// The app's own cookie, from before the gateway came: taken while nothing is known of its session. Once there
// is a record, whoever planted it may know it.
static bool admit_raw(const struct session_broker *b, const struct subject *s, const struct visit *v,
                      size_t index, struct bytes inner, struct presented *p)
{
    struct session_facts facts;
    *p = (struct presented){.cookie = index, .raw = true, .admitted = true, .is_asked = true};
    p->outer.inner = inner;
    p->outer.path = BYTES("/");
    p->outer.begun_s = unix_s(s);
    return unix_s(s) < b->rules->accept_raw_until_s && inner.len > 0 &&
           outer_sid(&v->scope, b->rules->cookies.at[index], inner, &p->outer.sid) &&
           session_begin(s->state->sessions, &p->outer.sid, 0, &b->lives, s->unix_ms, &facts) ==
               SESSION_ADMITTED &&
           facts.is_new;
}

static void read_cookie(const struct session_broker *b, const struct subject *s, struct visit *v,
                        const struct cookie *c)
{
    const struct session_names *names = &b->rules->cookies;
    struct presented            p = {.cookie = outer_name_find(&v->scope, names, c->name)};
    size_t                      raw = session_name_find(names, c->name);
    if (p.cookie == names->count && !session_is_parameter(names, c->name))
        return;
    v->dirty = true;
    if (v->count == OUTERS_MAX)
        return;
    if (p.cookie < names->count && outer_read(&v->scope, c->name, c->value, s->arena, &p.outer)) {
        p.is_asked = !outer_path_matches(p.outer.path, s->request->target.path);
        v->at[v->count++] = p;
    } else if (raw < names->count && admit_raw(b, s, v, raw, c->value, &p)) {
        v->at[v->count++] = p;
    }
}

struct visit *visit_new(const struct session_broker *b, const struct subject *s)
{
    struct visit  *v = arena_zalloc(s->arena, sizeof *v);
    struct cookies all = cookies_of(&s->request->fields);
    if (v == NULL)
        return NULL;
    v->is_shadow = s->is_shadow;
    form_begin(&v->form, s->request);
    if (v->is_shadow)
        return v;
    v->scope = scope_of(b, s);
    v->patient_until_ns = s->now_ns + PATIENT_NS;
    v->login = login_is(&b->rules->login, s->request);
    v->logout = b->rules->has_logout && login_is(&b->rules->logout, s->request);
    for (struct cookie c; cookies_next(&all, &c);)
        read_cookie(b, s, v, &c);
    return v;
}

// Nobody else comes into this session until the app's answer has been judged. An own late one needs none of
// that: its session was rotated already, and nobody has the new cookie but the user.
//   returns  false: ask again
static bool begin_login(const struct session_broker *b, const struct subject *s, struct presented *p)
{
    enum session_answer answer =
        session_login_begin(s->state->sessions, &p->outer.sid, p->outer.generation, &b->lives, s->unix_ms);
    p->is_logging_in = p->admitted = answer == SESSION_ADMITTED;
    p->late = p->late || answer == SESSION_FULL; // the app must make a session that nobody knows
    return answer != SESSION_WAITING;
}

static bool enter(const struct subject *s, struct presented *p, uint32_t max)
{
    uint64_t key;
    memcpy(&key, p->outer.sid.octet, sizeof key); // a keyed hash: no client chooses it
    enum flight_answer answer = flight_enter(s->state->flights, &p->flight, key, max, 0, NULL);
    p->is_counted = answer == FLIGHT_ENTERED;
    return answer != FLIGHT_FULL; // where there is no room, nobody can be counted
}

// What came before the login and is in the app still would be answered in the session of who logs in. Nobody
// new comes in, so it gets less; what lasts too long is not waited for.
//   returns  false: ask again
static bool is_drained(const struct subject *s, const struct visit *v, struct presented *p)
{
    p->admitted = p->is_counted || enter(s, p, 1) || s->now_ns >= v->drain_until_ns;
    return p->admitted;
}

static bool ask(const struct session_broker *b, const struct subject *s, struct visit *v, struct presented *p)
{
    bool decided = p->is_asked || p->is_logging_in || admit(b, s, p);
    bool begins = decided && v->login && p->admitted && !p->is_logging_in && (!p->late || p->by_time);
    if (begins)
        v->drain_until_ns = s->now_ns + DRAIN_NS;
    decided = decided && (!begins || begin_login(b, s, p));
    p->is_asked = decided && (!p->is_logging_in || is_drained(s, v, p));
    return p->is_asked;
}

bool visit_ask(const struct session_broker *b, const struct subject *s, struct visit *v)
{
    bool all = true;
    for (size_t i = 0; i < v->count && !v->is_shadow; i++) {
        struct presented *p = &v->at[i];
        if (ask(b, s, v, p))
            continue;
        p->admitted = false;
        p->is_asked = p->late = !p->is_logging_in && s->now_ns >= v->patient_until_ns;
        all = all && p->is_asked;
    }
    return all;
}

void visit_end_logins(const struct session_broker *b, const struct subject *s, struct visit *v, bool judged)
{
    for (size_t i = 0; i < v->count; i++) {
        struct presented *p = &v->at[i];
        if (p->is_logging_in)
            session_login_end(s->state->sessions, &p->outer.sid, judged ? LOGIN_JUDGED : LOGIN_UNSEEN,
                              &b->lives, s->unix_ms);
        p->is_logging_in = false;
    }
}

void visit_leave(const struct subject *s, struct visit *v)
{
    for (size_t i = 0; i < v->count; i++) {
        if (v->at[i].is_counted)
            flight_leave(s->state->flights, &v->at[i].flight);
        v->at[i].is_counted = false;
    }
}

static bool lasts(const struct session_broker *b, const struct subject *s, const struct sid *sid,
                  uint32_t generation)
{
    return session_lasts(s->state->sessions, sid, generation, &b->lives, s->unix_ms);
}

bool visit_lasts(const struct session_broker *b, const struct subject *s, const struct visit *v)
{
    bool all = true;
    for (size_t i = 0; i < v->count; i++) {
        const struct presented *p = &v->at[i];
        all = all && (!p->admitted || p->is_logging_in || lasts(b, s, &p->outer.sid, p->counts_as));
    }
    for (size_t i = 0; i < v->issued_count; i++)
        all = all && lasts(b, s, &v->issued[i].sid, v->issued[i].generation);
    return all;
}

void visit_send(const struct session_broker *b, const struct subject *s, struct visit *v)
{
    for (size_t i = 0; i < v->count; i++) {
        struct presented *p = &v->at[i];
        if (!p->admitted || p->is_logging_in)
            continue;
        if (!p->is_counted) // before the look: a login that begins behind it sees the count
            (void)enter(s, p, UINT32_MAX);
        if (lasts(b, s, &p->outer.sid, p->counts_as))
            continue;
        p->admitted = false;
        p->late = true;
    }
    v->is_sent = true;
}

struct presented *visit_presented(struct visit *v, size_t cookie)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->at[i].cookie == cookie && (v->at[i].admitted || v->at[i].late))
            return &v->at[i];
    return NULL;
}

// ---- what the app gets

static size_t room_for_cookies(const struct session_broker *b, const struct visit *v,
                               const struct fields *fields)
{
    size_t room = 0;
    for (size_t i = 0; i < fields->count; i++)
        room += fields->at[i].id == FIELD_COOKIE ? fields->at[i].value.len + 2 : 0;
    for (size_t i = 0; i < v->count; i++)
        room += b->rules->cookies.at[v->at[i].cookie].len + v->at[i].outer.inner.len + 3;
    return room;
}

static void put_cookie(struct bytes_out *out, struct bytes name, struct bytes value)
{
    out_text(out, out->len > 0 ? "; " : "");
    out_bytes(out, name);
    out_char(out, '=');
    out_bytes(out, value);
}

// Everything that is no session cookie stays as it was, to the byte.
static void keep_others(const struct session_broker *b, const struct visit *v, const struct fields *fields,
                        struct bytes_out *out)
{
    const struct session_names *names = &b->rules->cookies;
    struct cookies              all = cookies_of(fields);
    size_t                      line = fields->count;
    for (struct cookie c; cookies_next(&all, &c); line = c.line) {
        if (outer_name_find(&v->scope, names, c.name) < names->count || session_is_parameter(names, c.name))
            continue;
        bool follows = out->len > 0;
        if (follows && c.line == line && c.piece.at > fields->at[c.line].value.at)
            out_char(out, c.piece.at[-1]);
        else if (follows)
            out_text(out, "; ");
        out_bytes(out, follows ? c.piece : bytes_trim(c.piece));
    }
}

void visit_edit_request(const struct session_broker *b, const struct subject *s, const struct visit *v,
                        struct edits *edits)
{
    const struct fields *fields = &s->request->fields;
    if (!v->dirty)
        return;
    size_t           room = room_for_cookies(b, v, fields);
    struct bytes_out out = {.at = arena_alloc(s->arena, room), .cap = room};
    if (out.at == NULL) {
        edits->failed = true;
        return;
    }
    keep_others(b, v, fields, &out);
    for (size_t i = 0; i < v->count; i++)
        if (v->at[i].admitted)
            put_cookie(&out, b->rules->cookies.at[v->at[i].cookie], v->at[i].outer.inner);
    ASSERT(!out.overflowed);
    for (size_t i = 0; i < fields->count; i++)
        if (fields->at[i].id == FIELD_COOKIE)
            edits_drop(edits, i);
    if (out.len > 0)
        edits_add(edits, BYTES("Cookie"), out_written(&out));
}
