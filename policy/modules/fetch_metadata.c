// SPDX-License-Identifier: Apache-2.0
// fetch_metadata: requests that a page of another site made its visitor's browser send (CSRF). Browsers say
// where a request comes from, in fields that no script can write:
//
//   Sec-Fetch-Site, over https; before that Origin, with every unsafe method; before that Referer
//
// The first of them that is there decides.
#include "policy/glob_list.h"
#include "policy/methods.h"
#include "policy/origin.h"
#include "policy/policy.h"

#define ORIGINS_MAX 64u

struct rules {
    uint32_t               methods; // set of METHOD_BIT: those that are judged
    size_t                 origin_count;
    struct origin         *origins; // whose pages may
    bool                   opaque;  // the origin "null" may
    bool                   same_site;
    bool                   missing;
    const struct glob_set *exempt; // paths that are not judged; NULL: none
};

static uint32_t unsafe_methods(void)
{
    uint32_t set = 0;
    for (enum method m = 0; m < METHOD_COUNT; m++)
        set |= method_is_safe(m) ? 0 : METHOD_BIT(m);
    return set;
}

static bool load_origins(struct node list, struct arena *arena, struct rules *r)
{
    bool good = node_expect_array(list);
    if (good && node_length(list) > ORIGINS_MAX) {
        node_problem(list, NULL, "more than %u origins", ORIGINS_MAX);
        good = false;
    }
    size_t count = good ? node_length(list) : 0;
    r->origins = arena_alloc(arena, count * sizeof *r->origins);
    for (size_t i = 0; r->origins != NULL && i < count; i++) {
        struct node  n = node_at(list, i);
        struct bytes text;
        if (node_is_text(n) && node_text(n, &text) && bytes_equal(text, BYTES("null")))
            r->opaque = true;
        else if (origin_load(n, arena, &r->origins[r->origin_count]))
            r->origin_count++;
        else
            good = false;
    }
    return good && r->origins != NULL;
}

static bool load_answer(struct node settings, const char *key, bool *allowed)
{
    static const char *const answers[] = {"deny", "allow", NULL};
    struct node              n;
    size_t                   answer = *allowed;
    bool                     good = !node_find(settings, key, &n) || node_choice(n, answers, &answer);
    *allowed = answer == 1;
    return good;
}

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {"type",   "mode",      "methods", "origins",
                                       "exempt", "same_site", "missing", NULL};
    struct rules            *r = arena_zalloc(scope->arena, sizeof *r);
    struct node              n;
    if (r == NULL)
        return NULL;
    r->methods = unsafe_methods();
    r->missing = true;
    node_keys(settings, keys);
    bool good = !node_find(settings, "methods", &n) || methods_load(n, &r->methods);
    good = (!node_find(settings, "origins", &n) || load_origins(n, scope->arena, r)) && good;
    good = load_answer(settings, "same_site", &r->same_site) && good;
    good = load_answer(settings, "missing", &r->missing) && good;
    if (node_find(settings, "exempt", &n))
        good = (r->exempt = glob_list_load(n, scope->arena)) != NULL && good;
    return good ? r : NULL;
}

// What a field says that browsers send once: more than one was not written by a browser.
enum said { NOTHING, SOMETHING, TOO_MUCH };

static enum said said(const struct subject *s, struct bytes name, struct bytes *value_r)
{
    const struct fields *fields = &s->request->fields;
    enum said            said = NOTHING;
    for (size_t i = 0; i < fields->count; i++) {
        if (!bytes_equal_nocase(fields->at[i].name, name))
            continue;
        if (said == SOMETHING)
            return TOO_MUCH;
        *value_r = fields->at[i].value;
        said = SOMETHING;
    }
    return said;
}

static bool says(const struct subject *s, struct bytes name, struct bytes wanted)
{
    struct bytes value;
    return said(s, name, &value) == SOMETHING && bytes_equal(value, wanted);
}

// "Origin: https://evil.example"
static struct verdict foreign(const struct subject *s, struct bytes name, struct bytes value)
{
    size_t           room = name.len + strlen(": ") + value.len;
    struct bytes_out out = {.at = arena_alloc(s->arena, room), .cap = room};
    if (out.at == NULL)
        return DENY(REASON_CROSS_SITE, name);
    out_bytes(&out, name);
    out_text(&out, ": ");
    out_bytes(&out, value);
    return DENY(REASON_CROSS_SITE, out_written(&out));
}

static bool is_listed(const struct rules *r, const struct origin *origin)
{
    for (size_t i = 0; i < r->origin_count; i++)
        if (origin_matches(&r->origins[i], origin))
            return true;
    return false;
}

static bool is_listed_origin(const struct rules *r, const struct subject *s, struct bytes text)
{
    struct origin origin;
    if (bytes_equal(text, BYTES("null")))
        return r->opaque;
    return origin_read(text, s->arena, NULL, &origin) && is_listed(r, &origin);
}

// Is a page with this address one of ours, or one that may?
static bool is_ours(const struct rules *r, const struct subject *s, struct bytes text, struct bytes *rest_r)
{
    struct origin origin, own;
    return origin_read(text, s->arena, rest_r, &origin) &&
           (is_listed(r, &origin) || (origin_own(s, &own) && origin_matches(&own, &origin)));
}

static bool is_safe(const struct request *q)
{
    return method_is_safe(q->method) && !q->websocket;
}

// An exemption must hold for every reader: one that goes by the text of the path, and one that ends it at an
// encoded "?", too.
static bool is_exempt(const struct rules *r, const struct target *t)
{
    return r->exempt != NULL && glob_set_match(r->exempt, t->decision).at != NULL &&
           glob_set_match(r->exempt, t->path).at != NULL &&
           glob_set_match(r->exempt, target_before_query(t)).at != NULL;
}

// A visitor follows a link from elsewhere, which changes nothing and shows the page to nobody but them.
static bool is_navigation(const struct subject *s)
{
    return is_safe(s->request) && says(s, BYTES("Sec-Fetch-Mode"), BYTES("navigate")) &&
           !says(s, BYTES("Sec-Fetch-Dest"), BYTES("object")) &&
           !says(s, BYTES("Sec-Fetch-Dest"), BYTES("embed"));
}

static struct verdict judge_site(const struct rules *r, const struct subject *s, struct bytes site)
{
    bool ours = bytes_equal(site, BYTES("same-origin")) || bytes_equal(site, BYTES("none"));
    if (ours || (r->same_site && bytes_equal(site, BYTES("same-site"))) || is_navigation(s))
        return PASS;
    return foreign(s, BYTES("Sec-Fetch-Site"), site);
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct rules   *r = rules;
    const struct request *q = s->request;
    struct bytes          site = BYTES(""), origin = BYTES(""), referer = BYTES(""), rest;
    // A WebSocket is opened by GET, carries cookies and is not kept apart by CORS.
    if (!q->websocket && (r->methods & METHOD_BIT(q->method)) == 0)
        return PASS;
    if (is_exempt(r, &q->target))
        return PASS;
    enum said site_said = said(s, BYTES("Sec-Fetch-Site"), &site);
    enum said origin_said = said(s, BYTES("Origin"), &origin);
    if (site_said == TOO_MUCH || origin_said == TOO_MUCH)
        return foreign(s, site_said == TOO_MUCH ? BYTES("Sec-Fetch-Site") : BYTES("Origin"), BYTES("twice"));
    if (origin_said == SOMETHING && is_listed_origin(r, s, origin))
        return PASS;
    if (site_said == SOMETHING)
        return judge_site(r, s, site);
    if (origin_said == SOMETHING)
        return is_ours(r, s, origin, NULL) ? PASS : foreign(s, BYTES("Origin"), origin);
    // Of a safe method the Referer tells nothing: following a link sends one, too.
    if (is_safe(q))
        return PASS;
    if (said(s, BYTES("Referer"), &referer) == NOTHING)
        return r->missing ? PASS : DENY(REASON_NO_ORIGIN, BYTES(""));
    return is_ours(r, s, referer, &rest) ? PASS : foreign(s, BYTES("Referer"), referer);
}

const struct policy policy_fetch_metadata = {.name = "fetch_metadata", .load = load, .on_head = on_head};
