// SPDX-License-Identifier: Apache-2.0
// session_visit: cookies → who comes in.
#include "policy/session_visit.h"
#include "parser/cookie.h"
#include "policy/state.h"

#define LATE_MS 5000u // how long after a login an outer from before it is honoured, on its own connection
#define LATE_USES 8u
#define SILENT_MS 60000u // how long afterwards an answer to such a one sets no new session

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

// On the connection that had presented it before the login, a request that left the browser before the new
// cookie came is still the user's: whoever planted the old one is not on that connection.
static bool is_own_late(const struct subject *s, const struct outer *o, const struct session_facts *facts)
{
    struct session_trace *trace = s->trace;
    if (trace == NULL || o->generation != facts->before_login || trace->generation != o->generation ||
        memcmp(trace->sid, &o->sid, sizeof o->sid) != 0 || trace->presented_ms >= facts->login_ms ||
        s->unix_ms > facts->login_ms + LATE_MS || trace->late_uses >= LATE_USES)
        return false;
    trace->late_uses++;
    return true;
}

static void remember(const struct subject *s, const struct outer *o)
{
    struct session_trace *trace = s->trace;
    if (trace == NULL || (trace->generation == o->generation && trace->presented_ms > 0 &&
                          memcmp(trace->sid, &o->sid, sizeof o->sid) == 0))
        return;
    *trace = (struct session_trace){.generation = o->generation, .presented_ms = s->unix_ms};
    memcpy(trace->sid, &o->sid, sizeof o->sid);
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

static void admit(const struct session_broker *b, const struct subject *s, struct presented *p)
{
    struct session_facts facts;
    enum session_answer  answer =
        session_admit(s->state->sessions, &p->outer.sid, p->outer.generation, &b->lives, s->unix_ms, &facts);
    p->authenticated = facts.is_authenticated;
    if (answer == SESSION_ADMITTED && !is_doubtful(b, s, &p->outer)) {
        p->admitted = true;
        p->late = p->outer.generation < facts.generation;
        if (!p->late)
            remember(s, &p->outer);
    } else if (answer == SESSION_TOO_OLD) {
        p->admitted = is_own_late(s, &p->outer, &facts);
        p->late = p->admitted || s->unix_ms < facts.login_ms + SILENT_MS;
    } else if (answer == SESSION_UNKNOWN) {
        p->admitted = take_up(b, s, &p->outer, facts.forgotten_ms);
    }
}

// The app's own cookie, from before the gateway came: taken while nothing is known of its session. Once there
// is a record, whoever planted it may know it.
static bool admit_raw(const struct session_broker *b, const struct subject *s, const struct visit *v,
                      size_t index, struct bytes inner, struct presented *p)
{
    struct session_facts facts;
    *p = (struct presented){.cookie = index, .raw = true, .admitted = true};
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
    if (p.cookie == names->count && raw == names->count)
        return;
    v->dirty = true;
    if (v->count == OUTERS_MAX)
        return;
    if (p.cookie < names->count && outer_read(&v->scope, c->name, c->value, s->arena, &p.outer)) {
        if (outer_path_matches(p.outer.path, s->request->target.path))
            admit(b, s, &p);
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
    v->scope = scope_of(b, s);
    v->login = login_is(&b->rules->login, s->request);
    v->logout = b->rules->has_logout && login_is(&b->rules->logout, s->request);
    form_begin(&v->form, s->request);
    for (struct cookie c; cookies_next(&all, &c);)
        read_cookie(b, s, v, &c);
    return v;
}

const struct presented *visit_presented(const struct visit *v, size_t cookie)
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
        if (outer_name_find(&v->scope, names, c.name) < names->count ||
            session_name_find(names, c.name) < names->count)
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
