// SPDX-License-Identifier: Apache-2.0
// Ranges of media types: what is one, and which is the closest.
#include "policy/media_range.h"
#include <criterion/criterion.h>

static struct document *document;

static bool read(const char *text, struct media_range *range)
{
    document = document_parse(BYTES("{\"a\": \"b\"}"), "test.json");
    cr_assert_not_null(document);
    return media_range_read(document_root(document), bytes_of(text), range);
}

static unsigned fits(const char *text, const char *with)
{
    struct media_range range;
    struct media_type  type;
    cr_assert(read(text, &range), "%s", text);
    cr_assert(media_type_read(bytes_of(with), &type), "%s", with);
    document_free(&document);
    return media_range_fits(&range, &type);
}

Test(media_range, the_closest_has_the_highest_number)
{
    cr_expect_eq(fits("application/json", "application/json"), 3u);
    cr_expect_eq(fits("Application/JSON", "application/json; charset=utf-8"), 3u, "in either case");
    cr_expect_eq(fits("application/*", "application/json"), 2u);
    cr_expect_eq(fits("*/*", "application/json"), 1u);
    cr_expect_eq(fits("application/json", "application/jsonp"), 0u);
    cr_expect_eq(fits("application/json", "text/json"), 0u);
    cr_expect_eq(fits("text/*", "application/json"), 0u);
}

Test(media_range, what_is_none)
{
    static const char *const wrong[] = {
        "", "json", "*/json", "application/json; charset=utf-8", "a/b, c/d", "application/"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct media_range range;
        cr_expect_not(read(wrong[i], &range), "%s", wrong[i]);
        cr_expect(document_has_problems(document), "%s: nothing is said", wrong[i]);
        document_free(&document);
    }
}

static enum media_said said(const char *first, const char *second)
{
    const struct field fields[] = {
        {.name = BYTES("Accept"), .value = BYTES("text/html"), .id = FIELD_ACCEPT},
        {.name = BYTES("Content-Type"),
         .value = bytes_of(first == NULL ? "" : first),
         .id = FIELD_CONTENT_TYPE},
        {.name = BYTES("Content-Type"),
         .value = bytes_of(second == NULL ? "" : second),
         .id = FIELD_CONTENT_TYPE},
    };
    struct media_type type;
    return media_said(&(struct fields){fields, 1u + (first != NULL) + (second != NULL)}, &type);
}

Test(media_range, what_a_request_says)
{
    cr_expect_eq(said(NULL, NULL), MEDIA_NOTHING);
    cr_expect_eq(said("text/html", NULL), MEDIA_TYPE);
    cr_expect_eq(said("", NULL), MEDIA_UNCLEAR, "an empty field is none");
    cr_expect_eq(said("text", NULL), MEDIA_UNCLEAR);
    cr_expect_eq(said("text/html, text/plain", NULL), MEDIA_UNCLEAR, "a list");
    cr_expect_eq(said("text/html", "text/plain"), MEDIA_UNCLEAR, "two fields");
    cr_expect_eq(said("text/html", "text/html"), MEDIA_UNCLEAR, "even if they agree");
}

Test(media_range, a_very_long_type_is_none)
{
    char             text[MEDIA_SAID_MAX + 2];
    struct bytes_out out = {.at = text, .cap = sizeof text - 1};
    out_text(&out, "text/html; x=");
    while (out.len < MEDIA_SAID_MAX)
        out_char(&out, 'y');
    text[out.len] = '\0';
    cr_expect_eq(said(text, NULL), MEDIA_TYPE, "as long as allowed");
    out_char(&out, 'y');
    text[out.len] = '\0';
    cr_expect_eq(said(text, NULL), MEDIA_UNCLEAR, "one byte more");
}
