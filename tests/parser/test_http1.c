// SPDX-License-Identifier: Apache-2.0
// test_http1: whole messages, each also one byte at a time and cut at every position.
#include "tests/support/read_message.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\n"
#define OK_CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

struct row {
    const char  *label;
    struct bytes in;
    enum fault   fault;
    struct bytes body;
    size_t       behind; // bytes of `in` that are not part of the message
};

#define REFUSED(fault, label, in)                                                                            \
    {                                                                                                        \
        label, BYTES(in), fault, BYTES(""), 0                                                                \
    }

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena, NULL, 1024 * 1024);
}

static void close_arena(void)
{
    arena_reset(&arena);
}

TestSuite(http1, .init = open_arena, .fini = close_arena);

static struct outcome read_cut(enum http1_role role, struct bytes in, struct cuts cuts)
{
    return read_message(&arena, role, &LIMITS_DEFAULT, in, cuts);
}

static void expect_row(enum http1_role role, const struct row *row)
{
    struct outcome whole = read_cut(role, row->in, WHOLE);
    struct bytes   body = out_written(&whole.body);
    cr_expect(whole.fault == row->fault, "%s: fault is %s, not %s", row->label, fault_token(whole.fault),
              fault_token(row->fault));
    cr_expect(bytes_equal(body, row->body), "%s: body is \"%.*s\"", row->label, (int)body.len, body.at);
    if (row->fault == FAULT_NONE)
        cr_expect(whole.used == row->in.len - row->behind, "%s: %zu bytes used", row->label, whole.used);

    struct outcome slow = read_cut(role, row->in, BYTE_BY_BYTE);
    cr_expect(same_outcome(&whole, &slow), "%s: one byte at a time gives %s", row->label,
              fault_token(slow.fault));
    arena_reset(&arena);
    for (size_t at = 1; at < row->in.len; at++) {
        whole = read_cut(role, row->in, WHOLE);
        struct outcome cut = read_cut(role, row->in, (struct cuts){at, 0});
        cr_expect(same_outcome(&whole, &cut), "%s: cut at %zu gives %s", row->label, at,
                  fault_token(cut.fault));
        arena_reset(&arena);
    }
}

static void expect_rows(enum http1_role role, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_row(role, &rows[i]);
}

Test(http1, requests_that_pass)
{
    const struct row rows[] = {
        {"no body", BYTES(GET "\r\n"), 0, BYTES(""), 0},
        {"no fields in HTTP/1.0", BYTES("GET / HTTP/1.0\r\n\r\n"), 0, BYTES(""), 0},
        {"a second request behind it", BYTES(GET "\r\n" GET "\r\n"), 0, BYTES(""), sizeof GET + 1},
        {"a length", BYTES(POST "Content-Length: 5\r\n\r\nhello"), 0, BYTES("hello"), 0},
        {"a length of nothing", BYTES(POST "Content-Length: 0\r\n\r\nGET"), 0, BYTES(""), 3},
        {"a length with leading zeros", BYTES(POST "Content-Length: 005\r\n\r\nhello"), 0, BYTES("hello"), 0},
        {"more than the length", BYTES(POST "Content-Length: 5\r\n\r\nhello GET"), 0, BYTES("hello"), 4},
        {"a GET with a body", BYTES(GET "Content-Length: 1\r\n\r\nx"), 0, BYTES("x"), 0},
        {"no blank behind the colon", BYTES(POST "Content-Length:1\r\n\r\nx"), 0, BYTES("x"), 0},
        {"chunks", BYTES(CHUNKED "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nG"), 0, BYTES("hello world"), 1},
        {"no chunk but the last", BYTES(CHUNKED "0\r\n\r\n"), 0, BYTES(""), 0},
        {"Chunked in another case", BYTES(POST "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"), 0, BYTES(""),
         0},
        {"blanks around the coding", BYTES(POST "Transfer-Encoding:  chunked  \r\n\r\n0\r\n\r\n"), 0,
         BYTES(""), 0},
        {"chunked behind a tab", BYTES(POST "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n"), 0, BYTES(""), 0},
        {"blanks around the length", BYTES(POST "Content-Length:  1  \r\n\r\nx"), 0, BYTES("x"), 0},
        {"a trailer field", BYTES(CHUNKED "1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n"), 0, BYTES("x"), 0},
        {"bytes above 0x7f in a value", BYTES(GET "X: caf\xc3\xa9\r\n\r\n"), 0, BYTES(""), 0},
        {"a tab in a value", BYTES(GET "X: a\tb\r\n\r\n"), 0, BYTES(""), 0},
        {"an upgrade that we may decline", BYTES(GET "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"), 0,
         BYTES(""), 0},
        {"a protocol switch with a body",
         BYTES(POST "Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\nx"), 0, BYTES("x"), 0},
    };
    expect_rows(HTTP1_REQUEST, rows, ROWS(rows));
}

// What llhttp would let pass, in its default build (first part) or even in its strict one (the others).
Test(http1, what_llhttp_alone_would_accept)
{
    const struct row rows[] = {
        REFUSED(FAULT_LINE_END, "a lone CR ends no field", GET "X:\rTransfer-Encoding: chunked\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
        {"chunk data that does not end in CR LF", BYTES(CHUNKED "1\r\nxXX0\r\n\r\n"), FAULT_CHUNK_END,
         BYTES("x"), 0},
        REFUSED(FAULT_TARGET_CHARACTER, "byte 0x80 in the target", "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n"),

        REFUSED(FAULT_FIELD_FOLDED, "a folded value", GET "X: a\r\n b\r\n\r\n"),
        REFUSED(FAULT_FIELD_FOLDED, "a value folded with a tab", GET "X: a\r\n\tb\r\n\r\n"),
        REFUSED(FAULT_FIELD_FOLDED, "a blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        REFUSED(FAULT_HOST_MISSING, "no Host", "GET / HTTP/1.1\r\n\r\n"),
        REFUSED(FAULT_HOST_TWICE, "two Host", GET "Host: a\r\n\r\n"),
        REFUSED(FAULT_TE_IN_1_0, "HTTP/1.0 with chunked",
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "identity, chunked",
                POST "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "gzip, chunked",
                POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_METHOD_UNKNOWN, "SOURCE with ICE/1.0", "SOURCE /a ICE/1.0\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "GET with ICE/1.0", "GET /a ICE/1.0\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "GET with RTSP/1.0", "GET /a RTSP/1.0\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_VERSION, "an HTTP/2.0 line", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_METHOD_UNKNOWN, "the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        REFUSED(FAULT_VERSION, "an HTTP/0.9 line", "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "a request line without a version", "GET /\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "an empty field name", GET ": a\r\n\r\n"),
        REFUSED(FAULT_LINE_END, "a bare LF as the end of the head", GET "\n"),
        REFUSED(FAULT_REQUEST_LINE, "two blanks before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "two blanks before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_LEADING_BYTES, "an empty line in front", "\r\n" GET "\r\n"),
        REFUSED(FAULT_LEADING_BYTES, "a bare LF in front", "\n" GET "\r\n"),
        REFUSED(FAULT_LEADING_BYTES, "a blank in front", " " GET "\r\n"),
        REFUSED(FAULT_LEADING_BYTES, "a TLS greeting", "\x16\x03\x01\x02\x00\x01"),
        REFUSED(FAULT_LEADING_BYTES, "a NUL in front", "\0" GET "\r\n"),
    };
    expect_rows(HTTP1_REQUEST, rows, ROWS(rows));
}

Test(http1, request_lines_refused)
{
    const struct row rows[] = {
        REFUSED(FAULT_METHOD_UNKNOWN, "an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_METHOD_UNKNOWN, "a method in lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_METHOD_UNKNOWN, "a method that llhttp knows and we do not",
                "PURGE / HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_METHOD_REFUSED, "CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        REFUSED(FAULT_METHOD_REFUSED, "TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "a tab behind the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "a tab behind the target", "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "a NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_TARGET_FORM, "no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_VERSION, "HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_VERSION, "HTTP/11", "GET / HTTP/11\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "http/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_REQUEST_LINE, "a blank behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_LINE_END, "a bare LF behind the version", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        REFUSED(FAULT_LINE_END, "a bare CR behind the version", "GET / HTTP/1.1\rHost: a\r\n\r\n"),
        REFUSED(FAULT_TARGET_FORM, "a relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_TARGET_FORM, "a target that is only a query", "GET ?a HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_TARGET_FORM, "an asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_TARGET_FRAGMENT, "a fragment", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_USERINFO, "userinfo", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_USERINFO, "userinfo twice", "GET http://u@v@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_HOST_SYNTAX, "a bad port", "GET http://a:99999/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_TARGET_SCHEME, "another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        REFUSED(FAULT_HOST_DISAGREES, "a target that disagrees with Host",
                "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    };
    expect_rows(HTTP1_REQUEST, rows, ROWS(rows));
}

Test(http1, framing_refused)
{
    const struct row rows[] = {
        REFUSED(FAULT_TE_AND_CL, "Content-Length, then Transfer-Encoding",
                POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_AND_CL, "Transfer-Encoding, then Content-Length",
                POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_CL_TWICE, "Content-Length twice, the same",
                POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        REFUSED(FAULT_CL_TWICE, "Content-Length twice, different",
                POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "a list of lengths", POST "Content-Length: 3, 3\r\n\r\nabc"),
        REFUSED(FAULT_CL_SYNTAX, "a plus sign", POST "Content-Length: +5\r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "a minus sign", POST "Content-Length: -5\r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "a hexadecimal length", POST "Content-Length: 0x5\r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "a decimal point", POST "Content-Length: 5.0\r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "a blank inside", POST "Content-Length: 1 2\r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "a tab behind the length", POST "Content-Length: 5\t\r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "an empty length", POST "Content-Length: \r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "a length of 2^63", POST "Content-Length: 9223372036854775808\r\n\r\n"),
        REFUSED(FAULT_CL_SYNTAX, "a length of 2^64", POST "Content-Length: 18446744073709551616\r\n\r\n"),
        REFUSED(FAULT_FRAMING_DISAGREES, "chunked before a tab, which llhttp reads as another coding",
                POST "Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "chunked, identity",
                POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "chunked, chunked",
                POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "chunked with a comma",
                POST "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "chunked with a parameter",
                POST "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "chunked in quotes",
                POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "identity", POST "Transfer-Encoding: identity\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "no coding", POST "Transfer-Encoding:\r\n\r\n"),
        REFUSED(FAULT_FIELD_VALUE, "chunked behind a vertical tab",
                POST "Transfer-Encoding: \x0b"
                     "chunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_TWICE, "two Transfer-Encoding",
                POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_TWICE, "two Transfer-Encoding, one of them identity",
                POST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    };
    expect_rows(HTTP1_REQUEST, rows, ROWS(rows));
}

Test(http1, fields_refused)
{
    const struct row rows[] = {
        REFUSED(FAULT_LINE_END, "a bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
        REFUSED(FAULT_LINE_END, "only bare LF", "GET / HTTP/1.1\nHost: a\n\n"),
        REFUSED(FAULT_LINE_END, "CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
        REFUSED(FAULT_LINE_END, "a bare CR in a value", GET "X: a\rb\r\n\r\n"),
        REFUSED(FAULT_FIELD_VALUE, "a NUL in a value", GET "X: a\0b\r\n\r\n"),
        REFUSED(FAULT_FIELD_VALUE, "DEL in a value",
                GET "X: a\x7f"
                    "b\r\n\r\n"),
        REFUSED(FAULT_FIELD_VALUE, "a vertical tab in a value", GET "X: a\vb\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "no colon", GET "X\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "a blank in a name", GET "X Y: a\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "a tab before the colon", GET "X\t: a\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "a bracket in a name", GET "X(: a\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "byte 0x80 in a name", GET "X\x80: a\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "a NUL in a name", GET "X\0: a\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "a protected name with a blank", GET "X-Forwarded-For : 1.2.3.4\r\n\r\n"),
        REFUSED(FAULT_HOST_SYNTAX, "Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        REFUSED(FAULT_HOST_SYNTAX, "an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        REFUSED(FAULT_SYNTAX, "Connection is no list of tokens", GET "Connection: a b\r\n\r\n"),
    };
    expect_rows(HTTP1_REQUEST, rows, ROWS(rows));
}

Test(http1, bodies_refused)
{
    const struct row rows[] = {
        REFUSED(FAULT_CHUNK_SIZE, "a chunk size with 0x", CHUNKED "0x3\r\nabc\r\n0\r\n\r\n"),
        REFUSED(FAULT_CHUNK_SIZE, "a chunk size with a blank", CHUNKED "3 \r\nabc\r\n0\r\n\r\n"),
        REFUSED(FAULT_CHUNK_SIZE, "a chunk size of 2^64 + 3",
                CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n"),
        REFUSED(FAULT_CHUNK_SIZE, "a bare LF behind the size", CHUNKED "3\nabc\r\n0\r\n\r\n"),
        {"a bare LF behind the data", BYTES(CHUNKED "3\r\nabc\n0\r\n\r\n"), FAULT_CHUNK_END, BYTES("abc"), 0},
        REFUSED(FAULT_LINE_END, "a bare LF as the last line", CHUNKED "0\r\n\n"),
        REFUSED(FAULT_TRAILER, "a framing field in the trailers", CHUNKED "0\r\nContent-Length: 3\r\n\r\n"),
        {"a length that never comes", BYTES(POST "Content-Length: 5\r\n\r\nhell"), FAULT_TRUNCATED,
         BYTES("hell"), 0},
        {"chunks without an end", BYTES(CHUNKED "5\r\nhello\r\n"), FAULT_TRUNCATED, BYTES("hello"), 0},
        REFUSED(FAULT_TRUNCATED, "half a head", "GET / HT"),
    };
    expect_rows(HTTP1_REQUEST, rows, ROWS(rows));
}

Test(http1, responses_that_pass)
{
    const struct row rows[] = {
        {"a length", BYTES(OK "Content-Length: 2\r\n\r\nhi"), 0, BYTES("hi"), 0},
        {"surplus behind the length", BYTES(OK "Content-Length: 2\r\n\r\nhi!"), 0, BYTES("hi"), 1},
        {"chunks", BYTES(OK_CHUNKED "2\r\nhi\r\n0\r\n\r\n"), 0, BYTES("hi"), 0},
        {"until the connection closes", BYTES(OK "\r\nhi"), 0, BYTES("hi"), 0},
        {"until the connection closes, empty", BYTES(OK "\r\n"), 0, BYTES(""), 0},
        {"HTTP/1.0 until the connection closes", BYTES("HTTP/1.0 200 OK\r\n\r\nhi"), 0, BYTES("hi"), 0},
        {"204 has no body", BYTES("HTTP/1.1 204 No Content\r\n\r\nHTTP"), 0, BYTES(""), 4},
        {"204 with a length has none either", BYTES("HTTP/1.1 204 N\r\nContent-Length: 4\r\n\r\nHTTP"), 0,
         BYTES(""), 4},
        {"304 with a length has no body", BYTES("HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n"), 0, BYTES(""),
         0},
        {"304 with chunked has no body", BYTES("HTTP/1.1 304 N\r\nTransfer-Encoding: chunked\r\n\r\n"), 0,
         BYTES(""), 0},
        {"100 stands before the answer", BYTES("HTTP/1.1 100 Continue\r\n\r\n" OK), 0, BYTES(""),
         sizeof OK - 1},
        {"101 is handed on", BYTES("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw"), 0,
         BYTES(""), 3},
        {"no reason", BYTES("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"), 0, BYTES(""), 0},
        {"no blank before the missing reason", BYTES("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), 0,
         BYTES(""), 0},
        {"a reason in UTF-8", BYTES("HTTP/1.1 404 n\xc3\xa3o\r\nContent-Length: 0\r\n\r\n"), 0, BYTES(""), 0},
        {"the highest status", BYTES("HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n"), 0, BYTES(""), 0},
    };
    expect_rows(HTTP1_RESPONSE, rows, ROWS(rows));
}

Test(http1, responses_refused)
{
    const struct row rows[] = {
        REFUSED(FAULT_STATUS_LINE, "an empty line in front", "\r\n" OK "\r\n"),
        REFUSED(FAULT_STATUS_LINE, "another protocol", "ICY 200 OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "HTTP/0.9", "HTTP/0.9 200 OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "a request", GET "\r\n"),
        REFUSED(FAULT_STATUS_LINE, "a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "a status of letters", "HTTP/1.1 2xx OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "a status below 100", "HTTP/1.1 099 OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "a status above 599", "HTTP/1.1 600 OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "two blanks before the status", "HTTP/1.1  200 OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "a tab before the status", "HTTP/1.1\t200 OK\r\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "a bare LF behind the reason", "HTTP/1.1 200 OK\n\r\n"),
        REFUSED(FAULT_STATUS_LINE, "a NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n"),
        REFUSED(FAULT_TRUNCATED, "a status line and no more", "HTTP/1.1 200"),
        REFUSED(FAULT_FIELD_FOLDED, "a folded value", OK "X: a\r\n b\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "a blank before the colon", OK "X : a\r\n\r\n"),
        REFUSED(FAULT_FIELD_NAME, "an empty name", OK ": a\r\n\r\n"),
        REFUSED(FAULT_LINE_END, "a bare LF behind a field", OK "X: a\nY: b\r\n\r\n"),
        REFUSED(FAULT_LINE_END, "a bare LF as the end of the head", OK "Content-Length: 0\r\n\n"),
        REFUSED(FAULT_LINE_END, "a lone CR in a value", OK "X:\rContent-Length: 0\r\n\r\n"),
        REFUSED(FAULT_FIELD_VALUE, "a control in a value", OK "X: \x01\r\n\r\n"),
        REFUSED(FAULT_TE_AND_CL, "length and chunked",
                OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_AND_CL, "chunked and length",
                OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_CL_TWICE, "two lengths", OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "a list of lengths", OK "Content-Length: 5, 5\r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "a signed length", OK "Content-Length: +5\r\n\r\nhello"),
        REFUSED(FAULT_CL_SYNTAX, "a length of 2^63", OK "Content-Length: 9223372036854775808\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "gzip, chunked",
                OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_UNSUPPORTED, "identity", OK "Transfer-Encoding: identity\r\n\r\nhi"),
        REFUSED(FAULT_TE_TWICE, "two codings",
                OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        REFUSED(FAULT_TE_IN_1_0, "HTTP/1.0 with chunked",
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        {"a length that never comes", BYTES(OK "Content-Length: 5\r\n\r\nhell"), FAULT_TRUNCATED,
         BYTES("hell"), 0},
        {"chunks without an end", BYTES(OK_CHUNKED "2\r\nhi\r\n"), FAULT_TRUNCATED, BYTES("hi"), 0},
        {"chunk data that does not end in CR LF", BYTES(OK_CHUNKED "2\r\nhiXX0\r\n\r\n"), FAULT_CHUNK_END,
         BYTES("hi"), 0},
    };
    expect_rows(HTTP1_RESPONSE, rows, ROWS(rows));
}

// ---- bounds ----

#define HEAD_MAX 64

static enum fault fault_of_text(enum http1_role role, struct bytes in, struct cuts cuts)
{
    static const struct limits tight = {.head_bytes = HEAD_MAX,
                                        .target_bytes = HEAD_MAX,
                                        .fields = 8,
                                        .field_bytes = HEAD_MAX,
                                        .chunk_line_bytes = 16,
                                        .trailer_bytes = 16};
    return read_message(&arena, role, &tight, in, cuts).fault;
}

Test(http1, the_size_of_a_head)
{
    const struct {
        const char     *label;
        enum http1_role role;
        struct bytes    start;
        size_t          fill; // bytes of "a" behind it
        struct bytes    end;
        enum fault      fault;
    } rows[] = {
        {"exactly the bound", HTTP1_REQUEST, BYTES(GET "X: "), HEAD_MAX - sizeof GET - 6, BYTES("\r\n\r\n"),
         FAULT_NONE},
        {"one byte more", HTTP1_REQUEST, BYTES(GET "X: "), HEAD_MAX - sizeof GET - 5, BYTES("\r\n\r\n"),
         FAULT_HEAD_TOO_LARGE},
        {"a value without end", HTTP1_REQUEST, BYTES(GET "X: "), 1000, BYTES(""), FAULT_HEAD_TOO_LARGE},
        {"a target without end", HTTP1_REQUEST, BYTES("GET /"), 1000, BYTES(""), FAULT_TARGET_TOO_LONG},
        {"a reason without end", HTTP1_RESPONSE, BYTES("HTTP/1.1 200 "), 1000, BYTES(""),
         FAULT_HEAD_TOO_LARGE},
        {"a response value without end", HTTP1_RESPONSE, BYTES(OK "X: "), 1000, BYTES(""),
         FAULT_HEAD_TOO_LARGE},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char             text[1100];
        struct bytes_out in = {.at = text, .cap = sizeof text};
        out_bytes(&in, rows[i].start);
        for (size_t n = 0; n < rows[i].fill; n++)
            out_char(&in, 'a');
        out_bytes(&in, rows[i].end);
        enum fault whole = fault_of_text(rows[i].role, out_written(&in), WHOLE);
        enum fault slow = fault_of_text(rows[i].role, out_written(&in), BYTE_BY_BYTE);
        cr_expect(whole == rows[i].fault, "%s: %s", rows[i].label, fault_token(whole));
        cr_expect(slow == rows[i].fault, "%s, slowly: %s", rows[i].label, fault_token(slow));
    }
}

Test(http1, a_slow_head_costs_no_more_memory_than_twice_its_size)
{
    char             text[16000];
    struct bytes_out in = {.at = text, .cap = sizeof text};
    out_text(&in, GET "X: ");
    while (in.len < 8000)
        out_char(&in, 'a');
    out_text(&in, "\r\nY: ");
    while (in.len < 15000)
        out_char(&in, 'a');
    out_text(&in, "\r\n\r\n");
    struct http1 *h = http1_new(&arena, HTTP1_REQUEST, &LIMITS_DEFAULT);
    size_t        used;
    struct bytes  data;
    for (size_t i = 0; i + 1 < in.len; i++)
        cr_assert(http1_feed(h, (struct bytes){in.at + i, 1}, &used, &data) == HTTP1_MORE);
    cr_assert(http1_feed(h, (struct bytes){in.at + in.len - 1, 1}, &used, &data) == HTTP1_HEAD);
    cr_expect(bytes_equal(http1_head(h), out_written(&in)), "the head is not what was sent");
    cr_expect(arena.taken < 3 * LIMITS_HEAD_BYTES, "%zu bytes taken", arena.taken);
}

Test(http1, an_arena_without_room_is_a_fault)
{
    struct arena small;
    arena_init(&small, NULL, ARENA_BLOCK);
    struct http1 *h = http1_new(&small, HTTP1_REQUEST, &LIMITS_DEFAULT);
    char          text[ARENA_BLOCK] = GET;
    for (size_t i = sizeof GET - 1; i < sizeof text; i++)
        text[i] = 'a';
    size_t       used;
    struct bytes data;
    cr_expect(http1_feed(h, (struct bytes){text, sizeof text}, &used, &data) == HTTP1_FAULT);
    cr_expect(http1_fault(h) == FAULT_NO_MEMORY, "%s", fault_token(http1_fault(h)));
    cr_expect(http1_new(&small, HTTP1_REQUEST, &LIMITS_DEFAULT) != NULL, "the block has room for a parser");
    arena_reset(&small);
    arena_init(&small, NULL, 0);
    cr_expect(http1_new(&small, HTTP1_REQUEST, &LIMITS_DEFAULT) == NULL);
}

// ---- the steps ----

static struct http1 *read_head(enum http1_role role, const char *text)
{
    size_t        used;
    struct bytes  data;
    struct http1 *h = http1_new(&arena, role, &LIMITS_DEFAULT);
    cr_assert(http1_feed(h, bytes_of(text), &used, &data) == HTTP1_HEAD);
    return h;
}

Test(http1, a_framing_that_llhttp_did_not_read_is_refused)
{
    static const struct {
        const char     *label;
        enum http1_role role;
        const char     *head;
        enum framing    framing;
        uint64_t        length;
        bool            agrees;
    } rows[] = {
        {"a length, as read", HTTP1_REQUEST, POST "Content-Length: 5\r\n\r\n", FRAMING_LENGTH, 5, true},
        {"another length", HTTP1_REQUEST, POST "Content-Length: 5\r\n\r\n", FRAMING_LENGTH, 6, false},
        {"a length that was not there", HTTP1_REQUEST, POST "\r\n", FRAMING_LENGTH, 0, false},
        {"a length overlooked", HTTP1_REQUEST, POST "Content-Length: 5\r\n\r\n", FRAMING_NONE, 0, false},
        {"a length of 0 overlooked", HTTP1_REQUEST, POST "Content-Length: 0\r\n\r\n", FRAMING_NONE, 0, false},
        {"a coding overlooked", HTTP1_REQUEST, POST "Transfer-Encoding: chunked\r\n\r\n", FRAMING_NONE, 0,
         false},
        {"chunks that were not there", HTTP1_REQUEST, POST "\r\n", FRAMING_CHUNKED, 0, false},
        {"a request until the close", HTTP1_REQUEST, POST "\r\n", FRAMING_UNTIL_CLOSE, 0, false},
        {"a response until the close", HTTP1_RESPONSE, OK "\r\n", FRAMING_UNTIL_CLOSE, 0, true},
        {"until the close in spite of a length", HTTP1_RESPONSE, OK "Content-Length: 5\r\n\r\n",
         FRAMING_UNTIL_CLOSE, 0, false},
        {"an answer to HEAD", HTTP1_RESPONSE, OK "Content-Length: 5\r\n\r\n", FRAMING_NONE, 0, true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct http1 *h = read_head(rows[i].role, rows[i].head);
        enum fault    expected = rows[i].agrees ? FAULT_NONE : FAULT_FRAMING_DISAGREES;
        cr_expect(http1_expect_body(h, rows[i].framing, rows[i].length) == expected, "%s", rows[i].label);
        cr_expect(http1_fault(h) == expected, "%s: the parser stays at %s", rows[i].label,
                  fault_token(http1_fault(h)));
    }
}

Test(http1, no_body_ends_without_further_input)
{
    size_t        used = 9;
    struct bytes  data;
    struct http1 *h = read_head(HTTP1_REQUEST, GET "\r\n");
    cr_expect(http1_expect_body(h, FRAMING_NONE, 0) == FAULT_NONE);
    cr_expect(http1_feed(h, (struct bytes){NULL, 0}, &used, &data) == HTTP1_END);
    cr_expect(used == 0);
    cr_expect(http1_feed(h, BYTES("GET"), &used, &data) == HTTP1_END, "the end is final");
    cr_expect(used == 0, "the next request is not ours");
    cr_expect(http1_end_of_input(h) == HTTP1_END);
}

Test(http1, body_pieces_lie_in_the_input)
{
    size_t        used;
    struct bytes  data, in = BYTES("hello");
    struct http1 *h = read_head(HTTP1_REQUEST, POST "Content-Length: 9\r\n\r\n");
    cr_expect(http1_expect_body(h, FRAMING_LENGTH, 9) == FAULT_NONE);
    cr_expect(http1_feed(h, in, &used, &data) == HTTP1_BODY);
    cr_expect(data.at == in.at && data.len == 5 && used == 5);
    cr_expect(http1_feed(h, (struct bytes){NULL, 0}, &used, &data) == HTTP1_MORE);
}

Test(http1, started_with_the_first_byte)
{
    size_t        used;
    struct bytes  data;
    struct http1 *h = http1_new(&arena, HTTP1_REQUEST, &LIMITS_DEFAULT);
    cr_expect_not(http1_started(h));
    cr_expect(http1_feed(h, (struct bytes){NULL, 0}, &used, &data) == HTTP1_MORE);
    cr_expect_not(http1_started(h), "an empty read starts nothing");
    cr_expect(http1_feed(h, BYTES("G"), &used, &data) == HTTP1_MORE);
    cr_expect(http1_started(h));
}

Test(http1, a_fault_is_final)
{
    size_t        used;
    struct bytes  data;
    struct http1 *h = http1_new(&arena, HTTP1_REQUEST, &LIMITS_DEFAULT);
    cr_expect(http1_feed(h, BYTES("\r\n"), &used, &data) == HTTP1_FAULT);
    cr_expect(http1_feed(h, BYTES(GET "\r\n"), &used, &data) == HTTP1_FAULT);
    cr_expect(used == 0 && http1_fault(h) == FAULT_LEADING_BYTES);
    cr_expect(http1_end_of_input(h) == HTTP1_FAULT);
    cr_expect(http1_fault(h) == FAULT_LEADING_BYTES, "the first fault stays");
}

Test(http1, trailers_are_kept)
{
    struct outcome o =
        read_cut(HTTP1_REQUEST, BYTES(CHUNKED "0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n"), BYTE_BY_BYTE);
    cr_expect(o.fault == FAULT_NONE);
    cr_expect(bytes_equal(o.trailers, BYTES("X-Sum: 1\r\nX-B: 2\r\n")), "%.*s", (int)o.trailers.len,
              o.trailers.at);
}
