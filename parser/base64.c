// SPDX-License-Identifier: Apache-2.0
// base64: groups of four characters of six bits each. Reading looks at every character and judges once, at
// the end of a run.
#include "parser/base64.h"

#define NOT_URL 0x40u
#define NOT_STANDARD 0x80u
#define NO (NOT_URL | NOT_STANDARD)
#define NO16 NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO
#define PLUS (62 | NOT_URL)
#define SLASH (63 | NOT_URL)
#define MINUS (62 | NOT_STANDARD)
#define LOW_LINE (63 | NOT_STANDARD)

// clang-format off
static const uint8_t values[256] = {
    NO16, NO16,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, PLUS, NO, MINUS, NO, SLASH,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
    NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, LOW_LINE,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
    NO16, NO16, NO16, NO16, NO16, NO16, NO16, NO16,
};
static const char characters[2][64] = {
    [BASE64_STANDARD] = {'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
                         'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
                         'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
                         'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/'},
    [BASE64_URL]      = {'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
                         'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
                         'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
                         'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-', '_'},
};
// clang-format on

size_t base64_length(size_t n, enum base64 kind)
{
    size_t over = n % 3;
    return n / 3 * 4 + (over == 0 ? 0 : kind == BASE64_STANDARD ? 4 : over + 1);
}

static uint32_t bits_of(const char *three, size_t held)
{
    uint32_t bits = (uint32_t)(uint8_t)three[0] << 16;
    bits |= held > 1 ? (uint32_t)(uint8_t)three[1] << 8 : 0;
    return bits | (held > 2 ? (uint32_t)(uint8_t)three[2] : 0);
}

void base64_write(struct bytes b, enum base64 kind, struct bytes_out *out)
{
    const char *letters = characters[kind];
    size_t      rest = b.len % 3, whole = b.len - rest;
    if (out->overflowed || base64_length(b.len, kind) > out->cap - out->len) {
        out->overflowed = true;
        return;
    }
    char *to = out->at + out->len;
    for (size_t i = 0; i < whole; i += 3, to += 4) {
        uint32_t bits = bits_of(b.at + i, 3);
        to[0] = letters[bits >> 18];
        to[1] = letters[bits >> 12 & 63];
        to[2] = letters[bits >> 6 & 63];
        to[3] = letters[bits & 63];
    }
    out->len += whole / 3 * 4;
    if (rest == 0)
        return;
    uint32_t   bits = bits_of(b.at + whole, rest);
    const char last[4] = {letters[bits >> 18], letters[bits >> 12 & 63],
                          rest > 1 ? letters[bits >> 6 & 63] : '=', '='};
    out_bytes(out, (struct bytes){last, kind == BASE64_STANDARD ? 4 : rest + 1});
}

// Takes the filling off.
static bool strip(struct bytes *text)
{
    if (text->len % 4 != 0)
        return false;
    for (int i = 0; i < 2 && text->len > 0 && text->at[text->len - 1] == '='; i++)
        text->len--;
    return true;
}

bool base64_read(struct bytes text, enum base64 kind, struct bytes_out *out)
{
    if (kind == BASE64_STANDARD && !strip(&text))
        return false;
    size_t rest = text.len % 4, whole = text.len - rest, more = rest == 0 ? 0 : rest - 1;
    if (rest == 1 || out->overflowed || whole / 4 * 3 + more > out->cap - out->len)
        return false;
    unsigned seen = 0; // of all characters
    char    *to = out->at + out->len;
    for (size_t i = 0; i < whole; i += 4, to += 3) {
        unsigned a = values[(uint8_t)text.at[i]], b = values[(uint8_t)text.at[i + 1]];
        unsigned c = values[(uint8_t)text.at[i + 2]], d = values[(uint8_t)text.at[i + 3]];
        seen |= a | b | c | d;
        to[0] = (char)(a << 2 | (b & 0x30) >> 4);
        to[1] = (char)(b << 4 | (c & 0x3c) >> 2);
        to[2] = (char)(c << 6 | (d & 0x3f));
    }
    unsigned last = 0;
    for (size_t i = 0; i < rest; i++) {
        unsigned value = values[(uint8_t)text.at[whole + i]];
        seen |= value;
        last = last << 6 | (value & 63);
    }
    last <<= rest == 2 ? 4 : 6; // to 16 or 24 bits
    if ((seen & (kind == BASE64_URL ? NOT_URL : NOT_STANDARD)) != 0 || (rest != 0 && (last & 0xff) != 0))
        return false;
    for (size_t i = 0; i < more; i++)
        to[i] = (char)(last >> (8 * (more - i)));
    out->len += whole / 4 * 3 + more;
    return true;
}
