// SPDX-License-Identifier: Apache-2.0
// session_reply: Set-Cookie fields → outer cookies.
#include "policy/session_reply.h"
#include "parser/set_cookie.h"
#include "policy/session_links.h"
#include "policy/state.h"

// What is being done to one answer.
struct reply {
    const struct session_broker *b;
    const struct subject        *s;
    struct visit                *v;
    const struct answer         *a;
    struct edits                *edits;
    bool                         login, logout; // a successful one
    bool                         sets;          // a session cookie
};

static void add_set_cookie(struct reply *y, struct bytes_out *text)
{
    static const char *const sites[] = {"; SameSite=Lax", "; SameSite=Strict", "; SameSite=None"};
    bool                     secure = y->v->scope.secure;
    out_text(text, secure ? "; Path=/; Secure; HttpOnly" : "; Path=/; HttpOnly");
    // Browsers take "None" only with "Secure".
    if (secure || y->b->rules->same_site != SAME_SITE_NONE)
        out_text(text, sites[y->b->rules->same_site]);
    if (text->overflowed) // longer than any browser keeps
        return;
    edits_add(y->edits, BYTES("Set-Cookie"), out_written(text));
    y->sets = true;
}

static struct bytes_out text_room(struct reply *y)
{
    size_t           room = OUTER_NAME_MAX + SEAL_TOKEN_MAX + 128;
    struct bytes_out text = {.at = arena_alloc(y->s->arena, room), .cap = room};
    if (text.at == NULL)
        y->edits->failed = true;
    return text;
}

static void issue(struct reply *y, size_t cookie, struct outer *o)
{
    char             name_text[OUTER_NAME_MAX];
    struct bytes_out name = {.at = name_text, .cap = sizeof name_text}, text = text_room(y);
    uint32_t         now = unix_s(y->s);
    if (text.at == NULL)
        return;
    o->issued_s = now;
    outer_name(&y->v->scope, y->b->rules->cookies.at[cookie], o->path, &name);
    out_bytes(&text, out_written(&name));
    out_char(&text, '=');
    if (!outer_write(&y->v->scope, out_written(&name), o, &text))
        return;
    if (o->expires_s > now) {
        out_text(&text, "; Max-Age=");
        out_uint(&text, o->expires_s - now);
    }
    add_set_cookie(y, &text);
    if (y->v->issued_count < OUTERS_MAX)
        y->v->issued[y->v->issued_count++] = (struct issued){o->sid, o->generation};
}

static void forget(struct reply *y, size_t cookie, struct bytes path)
{
    struct bytes_out text = text_room(y);
    if (text.at == NULL)
        return;
    outer_name(&y->v->scope, y->b->rules->cookies.at[cookie], path, &text);
    out_text(&text, "=; Max-Age=0");
    add_set_cookie(y, &text);
}

// RFC 6265bis 5.1.4: without a Path, everything beside the address that set it.
static struct bytes path_of(const struct set_cookie *c, const struct request *q)
{
    struct bytes path = c->path;
    if (path.at == NULL) {
        path = q->target.path;
        while (path.len > 1 && path.at[path.len - 1] != '/')
            path.len--;
        path.len -= path.len > 1;
    }
    return path.len > OUTER_PATH_MAX ? BYTES("/") : path;
}

static void end_session(struct reply *y, struct presented *p)
{
    if (p == NULL || !p->admitted || p->late)
        return;
    (void)session_destroy(y->s->state->sessions, &p->outer.sid, &y->b->lives, y->s->unix_ms);
    p->is_rotated = true; // nobody has it any more
}

// A login has succeeded that came in with this session: those who have its cookie stay outside, but for what
// the browser had sent already behind the login, on its connection.
static enum session_answer rotate_login(struct reply *y, struct presented *p, struct session_facts *facts_r)
{
    enum session_answer answer = session_rotate(y->s->state->sessions, &p->outer.sid, p->outer.generation,
                                                ROTATION_LOGIN, &y->b->lives, y->s->unix_ms, facts_r);
    p->is_rotated = answer == SESSION_ROTATED;
    if (p->is_rotated && y->s->trace != NULL) {
        *y->s->trace =
            (struct session_trace){.generation = p->outer.generation, .login_ms = facts_r->login_ms};
        memcpy(y->s->trace->sid, &p->outer.sid, sizeof p->outer.sid);
    }
    return answer;
}

// Has another login come between this request and its answer, or is one under way? The answer to that one
// must not be followed by an older cookie.
static bool is_overtaken(const struct reply *y, const struct presented *p)
{
    struct session_facts facts;
    return p != NULL && p->admitted && !p->raw && !p->is_logging_in &&
           session_admit(y->s->state->sessions, &p->outer.sid, p->outer.generation, &y->b->lives,
                         y->s->unix_ms, &facts) != SESSION_ADMITTED;
}

// A new generation for the session under the value that the app has set.
//   returns  whether its cookie may go out; then o->generation is the one for it
static bool rotate_inner(struct reply *y, struct presented *p, struct outer *o)
{
    struct session_facts facts;
    bool is_same = p != NULL && p->admitted && memcmp(&p->outer.sid, &o->sid, sizeof o->sid) == 0;
    enum session_answer answer;
    if (y->login && is_same)
        answer = rotate_login(y, p, &facts);
    else
        answer = session_rotate(y->s->state->sessions, &o->sid, o->generation, ROTATION_LOGIN, &y->b->lives,
                                y->s->unix_ms, &facts);
    if (answer == SESSION_ROTATED)
        o->generation = facts.generation;
    if (y->login && !is_same && p != NULL && p->admitted && !p->late) // whoever planted it stays outside
        (void)rotate_login(y, p, &facts);
    return answer == SESSION_ROTATED || answer == SESSION_FULL;
}

// The app has made a session, or another value for one.
static void take_inner(struct reply *y, size_t cookie, const struct set_cookie *c)
{
    struct presented    *p = visit_presented(y->v, cookie);
    struct session_facts facts;
    struct outer         o = {.begun_s = unix_s(y->s),
                              .expires_s = (uint32_t)c->expires_s,
                              .path = path_of(c, y->s->request),
                              .inner = c->value};
    bool                 late = (p != NULL && p->late) || is_overtaken(y, p);
    if (!outer_sid(&y->v->scope, y->b->rules->cookies.at[cookie], c->value, &o.sid)) {
        y->edits->failed = true;
        return;
    }
    enum session_answer answer =
        session_begin(y->s->state->sessions, &o.sid, 0, &y->b->lives, y->s->unix_ms, &facts);
    bool fresh = facts.is_new || answer == SESSION_FULL;
    if ((late && !(y->login && fresh)) || answer == SESSION_ENDED || answer == SESSION_EXPIRED)
        return;
    o.generation = facts.generation;
    // Who was somebody stays so under the new value; who has just logged in gets a generation of his own.
    bool rotates = y->login || (p != NULL && p->admitted && p->authenticated);
    if (!rotates || rotate_inner(y, p, &o))
        issue(y, cookie, &o);
}

// Attributes that the app forgot are added to a cookie that is no session.
static void harden(struct reply *y, size_t index, const struct set_cookie *c)
{
    static const char secure[] = "; Secure", http_only[] = "; HttpOnly", lax[] = "; SameSite=Lax";
    struct bytes      value = y->a->fields->at[index].value;
    bool              add_secure = y->v->scope.secure && !c->secure;
    bool              add_http_only =
        !c->http_only && session_name_find(&y->b->rules->expose, c->name) == y->b->rules->expose.count;
    if (!add_secure && !add_http_only && c->same_site)
        return;
    size_t           room = value.len + sizeof secure + sizeof http_only + sizeof lax;
    struct bytes_out text = {.at = arena_alloc(y->s->arena, room), .cap = room};
    if (text.at == NULL) {
        y->edits->failed = true;
        return;
    }
    out_bytes(&text, value);
    out_text(&text, add_secure ? secure : "");
    out_text(&text, add_http_only ? http_only : "");
    out_text(&text, c->same_site ? "" : lax);
    edits_drop(y->edits, index);
    edits_add(y->edits, BYTES("Set-Cookie"), out_written(&text));
}

static void pass_set_cookie(struct reply *y, size_t index)
{
    const struct session_names *names = &y->b->rules->cookies;
    struct set_cookie           c = set_cookie_read(y->a->fields->at[index].value, (int64_t)unix_s(y->s));
    size_t                      cookie = session_name_find(names, c.name);
    if (cookie == names->count && outer_name_find(&y->v->scope, names, c.name) == names->count) {
        harden(y, index, &c);
        return;
    }
    edits_drop(y->edits, index);
    if (cookie == names->count) // the app knows no outer names: somebody speaks through it
        return;
    struct presented *p = visit_presented(y->v, cookie);
    if (!c.ends && c.value.len > 0) {
        take_inner(y, cookie, &c);
    } else if (p == NULL || !p->late) {
        end_session(y, p);
        forget(y, cookie, path_of(&c, y->s->request));
    }
}

static void clean_location(struct reply *y, size_t index)
{
    const struct field *f = &y->a->fields->at[index];
    struct bytes        clean = links_clean_location(&y->b->rules->cookies, f->value, y->s->arena);
    if (clean.at == f->value.at && clean.len == f->value.len)
        return;
    if (clean.at == NULL) {
        y->edits->failed = true;
        return;
    }
    edits_drop(y->edits, index);
    edits_add(y->edits, f->name, clean);
}

// The app goes on with the inner cookie that it has: does the browser get another outer one?
static void renew(struct reply *y, struct presented *p)
{
    bool                 due = unix_s(y->s) - p->outer.issued_s >= y->b->rules->rotate_s;
    struct outer         o = p->outer;
    struct session_facts facts;
    enum session_answer  answer;
    if (y->login) {
        answer = rotate_login(y, p, &facts);
    } else if (p->raw) {
        issue(y, p->cookie, &o);
        return;
    } else if (due) {
        answer = session_rotate(y->s->state->sessions, &o.sid, o.generation, ROTATION_TIMER, &y->b->lives,
                                y->s->unix_ms, &facts);
    } else {
        return;
    }
    if (answer != SESSION_ROTATED && (y->login || answer != SESSION_OVERTAKEN))
        return;
    o.generation = facts.generation;
    issue(y, p->cookie, &o);
}

static bool app_sets(const struct reply *y, size_t cookie)
{
    for (size_t i = 0; i < y->a->fields->count; i++)
        if (y->a->fields->at[i].id == FIELD_SET_COOKIE &&
            session_is_named(set_cookie_read(y->a->fields->at[i].value, 0).name,
                             y->b->rules->cookies.at[cookie]))
            return true;
    return false;
}

static void settle(struct reply *y, struct presented *p)
{
    if (!p->admitted || p->late || app_sets(y, p->cookie))
        return;
    if (!y->logout) {
        renew(y, p);
        return;
    }
    end_session(y, p);
    forget(y, p->cookie, p->outer.path);
}

// RFC 9111 7.3: no cache may give this answer, and the cookie in it, to somebody else.
static void keep_out_of_caches(struct reply *y)
{
    static const struct bytes names[] = {BYTES("cache-control"), BYTES("expires"), BYTES("pragma")};
    for (size_t i = 0; i < y->a->fields->count; i++)
        for (size_t n = 0; n < sizeof names / sizeof *names; n++)
            if (bytes_equal_nocase(y->a->fields->at[i].name, names[n]))
                edits_drop(y->edits, i);
    edits_add(y->edits, BYTES("Cache-Control"), BYTES("no-store"));
}

// What came in with a login that has succeeded counts as current, though time may have replaced it.
static void take_as_current(struct visit *v)
{
    for (size_t i = 0; i < v->count; i++)
        v->at[i].late = v->at[i].late && !v->at[i].by_time;
}

// Every session that came in with a login, and was not rotated, ends: the app may have put the user into it.
static void end_logins(struct reply *y)
{
    for (size_t i = 0; y->login && i < y->v->count; i++) {
        struct presented *p = &y->v->at[i];
        if (!p->is_logging_in || p->is_rotated)
            continue;
        session_login_end(y->s->state->sessions, &p->outer.sid, LOGIN_UNSEEN, &y->b->lives, y->s->unix_ms);
        p->is_logging_in = false;
    }
    visit_end_logins(y->b, y->s, y->v, true);
}

void session_edit_reply(const struct session_broker *b, const struct subject *s, struct visit *v,
                        const struct answer *a, struct edits *edits)
{
    struct reply y = {.b = b, .s = s, .v = v, .a = a, .edits = edits};
    y.login = y.v->login && login_succeeded(&b->rules->login, a);
    y.logout = y.v->logout && login_succeeded(&b->rules->logout, a);
    if (y.login)
        take_as_current(v);
    for (size_t i = 0; i < a->fields->count; i++) {
        const struct bytes name = a->fields->at[i].name;
        if (a->fields->at[i].id == FIELD_SET_COOKIE)
            pass_set_cookie(&y, i);
        else if (a->fields->at[i].id == FIELD_LOCATION || bytes_equal_nocase(name, BYTES("content-location")))
            clean_location(&y, i);
    }
    for (size_t i = 0; i < y.v->count; i++)
        settle(&y, &y.v->at[i]);
    end_logins(&y);
    if (y.sets)
        keep_out_of_caches(&y);
}
