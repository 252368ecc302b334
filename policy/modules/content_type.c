// SPDX-License-Identifier: Apache-2.0
// content_type: only bodies of the types that the operator names, said so clearly that no two readers choose
// two parsers for them.
#include "policy/media_range.h"
#include "policy/policy.h"

#define TYPES_MAX 64u
#define CHARSETS_MAX 16u
#define PARAMETERS_MAX 16u // each is compared with all behind it

struct rules {
    size_t              type_count;
    struct media_range *types;
    size_t              charset_count; // 0: any
    struct bytes       *charsets;
    bool                missing; // allowed
};

static bool is_counted(struct node list, const char *what, size_t max)
{
    if (!node_expect_array(list))
        return false;
    bool good = node_length(list) > 0 && node_length(list) <= max;
    if (!good)
        node_problem(list, NULL, "1 to %zu %s are needed here", max, what);
    return good;
}

static bool load_types(struct node list, struct arena *arena, struct rules *r)
{
    bool good = is_counted(list, "media types", TYPES_MAX);
    r->type_count = good ? node_length(list) : 0;
    r->types = arena_zalloc(arena, r->type_count * sizeof *r->types);
    for (size_t i = 0; r->types != NULL && i < r->type_count; i++) {
        struct node  n = node_at(list, i);
        struct bytes text;
        good = node_text(n, &text) && media_range_read(n, text, &r->types[i]) && good;
    }
    return good && r->types != NULL;
}

static bool load_charsets(struct node list, struct arena *arena, struct rules *r)
{
    bool good = is_counted(list, "charsets", CHARSETS_MAX);
    r->charset_count = good ? node_length(list) : 0;
    r->charsets = arena_zalloc(arena, r->charset_count * sizeof *r->charsets);
    for (size_t i = 0; r->charsets != NULL && i < r->charset_count; i++)
        good = node_text(node_at(list, i), &r->charsets[i]) && good;
    return good && r->charsets != NULL;
}

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {"type", "mode", "types", "charsets", "missing", NULL};
    static const char *const answers[] = {"deny", "allow", NULL};
    struct rules            *r = arena_zalloc(scope->arena, sizeof *r);
    struct node              n;
    size_t                   answer = 0;
    if (r == NULL)
        return NULL;
    node_keys(settings, keys);
    bool good = !node_find(settings, "missing", &n) || node_choice(n, answers, &answer);
    r->missing = answer == 1;
    good = (!node_find(settings, "charsets", &n) || load_charsets(n, scope->arena, r)) && good;
    if (!node_find(settings, "types", &n)) {
        node_problem(settings, "\"types\": [\"application/x-www-form-urlencoded\", \"multipart/form-data\"]",
                     "a content_type without \"types\"");
        return NULL;
    }
    return load_types(n, scope->arena, r) && good ? r : NULL;
}

static bool has_body(const struct request *q)
{
    return q->framing == FRAMING_CHUNKED || (q->framing == FRAMING_LENGTH && q->content_length > 0);
}

static bool is_allowed_type(const struct rules *r, const struct media_type *type)
{
    for (size_t i = 0; i < r->type_count; i++)
        if (media_range_fits(&r->types[i], type) > 0)
            return true;
    return false;
}

static bool is_allowed_charset(const struct rules *r, struct bytes charset)
{
    for (size_t i = 0; i < r->charset_count; i++)
        if (bytes_equal_nocase(r->charsets[i], charset))
            return true;
    return r->charset_count == 0;
}

// The same parameter twice: the first counts for some readers, the last for others.
static bool is_repeated(struct bytes rest, struct bytes name)
{
    struct media_parameter p;
    while (media_parameter_next(&rest, &p))
        if (bytes_equal_nocase(p.name, name))
            return true;
    return false;
}

static struct verdict judge_parameters(const struct rules *r, const struct media_type *type)
{
    struct bytes           rest = type->parameters;
    struct media_parameter p;
    for (unsigned count = 1; media_parameter_next(&rest, &p); count++) {
        if (count > PARAMETERS_MAX)
            return DENY(REASON_TYPE_UNCLEAR, BYTES("many parameters"));
        // "boundary*=" is "boundary" for readers of RFC 2231, and unknown to all others.
        if (is_repeated(rest, p.name) || memchr(p.name.at, '*', p.name.len) != NULL)
            return DENY(REASON_TYPE_UNCLEAR, p.name);
        if (bytes_equal_nocase(p.name, BYTES("charset")) && !is_allowed_charset(r, p.value))
            return DENY(REASON_CHARSET, p.value);
    }
    return PASS;
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct rules *r = rules;
    struct media_type   type;
    if (!has_body(s->request))
        return PASS;
    switch (media_said(&s->request->fields, &type)) {
    case MEDIA_NOTHING:
        return r->missing ? PASS : DENY(REASON_TYPE_MISSING, BYTES(""));
    case MEDIA_UNCLEAR:
        return DENY(REASON_TYPE_UNCLEAR, BYTES("not one valid media type"));
    case MEDIA_TYPE:
        break;
    }
    // Both stand in one piece, with the slash between them.
    struct bytes name = {type.type.at, type.type.len + 1 + type.subtype.len};
    return is_allowed_type(r, &type) ? judge_parameters(r, &type) : DENY(REASON_TYPE, name);
}

const struct policy policy_content_type = {.name = "content_type", .load = load, .on_head = on_head};
