// SPDX-License-Identifier: Apache-2.0
// test_head: complete heads, sealed or refused.
#include "parser/cursor.h"
#include "parser/head.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define OK "HTTP/1.1 200 OK\r\n"

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena, NULL, 1024 * 1024);
}

static void close_arena(void)
{
    arena_reset(&arena);
}

TestSuite(head, .init = open_arena, .fini = close_arena);

static struct request request_of(const char *label, struct bytes raw)
{
    struct request request = {0};
    enum fault     fault = head_request(raw, &LIMITS_DEFAULT, &arena, &request);
    cr_assert(fault == FAULT_NONE, "%s: %s", label, fault_token(fault));
    return request;
}

static struct response response_of(const char *label, struct bytes raw, enum method method)
{
    struct response response = {0};
    enum fault      fault = head_response(raw, method, &LIMITS_DEFAULT, &arena, &response);
    cr_assert(fault == FAULT_NONE, "%s: %s", label, fault_token(fault));
    return response;
}

static void expect_fault(const char *label, struct bytes raw, enum fault expected)
{
    struct request request;
    enum fault     fault = head_request(raw, &LIMITS_DEFAULT, &arena, &request);
    cr_expect(fault == expected, "%s: %s", label, fault_token(fault));
}

Test(head, a_request_is_sealed)
{
    struct request r = request_of("a browser", BYTES("POST /a%41?b=c HTTP/1.1\r\n"
                                                     "Host: Example.com:8443\r\n"
                                                     "Content-Length: \t 12 \t\r\n"
                                                     "Accept: text/html,\t*/*\r\n"
                                                     "X-Empty:\r\n"
                                                     "Expect: 100-Continue\r\n"
                                                     "\r\n"));
    cr_expect(r.method == METHOD_POST && r.minor == 1);
    cr_expect(bytes_equal(r.target.path, BYTES("/aA")));
    cr_expect(bytes_equal(r.target.query, BYTES("b=c")));
    cr_expect(bytes_equal(r.host.name, BYTES("example.com")) && r.host.port == 8443);
    cr_expect(bytes_equal(r.host.received, BYTES("Example.com:8443")));
    cr_expect(r.framing == FRAMING_LENGTH && r.content_length == 12);
    cr_expect(r.keep_alive && r.expect_continue && !r.upgrade);
    cr_assert(r.fields.count == 5);
    cr_expect(bytes_equal(r.fields.at[0].name, BYTES("Host")) && r.fields.at[0].id == FIELD_HOST);
    cr_expect(bytes_equal(r.fields.at[2].value, BYTES("text/html,\t*/*")));
    cr_expect(r.fields.at[3].value.len == 0 && r.fields.at[3].id == FIELD_OTHER);
}

Test(head, a_head_cut_anywhere_is_not_valid)
{
    struct bytes   whole = BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n");
    struct request request;
    for (size_t len = 0; len < whole.len; len++) {
        enum fault fault = head_request((struct bytes){whole.at, len}, &LIMITS_DEFAULT, &arena, &request);
        bool       in_version = len > 6 && len < 14; // half a version is another version
        cr_expect(fault != FAULT_NONE, "cut at %zu passes", len);
        cr_expect(in_version || fault == FAULT_SYNTAX, "cut at %zu: %s", len, fault_token(fault));
    }
    expect_fault("bytes behind the head", BYTES(GET "\r\nG"), FAULT_SYNTAX);
}

Test(head, hosts)
{
    const struct {
        const char  *label;
        struct bytes raw;
        enum fault   fault;
        struct bytes name;
    } rows[] = {
        {"one Host", BYTES(GET "\r\n"), 0, BYTES("a")},
        {"none in HTTP/1.1", BYTES("GET / HTTP/1.1\r\n\r\n"), FAULT_HOST_MISSING, BYTES("")},
        {"none in HTTP/1.0", BYTES("GET / HTTP/1.0\r\n\r\n"), 0, BYTES("")},
        {"one in HTTP/1.0", BYTES("GET / HTTP/1.0\r\nHost: b\r\n\r\n"), 0, BYTES("b")},
        {"two in HTTP/1.0", BYTES("GET / HTTP/1.0\r\nHost: b\r\nHost: b\r\n\r\n"), FAULT_HOST_TWICE,
         BYTES("")},
        {"two, written differently", BYTES(GET "HOST: b\r\n\r\n"), FAULT_HOST_TWICE, BYTES("")},
        {"a list", BYTES("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"), FAULT_HOST_SYNTAX, BYTES("")},
        {"absolute, the same", BYTES("GET http://A/ HTTP/1.1\r\nHost: a\r\n\r\n"), 0, BYTES("a")},
        {"absolute, another", BYTES("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"), FAULT_HOST_DISAGREES,
         BYTES("")},
        {"absolute, the default port said once", BYTES("GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n"), 0,
         BYTES("a")},
        {"absolute, the default port of https", BYTES("GET https://a/ HTTP/1.1\r\nHost: a:443\r\n\r\n"), 0,
         BYTES("a")},
        {"absolute, another port", BYTES("GET http://a/ HTTP/1.1\r\nHost: a:443\r\n\r\n"),
         FAULT_HOST_DISAGREES, BYTES("")},
        {"absolute, and no Host in HTTP/1.1", BYTES("GET http://a/ HTTP/1.1\r\n\r\n"), FAULT_HOST_MISSING,
         BYTES("")},
        {"absolute, and no Host in HTTP/1.0", BYTES("GET http://a/ HTTP/1.0\r\n\r\n"), 0, BYTES("a")},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct request request = {0};
        enum fault     fault = head_request(rows[i].raw, &LIMITS_DEFAULT, &arena, &request);
        cr_expect(fault == rows[i].fault, "%s: %s", rows[i].label, fault_token(fault));
        cr_expect(bytes_equal(request.host.name, rows[i].name), "%s", rows[i].label);
    }
}

Test(head, methods_and_forms)
{
    expect_fault("OPTIONS *", BYTES("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), FAULT_NONE);
    expect_fault("GET *", BYTES("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), FAULT_TARGET_FORM);
    expect_fault("CONNECT", BYTES("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), FAULT_METHOD_REFUSED);
    expect_fault("TRACE", BYTES("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"), FAULT_METHOD_REFUSED);
    expect_fault("authority form with GET", BYTES("GET a:1 HTTP/1.1\r\nHost: a\r\n\r\n"), FAULT_TARGET_FORM);
}

Test(head, bounds)
{
    struct limits tight = LIMITS_DEFAULT;
    tight.fields = 2;
    tight.field_bytes = 10;
    tight.target_bytes = 4;
    const struct {
        const char  *label;
        struct bytes raw;
        enum fault   fault;
    } rows[] = {
        {"as many fields as allowed", BYTES(GET "X: a\r\n\r\n"), FAULT_NONE},
        {"one field more", BYTES(GET "X: a\r\nY: a\r\n\r\n"), FAULT_FIELDS_TOO_MANY},
        {"a field as large as allowed", BYTES(GET "X: 3456789\r\n\r\n"), FAULT_NONE},
        {"one byte more", BYTES(GET "X: 34567890\r\n\r\n"), FAULT_FIELD_TOO_LARGE},
        {"blanks count", BYTES(GET "X:         \r\n\r\n"), FAULT_FIELD_TOO_LARGE},
        {"a target as long as allowed", BYTES("GET /abc HTTP/1.1\r\nHost: a\r\n\r\n"), FAULT_NONE},
        {"one byte longer", BYTES("GET /abcd HTTP/1.1\r\nHost: a\r\n\r\n"), FAULT_TARGET_TOO_LONG},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct request request;
        enum fault     fault = head_request(rows[i].raw, &tight, &arena, &request);
        cr_expect(fault == rows[i].fault, "%s: %s", rows[i].label, fault_token(fault));
    }
}

// More than the room that a head starts with: nothing may be lost on the way.
Test(head, as_many_fields_as_the_default_allows)
{
    char             text[2048];
    struct bytes_out out = {.at = text, .cap = sizeof text};
    out_text(&out, GET);
    for (unsigned i = 1; i < LIMITS_FIELDS; i++) {
        out_text(&out, "X: ");
        out_uint(&out, i);
        out_text(&out, "\r\n");
    }
    size_t len = out.len;
    out_text(&out, "\r\n");
    struct request r = request_of("all", out_written(&out));
    cr_assert(r.fields.count == LIMITS_FIELDS, "%zu", r.fields.count);
    for (unsigned i = 1; i < LIMITS_FIELDS; i++) {
        struct cursor value = cursor_over(r.fields.at[i].value);
        uint64_t      number;
        cr_assert(cursor_decimal(&value, LIMITS_FIELDS, &number) && number == i, "field %u", i);
    }
    out.len = len;
    out_text(&out, "X: y\r\n\r\n");
    expect_fault("one more", out_written(&out), FAULT_FIELDS_TOO_MANY);
}

Test(head, connection_names_are_bounded)
{
    char             text[1024];
    struct bytes_out out = {.at = text, .cap = sizeof text};
    out_text(&out, GET "Connection: ");
    for (unsigned i = 0; i < LIMITS_CONNECTION_OPTIONS; i++)
        out_text(&out, "x,");
    size_t len = out.len;
    out_text(&out, "\r\n\r\n");
    expect_fault("as many as allowed", out_written(&out), FAULT_NONE);
    out.len = len;
    out_text(&out, "x\r\n\r\n");
    expect_fault("one more", out_written(&out), FAULT_FIELDS_TOO_MANY);
}

Test(head, an_arena_without_room_is_a_fault)
{
    struct arena    none;
    struct request  request;
    struct response response;
    arena_init(&none, NULL, 0);
    cr_expect(head_request(BYTES(GET "\r\n"), &LIMITS_DEFAULT, &none, &request) == FAULT_NO_MEMORY);
    cr_expect(head_response(BYTES(OK "X: a\r\n\r\n"), METHOD_GET, &LIMITS_DEFAULT, &none, &response) ==
              FAULT_NO_MEMORY);
}

Test(head, what_is_dropped)
{
    const struct {
        const char  *label;
        struct bytes raw; // the field in question is the last
        bool         dropped;
    } rows[] = {
        {"a plain field", BYTES(GET "X-A: b\r\n\r\n"), false},
        {"a hop-by-hop field", BYTES(GET "Keep-Alive: 5\r\n\r\n"), true},
        {"Connection itself", BYTES(GET "Connection: close\r\n\r\n"), true},
        {"Upgrade", BYTES(GET "Upgrade: h2c\r\n\r\n"), true},
        {"HTTP2-Settings", BYTES(GET "HTTP2-Settings: AAA\r\n\r\n"), true},
        {"Proxy-Authorization", BYTES(GET "Proxy-Authorization: x\r\n\r\n"), true},
        {"named by Connection", BYTES(GET "Connection: X-A\r\nX-A: b\r\n\r\n"), true},
        {"named in another case, in a list", BYTES(GET "Connection: close , x-a\r\nX-A: b\r\n\r\n"), true},
        {"named by a second Connection", BYTES(GET "Connection: a\r\nConnection: x-a\r\nX-A: b\r\n\r\n"),
         true},
        {"named after an empty element", BYTES(GET "Connection: ,, X-A,\r\nX-A: b\r\n\r\n"), true},
        {"named by a later Connection", BYTES("GET / HTTP/1.0\r\nConnection: x\r\nX: b\r\n\r\n"), true},
        {"not named: a longer name", BYTES(GET "Connection: X-A\r\nX-AB: b\r\n\r\n"), false},
        {"Host cannot be removed", BYTES("GET / HTTP/1.1\r\nConnection: host\r\nHost: a\r\n\r\n"), false},
        {"Content-Length cannot", BYTES(GET "Connection: Content-Length\r\nContent-Length: 1\r\n\r\n"),
         false},
        {"Authorization cannot", BYTES(GET "Connection: authorization\r\nAuthorization: x\r\n\r\n"), false},
        {"Cookie cannot", BYTES(GET "Connection: cookie\r\nCookie: a=b\r\n\r\n"), false},
        {"X-Forwarded-For cannot", BYTES(GET "Connection: X-Forwarded-For\r\nX-Forwarded-For: 1\r\n\r\n"),
         false},
        {"a routing field is left to forward", BYTES(GET "X-Forwarded-For: 1.2.3.4\r\n\r\n"), false},
        {"its variant is dropped", BYTES(GET "X_Forwarded_For: 1.2.3.4\r\n\r\n"), true},
        {"another variant", BYTES(GET "X.Forwarded.For: 1.2.3.4\r\n\r\n"), true},
        {"a framing variant", BYTES(GET "Content_Length: 5\r\n\r\n"), true},
        {"an underscore elsewhere", BYTES(GET "My_Field: 5\r\n\r\n"), false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct request r = request_of(rows[i].label, rows[i].raw);
        cr_expect(r.fields.at[r.fields.count - 1].dropped == rows[i].dropped, "%s", rows[i].label);
    }
    struct request r = request_of("order", BYTES(GET "X-A: b\r\nConnection: X-A\r\n\r\n"));
    cr_expect(r.fields.at[1].dropped, "Connection may stand behind what it names");
}

Test(head, the_connection_afterwards)
{
    const struct {
        const char  *label;
        struct bytes raw;
        bool         keep_alive, upgrade;
    } rows[] = {
        {"HTTP/1.1 stays", BYTES(GET "\r\n"), true, false},
        {"HTTP/1.1 with close", BYTES(GET "Connection: Close\r\n\r\n"), false, false},
        {"close in a list", BYTES(GET "Connection: x, close\r\n\r\n"), false, false},
        {"close wins", BYTES(GET "Connection: keep-alive, close\r\n\r\n"), false, false},
        {"close in a second field", BYTES(GET "Connection: keep-alive\r\nConnection: close\r\n\r\n"), false,
         false},
        {"HTTP/1.0 goes", BYTES("GET / HTTP/1.0\r\n\r\n"), false, false},
        {"HTTP/1.0 with keep-alive", BYTES("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), true, false},
        {"closed is not close", BYTES(GET "Connection: closed\r\n\r\n"), true, false},
        {"an upgrade", BYTES(GET "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"), true, true},
        {"Upgrade alone", BYTES(GET "Upgrade: h2c\r\n\r\n"), true, false},
        {"Connection: upgrade alone", BYTES(GET "Connection: upgrade\r\n\r\n"), true, false},
        {"no upgrade from HTTP/1.0",
         BYTES("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), false, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct request r = request_of(rows[i].label, rows[i].raw);
        cr_expect(r.keep_alive == rows[i].keep_alive, "%s", rows[i].label);
        cr_expect(r.upgrade == rows[i].upgrade, "%s", rows[i].label);
    }
}

Test(head, expectations)
{
    cr_expect(request_of("1.1", BYTES(GET "Expect: 100-continue\r\n\r\n")).expect_continue);
    cr_expect_not(request_of("1.0", BYTES("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n")).expect_continue);
    cr_expect_not(
        request_of("another in 1.0", BYTES("GET / HTTP/1.0\r\nExpect: 200-ok\r\n\r\n")).expect_continue);
    expect_fault("another", BYTES(GET "Expect: 200-ok\r\n\r\n"), FAULT_EXPECTATION);
    expect_fault("one more", BYTES(GET "Expect: 100-continue\r\nExpect: 200-ok\r\n\r\n"), FAULT_EXPECTATION);
    expect_fault("an empty one", BYTES(GET "Expect:\r\n\r\n"), FAULT_EXPECTATION);
    expect_fault("a second reason is named after the target",
                 BYTES("GET /%zz HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n"), FAULT_TARGET_PERCENT);
}

Test(head, response_framing)
{
    const struct {
        const char  *label;
        struct bytes raw;
        enum method  method;
        enum framing framing;
        uint64_t     length;
        bool         has_length, keep_alive;
    } rows[] = {
        {"a length", BYTES(OK "Content-Length: 5\r\n\r\n"), METHOD_GET, FRAMING_LENGTH, 5, true, true},
        {"chunks", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n"), METHOD_GET, FRAMING_CHUNKED, 0, false,
         true},
        {"neither", BYTES(OK "\r\n"), METHOD_GET, FRAMING_UNTIL_CLOSE, 0, false, false},
        {"neither, though it says keep-alive", BYTES(OK "Connection: keep-alive\r\n\r\n"), METHOD_GET,
         FRAMING_UNTIL_CLOSE, 0, false, false},
        {"to HEAD, a length", BYTES(OK "Content-Length: 5\r\n\r\n"), METHOD_HEAD, FRAMING_NONE, 5, true,
         true},
        {"to HEAD, chunks", BYTES(OK "Transfer-Encoding: chunked\r\n\r\n"), METHOD_HEAD, FRAMING_NONE, 0,
         false, true},
        {"to HEAD, neither", BYTES(OK "\r\n"), METHOD_HEAD, FRAMING_NONE, 0, false, true},
        {"304", BYTES("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n"), METHOD_GET, FRAMING_NONE, 5, true,
         true},
        {"204", BYTES("HTTP/1.1 204 x\r\n\r\n"), METHOD_GET, FRAMING_NONE, 0, false, true},
        {"205 may have a body", BYTES("HTTP/1.1 205 x\r\n\r\n"), METHOD_GET, FRAMING_UNTIL_CLOSE, 0, false,
         false},
        {"103", BYTES("HTTP/1.1 103 x\r\n\r\n"), METHOD_GET, FRAMING_NONE, 0, false, true},
        {"101", BYTES("HTTP/1.1 101 x\r\nConnection: upgrade\r\n\r\n"), METHOD_GET, FRAMING_NONE, 0, false,
         true},
        {"close", BYTES(OK "Connection: close\r\nContent-Length: 5\r\n\r\n"), METHOD_GET, FRAMING_LENGTH, 5,
         true, false},
        {"HTTP/1.0", BYTES("HTTP/1.0 200 x\r\nContent-Length: 5\r\n\r\n"), METHOD_GET, FRAMING_LENGTH, 5,
         true, false},
        {"HTTP/1.0 with keep-alive",
         BYTES("HTTP/1.0 200 x\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n"), METHOD_GET,
         FRAMING_LENGTH, 5, true, true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct response r = response_of(rows[i].label, rows[i].raw, rows[i].method);
        cr_expect(r.framing == rows[i].framing, "%s: framing %d", rows[i].label, (int)r.framing);
        cr_expect(r.content_length == rows[i].length, "%s", rows[i].label);
        cr_expect(r.has_length == rows[i].has_length, "%s", rows[i].label);
        cr_expect(r.keep_alive == rows[i].keep_alive, "%s: keep-alive", rows[i].label);
    }
}

Test(head, framing_is_checked_even_where_no_body_comes)
{
    struct response response;
    const struct {
        const char  *label;
        struct bytes raw;
        enum fault   fault;
    } rows[] = {
        {"304 with two lengths", BYTES("HTTP/1.1 304 x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"),
         FAULT_CL_TWICE},
        {"204 with both", BYTES("HTTP/1.1 204 x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
         FAULT_TE_AND_CL},
        {"204 with a strange coding", BYTES("HTTP/1.1 204 x\r\nTransfer-Encoding: gzip\r\n\r\n"),
         FAULT_TE_UNSUPPORTED},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        cr_expect(head_response(rows[i].raw, METHOD_HEAD, &LIMITS_DEFAULT, &arena, &response) ==
                      rows[i].fault,
                  "%s", rows[i].label);
}

Test(head, a_status_line)
{
    struct response r = response_of("all parts", BYTES("HTTP/1.1 404 Not  here\r\n\r\n"), METHOD_GET);
    cr_expect(r.status == 404 && r.minor == 1);
    cr_expect(bytes_equal(r.reason, BYTES("Not  here")));
    r = response_of("no reason", BYTES("HTTP/1.0 200 \r\n\r\n"), METHOD_GET);
    cr_expect(r.status == 200 && r.minor == 0 && r.reason.at != NULL && r.reason.len == 0);
}

Test(head, trailers)
{
    const struct {
        const char  *label;
        struct bytes raw;
        enum fault   fault;
    } rows[] = {
        {"none", BYTES(""), FAULT_NONE},
        {"none at all", {NULL, 0}, FAULT_NONE},
        {"a checksum", BYTES("X-Sum: 1\r\nX-B: 2\r\n"), FAULT_NONE},
        {"framing", BYTES("Content-Length: 1\r\n"), FAULT_TRAILER},
        {"framing, spelled differently", BYTES("Transfer_Encoding: chunked\r\n"), FAULT_TRAILER},
        {"routing", BYTES("X-A: 1\r\nHost: b\r\n"), FAULT_TRAILER},
        {"who the client is", BYTES("X-Forwarded-For: 1.2.3.4\r\n"), FAULT_TRAILER},
        {"authentication", BYTES("Authorization: Basic x\r\n"), FAULT_TRAILER},
        {"a cookie", BYTES("Cookie: a=b\r\n"), FAULT_TRAILER},
        {"content", BYTES("content-encoding: gzip\r\n"), FAULT_TRAILER},
        {"connection", BYTES("Connection: close\r\n"), FAULT_TRAILER},
        {"an empty line", BYTES("X-A: 1\r\n\r\nX-B: 2\r\n"), FAULT_LINE_END},
        {"a line without an end", BYTES("X-A: 1"), FAULT_SYNTAX},
        {"a bare LF", BYTES("X-A: 1\n"), FAULT_LINE_END},
        {"a bare CR", BYTES("X-A: 1\rX: 2\r\n"), FAULT_LINE_END},
        {"a fold", BYTES("X-A: 1\r\n 2\r\n"), FAULT_FIELD_FOLDED},
        {"a blank before the colon", BYTES("X-A : 1\r\n"), FAULT_FIELD_NAME},
        {"a control", BYTES("X-A: \x01\r\n"), FAULT_FIELD_VALUE},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct fields fields;
        enum fault    fault = head_trailers(rows[i].raw, &LIMITS_DEFAULT, &arena, &fields);
        cr_expect(fault == rows[i].fault, "%s: %s", rows[i].label, fault_token(fault));
    }
}
