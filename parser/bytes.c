// SPDX-License-Identifier: Apache-2.0
// bytes: comparing spans, and writing text that cannot overrun its memory.
#include "parser/bytes.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, condition);
    abort();
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool bytes_same_letters(const char *a, const char *b, size_t len)
{
    size_t i = 0;
    while (i < len && lower(a[i]) == lower(b[i]))
        i++;
    return i == len;
}

bool bytes_ends_with(struct bytes whole, struct bytes end)
{
    return whole.len >= end.len &&
           bytes_equal((struct bytes){whole.at + (whole.len - end.len), end.len}, end);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct bytes bytes_trim(struct bytes b)
{
    while (b.len > 0 && is_blank(b.at[b.len - 1]))
        b.len--;
    while (b.len > 0 && is_blank(*b.at)) {
        b.at++;
        b.len--;
    }
    return b;
}

void out_bytes(struct bytes_out *out, struct bytes b)
{
    if (out->overflowed || b.len > out->cap - out->len) {
        out->overflowed = true;
        return;
    }
    if (b.len > 0)
        memcpy(out->at + out->len, b.at, b.len);
    out->len += b.len;
}

void out_text(struct bytes_out *out, const char *zero_terminated)
{
    out_bytes(out, bytes_of(zero_terminated));
}

void out_char(struct bytes_out *out, char c)
{
    if (out->overflowed || out->len == out->cap) {
        out->overflowed = true;
        return;
    }
    out->at[out->len++] = c;
}

void out_uint(struct bytes_out *out, uint64_t n)
{
    char  digits[20]; // of 2^64 - 1
    char *first = digits + sizeof digits;
    do {
        *--first = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    out_bytes(out, (struct bytes){first, (size_t)(digits + sizeof digits - first)});
}

void out_hex(struct bytes_out *out, uint64_t n, unsigned digits)
{
    ASSERT(digits >= 1 && digits <= 16);
    char text[16];
    for (unsigned i = digits; i-- > 0; n >>= 4)
        text[i] = "0123456789abcdef"[n & 15];
    out_bytes(out, (struct bytes){text, digits});
}

// Length of the character at the front of well-formed UTF-8 (RFC 3629 4), or 0. The range of the second byte
// keeps out overlong forms, surrogates and everything above U+10FFFF.
static size_t utf8_length(struct bytes b)
{
    const unsigned char *at = (const unsigned char *)b.at;
    if (at[0] < 0x80)
        return 1;
    size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || len > b.len)
        return 0;
    unsigned char low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

// How many bytes at the front of b may stand in a JSON string as they are; 0 when the first must be escaped.
static size_t json_plain(struct bytes b)
{
    char c = *b.at;
    if (c == '"' || c == '\\' || (c >= 0 && c < ' ') || c == 0x7f)
        return 0;
    return utf8_length(b);
}

static void json_escape(struct bytes_out *out, char c)
{
    switch (c) {
    case '"':
        out_text(out, "\\\"");
        return;
    case '\\':
        out_text(out, "\\\\");
        return;
    case '\n':
        out_text(out, "\\n");
        return;
    case '\r':
        out_text(out, "\\r");
        return;
    case '\t':
        out_text(out, "\\t");
        return;
    default:
        out_text(out, "\\u00");
        out_hex(out, (unsigned char)c, 2);
    }
}

void out_json(struct bytes_out *out, struct bytes b)
{
    if (b.len == 0)
        return;
    size_t run = 0; // where the bytes that need no escape began
    for (size_t i = 0; i < b.len;) {
        size_t plain = json_plain((struct bytes){b.at + i, b.len - i});
        if (plain > 0) {
            i += plain;
            continue;
        }
        out_bytes(out, (struct bytes){b.at + run, i - run});
        json_escape(out, b.at[i]);
        run = ++i;
    }
    out_bytes(out, (struct bytes){b.at + run, b.len - run});
}

void out_html(struct bytes_out *out, struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        char c = b.at[i];
        if (c == '&')
            out_text(out, "&amp;");
        else if (c == '<')
            out_text(out, "&lt;");
        else if (c == '>')
            out_text(out, "&gt;");
        else if (c == '"')
            out_text(out, "&quot;");
        else if (c == '\'')
            out_text(out, "&#39;");
        else if (!(c >= 0 && c < ' ') && c != 0x7f)
            out_char(out, c);
    }
}
