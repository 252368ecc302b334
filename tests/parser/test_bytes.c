// SPDX-License-Identifier: Apache-2.0
// test_bytes: comparing spans, and writers that cannot overrun.
#include "parser/bytes.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

TestSuite(bytes);

static void expect_text(const char *label, const struct bytes_out *out, struct bytes expected)
{
    cr_expect(bytes_equal(out_written(out), expected), "%s: \"%.*s\"", label, (int)out->len, out->at);
    cr_expect_not(out->overflowed, "%s: overflowed", label);
}

Test(bytes, equality)
{
    const struct {
        const char  *label;
        struct bytes a, b;
        bool         equal, nocase;
    } rows[] = {
        {"the same", BYTES("Host"), BYTES("Host"), true, true},
        {"another case", BYTES("Host"), BYTES("hOST"), false, true},
        {"another length", BYTES("Host"), BYTES("Hos"), false, false},
        {"empty and absent", BYTES(""), {NULL, 0}, true, true},
        {"a NUL counts", BYTES("a\0b"), BYTES("a\0c"), false, false},
        {"only letters have a case: [ and {", BYTES("["), BYTES("{"), false, false},
        {"only letters have a case: @ and `", BYTES("@"), BYTES("`"), false, false},
        {"only ASCII has a case", BYTES("\xc4"), BYTES("\xe4"), false, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        cr_expect(bytes_equal(rows[i].a, rows[i].b) == rows[i].equal, "%s", rows[i].label);
        cr_expect(bytes_equal_nocase(rows[i].a, rows[i].b) == rows[i].nocase, "%s, any case", rows[i].label);
    }
}

Test(bytes, starts_and_ends)
{
    cr_expect(bytes_starts_with(BYTES("/admin"), BYTES("/")));
    cr_expect(bytes_starts_with(BYTES("/"), BYTES("")));
    cr_expect_not(bytes_starts_with(BYTES("/"), BYTES("/admin")));
    cr_expect(bytes_ends_with(BYTES("a\r\n"), BYTES("\r\n")));
    cr_expect_not(bytes_ends_with(BYTES("\n"), BYTES("\r\n")));
    cr_expect_not(bytes_ends_with(BYTES("\r\na"), BYTES("\r\n")));
}

Test(bytes, trim)
{
    const struct {
        const char  *label;
        struct bytes in, out;
    } rows[] = {
        {"nothing to trim", BYTES("a b"), BYTES("a b")},
        {"blanks and tabs on both sides", BYTES(" \ta b\t "), BYTES("a b")},
        {"only blanks", BYTES(" \t "), BYTES("")},
        {"nothing at all", BYTES(""), BYTES("")},
        {"other controls stay", BYTES("\ra\n"), BYTES("\ra\n")},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        cr_expect(bytes_equal(bytes_trim(rows[i].in), rows[i].out), "%s", rows[i].label);
}

Test(bytes, load8_reads_from_any_address)
{
    const char text[] = "x\x01\x01\x01\x01\x01\x01\x01\x01";
    cr_expect(bytes_load8(text + 1) == UINT64_C(0x0101010101010101));
}

Test(bytes, numbers)
{
    const struct {
        const char *label;
        uint64_t    n;
        const char *decimal, *hex;
    } rows[] = {
        {"nought", 0, "0", "0000"},
        {"one digit", 7, "7", "0007"},
        {"a round number", 100, "100", "0064"},
        {"only the low digits in hexadecimal", UINT64_MAX, "18446744073709551615", "ffff"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char             text[32];
        struct bytes_out out = {.at = text, .cap = sizeof text};
        out_uint(&out, rows[i].n);
        expect_text(rows[i].label, &out, bytes_of(rows[i].decimal));
        out.len = 0;
        out_hex(&out, rows[i].n, 4);
        expect_text(rows[i].label, &out, bytes_of(rows[i].hex));
    }
}

Test(bytes, numbers_are_those_of_the_c_library)
{
    char expected[48], text[48];
    for (unsigned shift = 0; shift < 64; shift++) {
        for (int beside = -1; beside <= 1; beside++) {
            const uint64_t   rows[] = {(UINT64_C(1) << shift) + (uint64_t)beside,
                                       UINT64_MAX / (shift + 1) + (uint64_t)beside};
            struct bytes_out out = {.at = text, .cap = sizeof text};
            for (size_t i = 0; i < ROWS(rows); i++) {
                out.len = 0;
                out_uint(&out, rows[i]);
                snprintf(expected, sizeof expected, "%" PRIu64, rows[i]);
                expect_text("decimal", &out, bytes_of(expected));
                out.len = 0;
                out_hex(&out, rows[i], 16);
                snprintf(expected, sizeof expected, "%016" PRIx64, rows[i]);
                expect_text("hexadecimal", &out, bytes_of(expected));
            }
        }
    }
    for (uint64_t n = 0, unit = 1; n < 20; n++, unit *= 10) { // where the number of digits changes
        struct bytes_out out = {.at = text, .cap = sizeof text};
        out_uint(&out, unit - 1);
        out_char(&out, ' ');
        out_uint(&out, unit);
        snprintf(expected, sizeof expected, "%" PRIu64 " %" PRIu64, unit - 1, unit);
        expect_text("powers of ten", &out, bytes_of(expected));
    }
}

Test(bytes, padded_numbers)
{
    const struct {
        uint64_t    n;
        unsigned    digits;
        const char *text;
    } rows[] = {{7, 1, "7"},       {7, 2, "07"},      {7, 3, "007"},
                {2026, 4, "2026"}, {12345, 3, "345"}, {99, 5, "00099"}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        char             text[8];
        struct bytes_out out = {.at = text, .cap = sizeof text};
        out_padded(&out, rows[i].n, rows[i].digits);
        expect_text(rows[i].text, &out, bytes_of(rows[i].text));
    }
}

Test(bytes, json_finds_what_is_special_wherever_it_stands)
{
    for (size_t len = 1; len <= 40; len++) {
        for (size_t at = 0; at < len; at++) {
            char in[40], expected[48], text[48];
            memset(in, 'x', len);
            memset(expected, 'x', sizeof expected);
            in[at] = '"';
            expected[at] = '\\';
            expected[at + 1] = '"';
            struct bytes_out out = {.at = text, .cap = sizeof text};
            out_json(&out, (struct bytes){in, len});
            expect_text("one quote", &out, (struct bytes){expected, len + 1});
        }
    }
}

Test(bytes, json)
{
    const struct {
        const char  *label;
        struct bytes in, out;
    } rows[] = {
        {"plain text", BYTES("abc /?&"), BYTES("abc /?&")},
        {"nothing", BYTES(""), BYTES("")},
        {"absent", {NULL, 0}, BYTES("")},
        {"quotes and backslashes", BYTES("a\"b\\c"), BYTES("a\\\"b\\\\c")},
        {"line ends and tabs", BYTES("\r\n\t"), BYTES("\\r\\n\\t")},
        {"NUL, escape, DEL", BYTES("\0\x1b\x7f"), BYTES("\\u0000\\u001b\\u007f")},
        {"valid UTF-8 of every length", BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
         BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")},
        {"the first and last of three bytes", BYTES("\xe0\xa0\x80\xef\xbf\xbf"),
         BYTES("\xe0\xa0\x80\xef\xbf\xbf")},
        {"the last character of all", BYTES("\xf4\x8f\xbf\xbf"), BYTES("\xf4\x8f\xbf\xbf")},
        {"one above the last", BYTES("\xf4\x90\x80\x80"), BYTES("\\u00f4\\u0090\\u0080\\u0080")},
        {"overlong, two bytes", BYTES("\xc0\xaf"), BYTES("\\u00c0\\u00af")},
        {"overlong, three bytes", BYTES("\xe0\x80\xaf"), BYTES("\\u00e0\\u0080\\u00af")},
        {"a surrogate", BYTES("\xed\xa0\x80"), BYTES("\\u00ed\\u00a0\\u0080")},
        {"a tail without a lead", BYTES("a\x80z"), BYTES("a\\u0080z")},
        {"cut at the end", BYTES("a\xe2\x82"), BYTES("a\\u00e2\\u0082")},
        {"a broken tail", BYTES("\xe2\x82z"), BYTES("\\u00e2\\u0082z")},
        {"a byte that never occurs", BYTES("\xff"), BYTES("\\u00ff")},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char             text[64];
        struct bytes_out out = {.at = text, .cap = sizeof text};
        out_json(&out, rows[i].in);
        expect_text(rows[i].label, &out, rows[i].out);
    }
}

Test(bytes, html)
{
    char             text[64];
    struct bytes_out out = {.at = text, .cap = sizeof text};
    out_html(&out, BYTES("<a b=\"c\" d='e'>&\0\n\x7f\xc3\xa9"));
    expect_text("markup is inert", &out, BYTES("&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\xc3\xa9"));
}

Test(bytes, a_writer_stops_at_its_bound_and_remembers)
{
    char             text[4] = "....";
    struct bytes_out out = {.at = text, .cap = 3};
    out_text(&out, "abc");
    expect_text("exactly full", &out, BYTES("abc"));
    out_char(&out, 'd');
    cr_expect(out.overflowed && out.len == 3 && text[3] == '.');
}

Test(bytes, a_write_that_does_not_fit_is_not_made_in_part)
{
    char             text[8] = "........";
    struct bytes_out out = {.at = text, .cap = 3};
    out_text(&out, "abcd");
    cr_expect(out.overflowed && out.len == 0);
    out_char(&out, 'x');
    out_text(&out, "");
    out_uint(&out, 1);
    cr_expect(out.overflowed && out.len == 0, "an overflow is final");
    cr_expect(text[0] == '.');
}

Test(bytes, parts_are_written_together_or_not_at_all)
{
    const struct bytes parts[] = {BYTES("ab"), {NULL, 0}, BYTES(""), BYTES("c")};
    char               text[4] = "....";
    struct bytes_out   out = {.at = text, .cap = 3};
    out_parts(&out, parts, ROWS(parts));
    expect_text("exactly full", &out, BYTES("abc"));
    out_parts(&out, parts, 0);
    expect_text("nothing fits always", &out, BYTES("abc"));
    out.len = 1;
    out_parts(&out, parts, ROWS(parts));
    cr_expect(out.overflowed && out.len == 1 && memcmp(text, "abc.", 4) == 0);
}

Test(bytes, a_broken_promise_aborts, .signal = SIGABRT)
{
    ASSERT(1 + 1 == 3);
}
