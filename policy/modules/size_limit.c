// SPDX-License-Identifier: Apache-2.0
// size_limit: bounds on the target and its parameters, the fields, the cookies and the body that are tighter
// than what the parser takes.
#include "parser/cookie.h"
#include "parser/pairs.h"
#include "policy/detail.h"
#include "policy/media_range.h"
#include "policy/policy.h"

#define COOKIES 180u       // browsers keep no more for a site
#define COOKIES_MAX 10000u // more do not fit into the largest head
#define PARAMETERS 1000u   // what PHP and most others read at all
#define PARAMETERS_MAX 1000000u
#define BODIES_MAX 64u

struct body_limit {
    struct media_range of;
    uint64_t           bytes;
};

struct rules {
    uint64_t           target; // bytes of path and query
    uint64_t           parameters;
    uint64_t           parameter_name;  // bytes, as they came
    uint64_t           parameter_value; // the same
    uint64_t           fields;          // number
    uint64_t           field;           // bytes of one: name, colon, value
    uint64_t           cookies;         // number, of all Cookie fields
    uint64_t           cookie_bytes;    // of all Cookie values
    uint64_t           body;            // bytes, declared or counted, of types that are not in `bodies`
    size_t             body_count;
    struct body_limit *bodies;
    uint64_t           least_body; // of all these limits
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool load_size(struct node settings, const char *key, uint64_t max, uint64_t *value_r)
{
    struct node n;
    return !node_find(settings, key, &n) || node_size(n, 0, max, value_r);
}

static bool load_number(struct node settings, const char *key, uint64_t min, uint64_t max, uint64_t *value_r)
{
    struct node n;
    return !node_find(settings, key, &n) || node_count(n, min, max, value_r);
}

static bool load_body(struct node member, struct rules *r)
{
    struct body_limit *limit = &r->bodies[r->body_count];
    if (!media_range_read(member, node_key(member), &limit->of) ||
        !node_size(member, 0, BODY_BYTES_MAX, &limit->bytes))
        return false;
    for (size_t i = 0; i < r->body_count; i++)
        if (bytes_equal_nocase(r->bodies[i].of.type, limit->of.type) &&
            bytes_equal_nocase(r->bodies[i].of.subtype, limit->of.subtype)) {
            node_problem(member, NULL, "this media type is there twice");
            return false;
        }
    r->least_body = least(r->least_body, limit->bytes);
    r->body_count++;
    return true;
}

static bool load_bodies(struct node settings, struct arena *arena, struct rules *r)
{
    struct node bodies;
    bool        good = true;
    r->least_body = r->body;
    if (!node_find(settings, "bodies", &bodies))
        return true;
    if (!node_expect_object(bodies))
        return false;
    if (node_length(bodies) > BODIES_MAX) {
        node_problem(bodies, NULL, "more than %u media types", BODIES_MAX);
        return false;
    }
    r->bodies = arena_alloc(arena, node_length(bodies) * sizeof *r->bodies);
    for (size_t i = 0; r->bodies != NULL && i < node_length(bodies); i++)
        good = load_body(node_at(bodies, i), r) && good;
    return good && r->bodies != NULL;
}

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {
        "type",           "mode",   "target",       "fields", "field",           "cookies", "parameters",
        "parameter_name", "bodies", "cookie_bytes", "body",   "parameter_value", NULL};
    struct rules *r = arena_alloc(scope->arena, sizeof *r);
    if (r == NULL)
        return NULL;
    *r = (struct rules){.target = least(LIMITS_TARGET_BYTES, scope->target_bytes_max),
                        .parameters = PARAMETERS,
                        .parameter_name = scope->target_bytes_max,
                        .parameter_value = scope->target_bytes_max,
                        .fields = least(LIMITS_FIELDS, scope->fields_max),
                        .field = LIMITS_FIELD_BYTES,
                        .cookies = COOKIES,
                        .cookie_bytes = LIMITS_HEAD_BYTES_MAX,
                        .body = scope->body_bytes};
    node_keys(settings, keys);
    bool good = load_size(settings, "target", scope->target_bytes_max, &r->target);
    good = load_number(settings, "parameters", 0, PARAMETERS_MAX, &r->parameters) && good;
    good = load_size(settings, "parameter_name", scope->target_bytes_max, &r->parameter_name) && good;
    good = load_size(settings, "parameter_value", scope->target_bytes_max, &r->parameter_value) && good;
    good = load_number(settings, "fields", 1, scope->fields_max, &r->fields) && good;
    good = load_size(settings, "field", LIMITS_HEAD_BYTES_MAX, &r->field) && good;
    good = load_number(settings, "cookies", 0, COOKIES_MAX, &r->cookies) && good;
    good = load_size(settings, "cookie_bytes", LIMITS_HEAD_BYTES_MAX, &r->cookie_bytes) && good;
    good = load_size(settings, "body", BODY_BYTES_MAX, &r->body) && good;
    good = load_bodies(settings, scope->arena, r) && good;
    return good ? r : NULL;
}

// Something is larger than its bound.
static struct verdict excess(const struct subject *s, enum reason why, uint64_t found, const char *what,
                             uint64_t allowed)
{
    return DENY(why, detail_excess(s->arena, found, what, allowed));
}

// n bytes hold at most so many parts with one byte between them: most requests need no counting.
static uint64_t parts_at_most(uint64_t bytes)
{
    return (bytes + 1) / 2;
}

static struct verdict judge_parameters(const struct rules *r, const struct subject *s)
{
    struct bytes query = s->request->target.query;
    struct pairs pairs = pairs_over(query);
    struct pair  pair;
    uint64_t     count = 0;
    if (parts_at_most(query.len) <= r->parameters && query.len <= r->parameter_name &&
        query.len <= r->parameter_value)
        return PASS;
    for (; pairs_next(&pairs, &pair); count++) {
        if (pair.name.len > r->parameter_name)
            return excess(s, REASON_PARAMETER_NAME, pair.name.len, "bytes", r->parameter_name);
        if (pair.value.len > r->parameter_value)
            return excess(s, REASON_PARAMETER_VALUE, pair.value.len, "bytes", r->parameter_value);
    }
    return count > r->parameters ? excess(s, REASON_PARAMETERS, count, "parameters", r->parameters) : PASS;
}

static uint64_t count_cookies(const struct fields *fields)
{
    struct cookies cookies = cookies_of(fields);
    struct cookie  ignored;
    uint64_t       count = 0;
    while (cookies_next(&cookies, &ignored))
        count++;
    return count;
}

static struct verdict judge_fields(const struct rules *r, const struct subject *s)
{
    const struct fields *fields = &s->request->fields;
    uint64_t             cookie_bytes = 0, cookies_at_most = 0, largest = 0;
    if (fields->count > r->fields)
        return excess(s, REASON_FIELD_COUNT, fields->count, "fields", r->fields);
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *f = &fields->at[i];
        size_t              size = f->name.len + 1 + f->value.len;
        largest = size > largest ? size : largest;
        if (f->id == FIELD_COOKIE) {
            cookie_bytes += f->value.len;
            cookies_at_most += parts_at_most(f->value.len);
        }
    }
    if (largest > r->field)
        return excess(s, REASON_FIELD_SIZE, largest, "bytes", r->field);
    if (cookie_bytes > r->cookie_bytes)
        return excess(s, REASON_COOKIE_BYTES, cookie_bytes, "bytes", r->cookie_bytes);
    uint64_t cookies = cookies_at_most > r->cookies ? count_cookies(fields) : 0;
    return cookies > r->cookies ? excess(s, REASON_COOKIES, cookies, "cookies", r->cookies) : PASS;
}

// What the body may have: the range that names its type most closely decides. A type that readers may read
// differently gets the least of all, so that it pays for nobody to say two.
static uint64_t body_limit(const struct rules *r, const struct request *q)
{
    struct media_type type;
    unsigned          closest = 0;
    uint64_t          bytes = r->body;
    if (r->body_count == 0)
        return r->body;
    enum media_said said = media_said(&q->fields, &type);
    if (said == MEDIA_UNCLEAR)
        return r->least_body;
    for (size_t i = 0; said == MEDIA_TYPE && i < r->body_count; i++) {
        unsigned fits = media_range_fits(&r->bodies[i].of, &type);
        if (fits > closest) {
            closest = fits;
            bytes = r->bodies[i].bytes;
        }
    }
    return bytes;
}

static struct verdict judge_body(const struct rules *r, const struct subject *s, uint64_t bytes)
{
    if (bytes <= r->least_body)
        return PASS;
    uint64_t allowed = body_limit(r, s->request);
    return bytes > allowed ? excess(s, REASON_BODY_SIZE, bytes, "bytes", allowed) : PASS;
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct rules   *r = rules;
    const struct request *q = s->request;
    size_t target = q->target.path.len + (q->target.query.at == NULL ? 0 : 1 + q->target.query.len);
    if (target > r->target)
        return excess(s, REASON_TARGET_SIZE, target, "bytes", r->target);
    struct verdict verdict = judge_fields(r, s);
    if (verdict.kind == VERDICT_PASS)
        verdict = judge_parameters(r, s);
    if (verdict.kind == VERDICT_PASS && q->framing == FRAMING_LENGTH)
        verdict = judge_body(r, s, q->content_length);
    return verdict;
}

static struct verdict on_body(const void *rules, const struct subject *s, void *held)
{
    (void)held;
    return judge_body(rules, s, s->body_bytes);
}

const struct policy policy_size_limit = {
    .name = "size_limit", .by_body_limit = true, .load = load, .on_head = on_head, .on_body = on_body};
