// SPDX-License-Identifier: Apache-2.0
// query_climb: decoding to a fixed point in one pass.
//
//   %25252e%2e/     Each byte is pushed on a stack. Whenever its top is an escape, that is replaced by what
//   it push % 2 5      stands for, and the new top is looked at again: however often something is encoded,
//   the → %             pass is linear, because every replacement makes the stack shorter. Neither "." nor
//   "/" is push 2 5 → %    ever part of an escape, so what is found once stays, whichever reader stops
//   earlier.
#include "policy/query_climb.h"
#include "parser/cursor.h"
#include "parser/pairs.h"

// Characters that some readers turn into ASCII: full-width forms, operators, a leader.
static uint32_t plain(uint32_t character)
{
    switch (character) {
    case 0xFF0E:
    case 0x2024:
        return '.';
    case 0xFF0F:
    case 0x2215:
    case 0x2044:
        return '/';
    case 0xFF3C:
    case 0x2216:
        return '\\';
    default:
        return character;
    }
}

static bool is_hex(const char *at, size_t digits)
{
    for (size_t i = 0; i < digits; i++)
        if (!is_hex_digit(at[i]))
            return false;
    return true;
}

static void replace_top(struct bytes_out *stack, size_t len, uint32_t character)
{
    stack->len -= len;
    stack->at[stack->len++] = character < 0x100 ? (char)character : '?';
}

// %XX or %uXXXX
static bool fold_escape(struct bytes_out *stack)
{
    const char *top = stack->at + stack->len;
    if (stack->len >= 3 && top[-3] == '%' && is_hex(top - 2, 2)) {
        replace_top(stack, 3, hex_value(top[-2]) << 4 | hex_value(top[-1]));
        return true;
    }
    if (stack->len < 6 || top[-6] != '%' || (top[-5] | 0x20) != 'u' || !is_hex(top - 4, 4))
        return false;
    uint32_t character = 0;
    for (size_t i = 4; i > 0; i--)
        character = character << 4 | hex_value(top[-(ptrdiff_t)i]);
    replace_top(stack, 6, plain(character));
    return true;
}

// How many bytes of the top belong to the sequence that its last byte ends: a lead, then continuations.
static size_t sequence_length(const struct bytes_out *stack)
{
    size_t len = 1;
    while (len <= 4 && len < stack->len && (stack->at[stack->len - len] & 0xC0) == 0x80)
        len++;
    return len;
}

// Overlong UTF-8, complete or with an ASCII byte behind its lead as some old readers take it, and
// look-alikes.
static bool fold_character(struct bytes_out *stack)
{
    size_t         len = sequence_length(stack);
    const uint8_t *at = (const uint8_t *)stack->at + stack->len - len;
    if (len == 1 && stack->len >= 2 && (at[-1] == 0xC0 || at[-1] == 0xC1) && memchr("./\\", *at, 3) != NULL) {
        replace_top(stack, 2, *at);
        return true;
    }
    uint32_t character = 0;
    if (len == 2 && (at[0] & 0xE0) == 0xC0)
        character = (at[0] & 0x1Fu) << 6 | (at[1] & 0x3Fu);
    else if (len == 3 && (at[0] & 0xF0) == 0xE0)
        character = (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
    else if (len == 4 && (at[0] & 0xF8) == 0xF0)
        character = (at[0] & 0x07u) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
    else
        return false;
    if (plain(character) >= 0x80)
        return false;
    replace_top(stack, len, plain(character));
    return true;
}

static void decode(struct bytes raw, struct bytes_out *stack)
{
    stack->len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        stack->at[stack->len++] = raw.at[i] == '+' ? ' ' : raw.at[i];
        while (fold_escape(stack) || fold_character(stack))
            continue;
    }
}

// "a=1;file=../x" is two parameters for old readers, "resource=../x" a part of php://filter, "C:..\x" and
// "file:../x" have a drive or scheme in front.
static bool ends_segment(char c)
{
    return c == '/' || c == '\\' || c == '\0' || c == '=' || c == ';' || c == ':';
}

// Is a segment ".."? Windows drops blanks behind it.
static bool is_climb(struct bytes segment)
{
    while (segment.len > 2 && segment.at[segment.len - 1] == ' ')
        segment.len--;
    return bytes_equal(segment, BYTES(".."));
}

static bool climbs(struct bytes text)
{
    size_t start = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && !ends_segment(text.at[i]))
            continue;
        if (is_climb((struct bytes){text.at + start, i - start}))
            return true;
        start = i + 1;
    }
    return false;
}

struct bytes query_climb(struct bytes query, struct arena *arena, bool *full_r)
{
    struct pairs pairs = pairs_over(query);
    struct pair  pair;
    *full_r = false;
    if (query.len == 0 ||
        (memchr(query.at, '%', query.len) == NULL && memmem(query.at, query.len, "..", 2) == NULL))
        return (struct bytes){NULL, 0};
    struct bytes_out stack = {.at = arena_alloc(arena, query.len), .cap = query.len};
    *full_r = stack.at == NULL;
    while (stack.at != NULL && pairs_next(&pairs, &pair)) {
        decode(pair.name, &stack);
        if (climbs(out_written(&stack)))
            return pair.name;
        decode(pair.value, &stack);
        if (climbs(out_written(&stack)))
            return pair.name;
    }
    return (struct bytes){NULL, 0};
}
