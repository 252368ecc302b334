// SPDX-License-Identifier: Apache-2.0
// Each bound, at its last allowed size and one beyond.
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct rules rules;
static struct arena arena;

static void load(const char *settings)
{
    char json[1024];
    (void)snprintf(json, sizeof json, "{\"type\": \"size_limit\"%s}", settings);
    rules_load_policy(&rules, json);
    arena_init(&arena, NULL, 1u << 20);
}

static void done(void)
{
    arena_reset(&arena);
    rules_free(&rules);
}

struct row {
    const char *label, *settings, *head;
    enum reason reason;
    const char *detail;
};

#define HOST "Host: a\r\n"
#define POST(type, length)                                                                                   \
    "POST / HTTP/1.1\r\n" HOST "Content-Type: " type "\r\nContent-Length: " length "\r\n\r\n"
#define BODIES                                                                                               \
    ", \"body\": \"500B\", \"bodies\": {\"application/json\": \"100B\", \"multipart/*\": \"1000B\", "        \
    "\"multipart/mixed\": \"200B\"}"

static const struct row rows[] = {
    {"a target of just that size", ", \"target\": \"8B\"", "GET /3456?78 HTTP/1.1\r\n" HOST "\r\n",
     REASON_NONE, ""},
    {"a target of one more", ", \"target\": \"8B\"", "GET /3456?789 HTTP/1.1\r\n" HOST "\r\n",
     REASON_TARGET_SIZE, "9 bytes, 8 allowed"},
    {"an empty query has its question mark", ", \"target\": \"8B\"", "GET /2345678? HTTP/1.1\r\n" HOST "\r\n",
     REASON_TARGET_SIZE, "9 bytes, 8 allowed"},
    {"no query has none", ", \"target\": \"8B\"", "GET /2345678 HTTP/1.1\r\n" HOST "\r\n", REASON_NONE, ""},
    {"as many fields as allowed", ", \"fields\": 3", "GET / HTTP/1.1\r\n" HOST "A: 1\r\nB: 2\r\n\r\n",
     REASON_NONE, ""},
    {"one field more", ", \"fields\": 3", "GET / HTTP/1.1\r\n" HOST "A: 1\r\nB: 2\r\nC: 3\r\n\r\n",
     REASON_FIELD_COUNT, "4 fields, 3 allowed"},
    {"a field of just that size", ", \"field\": \"10B\"", "GET / HTTP/1.1\r\n" HOST "Name: 67890\r\n\r\n",
     REASON_NONE, ""},
    {"a field of one more", ", \"field\": \"10B\"", "GET / HTTP/1.1\r\n" HOST "Name: 678901\r\nZ: 1\r\n\r\n",
     REASON_FIELD_SIZE, "11 bytes, 10 allowed"},
    {"a declared body of just that size", ", \"body\": \"10B\"",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n", REASON_NONE, ""},
    {"a declared body of one more", ", \"body\": \"10B\"",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n", REASON_BODY_SIZE, "11 bytes, 10 allowed"},
    {"a chunked body declares nothing", ", \"body\": \"0B\"",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", REASON_NONE, ""},
    {"no body where none is allowed", ", \"body\": \"0B\"", "GET / HTTP/1.1\r\n" HOST "\r\n", REASON_NONE,
     ""},
    {"a declared body of the default size", "", "POST / HTTP/1.1\r\n" HOST "Content-Length: 10485760\r\n\r\n",
     REASON_NONE, ""},
    {"a declared body beyond the default", "", "POST / HTTP/1.1\r\n" HOST "Content-Length: 10485761\r\n\r\n",
     REASON_BODY_SIZE, "10485761 bytes, 10485760 allowed"},
    {"as many cookies as allowed", ", \"cookies\": 2", "GET / HTTP/1.1\r\n" HOST "Cookie: a=1; b=2\r\n\r\n",
     REASON_NONE, ""},
    {"one cookie more", ", \"cookies\": 2", "GET / HTTP/1.1\r\n" HOST "Cookie: a=1; b=2; c=3\r\n\r\n",
     REASON_COOKIES, "3 cookies, 2 allowed"},
    {"one more in a second field", ", \"cookies\": 2",
     "GET / HTTP/1.1\r\n" HOST "Cookie: a=1; b=2\r\nCookie: c=3\r\n\r\n", REASON_COOKIES,
     "3 cookies, 2 allowed"},
    {"one more behind a comma", ", \"cookies\": 2", "GET / HTTP/1.1\r\n" HOST "Cookie: a=1, b=2, c=3\r\n\r\n",
     REASON_COOKIES, "3 cookies, 2 allowed"},
    {"the smallest cookies are counted, too", ", \"cookies\": 2",
     "GET / HTTP/1.1\r\n" HOST "Cookie: a;b;c\r\n\r\n", REASON_COOKIES, "3 cookies, 2 allowed"},
    {"ends without cookies are none", ", \"cookies\": 2", "GET / HTTP/1.1\r\n" HOST "Cookie: a;;;;;b\r\n\r\n",
     REASON_NONE, ""},
    {"no cookies at all", ", \"cookies\": 0", "GET / HTTP/1.1\r\n" HOST "Cookie: a=1\r\n\r\n", REASON_COOKIES,
     "1 cookies, 0 allowed"},
    {"no cookies where none are allowed", ", \"cookies\": 0", "GET / HTTP/1.1\r\n" HOST "\r\n", REASON_NONE,
     ""},
    {"cookies of just that size", ", \"cookie_bytes\": \"8B\"",
     "GET / HTTP/1.1\r\n" HOST "Cookie: a=34\r\nCookie: b=78\r\n\r\n", REASON_NONE, ""},
    {"cookies of one more", ", \"cookie_bytes\": \"8B\"",
     "GET / HTTP/1.1\r\n" HOST "Cookie: a=34\r\nCookie: b=789\r\n\r\n", REASON_COOKIE_BYTES,
     "9 bytes, 8 allowed"},

    {"as many parameters as allowed", ", \"parameters\": 2", "GET /?a=1&b=2 HTTP/1.1\r\n" HOST "\r\n",
     REASON_NONE, ""},
    {"one parameter more", ", \"parameters\": 2", "GET /?a=1&b=2&c=3 HTTP/1.1\r\n" HOST "\r\n",
     REASON_PARAMETERS, "3 parameters, 2 allowed"},
    {"the smallest parameters are counted, too", ", \"parameters\": 2",
     "GET /?a&b&c HTTP/1.1\r\n" HOST "\r\n", REASON_PARAMETERS, "3 parameters, 2 allowed"},
    {"nothing between two ends is no parameter", ", \"parameters\": 2",
     "GET /?a&&&&&b& HTTP/1.1\r\n" HOST "\r\n", REASON_NONE, ""},
    {"no parameters where none are allowed", ", \"parameters\": 0", "GET /? HTTP/1.1\r\n" HOST "\r\n",
     REASON_NONE, ""},
    {"a name of just that size", ", \"parameter_name\": \"4B\"", "GET /?abcd=12345 HTTP/1.1\r\n" HOST "\r\n",
     REASON_NONE, ""},
    {"a name of one more", ", \"parameter_name\": \"4B\"", "GET /?a=1&abcde HTTP/1.1\r\n" HOST "\r\n",
     REASON_PARAMETER_NAME, "5 bytes, 4 allowed"},
    {"a value of just that size", ", \"parameter_value\": \"4B\"",
     "GET /?abcdefgh=1234 HTTP/1.1\r\n" HOST "\r\n", REASON_NONE, ""},
    {"a value of one more", ", \"parameter_value\": \"4B\"", "GET /?a=1&b=12345 HTTP/1.1\r\n" HOST "\r\n",
     REASON_PARAMETER_VALUE, "5 bytes, 4 allowed"},
    {"escapes count as they came", ", \"parameter_value\": \"4B\"", "GET /?a=%41%42 HTTP/1.1\r\n" HOST "\r\n",
     REASON_PARAMETER_VALUE, "6 bytes, 4 allowed"},

    {"a type with a limit of its own", BODIES, POST("application/json", "101"), REASON_BODY_SIZE,
     "101 bytes, 100 allowed"},
    {"at its limit", BODIES, POST("application/json", "100"), REASON_NONE, ""},
    {"in capitals, with a charset", BODIES, POST("Application/JSON; charset=utf-8", "101"), REASON_BODY_SIZE,
     "101 bytes, 100 allowed"},
    {"a type of a family", BODIES, POST("multipart/form-data; boundary=x", "1000"), REASON_NONE, ""},
    {"beyond the family's limit", BODIES, POST("multipart/form-data; boundary=x", "1001"), REASON_BODY_SIZE,
     "1001 bytes, 1000 allowed"},
    {"the type itself wins over its family", BODIES, POST("multipart/mixed", "201"), REASON_BODY_SIZE,
     "201 bytes, 200 allowed"},
    {"any other type", BODIES, POST("text/plain", "501"), REASON_BODY_SIZE, "501 bytes, 500 allowed"},
    {"no type", BODIES, "POST / HTTP/1.1\r\n" HOST "Content-Length: 501\r\n\r\n", REASON_BODY_SIZE,
     "501 bytes, 500 allowed"},
    {"a type that is none gets the least", BODIES, POST("multipart", "101"), REASON_BODY_SIZE,
     "101 bytes, 100 allowed"},
    {"two types get the least", BODIES,
     POST("multipart/form-data\r\nContent-Type: multipart/form-data", "101"), REASON_BODY_SIZE,
     "101 bytes, 100 allowed"},
    {"a list of types gets the least", BODIES, POST("multipart/form-data, text/plain", "101"),
     REASON_BODY_SIZE, "101 bytes, 100 allowed"},
    {"*/* is for every type that is said", ", \"body\": \"10B\", \"bodies\": {\"*/*\": \"20B\"}",
     POST("text/plain", "20"), REASON_NONE, ""},
    {"and for no other", ", \"body\": \"10B\", \"bodies\": {\"*/*\": \"20B\"}",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n", REASON_BODY_SIZE, "11 bytes, 10 allowed"},

    {"a policy may allow more than the file", ", \"body\": \"11MiB\"",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 10485761\r\n\r\n", REASON_NONE, ""},
};

Test(size_limit, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        load(row->settings);
        cr_assert_not_null(rules.snapshot, "%s: %s", row->label, rules.problems);
        struct request request = request_of(&arena, row->head);
        struct verdict verdict = rules_ask(&rules, &request, &arena);
        cr_expect_eq(verdict.reason, row->reason, "%s: %s", row->label, reason_token(verdict.reason));
        cr_expect(bytes_equal(verdict.detail, bytes_of(row->detail)), "%s: %.*s", row->label,
                  SHOW(verdict.detail));
        done();
    }
}

// A request with so many fields, the longest of so many bytes, for a target of so many.
static struct verdict ask_about(size_t target, size_t fields, size_t field)
{
    static char      head[64 * 1024];
    struct bytes_out out = {.at = head, .cap = sizeof head};
    load("");
    out_text(&out, "GET /");
    for (size_t i = 1; i < target; i++)
        out_char(&out, 'a');
    out_text(&out, " HTTP/1.1\r\n" HOST);
    for (size_t i = 1; i + 1 < fields; i++)
        out_text(&out, "A: 1\r\n");
    out_text(&out, "B:");
    for (size_t i = 2; i < field; i++)
        out_char(&out, 'b');
    out_bytes(&out, BYTES("\r\n\r\n\0"));
    cr_assert_not(out.overflowed);
    struct request request = request_of(&arena, head);
    cr_assert_eq(request.fields.count, fields);
    struct verdict verdict = rules_ask(&rules, &request, &arena);
    done();
    return verdict;
}

Test(size_limit, the_defaults)
{
    cr_expect_eq(ask_about(8192, 2, 9).reason, REASON_NONE);
    cr_expect_eq(ask_about(8193, 2, 9).reason, REASON_TARGET_SIZE);
    cr_expect_eq(ask_about(9, 100, 9).reason, REASON_NONE);
    cr_expect_eq(ask_about(9, 101, 9).reason, REASON_FIELD_COUNT);
    cr_expect_eq(ask_about(9, 2, 8192).reason, REASON_NONE);
    cr_expect_eq(ask_about(9, 2, 8193).reason, REASON_FIELD_SIZE);
}

Test(size_limit, bodies_are_counted_while_they_stream)
{
    load(", \"body\": \"10B\"");
    struct request request = request_for(&arena, "POST", NULL, "/");
    cr_expect_eq(rules_ask_body(&rules, &request, 0, &arena).reason, REASON_NONE);
    cr_expect_eq(rules_ask_body(&rules, &request, 10, &arena).reason, REASON_NONE);
    struct verdict verdict = rules_ask_body(&rules, &request, 11, &arena);
    cr_expect_eq(verdict.reason, REASON_BODY_SIZE);
    cr_expect(bytes_equal(verdict.detail, BYTES("11 bytes, 10 allowed")));
    done();
}

Test(size_limit, each_type_is_counted_to_its_own_limit)
{
    load(BODIES);
    struct request json =
        request_of(&arena, "POST / HTTP/1.1\r\n" HOST
                           "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    cr_expect_eq(rules_ask_body(&rules, &json, 100, &arena).reason, REASON_NONE);
    cr_expect_eq(rules_ask_body(&rules, &json, 101, &arena).reason, REASON_BODY_SIZE);
    done();
}

// A request with so many cookies in one field and so many parameters.
static enum reason ask_about_parts(size_t cookies, size_t parameters)
{
    static char      head[64 * 1024];
    struct bytes_out out = {.at = head, .cap = sizeof head};
    load("");
    out_text(&out, "GET /?");
    for (size_t i = 0; i < parameters; i++)
        out_text(&out, "a&");
    out_text(&out, " HTTP/1.1\r\n" HOST "Cookie: ");
    for (size_t i = 0; i < cookies; i++)
        out_text(&out, "a=1;");
    out_bytes(&out, BYTES("\r\n\r\n\0"));
    cr_assert_not(out.overflowed);
    struct request request = request_of(&arena, head);
    enum reason    reason = rules_ask(&rules, &request, &arena).reason;
    done();
    return reason;
}

Test(size_limit, the_default_numbers)
{
    cr_expect_eq(ask_about_parts(180, 1000), REASON_NONE);
    cr_expect_eq(ask_about_parts(181, 1000), REASON_COOKIES);
    cr_expect_eq(ask_about_parts(180, 1001), REASON_PARAMETERS);
}

Test(size_limit, refusals)
{
    static const char *const wrong[][2] = {
        {", \"body\": 10", "a size is needed here, not a number (/policies/asked/body)"},
        {", \"bodys\": \"10B\"", "did you mean \"body\"?"},
        {", \"fields\": 0", "between 1 and 100"},
        {", \"fields\": 101", "between 1 and 100"},
        {", \"fields\": \"64\"", "a number is needed here, not text (/policies/asked/fields)"},
        {", \"target\": \"9KiB\"", "between 0B and 8KiB"},
        {", \"field\": \"2MiB\"", "between 0B and 1MiB"},
        {", \"body\": \"2000GiB\"", "between 0B and 1024GiB"},
        {", \"cookies\": -1", "a whole number is needed here"},
        {", \"cookies\": 10001", "between 0 and 10000"},
        {", \"cookie_bytes\": \"2MiB\"", "between 0B and 1MiB"},
        {", \"parameters\": 1000001", "between 0 and 1000000"},
        {", \"parameter_name\": \"9KiB\"", "between 0B and 8KiB"},
        {", \"parameter_value\": \"9KiB\"", "between 0B and 8KiB"},
        {", \"bodies\": [\"text/html\"]", "an object is needed here, not an array (/policies/asked/bodies)"},
        {", \"bodies\": {\"json\": \"1B\"}", "\"json\" is not a media type (/policies/asked/bodies/json)"},
        {", \"bodies\": {\"a/b\": 1}", "a size is needed here, not a number (/policies/asked/bodies/a~1b)"},
        {", \"bodies\": {\"a/b\": null}", "a size is needed here"},
        {", \"bodies\": {\"a/b\": \"1B\", \"A/B\": \"2B\"}", "this media type is there twice"},
        {", \"body\": 1, \"target\": 1, \"field\": 1, \"fields\": -1", "4 problems"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        load(wrong[i][0]);
        cr_expect_null(rules.snapshot, "%s", wrong[i][0]);
        cr_expect_not_null(strstr(rules.problems, wrong[i][1]), "%s: %s", wrong[i][0], rules.problems);
        done();
    }
}
