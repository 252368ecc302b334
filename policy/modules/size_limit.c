// SPDX-License-Identifier: Apache-2.0
// size_limit: bounds on the target, the fields and the body that are tighter than what the parser takes.
#include "policy/detail.h"
#include "policy/policy.h"

struct rules {
    uint64_t target; // bytes of path and query
    uint64_t fields; // number
    uint64_t field;  // bytes of one: name, colon, value
    uint64_t body;   // bytes, declared or counted
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

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {"type", "mode", "target", "fields", "field", "body", NULL};
    struct rules            *r = arena_alloc(scope->arena, sizeof *r);
    struct node              fields;
    if (r == NULL)
        return NULL;
    *r = (struct rules){.target = least(LIMITS_TARGET_BYTES, scope->target_bytes_max),
                        .fields = least(LIMITS_FIELDS, scope->fields_max),
                        .field = LIMITS_FIELD_BYTES,
                        .body = scope->body_bytes};
    node_keys(settings, keys);
    bool good = load_size(settings, "target", scope->target_bytes_max, &r->target);
    good = load_size(settings, "field", LIMITS_HEAD_BYTES_MAX, &r->field) && good;
    good = load_size(settings, "body", BODY_BYTES_MAX, &r->body) && good;
    if (node_find(settings, "fields", &fields))
        good = node_count(fields, 1, scope->fields_max, &r->fields) && good;
    return good ? r : NULL;
}

static size_t largest_field(const struct fields *fields)
{
    size_t largest = 0;
    for (size_t i = 0; i < fields->count; i++) {
        size_t size = fields->at[i].name.len + 1 + fields->at[i].value.len;
        largest = size > largest ? size : largest;
    }
    return largest;
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct rules   *r = rules;
    const struct request *q = s->request;
    size_t target = q->target.path.len + (q->target.query.at == NULL ? 0 : 1 + q->target.query.len);
    size_t field = largest_field(&q->fields);
    if (target > r->target)
        return DENY(REASON_TARGET_SIZE, detail_excess(s->arena, target, "bytes", r->target));
    if (q->fields.count > r->fields)
        return DENY(REASON_FIELD_COUNT, detail_excess(s->arena, q->fields.count, "fields", r->fields));
    if (field > r->field)
        return DENY(REASON_FIELD_SIZE, detail_excess(s->arena, field, "bytes", r->field));
    if (q->framing == FRAMING_LENGTH && q->content_length > r->body)
        return DENY(REASON_BODY_SIZE, detail_excess(s->arena, q->content_length, "bytes", r->body));
    return PASS;
}

static struct verdict on_body(const void *rules, const struct subject *s)
{
    const struct rules *r = rules;
    if (s->body_bytes > r->body)
        return DENY(REASON_BODY_SIZE, detail_excess(s->arena, s->body_bytes, "bytes", r->body));
    return PASS;
}

const struct policy policy_size_limit = {
    .name = "size_limit", .load = load, .on_head = on_head, .on_body = on_body};
