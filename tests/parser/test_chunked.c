// SPDX-License-Identifier: Apache-2.0
// test_chunked: the chunked coding, each row whole and one byte at a time.
#include "parser/chunked.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

#define EIGHT(x) x x x x x x x x

static const struct limits limits = {
    .fields = 3, .field_bytes = 64, .chunk_line_bytes = 32, .trailer_bytes = 32};

struct row {
    const char  *label;
    struct bytes in;
    enum fault   fault; // FAULT_NONE: the body ends with the input
    struct bytes body;
};

struct result {
    enum http1_step  step;
    enum fault       fault;
    size_t           used;
    struct bytes_out body;
    struct bytes     trailers;
};

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena, NULL, 1024 * 1024);
}

static void close_arena(void)
{
    arena_reset(&arena);
}

TestSuite(chunked, .init = open_arena, .fini = close_arena);

// Decodes in pieces of `size` bytes.
static struct result decode(struct bytes in, size_t size)
{
    struct chunked c = CHUNKED_START;
    struct result  r = {.body = {.at = arena_alloc(&arena, in.len), .cap = in.len}};
    while (r.used < in.len) {
        size_t       used, left = in.len - r.used;
        struct bytes piece;
        r.step = chunked_feed(&c, &limits, &arena, (struct bytes){in.at + r.used, left < size ? left : size},
                              &used, &piece);
        r.used += used;
        if (r.step == HTTP1_BODY)
            out_bytes(&r.body, piece);
        else if (r.step != HTTP1_MORE)
            break;
    }
    r.fault = c.fault;
    r.trailers = out_written(&c.trailers);
    return r;
}

static void expect_row(const struct row *row, size_t size)
{
    struct result   r = decode(row->in, size);
    struct bytes    body = out_written(&r.body);
    enum http1_step step = row->fault == FAULT_NONE ? HTTP1_END : HTTP1_FAULT;
    cr_expect(r.step == step && r.fault == row->fault, "%s, by %zu: %s", row->label, size,
              fault_token(r.fault));
    cr_expect(bytes_equal(body, row->body), "%s, by %zu: body \"%.*s\"", row->label, size, (int)body.len,
              body.at);
    if (row->fault == FAULT_NONE)
        cr_expect(r.used == row->in.len, "%s, by %zu: %zu used", row->label, size, r.used);
}

static void expect_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        expect_row(&rows[i], rows[i].in.len);
        expect_row(&rows[i], 1);
        expect_row(&rows[i], 2);
    }
}

Test(chunked, bodies)
{
    const struct row rows[] = {
        {"nothing", BYTES("0\r\n\r\n"), 0, BYTES("")},
        {"one chunk", BYTES("5\r\nhello\r\n0\r\n\r\n"), 0, BYTES("hello")},
        {"two chunks", BYTES("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), 0, BYTES("abc")},
        {"hexadecimal in both cases", BYTES("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), 0,
         BYTES("01234567890123456789")},
        {"leading zeros", BYTES("0005\r\nhello\r\n0000\r\n\r\n"), 0, BYTES("hello")},
        {"sixteen digits", BYTES("0000000000000001\r\nx\r\n0\r\n\r\n"), 0, BYTES("x")},
        {"data that looks like a chunk", BYTES("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), 0, BYTES("0\r\n\r\n")},
        {"an extension", BYTES("1;a\r\nx\r\n0\r\n\r\n"), 0, BYTES("x")},
        {"extensions of every form", BYTES("1;a;b=c;d=\"e f\"\r\nx\r\n0;z\r\n\r\n"), 0, BYTES("x")},
        {"a quoted end of line is none", BYTES("1;a=\"\\\";\\\\\"\r\nx\r\n0\r\n\r\n"), 0, BYTES("x")},
        {"an empty quoted value", BYTES("1;a=\"\"\r\nx\r\n0\r\n\r\n"), 0, BYTES("x")},
        {"a tab and bytes above 0x7f in quotes", BYTES("1;a=\"\t\xc3\xa9\"\r\nx\r\n0\r\n\r\n"), 0,
         BYTES("x")},
        {"an extension as long as allowed", BYTES("1;a=" EIGHT("abc") "abcd\r\nx\r\n0\r\n\r\n"), 0,
         BYTES("x")},
        {"a trailer field", BYTES("0\r\nX: y\r\n\r\n"), 0, BYTES("")},
        {"trailers as large as allowed", BYTES("0\r\nX: " EIGHT("abc") "abc\r\n\r\n"), 0, BYTES("")},
    };
    expect_rows(rows, ROWS(rows));
}

Test(chunked, sizes_refused)
{
    const struct row rows[] = {
        {"no size", BYTES("\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"only an extension", BYTES(";a\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"a blank in front", BYTES(" 1\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"a blank behind", BYTES("1 \r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"a tab behind", BYTES("1\t\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"a plus sign", BYTES("+1\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"a minus sign", BYTES("-1\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"0x", BYTES("0x1\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"an underscore", BYTES("1_0\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"no hexadecimal digit", BYTES("g\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"2^63", BYTES("8000000000000000\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"2^64 - 1", BYTES("ffffffffffffffff\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"2^64 + 1", BYTES("10000000000000001\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"seventeen digits, though small", BYTES("00000000000000001\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"a bare LF", BYTES("1\nx\r\n"), FAULT_CHUNK_SIZE, BYTES("")},
        {"a bare CR", BYTES("1\rx\r\n"), FAULT_LINE_END, BYTES("")},
        {"CR CR LF", BYTES("1\r\r\nx"), FAULT_LINE_END, BYTES("")},
    };
    expect_rows(rows, ROWS(rows));
}

Test(chunked, extensions_refused)
{
    const struct row rows[] = {
        {"no name", BYTES("1;\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"a blank before the name", BYTES("1; a\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"a blank behind the name", BYTES("1;a \r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"no value", BYTES("1;a=\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"a blank before the value", BYTES("1;a= b\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"two values", BYTES("1;a=b=c\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"text behind the quotes", BYTES("1;a=\"b\"c\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"quotes that stay open", BYTES("1;a=\"b\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"a quoted CR", BYTES("1;a=\"\\\r\n\""), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"a NUL in quotes", BYTES("1;a=\"\0\"\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"a bare LF", BYTES("1;a\nx\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"a bare CR", BYTES("1;a\rx\r\n"), FAULT_LINE_END, BYTES("")},
        {"a name outside token", BYTES("1;a@b\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"one byte too long", BYTES("1;a=" EIGHT("abc") "abcde\r\nx\r\n0\r\n\r\n"), FAULT_CHUNK_EXTENSION,
         BYTES("")},
        {"without end", BYTES("1;" EIGHT(EIGHT("a"))), FAULT_CHUNK_EXTENSION, BYTES("")},
        {"on the last chunk", BYTES("0;=\r\n\r\n"), FAULT_CHUNK_EXTENSION, BYTES("")},
    };
    expect_rows(rows, ROWS(rows));
}

Test(chunked, ends_refused)
{
    const struct row rows[] = {
        {"no CR LF behind the data", BYTES("1\r\nxXX"), FAULT_CHUNK_END, BYTES("x")},
        {"more data than the size", BYTES("1\r\nxy\r\n0\r\n\r\n"), FAULT_CHUNK_END, BYTES("x")},
        {"a bare LF behind the data", BYTES("1\r\nx\n0\r\n\r\n"), FAULT_CHUNK_END, BYTES("x")},
        {"a bare CR behind the data", BYTES("1\r\nx\r0\r\n\r\n"), FAULT_CHUNK_END, BYTES("x")},
        {"a bare LF as the last line", BYTES("0\r\n\n"), FAULT_LINE_END, BYTES("")},
        {"a bare CR as the last line", BYTES("0\r\n\rx"), FAULT_LINE_END, BYTES("")},
        {"a trailer line with a bare LF", BYTES("0\r\nX: y\n\r\n"), FAULT_LINE_END, BYTES("")},
        {"a trailer line with a bare CR", BYTES("0\r\nX: y\rZ: a\r\n\r\n"), FAULT_LINE_END, BYTES("")},
        {"a folded trailer", BYTES("0\r\nX: y\r\n z\r\n\r\n"), FAULT_FIELD_FOLDED, BYTES("")},
        {"a trailer without a name", BYTES("0\r\n: y\r\n\r\n"), FAULT_FIELD_NAME, BYTES("")},
        {"a trailer that frames", BYTES("0\r\nTransfer-Encoding: chunked\r\n\r\n"), FAULT_TRAILER, BYTES("")},
        {"trailers one byte too large", BYTES("0\r\nX: " EIGHT("abc") "abcd\r\n\r\n"),
         FAULT_TRAILERS_TOO_LARGE, BYTES("")},
        {"trailers without end", BYTES("0\r\nX: " EIGHT(EIGHT("a"))), FAULT_TRAILERS_TOO_LARGE, BYTES("")},
        {"more trailers than allowed", BYTES("0\r\nA: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n\r\n"),
         FAULT_FIELDS_TOO_MANY, BYTES("")},
    };
    expect_rows(rows, ROWS(rows));
}

Test(chunked, the_largest_size_is_read)
{
    struct result r = decode(BYTES("7fffffffffffffff\r\nx"), 64);
    cr_expect(r.step == HTTP1_BODY && r.body.len == 1);
}

Test(chunked, what_follows_is_left_alone)
{
    struct bytes  in = BYTES("1\r\nx\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\n");
    struct result r = decode(in, in.len);
    cr_expect(r.step == HTTP1_END && r.used == in.len - 16);
    cr_expect(bytes_equal(r.trailers, BYTES("X: y\r\n")));
}

Test(chunked, data_is_not_copied)
{
    struct chunked c = CHUNKED_START;
    struct bytes   in = BYTES("5\r\nhello\r\n"), piece;
    size_t         used;
    cr_assert(chunked_feed(&c, &limits, &arena, in, &used, &piece) == HTTP1_BODY);
    cr_expect(piece.at == in.at + 3 && piece.len == 5 && used == 8);
}

Test(chunked, a_fault_and_an_end_are_final)
{
    struct chunked c = CHUNKED_START;
    struct bytes   piece;
    size_t         used;
    cr_assert(chunked_feed(&c, &limits, &arena, BYTES("x"), &used, &piece) == HTTP1_FAULT);
    cr_expect(chunked_feed(&c, &limits, &arena, BYTES("0\r\n\r\n"), &used, &piece) == HTTP1_FAULT);
    cr_expect(used == 0);
    c = CHUNKED_START;
    cr_assert(chunked_feed(&c, &limits, &arena, BYTES("0\r\n\r\n"), &used, &piece) == HTTP1_END);
    cr_expect(chunked_feed(&c, &limits, &arena, BYTES("0\r\n\r\n"), &used, &piece) == HTTP1_END);
    cr_expect(used == 0);
}
