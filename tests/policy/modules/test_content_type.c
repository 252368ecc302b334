// SPDX-License-Identifier: Apache-2.0
// Which bodies are taken, by what they say they are.
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct rules rules;
static struct arena arena;

static void load(const char *settings)
{
    char json[512];
    (void)snprintf(json, sizeof json, "{\"type\": \"content_type\"%s}", settings);
    rules_load_policy(&rules, json);
    arena_init(&arena, NULL, 1u << 20);
}

static void done(void)
{
    arena_reset(&arena);
    rules_free(&rules);
}

#define TYPES ", \"types\": [\"application/json\", \"multipart/*\"]"
#define UTF8 TYPES ", \"charsets\": [\"utf-8\", \"us-ascii\"]"
#define POST(type) "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Type: " type "\r\n\r\n"

static const struct {
    const char *label, *settings, *head;
    enum reason reason;
    const char *detail;
} rows[] = {
    {"a type that is named", TYPES, POST("application/json"), REASON_NONE, ""},
    {"in capitals", TYPES, POST("Application/JSON"), REASON_NONE, ""},
    {"with a parameter", TYPES, POST("application/json; charset=latin1"), REASON_NONE, ""},
    {"one of a family", TYPES, POST("multipart/form-data; boundary=\"a;b\""), REASON_NONE, ""},
    {"any other", TYPES, POST("text/xml; charset=utf-8"), REASON_TYPE, "text/xml"},
    {"a name that only begins so", TYPES, POST("application/jsonp"), REASON_TYPE, "application/jsonp"},
    {"a chunked one", TYPES,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Type: text/xml\r\n\r\n",
     REASON_TYPE, "text/xml"},
    {"of any method", TYPES, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Type: a/b\r\n\r\n",
     REASON_TYPE, "a/b"},
    {"no body needs no type", TYPES, "POST / HTTP/1.1\r\nHost: a\r\n\r\n", REASON_NONE, ""},
    {"an empty one has none", TYPES,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Type: a/b\r\n\r\n", REASON_NONE, ""},
    {"no type", TYPES, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", REASON_TYPE_MISSING, ""},
    {"where that is allowed", TYPES ", \"missing\": \"allow\"",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", REASON_NONE, ""},
    {"an empty field is no type", TYPES ", \"missing\": \"allow\"", POST(""), REASON_TYPE_UNCLEAR,
     "not one valid media type"},
    {"two fields", TYPES, POST("application/json\r\nContent-Type: application/json"), REASON_TYPE_UNCLEAR,
     "not one valid media type"},
    {"a list", TYPES, POST("application/json, text/xml"), REASON_TYPE_UNCLEAR, "not one valid media type"},
    {"a parameter that is none", TYPES, POST("application/json; charset"), REASON_TYPE_UNCLEAR,
     "not one valid media type"},
    {"a parameter twice", TYPES, POST("multipart/form-data; boundary=a; x=y; Boundary=b"),
     REASON_TYPE_UNCLEAR, "boundary"},
    {"a charset that is named", UTF8, POST("application/json; charset=UTF-8"), REASON_NONE, ""},
    {"in quotes", UTF8, POST("application/json; charset=\"utf-8\""), REASON_NONE, ""},
    {"none", UTF8, POST("application/json"), REASON_NONE, ""},
    {"any other charset", UTF8, POST("application/json; charset=utf-7"), REASON_CHARSET, "utf-7"},
    {"behind another parameter", UTF8, POST("application/json; a=b; CHARSET=ibm500"), REASON_CHARSET,
     "ibm500"},
    {"two charsets", UTF8, POST("application/json; charset=utf-8; charset=utf-7"), REASON_TYPE_UNCLEAR,
     "charset"},
    {"a parameter in the notation of mail", TYPES,
     POST("multipart/form-data; boundary=a; boundary*=utf-8''b"), REASON_TYPE_UNCLEAR, "boundary*"},
    {"a charset in it", UTF8, POST("application/json; charset*=us-ascii''utf-7"), REASON_TYPE_UNCLEAR,
     "charset*"},
    {"a piece of one", UTF8, POST("application/json; charset*0=utf; charset*1=-7"), REASON_TYPE_UNCLEAR,
     "charset*0"},
    {"as many parameters as allowed", TYPES,
     POST("application/json; a=1; b=1; c=1; d=1; e=1; f=1; g=1; h=1; "
          "i=1; j=1; k=1; l=1; m=1; n=1; o=1; p=1"),
     REASON_NONE, ""},
    {"one more", TYPES,
     POST("application/json; a=1; b=1; c=1; d=1; e=1; f=1; g=1; h=1; i=1; j=1; k=1; l=1; "
          "m=1; n=1; o=1; p=1; q=1"),
     REASON_TYPE_UNCLEAR, "many parameters"},
    {"every type", ", \"types\": [\"*/*\"]", POST("a/b"), REASON_NONE, ""},
};

Test(content_type, rows)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        load(rows[i].settings);
        cr_assert_not_null(rules.snapshot, "%s: %s", rows[i].label, rules.problems);
        struct request request = request_of(&arena, rows[i].head);
        struct verdict verdict = rules_ask(&rules, &request, &arena);
        cr_expect_eq(verdict.reason, rows[i].reason, "%s: %s", rows[i].label, reason_token(verdict.reason));
        cr_expect(bytes_equal(verdict.detail, bytes_of(rows[i].detail)), "%s: %.*s", rows[i].label,
                  SHOW(verdict.detail));
        done();
    }
}

Test(content_type, refusals)
{
    static const char *const wrong[][2] = {
        {"", "a content_type without \"types\""},
        {", \"types\": []", "1 to 64 media types are needed here"},
        {", \"types\": \"a/b\"", "an array is needed here, not text (/policies/asked/types)"},
        {", \"types\": [\"json\"]", "\"json\" is not a media type (/policies/asked/types/0)"},
        {", \"types\": [\"a/b; c=d\"]", "is not a media type"},
        {", \"types\": [1]", "text is needed here, not a number (/policies/asked/types/0)"},
        {TYPES ", \"charsets\": []", "1 to 16 charsets are needed here"},
        {TYPES ", \"charsets\": [1]", "text is needed here, not a number (/policies/asked/charsets/0)"},
        {TYPES ", \"missing\": true", "text is needed here, not true or false"},
        {TYPES ", \"charset\": []", "did you mean \"charsets\"?"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        load(wrong[i][0]);
        cr_expect_null(rules.snapshot, "%s", wrong[i][0]);
        cr_expect_not_null(strstr(rules.problems, wrong[i][1]), "%s: %s", wrong[i][0], rules.problems);
        done();
    }
}
