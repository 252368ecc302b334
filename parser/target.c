// SPDX-License-Identifier: Apache-2.0
// target: one text in, two readings out.
//
//   raw ── plain ───────────────────────────────────────────────────────────────▶ path == decision == raw
//    └──── normalise ─▶ judge_segments ─▶ remove_dot_segments ─▶ path ─ decode ─▶ flatten ─▶ decision
//
// (1) The decision is read from the path that is forwarded, so no reader behind us can see another one.
// (2) After judge_segments every `..` that any reader sees is one that remove_dot_segments removes.
// (3) Both readings are at most as long as the raw path: each step only shortens, in place.
#include "parser/target.h"
#include "parser/cursor.h"

#define DECODING_ROUNDS 4

// Characters that may stand in a path and mean themselves: pchar without "%" (RFC 3986 3.3). ";" begins a
// path parameter and is left out here. The order matters: see plain_length.
enum { OTHER, ORDINARY, DOT, SLASH };

// clang-format off
static const uint8_t class_of[256] = {
    ['A' ... 'Z'] = ORDINARY, ['a' ... 'z'] = ORDINARY, ['0' ... '9'] = ORDINARY,
    ['-'] = ORDINARY, ['_'] = ORDINARY, ['~'] = ORDINARY, ['.'] = DOT, ['/'] = SLASH, // unreserved
    ['!'] = ORDINARY, ['$'] = ORDINARY, ['&'] = ORDINARY, ['\''] = ORDINARY,          // sub-delims
    ['('] = ORDINARY, [')'] = ORDINARY, ['*'] = ORDINARY, ['+'] = ORDINARY,
    [','] = ORDINARY, ['='] = ORDINARY, [':'] = ORDINARY, ['@'] = ORDINARY,
};
// clang-format on

// How far the text stays its own canonical form and its own decision: only characters that mean themselves,
// no empty segment, none that begins with a dot.
static size_t plain_length(struct bytes raw)
{
    unsigned before = OTHER;
    for (size_t i = 0; i < raw.len; i++) {
        unsigned class = class_of[(uint8_t)raw.at[i]];
        if (class == OTHER || (before == SLASH && class >= DOT))
            return i;
        before = class;
    }
    return raw.len;
}

// pct-encoded = "%" HEXDIG HEXDIG (RFC 3986 2.1)
static bool escape_at(struct bytes text, size_t i, uint8_t *byte_r)
{
    if (text.len - i < 3 || text.at[i] != '%' || !is_hex_digit(text.at[i + 1]) ||
        !is_hex_digit(text.at[i + 2]))
        return false;
    *byte_r = (uint8_t)(hex_value(text.at[i + 1]) << 4 | hex_value(text.at[i + 2]));
    return true;
}

static bool is_control(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7F;
}

// RFC 3986 6.2.2.2: escapes of unreserved characters are decoded; 6.2.2.1: the others in upper case.
static enum fault write_escape(struct bytes_out *path, uint8_t byte)
{
    static const char digits[] = "0123456789ABCDEF";
    if (is_control(byte))
        return FAULT_TARGET_NUL;
    if (byte == '\\')
        return FAULT_TARGET_BACKSLASH;
    if (is_unreserved((char)byte)) {
        out_char(path, (char)byte);
        return FAULT_NONE;
    }
    out_char(path, '%');
    out_char(path, digits[byte >> 4]);
    out_char(path, digits[byte & 15]);
    return FAULT_NONE;
}

static enum fault judge_character(char c)
{
    if (class_of[(uint8_t)c] != OTHER || c == ';')
        return FAULT_NONE;
    if (c == '\\')
        return FAULT_TARGET_BACKSLASH;
    return c == '#' ? FAULT_TARGET_FRAGMENT : FAULT_TARGET_CHARACTER;
}

static enum fault normalise(struct bytes raw, struct bytes_out *path)
{
    for (size_t i = 0; i < raw.len; i++) {
        uint8_t byte;
        if (raw.at[i] != '%') {
            TRY(judge_character(raw.at[i]));
            out_char(path, raw.at[i]);
            continue;
        }
        if (!escape_at(raw, i, &byte))
            return FAULT_TARGET_PERCENT;
        TRY(write_escape(path, byte));
        i += 2;
    }
    return FAULT_NONE;
}

static bool is_utf8(struct bytes text)
{
    for (size_t i = 0, length; i < text.len; i += length) {
        length = bytes_utf8((struct bytes){text.at + i, text.len - i}, NULL);
        if (length == 0)
            return false;
    }
    return true;
}

// %uXXXX is no escape in any standard, but some readers decode it.
static bool is_wide_escape(struct bytes text, size_t i)
{
    if (text.len - i < 6 || (text.at[i + 1] | 0x20) != 'u')
        return false;
    return is_hex_digit(text.at[i + 2]) && is_hex_digit(text.at[i + 3]) && is_hex_digit(text.at[i + 4]) &&
           is_hex_digit(text.at[i + 5]);
}

// What was escaped more than once must not turn into structure (RFC 3986 2.4: "Implementations must not
// percent-encode or decode the same string more than once").
static enum fault judge_again(uint8_t byte)
{
    if (is_control(byte))
        return FAULT_TARGET_NUL;
    return byte == '.' || byte == '/' || byte == '\\' ? FAULT_TARGET_DOUBLE : FAULT_NONE;
}

// Decodes every escape once, in place. A percent sign that begins none stays.
static enum fault decode_round(struct bytes_out *text, bool again, bool *changed_r)
{
    struct bytes before = out_written(text);
    text->len = 0;
    for (size_t i = 0; i < before.len; i++) {
        uint8_t byte = (uint8_t)before.at[i];
        if (byte == '%' && is_wide_escape(before, i))
            return FAULT_TARGET_DOUBLE;
        if (byte == '%' && escape_at(before, i, &byte)) {
            if (again)
                TRY(judge_again(byte));
            i += 2;
        }
        text->at[text->len++] = (char)byte;
    }
    *changed_r = text->len != before.len;
    return FAULT_NONE;
}

// Decodes to a fixed point. Every stage must be UTF-8: a reader may stop at any of them.
static enum fault decode(struct bytes path, struct bytes_out *text)
{
    text->len = 0;
    out_bytes(text, path);
    for (unsigned round = 1;; round++) {
        bool changed;
        TRY(decode_round(text, round > 1, &changed));
        if (!changed)
            return FAULT_NONE;
        if (round > DECODING_ROUNDS)
            return FAULT_TARGET_DOUBLE;
        if (!is_utf8(out_written(text)))
            return FAULT_TARGET_UTF8;
    }
}

// path-abempty = *( "/" segment )
static bool next_segment(struct cursor *path, struct bytes *segment_r)
{
    if (!cursor_char(path, '/'))
        return false;
    if (!cursor_until(path, '/', segment_r)) {
        *segment_r = cursor_rest(path);
        path->at = path->end;
    }
    return true;
}

static bool is_dot(struct bytes segment)
{
    return bytes_equal(segment, BYTES("."));
}

static bool is_dot_dot(struct bytes segment)
{
    return bytes_equal(segment, BYTES(".."));
}

static size_t length_before(struct bytes text, struct bytes stops)
{
    size_t length = 0;
    while (length < text.len && memchr(stops.at, text.at[length], stops.len) == NULL)
        length++;
    return length;
}

static size_t count_dot_dots(struct bytes path)
{
    struct cursor rest = cursor_over(path);
    struct bytes  segment;
    size_t        count = 0;
    while (next_segment(&rest, &segment))
        count += is_dot_dot(segment);
    return count;
}

// A dot segment with something behind it that only some readers cut off. An encoded "?" or "#" cuts like ";"
// does, for those who decode before they split.
static bool has_dot_parameter(struct bytes text)
{
    struct cursor rest = cursor_over(text);
    struct bytes  segment;
    while (next_segment(&rest, &segment)) {
        struct bytes name = {segment.at, length_before(segment, BYTES(";?#"))};
        if (name.len < segment.len && (is_dot(name) || is_dot_dot(name)))
            return true;
    }
    return false;
}

// "/a;b%2Fc" is "/a" for those who strip parameters first, and "/a/c" for those who decode first.
static bool has_slash_in_parameter(struct bytes path)
{
    struct cursor rest = cursor_over(path);
    struct bytes  segment;
    while (next_segment(&rest, &segment)) {
        size_t name = length_before(segment, BYTES(";"));
        if (memmem(&segment.at[name], segment.len - name, "%2F", 3) != NULL)
            return true;
    }
    return false;
}

// Compares what the normal form shows with what the decoded text holds.
static enum fault judge_segments(struct bytes path, struct bytes text)
{
    if (has_dot_parameter(text))
        return FAULT_TARGET_DOT_PARAMETER;
    if (has_slash_in_parameter(path) || count_dot_dots(path) != count_dot_dots(text))
        return FAULT_TARGET_TWO_READINGS;
    return FAULT_NONE;
}

// Appends "/" and a segment that stands at the same place or further back in the same memory.
static void push_segment(struct bytes_out *path, struct bytes segment)
{
    path->at[path->len++] = '/';
    for (size_t i = 0; i < segment.len; i++)
        path->at[path->len++] = segment.at[i];
}

// RFC 3986 5.2.4, but climbing above the root is refused: "/../a" has no honest sender.
static enum fault remove_dot_segments(struct bytes_out *path)
{
    struct cursor rest = cursor_over(out_written(path));
    struct bytes  segment;
    bool          removed = false;
    path->len = 0;
    while (next_segment(&rest, &segment)) {
        removed = is_dot(segment) || is_dot_dot(segment);
        if (!removed)
            push_segment(path, segment);
        if (!is_dot_dot(segment))
            continue;
        if (path->len == 0)
            return FAULT_TARGET_ABOVE_ROOT;
        while (path->at[--path->len] != '/')
            continue;
    }
    if (removed)
        push_segment(path, BYTES(""));
    return FAULT_NONE;
}

// Strips the parameters, merges the slashes, drops "." segments that an encoded slash had hidden. Says
// whether there was a parameter.
static bool flatten(struct bytes_out *text)
{
    struct cursor rest = cursor_over(out_written(text));
    struct bytes  segment;
    bool          parameters = false, dropped = false;
    text->len = 0;
    while (next_segment(&rest, &segment)) {
        struct bytes name = {segment.at, length_before(segment, BYTES(";"))};
        parameters = parameters || name.len < segment.len;
        dropped = name.len == 0 || is_dot(name);
        if (!dropped)
            push_segment(text, name);
    }
    if (dropped)
        push_segment(text, BYTES(""));
    return parameters;
}

static enum fault canonicalise(struct bytes raw, struct arena *arena, struct target *target_r)
{
    struct bytes_out path = {.at = arena_alloc(arena, raw.len), .cap = raw.len};
    struct bytes_out text = {.at = arena_alloc(arena, raw.len), .cap = raw.len};
    if (path.at == NULL || text.at == NULL)
        return FAULT_NO_MEMORY;

    TRY(normalise(raw, &path));
    TRY(decode(out_written(&path), &text));
    TRY(judge_segments(out_written(&path), out_written(&text)));
    size_t before = path.len;
    TRY(remove_dot_segments(&path));
    if (path.len != before)
        TRY(decode(out_written(&path), &text));

    target_r->encoded_slash = memmem(path.at, path.len, "%2F", 3) != NULL;
    target_r->parameters = flatten(&text);
    target_r->path = bytes_equal(out_written(&path), raw) ? raw : out_written(&path);
    target_r->decision = out_written(&text);
    return FAULT_NONE;
}

static enum fault judge_query(struct bytes query)
{
    for (size_t i = 0; i < query.len; i++) {
        char c = query.at[i];
        if (c == '#')
            return FAULT_TARGET_FRAGMENT;
        if (c <= ' ' || c > '~')
            return FAULT_TARGET_CHARACTER;
    }
    return FAULT_NONE;
}

// [ absolute-path ] [ "?" query ]
static enum fault read_path(struct bytes raw, struct arena *arena, struct target *target_r)
{
    struct bytes path = {raw.at, plain_length(raw)};
    if (path.len == raw.len || raw.at[path.len] == '?') {
        // RFC 9110 4.2.3: "an empty path component is equivalent to a path component of "/""
        target_r->path = path.len > 0 ? path : BYTES("/");
        target_r->decision = target_r->path;
    } else {
        path.len = length_before(raw, BYTES("?"));
        TRY(canonicalise(path, arena, target_r));
    }
    if (path.len < raw.len)
        target_r->query = (struct bytes){&raw.at[path.len + 1], raw.len - path.len - 1};
    return judge_query(target_r->query);
}

// absolute-form = scheme "://" authority path-abempty [ "?" query ]. Without the "//" it would be an opaque
// target (`http:http://x`) or an authority (`example.com:443`).
static enum fault read_absolute(struct bytes raw, struct arena *arena, struct target *target_r)
{
    struct cursor c = cursor_over(raw);
    struct bytes  scheme;
    if (!cursor_until(&c, ':', &scheme) || !cursor_text(&c, BYTES("://")))
        return FAULT_TARGET_FORM;
    target_r->https = bytes_equal_nocase(scheme, BYTES("https"));
    if (!target_r->https && !bytes_equal_nocase(scheme, BYTES("http")))
        return FAULT_TARGET_SCHEME;

    struct bytes rest = cursor_rest(&c);
    struct bytes authority = {rest.at, length_before(rest, BYTES("/?#"))};
    TRY(host_parse(authority, arena, &target_r->authority));
    target_r->form = TARGET_ABSOLUTE;
    return read_path((struct bytes){&rest.at[authority.len], rest.len - authority.len}, arena, target_r);
}

struct bytes target_before_query(const struct target *t)
{
    if (t->path.at == t->decision.at) // then nothing was escaped
        return t->decision;
    return (struct bytes){t->decision.at, length_before(t->decision, BYTES("?#"))};
}

enum fault target_parse(struct bytes raw, struct arena *arena, struct target *target_r)
{
    *target_r = (struct target){.form = TARGET_ORIGIN};
    if (raw.len > 0 && raw.at[0] == '/')
        return read_path(raw, arena, target_r);
    if (!bytes_equal(raw, BYTES("*")))
        return read_absolute(raw, arena, target_r);
    target_r->form = TARGET_ASTERISK;
    target_r->path = raw;
    target_r->decision = raw;
    return FAULT_NONE;
}
