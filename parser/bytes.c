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

void out_uint(struct bytes_out *out, uint64_t n)
{
    if (n < 10) {
        out_char(out, (char)('0' + n));
        return;
    }
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

size_t bytes_utf8(struct bytes text, uint32_t *character_r)
{
    uint8_t lead = (uint8_t)text.at[0];
    size_t  length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length > text.len || (lead >= 0x80 && lead < 0xc2) || lead > 0xf4)
        return 0;
    uint32_t character = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text.at[i] & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (text.at[i] & 0x3f);
    }
    if ((length == 3 && character < 0x800) ||
        (length == 4 && (character < 0x10000 || character > 0x10ffff)) ||
        (character >= 0xd800 && character < 0xe000))
        return 0;
    if (character_r)
        *character_r = character;
    return length;
}

// How many bytes at the front of b may stand in a JSON string as they are; 0 when the first must be escaped.
static size_t json_plain(struct bytes b)
{
    char c = *b.at;
    if (c >= ' ' && c < 0x7f)
        return c != '"' && c != '\\';
    return c < 0 ? bytes_utf8(b, NULL) : 0;
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

#define EACH(byte) (0x0101010101010101u * (byte))

// Has any of eight bytes its highest bit set, or is one a control, DEL, a quote or a backslash?
static bool any_special(uint64_t eight)
{
    uint64_t quote = eight ^ EACH('"'), backslash = eight ^ EACH('\\'), delete = eight ^ EACH(0x7f);
    uint64_t below = (eight - EACH(' ')) | (quote - EACH(1)) | (backslash - EACH(1)) | (delete - EACH(1));
    return ((eight | below) & EACH(0x80)) !=
           0; // exact while no byte has its highest bit set; otherwise true anyway
}

void out_json(struct bytes_out *out, struct bytes b)
{
    if (b.len == 0)
        return;
    size_t run = 0; // where the bytes that need no escape began
    for (size_t i = 0; i < b.len;) {
        if (b.len - i >= 8 && !any_special(bytes_load8(b.at + i))) {
            i += 8;
            continue;
        }
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
