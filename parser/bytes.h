// SPDX-License-Identifier: Apache-2.0
// bytes: a borrowed span of memory, and a writer that knows its maximum. The only home of memcpy in parser/.
#pragma once
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))

// Our own bug: abort with the place. Always compiled in; hostile input must never reach one.
#define ASSERT(condition) ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__))
_Noreturn void assert_failed(const char *condition, const char *file, int line);

// Borrowed: whoever made it owns the memory. Not terminated by NUL. {NULL, 0} is "absent"; {x, 0} is "empty".
struct bytes {
    const char *at;
    size_t      len;
};

#define BYTES(literal) ((struct bytes){"" literal, sizeof(literal) - 1})

static inline struct bytes bytes_of(const char *zero_terminated)
{
    return (struct bytes){zero_terminated, strlen(zero_terminated)};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool bytes_starts_with(struct bytes whole, struct bytes start)
{
    return whole.len >= start.len && (start.len == 0 || memcmp(whole.at, start.at, start.len) == 0);
}

// Eight bytes from anywhere, as one number; the first byte is its lowest.
static inline uint64_t bytes_load8(const char *at)
{
    uint64_t eight;
    memcpy(&eight, at, sizeof eight);
    return le64toh(eight);
}

// The same of four; for comparing, in whatever order.
static inline uint32_t bytes_load4(const char *at)
{
    uint32_t four;
    memcpy(&four, at, sizeof four);
    return four;
}

// ASCII letters only; no locale.
bool bytes_same_letters(const char *a, const char *b, size_t len);

static inline bool bytes_equal_nocase(struct bytes a, struct bytes b)
{
    return a.len == b.len && bytes_same_letters(a.at, b.at, a.len);
}

bool bytes_ends_with(struct bytes whole, struct bytes end);

// What is left behind the first n bytes. An absent span stays absent: NULL + 0 is undefined in C17.
static inline struct bytes bytes_after(struct bytes b, size_t n)
{
    return n > 0 ? (struct bytes){b.at + n, b.len - n} : b;
}

// Without the leading and trailing blanks and tabs (OWS, RFC 9110 5.6.3).
struct bytes bytes_trim(struct bytes b);

// The length of the UTF-8 sequence that begins a text of at least one byte; 0 when it is none (RFC 3629:
// overlong forms, surrogates, and what lies beyond U+10FFFF are none). *character_r, unless NULL, is what it
// encodes.
size_t bytes_utf8(struct bytes text, uint32_t *character_r);

// A text under construction in memory that somebody else owns. Writing past `cap` writes nothing more and
// stays visible in `overflowed` (sticky), so that a sequence of writes needs one check at its end.
struct bytes_out {
    char  *at;
    size_t len;
    size_t cap;
    bool   overflowed;
};

static inline void out_bytes(struct bytes_out *out, struct bytes b)
{
    if (out->overflowed || b.len > out->cap - out->len) {
        out->overflowed = true;
        return;
    }
    if (b.len > 0)
        memcpy(out->at + out->len, b.at, b.len);
    out->len += b.len;
}

// All of them or none: one look at the room, where there is much to write.
static inline void out_parts(struct bytes_out *out, const struct bytes *parts, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    if (out->overflowed || len > out->cap - out->len) {
        out->overflowed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            memcpy(out->at + out->len, parts[i].at, parts[i].len);
        out->len += parts[i].len;
    }
}

static inline void out_text(struct bytes_out *out, const char *zero_terminated)
{
    out_bytes(out, bytes_of(zero_terminated));
}

static inline void out_char(struct bytes_out *out, char c)
{
    out_bytes(out, (struct bytes){&c, 1});
}

void out_uint(struct bytes_out *out, uint64_t n);
// The lowest `digits` decimal digits of n.
void out_padded(struct bytes_out *out, uint64_t n, unsigned digits);
void out_hex(struct bytes_out *out, uint64_t n, unsigned digits);
// The content of a JSON string: quotes, backslash, controls and every byte >= 0x80 that is not part of valid
// UTF-8 escaped (the latter as \u00XX), so that the result is always valid JSON whatever the input was.
void out_json(struct bytes_out *out, struct bytes b);
// The content of an HTML text or attribute: & < > " ' escaped, controls dropped.
void out_html(struct bytes_out *out, struct bytes b);

static inline struct bytes out_written(const struct bytes_out *out)
{
    return (struct bytes){out->at, out->len};
}
