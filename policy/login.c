// SPDX-License-Identifier: Apache-2.0
// login: settings → signs, and signs against heads.
#include "policy/login.h"
#include "parser/set_cookie.h"
#include "policy/glob_list.h"
#include "policy/methods.h"

// One pattern, or a list of them.
static bool load_globs(struct node n, struct arena *arena, const struct glob_set **set_r)
{
    struct bytes glob;
    if (node_is_array(n)) {
        *set_r = glob_list_load(n, arena);
        return *set_r != NULL;
    }
    struct bytes *kept = arena_alloc(arena, sizeof *kept);
    if (kept == NULL || !node_text(n, &glob))
        return false;
    if (glob.len == 0 || glob.len > GLOB_BYTES_MAX || (glob.at[0] != '/' && glob.at[0] != '*')) {
        node_problem(n, NULL, "a pattern begins with \"/\" or \"*\", and has at most %u bytes",
                     GLOB_BYTES_MAX);
        return false;
    }
    *kept = glob;
    *set_r = glob_set_new(kept, 1, arena);
    return *set_r != NULL;
}

static bool load_field(struct node object, struct login_sign *sign)
{
    if (!node_expect_object(object))
        return false;
    if (node_length(object) != 1) {
        node_problem(object, "\"header\": { \"X-Login\": \"ok\" }",
                     "one field and its value are needed here");
        return false;
    }
    sign->field = node_key(node_at(object, 0));
    return node_text(node_at(object, 0), &sign->field_value);
}

static bool load_sign(struct node object, struct arena *arena, struct login_sign *sign)
{
    static const char *const keys[] = {"status", "location", "not_location", "set_cookie", "header", NULL};
    struct node              n;
    if (!node_expect_object(object))
        return false;
    node_keys(object, keys);
    if (node_find(object, "status", &n) && !(sign->by_status = status_set_load(n, &sign->status)))
        return false;
    if (node_find(object, "location", &n) && !load_globs(n, arena, &sign->location))
        return false;
    if (node_find(object, "not_location", &n) && !load_globs(n, arena, &sign->not_location))
        return false;
    if (node_find(object, "set_cookie", &n) && !node_text(n, &sign->set_cookie))
        return false;
    if (node_find(object, "header", &n) && !load_field(n, sign))
        return false;
    return true;
}

bool login_load(struct node object, struct arena *arena, struct login *login_r)
{
    static const char *const keys[] = {"path", "method", "when", NULL};
    struct node              path, method, when;
    *login_r = (struct login){0};
    if (!node_expect_object(object))
        return false;
    node_keys(object, keys);
    if (!node_find(object, "path", &path)) {
        node_problem(object, "\"path\": \"/login\"", "its \"path\" is missing");
        return false;
    }
    return load_globs(path, arena, &login_r->path) &&
           (!node_find(object, "method", &method) || methods_load(method, &login_r->methods)) &&
           (!node_find(object, "when", &when) || load_sign(when, arena, &login_r->when));
}

bool login_is(const struct login *l, const struct request *q)
{
    return (l->methods == 0 || (l->methods & METHOD_BIT(q->method)) != 0) &&
           (glob_set_match(l->path, q->target.decision).at != NULL ||
            glob_set_match(l->path, target_before_query(&q->target)).at != NULL);
}

// What stands behind the "//" of a scheme and a host, or of a host alone; absent when there is none.
static struct bytes authority_of(struct bytes location)
{
    for (size_t i = 0; i + 1 < location.len && location.at[i] != '?' && location.at[i] != '#'; i++) {
        if (location.at[i] != '/')
            continue;
        bool begins = i == 0 || location.at[i - 1] == ':';
        return begins && location.at[i + 1] == '/' ? bytes_after(location, i + 2) : (struct bytes){NULL, 0};
    }
    return (struct bytes){NULL, 0};
}

// "https://a.example/home?x" → "/home?x"; what has no host stays.
static struct bytes location_path(struct bytes location)
{
    struct bytes authority = authority_of(location);
    if (authority.at == NULL)
        return location;
    const char *slash = authority.len == 0 ? NULL : memchr(authority.at, '/', authority.len);
    return slash == NULL ? BYTES("/") : bytes_after(authority, (size_t)(slash - authority.at));
}

static bool goes_to(const struct fields *fields, const struct glob_set *where)
{
    const struct field *location = fields_find(fields, FIELD_LOCATION);
    if (location == NULL || location->value.len == 0)
        return false;
    return glob_set_match(where, location_path(location->value)).at != NULL;
}

static bool sets(const struct fields *fields, struct bytes name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id != FIELD_SET_COOKIE)
            continue;
        struct set_cookie c = set_cookie_read(fields->at[i].value, 0);
        if (bytes_equal(c.name, name) && c.value.len > 0 && !c.ends)
            return true;
    }
    return false;
}

static bool says(const struct fields *fields, struct bytes name, struct bytes value)
{
    for (size_t i = 0; i < fields->count; i++)
        if (bytes_equal_nocase(fields->at[i].name, name) && bytes_equal(fields->at[i].value, value))
            return true;
    return false;
}

bool login_succeeded(const struct login *l, const struct answer *a)
{
    const struct login_sign *s = &l->when;
    return !a->own && (!s->by_status || status_set_has(&s->status, a->status)) &&
           (s->location == NULL || goes_to(a->fields, s->location)) &&
           (s->not_location == NULL || !goes_to(a->fields, s->not_location)) &&
           (s->set_cookie.at == NULL || sets(a->fields, s->set_cookie)) &&
           (s->field.at == NULL || says(a->fields, s->field, s->field_value));
}
