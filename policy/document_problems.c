// SPDX-License-Identifier: Apache-2.0
// document_problems: file:line:column, the sentence, the pointer; below it the line, cut around the place,
// and a caret.
#include "policy/document_problems.h"
#include <stdio.h>

#define COLUMNS_MAX 120 // of the line that is shown

static void keep(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text);
}

static bool known(const struct problems *problems, size_t at, const char *says)
{
    for (size_t i = 0; i < problems->count; i++)
        if (problems->kept[i].at == at && strncmp(problems->kept[i].says, says, PROBLEM_SAYS_MAX - 1) == 0)
            return true;
    return false;
}

void problems_add(struct problems *problems, size_t at, const char *says, const char *where, const char *hint)
{
    if (known(problems, at, says))
        return;
    if (problems->count == DOCUMENT_PROBLEMS_MAX) {
        problems->more = true;
        return;
    }
    size_t i = problems->count++;
    for (; i > 0 && problems->kept[i - 1].at > at; i--)
        problems->kept[i] = problems->kept[i - 1];
    struct problem *p = &problems->kept[i];
    p->at = at;
    keep(p->says, sizeof p->says, says);
    keep(p->where, sizeof p->where, where);
    keep(p->hint, sizeof p->hint, hint == NULL ? "" : hint);
}

void pointer_token(struct bytes token, struct bytes_out *out)
{
    for (size_t i = 0; i < token.len; i++)
        if (token.at[i] == '~' || token.at[i] == '/')
            out_text(out, token.at[i] == '~' ? "~0" : "~1");
        else
            out_char(out, token.at[i]);
}

// Controls, and characters that are invisible or change the direction of writing.
static bool is_harmless(uint32_t c)
{
    return c >= 0x20 && (c < 0x7f || c > 0x9f) && (c < 0x200b || c > 0x200f) && (c < 0x2028 || c > 0x202e) &&
           (c < 0x2060 || c > 0x206f) && c != 0xfeff && (c < 0xfff9 || c > 0xfffb);
}

// A character as it may be shown: one column wide or wider, and always the same number of characters.
static size_t show_character(struct bytes text, struct bytes_out *out)
{
    uint32_t character;
    size_t   length = bytes_utf8(text, &character);
    if (length > 0 && is_harmless(character)) {
        out_bytes(out, (struct bytes){text.at, length});
        return length;
    }
    out_char(out, text.at[0] == '\t' ? ' ' : '?');
    return length > 0 ? length : 1;
}

static void show(const char *zero_terminated, struct bytes_out *out)
{
    struct bytes rest = bytes_of(zero_terminated);
    while (rest.len > 0) {
        size_t used = show_character(rest, out);
        rest = (struct bytes){rest.at + used, rest.len - used};
    }
}

static size_t characters(struct bytes text)
{
    size_t   count = 0;
    uint32_t character;
    for (size_t i = 0; i < text.len; count++) {
        size_t length = bytes_utf8((struct bytes){text.at + i, text.len - i}, &character);
        i += length > 0 ? length : 1;
    }
    return count;
}

// How many characters the caret underlines: a whole text or word, otherwise one.
static size_t caret_width(struct bytes rest)
{
    size_t i = 0;
    if (rest.len > 0 && rest.at[0] == '"') {
        for (i = 1; i < rest.len && rest.at[i] != '"' && rest.at[i] != '\n'; i++)
            if (rest.at[i] == '\\' && i + 1 < rest.len)
                i++;
        return characters((struct bytes){rest.at, i < rest.len && rest.at[i] == '"' ? i + 1 : i});
    }
    while (i < rest.len && strchr(" \t\r\n,:;{}[]\"", rest.at[i]) == NULL)
        i++;
    return i > 0 ? characters((struct bytes){rest.at, i}) : 1;
}

struct place_in_text {
    struct bytes line;
    size_t       number; // from 1
    size_t       column; // from 0, in characters
};

static struct place_in_text find_line(struct bytes text, size_t at)
{
    size_t start = 0, number = 1;
    for (size_t i = 0; i < at; i++)
        if (text.at[i] == '\n') {
            number++;
            start = i + 1;
        }
    size_t end = at;
    while (end < text.len && text.at[end] != '\n' && text.at[end] != '\r')
        end++;
    return (struct place_in_text){.line = {text.at + start, end - start},
                                  .number = number,
                                  .column = characters((struct bytes){text.at + start, at - start})};
}

static void repeat(struct bytes_out *out, char c, size_t count)
{
    while (count-- > 0)
        out_char(out, c);
}

static void print_line(const struct place_in_text *place, struct bytes_out *out)
{
    size_t first = 0, total = characters(place->line);
    if (total > COLUMNS_MAX && place->column > COLUMNS_MAX / 2)
        first = place->column - COLUMNS_MAX / 2;
    size_t       last = total - first > COLUMNS_MAX ? first + COLUMNS_MAX : total;
    struct bytes rest = place->line;
    out_text(out, first > 0 ? "..." : "");
    for (size_t i = 0; i < last; i++) {
        struct bytes_out nowhere = {.overflowed = true};
        size_t           used = show_character(rest, i < first ? &nowhere : out);
        rest = (struct bytes){rest.at + used, rest.len - used};
    }
    out_text(out, last < total ? "..." : "");
}

static void print_caret(const struct place_in_text *place, size_t width, struct bytes_out *out)
{
    size_t total = characters(place->line);
    size_t before = place->column;
    if (total > COLUMNS_MAX && before > COLUMNS_MAX / 2)
        before = COLUMNS_MAX / 2 + strlen("...");
    repeat(out, ' ', before);
    repeat(out, '^', width < COLUMNS_MAX / 2 ? width : COLUMNS_MAX / 2);
}

static void print_problem(const struct problem *p, const char *file, struct bytes text, struct bytes_out *out)
{
    struct place_in_text place = find_line(text, p->at);
    char                 gutter[32];
    show(file, out);
    out_char(out, ':');
    out_uint(out, place.number);
    out_char(out, ':');
    out_uint(out, place.column + 1);
    out_text(out, ": error: ");
    show(p->says, out);
    out_text(out, " (");
    show(p->where[0] == '\0' ? "root" : p->where, out);
    out_text(out, ")\n");

    int width = snprintf(gutter, sizeof gutter, "%5zu", place.number);
    out_text(out, gutter);
    out_text(out, " | ");
    print_line(&place, out);
    out_char(out, '\n');
    repeat(out, ' ', (size_t)width);
    out_text(out, " | ");
    print_caret(&place, caret_width((struct bytes){text.at + p->at, text.len - p->at}), out);
    if (p->hint[0] != '\0') {
        out_char(out, ' ');
        show(p->hint, out);
    }
    out_char(out, '\n');
}

void problems_print(const struct problems *problems, const char *file, struct bytes text,
                    struct bytes_out *out)
{
    for (size_t i = 0; i < problems->count; i++)
        print_problem(&problems->kept[i], file, text, out);
    if (problems->count == 0)
        return;
    out_uint(out, problems->count);
    out_text(out, problems->count == 1 ? " problem" : " problems");
    out_text(out, problems->more ? " and more: nothing was loaded\n" : ": nothing was loaded\n");
}
