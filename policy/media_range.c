// SPDX-License-Identifier: Apache-2.0
// media_range: reading and comparing.
#include "policy/media_range.h"

#define HINT "written as \"application/json\", \"multipart/*\" or \"*/*\""

static struct bytes or_any(struct bytes part)
{
    return bytes_equal(part, BYTES("*")) ? BYTES("") : part;
}

bool media_range_read(struct node n, struct bytes text, struct media_range *range_r)
{
    struct media_type type;
    bool              good = media_type_read(text, &type) && type.parameters.len == 0;
    *range_r = good ? (struct media_range){or_any(type.type), or_any(type.subtype)} : *range_r;
    good = good && (range_r->type.len > 0 || range_r->subtype.len == 0);
    if (!good)
        node_problem(n, HINT, "\"%.*s\" is not a media type", SHOW(text));
    return good;
}

unsigned media_range_fits(const struct media_range *range, const struct media_type *type)
{
    if (range->type.len == 0)
        return 1;
    if (!bytes_equal_nocase(range->type, type->type))
        return 0;
    if (range->subtype.len == 0)
        return 2;
    return bytes_equal_nocase(range->subtype, type->subtype) ? 3 : 0;
}

enum media_said media_said(const struct fields *fields, struct media_type *type_r)
{
    enum media_said said = MEDIA_NOTHING;
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id != FIELD_CONTENT_TYPE)
            continue;
        if (said != MEDIA_NOTHING || fields->at[i].value.len > MEDIA_SAID_MAX ||
            !media_type_read(fields->at[i].value, type_r))
            return MEDIA_UNCLEAR;
        said = MEDIA_TYPE;
    }
    return said;
}
