// SPDX-License-Identifier: Apache-2.0
// test_cursor: each reader reads what its name says, or moves nothing.
#include "parser/cursor.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

TestSuite(cursor);

// The classes once more, spelled as the RFCs spell them.
Test(cursor, character_classes)
{
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool digit = i >= '0' && i <= '9';
        bool alpha = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z');
        bool hex = digit || (i >= 'a' && i <= 'f') || (i >= 'A' && i <= 'F');
        bool token = alpha || digit || (i != 0 && strchr("!#$%&'*+-.^_`|~", i) != NULL);
        bool unreserved = alpha || digit || (i != 0 && strchr("-._~", i) != NULL);
        bool text = i == '\t' || (i >= 0x20 && i != 0x7f);
        cr_expect(is_token_char(c) == token, "token 0x%02x", (unsigned)i);
        cr_expect(is_unreserved(c) == unreserved, "unreserved 0x%02x", (unsigned)i);
        cr_expect(is_hex_digit(c) == hex, "hexadecimal 0x%02x", (unsigned)i);
        cr_expect(is_text_char(c) == text, "text 0x%02x", (unsigned)i);
        struct cursor cursor = cursor_over((struct bytes){&c, 1});
        struct bytes  visible;
        cr_expect(cursor_visible(&cursor, &visible) == (text && i != ' ' && i != '\t'), "visible 0x%02x",
                  (unsigned)i);
    }
    const char *digits = "0123456789abcdef", *upper = "0123456789ABCDEF";
    for (unsigned i = 0; i < 16; i++)
        cr_expect(hex_value(digits[i]) == i && hex_value(upper[i]) == i, "digit %u", i);
}

Test(cursor, char_and_text)
{
    struct cursor c = cursor_over(BYTES("ab"));
    cr_expect_not(cursor_char(&c, 'b'));
    cr_expect(cursor_char(&c, 'a'));
    cr_expect_not(cursor_text(&c, BYTES("bc")), "a text longer than the rest");
    cr_expect(bytes_equal(cursor_rest(&c), BYTES("b")), "a refusal moved");
    cr_expect(cursor_text(&c, BYTES("b")));
    cr_expect(cursor_done(&c));
    cr_expect_not(cursor_char(&c, '\0'), "nothing behind the end");
    cr_expect(cursor_text(&c, BYTES("")), "nothing is always there");
}

Test(cursor, absent_input_is_done)
{
    struct cursor c = cursor_over((struct bytes){NULL, 0});
    struct bytes  b;
    uint64_t      n;
    cr_expect(cursor_done(&c));
    cr_expect_not(cursor_char(&c, 'a'));
    cr_expect_not(cursor_token(&c, &b));
    cr_expect_not(cursor_until(&c, 'a', &b));
    cr_expect_not(cursor_line(&c, &b));
    cr_expect_not(cursor_decimal(&c, 9, &n));
    cr_expect(cursor_field_text(&c).len == 0);
}

Test(cursor, tokens)
{
    const struct {
        const char  *label;
        struct bytes in, token;
    } rows[] = {
        {"up to a colon", BYTES("Host: a"), BYTES("Host")}, {"up to a blank", BYTES("GET /"), BYTES("GET")},
        {"up to the end", BYTES("GET"), BYTES("GET")},      {"up to a NUL", BYTES("a\0b"), BYTES("a")},
        {"up to byte 0x80", BYTES("a\x80"), BYTES("a")},    {"none", BYTES(" a"), BYTES("")},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct cursor c = cursor_over(rows[i].in);
        struct bytes  token;
        cr_expect(cursor_token(&c, &token) == (rows[i].token.len > 0), "%s", rows[i].label);
        cr_expect(bytes_equal(token, rows[i].token), "%s: %.*s", rows[i].label, (int)token.len, token.at);
        cr_expect(cursor_rest(&c).len == rows[i].in.len - rows[i].token.len, "%s", rows[i].label);
    }
}

Test(cursor, until)
{
    struct cursor c = cursor_over(BYTES("a=b"));
    struct bytes  before;
    cr_expect_not(cursor_until(&c, ';', &before));
    cr_expect(cursor_rest(&c).len == 3, "a refusal moved");
    cr_expect(cursor_until(&c, '=', &before));
    cr_expect(bytes_equal(before, BYTES("a")));
    cr_expect(cursor_until(&c, '=', &before), "at once");
    cr_expect(before.len == 0 && bytes_equal(cursor_rest(&c), BYTES("=b")));
}

Test(cursor, decimals)
{
    static const struct {
        const char *label, *in;
        uint64_t    max;
        bool        reads;
        uint64_t    number;
        const char *rest;
    } rows[] = {
        {"nought", "0", 9, true, 0, ""},
        {"up to a letter", "12a", 99, true, 12, "a"},
        {"leading zeros", "007", 9, true, 7, ""},
        {"exactly the largest", "65535", 65535, true, 65535, ""},
        {"one above", "65536", 65535, false, 0, "65536"},
        {"one digit above a small bound", "7", 5, false, 0, "7"},
        {"a bound of nought", "0", 0, true, 0, ""},
        {"above a bound of nought", "1", 0, false, 0, "1"},
        {"2^64 - 1", "18446744073709551615", UINT64_MAX, true, UINT64_MAX, ""},
        {"2^64", "18446744073709551616", UINT64_MAX, false, 0, "18446744073709551616"},
        {"far above", "99999999999999999999999", UINT64_MAX, false, 0, "99999999999999999999999"},
        {"nothing", "", 9, false, 0, ""},
        {"a sign", "+1", 9, false, 0, "+1"},
        {"a blank", " 1", 9, false, 0, " 1"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct cursor c = cursor_over(bytes_of(rows[i].in));
        uint64_t      number = 0;
        cr_expect(cursor_decimal(&c, rows[i].max, &number) == rows[i].reads, "%s", rows[i].label);
        cr_expect(number == rows[i].number, "%s", rows[i].label);
        cr_expect(bytes_equal(cursor_rest(&c), bytes_of(rows[i].rest)), "%s", rows[i].label);
    }
}

Test(cursor, lines)
{
    static const struct {
        const char *label, *in;
        bool        reads;
        const char *line, *rest;
    } rows[] = {
        {"a line", "a b\r\nc", true, "a b", "c"},
        {"an empty line", "\r\n", true, "", ""},
        {"a bare CR inside stays inside", "a\rb\r\n", true, "a\rb", ""},
        {"no end", "a b", false, "", "a b"},
        {"only CR", "a\r", false, "", "a\r"},
        {"a bare LF", "a\nb\r\n", false, "", "a\nb\r\n"},
        {"a bare LF at the start", "\n", false, "", "\n"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct cursor c = cursor_over(bytes_of(rows[i].in));
        struct bytes  line = BYTES("");
        cr_expect(cursor_line(&c, &line) == rows[i].reads, "%s", rows[i].label);
        cr_expect(bytes_equal(line, bytes_of(rows[i].line)), "%s", rows[i].label);
        cr_expect(bytes_equal(cursor_rest(&c), bytes_of(rows[i].rest)), "%s", rows[i].label);
    }
    struct cursor c = cursor_over(BYTES("\r\nb"));
    cr_expect(cursor_char(&c, '\r'));
    struct bytes line;
    cr_expect_not(cursor_line(&c, &line), "the CR in front of the cursor does not count");
}

// Eight bytes at a time must find the same end as one at a time: every byte value at every place of a text.
Test(cursor, field_text_ends_at_the_first_control)
{
    for (size_t len = 0; len <= 20; len++)
        for (size_t place = 0; place < len; place++)
            for (int value = 0; value < 256; value++) {
                char text[20];
                memset(text, 0xe9, sizeof text);
                text[place] = (char)value;
                text[len - 1] = place == len - 1 ? (char)value : '\t';
                struct cursor c = cursor_over((struct bytes){text, len});
                size_t        expected = is_text_char((char)value) ? len : place;
                cr_assert(cursor_field_text(&c).len == expected, "0x%02x at %zu of %zu", (unsigned)value,
                          place, len);
                cr_assert(cursor_rest(&c).len == len - expected);
            }
}

Test(cursor, blanks)
{
    struct cursor c = cursor_over(BYTES(" \t \ra"));
    cursor_blanks(&c);
    cr_expect(bytes_equal(cursor_rest(&c), BYTES("\ra")));
    cursor_blanks(&c);
    cr_expect(bytes_equal(cursor_rest(&c), BYTES("\ra")));
}
