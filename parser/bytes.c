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

static const char pairs[] = // of digits, from 00 on
    "0001020304050607080910111213141516171819"
    "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859"
    "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

void out_padded(struct bytes_out *out, uint64_t n, unsigned digits)
{
    if (out->overflowed || digits > out->cap - out->len) {
        out->overflowed = true;
        return;
    }
    char *at = out->at + out->len + digits;
    out->len += digits;
    for (; digits >= 2; digits -= 2, n /= 100)
        memcpy(at -= 2, pairs + 2 * (n % 100), 2);
    if (digits > 0)
        at[-1] = (char)('0' + n % 10);
}

void out_uint(struct bytes_out *out, uint64_t n)
{
    unsigned digits = 1;
    for (uint64_t unit = 10; digits < 20 && n >= unit; unit *= 10) // 20: those of 2^64 - 1
        digits++;
    out_padded(out, n, digits);
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

// Eight digits at once: each half byte in a byte of its own, the highest one first.
static void put_hex8(char *at, uint32_t n)
{
    uint64_t x = n;
    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    uint64_t letters = (x + EACH(6)) >> 4 & EACH(1);
    uint64_t text = htobe64(x + EACH('0') + letters * ('a' - '0' - 10));
    memcpy(at, &text, sizeof text);
}

void out_hex(struct bytes_out *out, uint64_t n, unsigned digits)
{
    ASSERT(digits >= 1 && digits <= 16);
    char text[16];
    put_hex8(text, (uint32_t)(n >> 32));
    put_hex8(text + 8, (uint32_t)n);
    out_bytes(out, (struct bytes){text + sizeof text - digits, digits});
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
        // At the end the last eight, whatever of them was seen before.
        size_t eight = b.len - i >= 8 ? i : b.len - 8;
        if (b.len >= 8 && !any_special(bytes_load8(b.at + eight))) {
            i = eight + 8;
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
