// SPDX-License-Identifier: Apache-2.0
// cursor: one table of character classes, and reading by it.
#include "parser/cursor.h"

enum {
    TOKEN = 1,      // tchar, RFC 9110 5.6.2
    UNRESERVED = 2, // RFC 3986 2.3
    HEX = 4,        // HEXDIG, either case
    VISIBLE = 8,    // VCHAR and obs-text: neither blank nor control
    TEXT = 16,      // VISIBLE, SP, HTAB: what a field value may hold, RFC 9110 5.5
};

#define HEX_DIGIT (TOKEN | UNRESERVED | HEX | VISIBLE | TEXT)
#define LETTER (TOKEN | UNRESERVED | VISIBLE | TEXT)
#define MARK (TOKEN | VISIBLE | TEXT) // tchar that is not unreserved
#define OTHER (VISIBLE | TEXT)

// clang-format off
static const uint8_t classes[256] = {
    ['\t'] = TEXT, [' '] = TEXT,
    ['!'] = MARK,  ['"'] = OTHER, ['#'] = MARK, ['$'] = MARK, ['%'] = MARK, ['&'] = MARK, ['\''] = MARK,
    ['('] = OTHER, [')'] = OTHER, ['*'] = MARK, ['+'] = MARK, [','] = OTHER,
    ['-'] = LETTER, ['.'] = LETTER, ['/'] = OTHER,
    ['0' ... '9'] = HEX_DIGIT,
    [':'] = OTHER, [';'] = OTHER, ['<'] = OTHER, ['='] = OTHER, ['>'] = OTHER, ['?'] = OTHER, ['@'] = OTHER,
    ['A' ... 'F'] = HEX_DIGIT, ['G' ... 'Z'] = LETTER,
    ['['] = OTHER, ['\\'] = OTHER, [']'] = OTHER, ['^'] = MARK, ['_'] = LETTER, ['`'] = MARK,
    ['a' ... 'f'] = HEX_DIGIT, ['g' ... 'z'] = LETTER,
    ['{'] = OTHER, ['|'] = MARK, ['}'] = OTHER, ['~'] = LETTER,
    [0x80 ... 0xff] = OTHER,
};
// clang-format on

static bool is(char c, unsigned class)
{
    return (classes[(unsigned char)c] & class) != 0;
}

bool is_token_char(char c)
{
    return is(c, TOKEN);
}

bool is_unreserved(char c)
{
    return is(c, UNRESERVED);
}

bool is_hex_digit(char c)
{
    return is(c, HEX);
}

bool is_text_char(char c)
{
    return is(c, TEXT);
}

unsigned hex_value(char c)
{
    ASSERT(is_hex_digit(c));
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

// Moves to `stop`, handing over what lies before it.
static struct bytes read_to(struct cursor *c, const char *stop)
{
    struct bytes before = {c->at, (size_t)(stop - c->at)};
    c->at = stop;
    return before;
}

static const char *end_of_run(const struct cursor *c, unsigned class)
{
    const char *p = c->at;
    while (p < c->end && is(*p, class))
        p++;
    return p;
}

bool cursor_token(struct cursor *c, struct bytes *token_r)
{
    *token_r = read_to(c, end_of_run(c, TOKEN));
    return token_r->len > 0;
}

bool cursor_visible(struct cursor *c, struct bytes *visible_r)
{
    *visible_r = read_to(c, end_of_run(c, VISIBLE));
    return visible_r->len > 0;
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

// The lowest bit set is that of the first of eight bytes that is below 0x20 or is 0x7f; 0 when there is none.
static uint64_t controls(uint64_t eight)
{
    uint64_t not_del = eight ^ EACH_BYTE(0x7f);
    return (((eight - EACH_BYTE(0x20)) & ~eight) | ((not_del - EACH_BYTE(1)) & ~not_del)) & EACH_BYTE(0x80);
}

struct bytes cursor_field_text(struct cursor *c)
{
    struct cursor to = *c;
    do {
        uint64_t found = 0;
        while (to.end - to.at >= 8 && (found = controls(bytes_load8(to.at))) == 0)
            to.at += 8;
        if (found == 0) // less than eight are left
            return read_to(c, end_of_run(&to, TEXT));
        to.at += __builtin_ctzll(found) / 8;
    } while (cursor_char(&to, '\t'));
    return read_to(c, to.at);
}

bool cursor_until(struct cursor *c, char stop, struct bytes *before_r)
{
    const char *at = cursor_done(c) ? NULL : memchr(c->at, stop, (size_t)(c->end - c->at));
    if (at == NULL)
        return false;
    *before_r = read_to(c, at);
    return true;
}

bool cursor_decimal(struct cursor *c, uint64_t max, uint64_t *number_r)
{
    uint64_t    number = 0;
    const char *p = c->at;
    for (; p < c->end && *p >= '0' && *p <= '9'; p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (digit > max || number > (max - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (p == c->at)
        return false;
    c->at = p;
    *number_r = number;
    return true;
}

bool cursor_line(struct cursor *c, struct bytes *line_r)
{
    const char *lf = cursor_done(c) ? NULL : memchr(c->at, '\n', (size_t)(c->end - c->at));
    if (lf == NULL || lf == c->at || lf[-1] != '\r')
        return false;
    *line_r = read_to(c, lf - 1);
    c->at = lf + 1;
    return true;
}

void cursor_blanks(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
        c->at++;
}
