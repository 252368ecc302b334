// SPDX-License-Identifier: Apache-2.0
// session_multipart: one byte at a time, in constant memory.
#include "policy/session_multipart.h"

static const struct bytes line_begin = BYTES("content-disposition");
static const struct bytes wanted = BYTES("name");

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_word_char(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static void seek(struct multipart_watch *w)
{
    w->place = MULTIPART_SEEK;
    w->word = 0;
    w->is_in_word = false;
}

// Where a line begins, at a lone CR too, and where a part's head ends: at an empty line, a CR in it or not.
static void watch_lines(struct multipart_watch *w, char c)
{
    if (c == '\n' || c == '\r') {
        w->begun = 0;
        w->is_other = false;
        if (c == '\n' && !w->has_text)
            w->place = MULTIPART_OUTSIDE;
        w->has_text = w->has_text && c != '\n';
        return;
    }
    w->has_text = true;
    w->is_other = w->is_other || lower(c) != line_begin.at[w->begun];
    if (w->is_other || ++w->begun < line_begin.len)
        return;
    w->is_other = true; // once a line
    seek(w);
}

static bool is_good(struct multipart_watch *w, const struct session_names *names)
{
    // RFC 2047: an encoded word may decode to anything.
    bool is_hidden = w->name.len >= 2 && w->name.text[0] == '=' && w->name.text[1] == '?';
    return !is_hidden && !parameter_is_id(&w->name, names);
}

// "name*" (RFC 8187) may be written in any character set. No browser does that here.
static bool look_for_name(struct multipart_watch *w, char c)
{
    bool is_whole = w->word == wanted.len && !w->is_in_word;
    if (is_word_char(c)) {
        w->is_in_word = w->is_in_word || is_whole || lower(c) != wanted.at[w->word];
        w->word += !w->is_in_word;
    } else if (c == '=' && is_whole) {
        w->place = MULTIPART_EQUALS;
    } else if (c == '*' && is_whole) {
        return false;
    } else if (!is_whole || (c != ' ' && c != '\t')) {
        seek(w);
    }
    return true;
}

static bool read_value(struct multipart_watch *w, const struct session_names *names, char c)
{
    bool ends = w->quote != '\0' ? c == w->quote : (c == ';' || c == ',' || c == ' ' || c == '\t');
    if (w->is_escaped && ends && w->quote != '\0') // some end here, others do not
        return false;
    w->is_escaped = c == '\\';
    if (ends) {
        seek(w);
        return is_good(w, names);
    }
    if (c != '\\' && (c != '"' || w->quote != '\0'))
        parameter_put(&w->name, c);
    return true;
}

static bool begin_value(struct multipart_watch *w, const struct session_names *names, char c)
{
    if (c == ' ' || c == '\t')
        return true;
    bool is_quote = c == '"' || c == '\'';
    w->place = MULTIPART_VALUE;
    w->quote = is_quote ? c : '\0';
    w->is_escaped = false;
    w->name = (struct parameter_reader){0};
    return is_quote || read_value(w, names, c);
}

bool multipart_put(struct multipart_watch *w, const struct session_names *names, char c)
{
    enum multipart_place before = w->place;
    if ((c == '\n' || c == '\r') &&
        before == MULTIPART_VALUE) { // some readers end a value here, others go on
        struct parameter_reader so_far = w->name;
        if (!is_good(w, names))
            return false;
        w->name = so_far;
    }
    watch_lines(w, c);
    if (w->place == MULTIPART_OUTSIDE || before == MULTIPART_OUTSIDE || c == '\n' || c == '\r')
        return true;
    if (w->place == MULTIPART_SEEK && before != MULTIPART_SEEK) // another line of that kind has begun
        return true;
    switch (w->place) {
    case MULTIPART_OUTSIDE:
        break;
    case MULTIPART_SEEK:
        return look_for_name(w, c);
    case MULTIPART_EQUALS:
        return begin_value(w, names, c);
    case MULTIPART_VALUE:
        return read_value(w, names, c);
    }
    return true;
}
