// SPDX-License-Identifier: Apache-2.0
// session: the broker between the browser's cookie and the app's. The app's own (inner) never leaves the
// gateway; the browser has a sealed one (outer), and the answer to a login carries a new outer while the one
// from before dies. docs/sessions.md says which attacks that stops, and which it does not.
//
// (1) The app gets an inner cookie only from an outer one that opens, is not too old, and stands once. (2) An
// outer one of an older generation is never upgraded: no answer to it sets a session cookie. (3) What the app
// sets leaves as an outer cookie, or not at all. (4) From the moment on at which a login goes to the app
// until its answer is judged nobody else is in its session; when no answer is seen, nobody ever is again.
#include "policy/session_links.h"
#include "policy/session_reply.h"

#define POLICY_NAME_MAX 256u
#define LOOK_MS 25u     // between looks at a login of somebody else
#define GRACE_MS 30000u // of an outer that only time has replaced

static const void *load(struct node settings, const struct policy_scope *scope)
{
    struct session_broker *b = arena_alloc(scope->arena, sizeof *b);
    if (b == NULL)
        return NULL;
    *b = (struct session_broker){.rules = session_rules_load(settings, scope->arena),
                                 .policy = node_key(settings)};
    if (b->rules == NULL)
        return NULL;
    if (b->policy.len > POLICY_NAME_MAX) {
        node_problem(settings, NULL, "the name of a session policy has at most %u bytes", POLICY_NAME_MAX);
        return NULL;
    }
    b->lives = (struct session_lives){.idle_ms = b->rules->idle_s * UINT64_C(1000),
                                      .absolute_ms = b->rules->absolute_s * UINT64_C(1000),
                                      .grace_ms = GRACE_MS};
    return b;
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct session_broker *b = rules;
    struct bytes                 clean;
    if (visit_has_doubles(b->rules, s))
        return DENY(REASON_SESSION_TWICE, BYTES(""));
    switch (links_check(&b->rules->cookies, s->request, s->arena, &clean)) {
    case LINK_CLEAN:
        return PASS;
    case LINK_CLEANED:
        return DENY(REASON_SESSION_IN_URL, clean);
    case LINK_REFUSED:
        break;
    }
    return DENY(REASON_SESSION_IN_PATH, BYTES(""));
}

static struct verdict on_body(const void *rules, const struct subject *s, void *held)
{
    const struct session_broker *b = rules;
    struct visit                *v = held;
    if (v == NULL || form_watch(&v->form, &b->rules->cookies, s->piece))
        return PASS;
    return DENY(REASON_SESSION_IN_FORM, BYTES(""));
}

static struct verdict on_admit(const void *rules, const struct subject *s, void **held)
{
    if (*held == NULL)
        *held = visit_new(rules, s);
    if (*held == NULL)
        return DENY(REASON_NO_ROOM, BYTES(""));
    return visit_ask(rules, s, *held) ? PASS : (struct verdict){.kind = VERDICT_WAIT, .ms = LOOK_MS};
}

static void on_request(const void *rules, const struct subject *s, void *held, struct edits *edits)
{
    struct visit *v = held;
    if (v == NULL || edits == NULL)
        return;
    visit_send(rules, s, v);
    visit_edit_request(rules, s, v, edits);
}

static void on_reply(const void *rules, const struct subject *s, const struct answer *a, void *held,
                     struct edits *edits)
{
    if (held != NULL && edits != NULL && !a->own)
        session_edit_reply(rules, s, held, a, edits);
}

static bool still_admits(const void *rules, const struct subject *s, void *held)
{
    return held == NULL || visit_lasts(rules, s, held);
}

// A login whose answer nobody has seen may have succeeded, unless the app never got it.
static void on_end(const void *rules, const struct subject *s, void *held, enum ending ending)
{
    struct visit *v = held;
    if (v == NULL)
        return;
    visit_end_logins(rules, s, v, ending == ENDING_WITHDRAWN || !v->is_sent);
    visit_leave(s, v);
}

const struct policy policy_session = {.name = "session",
                                      .load = load,
                                      .on_head = on_head,
                                      .on_admit = on_admit,
                                      .on_request = on_request,
                                      .on_body = on_body,
                                      .on_reply = on_reply,
                                      .still_admits = still_admits,
                                      .on_end = on_end};
