// SPDX-License-Identifier: Apache-2.0
// document_scan: JSON by its grammar (RFC 8259), with `//` and `/* */` comments and one comma before a
// closing bracket.
//
// (1) What it lets through, cJSON lets through. (2) No byte moves, so offsets hold for both readers.
// (3) A wrong word or number is reported, replaced by 0, and reading goes on; wrong structure ends it.
#include "policy/document_scan.h"
#include "parser/cursor.h"
#include <stdlib.h>

#define NUMBER_MAX 9007199254740991.0 // 2^53 - 1: every whole number up to it is a distinct double
#define NUMBER_LEN_MAX 32

// One open bracket, and which of the values in it is being read.
struct level {
    bool         inside; // false: none, we are between two
    struct bytes key;    // absent in an array
    size_t       index;
};

struct scan {
    char            *text; // NUL at text[len]
    size_t           at;
    size_t           len;
    struct level     levels[DOCUMENT_DEPTH_MAX];
    size_t           depth;
    uint32_t         line;
    bool             foreign; // a byte that is not UTF-8 was reported
    struct places   *places;
    struct problems *problems;
};

static void tell(struct scan *s, size_t at, const char *says, const char *hint)
{
    char             where[PROBLEM_WHERE_MAX];
    struct bytes_out out = {.at = where, .cap = sizeof where - 1};
    for (const struct level *l = s->levels; l < s->levels + s->depth && l->inside; l++) {
        out_char(&out, '/');
        if (l->key.at == NULL)
            out_uint(&out, l->index);
        else
            pointer_token(l->key, &out);
    }
    where[out.len] = '\0';
    problems_add(s->problems, at, says, where, hint);
}

static bool fail(struct scan *s, size_t at, const char *says, const char *hint)
{
    tell(s, at, says, hint);
    return false;
}

static void blank(struct scan *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (s->text[i] != '\n')
            s->text[i] = ' ';
}

// Moves over one character.
static void step(struct scan *s)
{
    uint32_t character;
    size_t   length = bytes_utf8((struct bytes){s->text + s->at, s->len - s->at}, &character);
    if (length == 0 && !s->foreign)
        tell(s, s->at, "this is not UTF-8", "save the file as UTF-8");
    s->foreign = s->foreign || length == 0;
    if (s->text[s->at] == '\n')
        s->line++;
    s->at += length > 0 ? length : 1;
}

static bool ahead(const struct scan *s, const char *text)
{
    return bytes_starts_with((struct bytes){s->text + s->at, s->len - s->at}, bytes_of(text));
}

static bool comment(struct scan *s)
{
    size_t start = s->at;
    bool   to_line_end = ahead(s, "//");
    s->at += 2;
    while (s->at < s->len && !(to_line_end ? s->text[s->at] == '\n' : ahead(s, "*/")))
        step(s);
    if (!to_line_end && s->at == s->len)
        return fail(s, start, "this comment is never closed", "it ends with */");
    if (!to_line_end)
        s->at += 2;
    blank(s, start, s->at);
    return true;
}

// Blanks, line ends and comments.
static bool skip(struct scan *s)
{
    for (; s->at < s->len; step(s)) {
        while (ahead(s, "//") || ahead(s, "/*"))
            if (!comment(s))
                return false;
        if (s->at == s->len || strchr(" \t\r\n", s->text[s->at]) == NULL || s->text[s->at] == '\0')
            return true;
    }
    return true;
}

static bool four_hex(const struct scan *s, size_t at, unsigned *unit_r)
{
    if (at + 4 > s->len)
        return false;
    *unit_r = 0;
    for (size_t i = at; i < at + 4; i++) {
        if (!is_hex_digit(s->text[i]))
            return false;
        *unit_r = *unit_r << 4 | hex_value(s->text[i]);
    }
    return true;
}

// "\uXXXX", or two of them for what lies beyond the first 65536 characters.
static bool unicode_escape(struct scan *s)
{
    unsigned unit, second;
    if (!four_hex(s, s->at + 2, &unit))
        return fail(s, s->at, "\\u needs four hexadecimal digits", NULL);
    if (unit == 0)
        tell(s, s->at, "\\u0000 would cut this text short", NULL);
    if (unit < 0xd800 || unit > 0xdfff) {
        s->at += 6;
        return true;
    }
    if (unit > 0xdbff || s->text[s->at + 6] != '\\' || s->text[s->at + 7] != 'u' ||
        !four_hex(s, s->at + 8, &second) || second < 0xdc00 || second > 0xdfff)
        return fail(s, s->at, "half of a surrogate pair", NULL);
    s->at += 12;
    return true;
}

static bool escape(struct scan *s)
{
    if (s->text[s->at + 1] == 'u')
        return unicode_escape(s);
    if (s->text[s->at + 1] == '\0' || strchr("\"\\/bfnrt", s->text[s->at + 1]) == NULL)
        return fail(s, s->at, "this is not an escape of JSON", "a backslash is written \\\\");
    s->at += 2;
    return true;
}

static bool string(struct scan *s)
{
    size_t start = s->at++;
    while (s->at < s->len && s->text[s->at] != '"') {
        char c = s->text[s->at];
        if (c == '\n' || c == '\r')
            break;
        if (c >= 0 && c < ' ')
            tell(s, s->at, "a control character inside a text", "write it as an escape: \\t, \\u001b");
        if (c != '\\')
            step(s);
        else if (!escape(s))
            return false;
    }
    if (s->at == s->len || s->text[s->at] != '"')
        return fail(s, start, "this text is not closed on its line", NULL);
    s->at++;
    return true;
}

static size_t digits(const char *at)
{
    return strspn(at, "0123456789");
}

// number = [ "-" ] int [ frac ] [ exp ] (RFC 8259 6). What is wrong with it, or NULL.
static const char *judge_number(const char *at, size_t len)
{
    const char *end = at + len;
    const char *p = at + (*at == '-');
    size_t      whole = digits(p);
    if (whole > 1 && *p == '0')
        return "a number with a leading zero";
    p += whole;
    if (*p == '.')
        p += digits(p + 1) > 0 ? 1 + digits(p + 1) : 0;
    if (*p == 'e' || *p == 'E') {
        size_t sign = p[1] == '+' || p[1] == '-';
        p += digits(p + 1 + sign) > 0 ? 1 + sign + digits(p + 1 + sign) : 0;
    }
    if (whole == 0 || p != end)
        return "this is not a number of JSON";
    double number = strtod(at, NULL);
    if (len > NUMBER_LEN_MAX || number > NUMBER_MAX || number < -NUMBER_MAX)
        return "this number is out of range";
    return NULL;
}

// A number, true, false, null; NULL, or what is wrong.
static const char *judge_word(struct bytes found, const char **hint_r)
{
    if (bytes_equal(found, BYTES("true")) || bytes_equal(found, BYTES("false")) ||
        bytes_equal(found, BYTES("null")))
        return NULL;
    if (strchr("+-.0123456789", found.at[0]) == NULL) {
        *hint_r = "text is written in double quotes";
        return "this is not a value";
    }
    char last = (char)(found.at[found.len - 1] | 0x20);
    *hint_r = last >= 'a' && last <= 'z' ? "a value with a unit is text: \"30s\", \"10MiB\"" : NULL;
    return judge_number(found.at, found.len);
}

static bool word(struct scan *s)
{
    size_t start = s->at;
    while (s->at < s->len && (is_token_char(s->text[s->at]) || (s->text[s->at] & 0x80) != 0))
        step(s);
    struct bytes found = {s->text + start, s->at - start};
    if (found.len == 0)
        return fail(s, start, "a value is missing here", NULL);
    const char *hint = NULL, *wrong = judge_word(found, &hint);
    if (wrong == NULL)
        return true;
    tell(s, start, wrong, hint);
    s->places->at[s->places->count - 1].told = true;
    blank(s, start, s->at);
    s->text[start] = '0';
    return true;
}

static bool add_place(struct scan *s, size_t key_at)
{
    struct places *p = s->places;
    if (p->count == p->cap) {
        size_t        cap = p->cap == 0 ? 64 : 2 * p->cap;
        struct place *grown = realloc(p->at, cap * sizeof *grown);
        p->exhausted = grown == NULL;
        if (p->exhausted)
            return false;
        p->at = grown;
        p->cap = cap;
    }
    p->at[p->count++] =
        (struct place){.key_at = (uint32_t)key_at, .value_at = (uint32_t)s->at, .line = s->line};
    return true;
}

static bool value(struct scan *s, size_t key_at);

static bool member(struct scan *s, struct level *level)
{
    size_t key_at = s->at;
    if (s->text[s->at] != '"')
        return fail(s, s->at, "a key is needed here", "keys are written in double quotes");
    if (!string(s))
        return false;
    level->key = (struct bytes){s->text + key_at + 1, s->at - key_at - 2};
    if (!skip(s))
        return false;
    if (s->text[s->at] != ':')
        return fail(s, s->at, "a \":\" is missing before this", NULL);
    s->at++;
    level->inside = true;
    return skip(s) && value(s, key_at);
}

static bool element(struct scan *s, struct level *level)
{
    level->inside = true;
    return value(s, s->at);
}

// What may follow a value: the closing bracket, or a comma, which is blanked when nothing follows it.
static bool comma(struct scan *s, char close)
{
    if (!skip(s))
        return false;
    size_t comma_at = s->at;
    if (s->at == s->len || s->text[s->at] == close)
        return true;
    if (s->text[s->at] != ',')
        return fail(s, s->at, "a comma is missing before this", NULL);
    s->at++;
    if (!skip(s))
        return false;
    if (s->text[s->at] == close)
        s->text[comma_at] = ' ';
    return true;
}

// The inside of an object or array, and its closing bracket.
static bool list(struct scan *s, bool (*read)(struct scan *, struct level *), char close)
{
    size_t open_at = s->at++;
    if (s->depth == DOCUMENT_DEPTH_MAX)
        return fail(s, open_at, "nested too deep", "32 levels at most");
    struct level *level = &s->levels[s->depth++];
    *level = (struct level){.inside = false};
    if (!skip(s))
        return false;
    for (; s->text[s->at] != close; level->index++) {
        if (s->at == s->len)
            return fail(s, open_at, "this is never closed", NULL);
        if (!read(s, level))
            return false;
        level->inside = false;
        if (!comma(s, close))
            return false;
    }
    s->at++;
    s->depth--;
    return true;
}

static bool value(struct scan *s, size_t key_at)
{
    if (!add_place(s, key_at))
        return false;
    switch (s->text[s->at]) {
    case '{':
        return list(s, member, '}');
    case '[':
        return list(s, element, ']');
    case '"':
        return string(s);
    default:
        return word(s);
    }
}

bool document_scan(char *text, size_t len, struct places *places, struct problems *problems)
{
    struct scan s = {.text = text, .len = len, .line = 1, .places = places, .problems = problems};
    if (ahead(&s, "\xEF\xBB\xBF")) {
        tell(&s, 0, "the file begins with a byte order mark", "save it as UTF-8 without one");
        blank(&s, 0, 3);
    }
    if (!skip(&s))
        return false;
    if (s.at == len)
        return fail(&s, s.at, "the file is empty", "the shortest is { \"listen\": ..., \"upstream\": ... }");
    if (!value(&s, s.at) || !skip(&s))
        return false;
    return s.at == len || fail(&s, s.at, "something follows the end of the configuration", NULL);
}
