// SPDX-License-Identifier: Apache-2.0
// set_cookie: split at ";", each part at its first "=". Dates by the algorithm of RFC 6265bis 5.1.1, which
// takes what the web has ever written.
#include "parser/set_cookie.h"
#include "parser/cursor.h"
#include "parser/date.h"

static struct bytes take_part(struct bytes *rest)
{
    const char  *end = rest->len > 0 ? memchr(rest->at, ';', rest->len) : NULL;
    struct bytes part = {rest->at, end == NULL ? rest->len : (size_t)(end - rest->at)};
    *rest = bytes_after(*rest, end == NULL ? rest->len : part.len + 1);
    return part;
}

// Splits at the first "=". Returns whether there is one; both come trimmed.
static bool split(struct bytes part, struct bytes *name_r, struct bytes *value_r)
{
    const char *equals = part.len > 0 ? memchr(part.at, '=', part.len) : NULL;
    size_t      len = equals == NULL ? part.len : (size_t)(equals - part.at);
    *name_r = bytes_trim((struct bytes){part.at, len});
    *value_r = equals == NULL ? (struct bytes){NULL, 0} : bytes_trim(bytes_after(part, len + 1));
    return equals != NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// ---- dates

struct clues {
    bool     time, day, month, year;
    unsigned second; // of the day
    unsigned day_of_month;
    unsigned month_of_year; // 1 to 12
    unsigned in_year;
};

// 1*DIGIT, as many as `most`, and no digit behind them.
static bool take_number(struct cursor *c, unsigned least, unsigned most, unsigned *number_r)
{
    struct cursor from = *c;
    unsigned      digits = 0, number = 0;
    for (; !cursor_done(c) && is_digit(*c->at) && digits < most; digits++, c->at++)
        number = number * 10 + (unsigned)(*c->at - '0');
    if (digits < least || (!cursor_done(c) && is_digit(*c->at))) {
        *c = from;
        return false;
    }
    *number_r = number;
    return true;
}

static bool take_time(struct bytes token, unsigned *second_r)
{
    struct cursor c = cursor_over(token);
    unsigned      hour, minute, second;
    if (!take_number(&c, 1, 2, &hour) || !cursor_char(&c, ':') || !take_number(&c, 1, 2, &minute) ||
        !cursor_char(&c, ':') || !take_number(&c, 1, 2, &second))
        return false;
    *second_r = hour * 3600 + minute * 60 + second;
    return hour < 24 && minute < 60 && second < 60;
}

static unsigned month_of(struct bytes token)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (unsigned i = 0; token.len >= 3 && i < 12; i++)
        if (bytes_same_letters(token.at, months + 3 * (size_t)i, 3))
            return i + 1;
    return 0;
}

static void look_at(struct bytes token, struct clues *found)
{
    struct cursor c = cursor_over(token);
    unsigned      number = 0;
    if (!found->time && take_time(token, &found->second)) {
        found->time = true;
        return;
    }
    bool is_number = take_number(&c, 1, 4, &number);
    if (!found->day && is_number && c.at - token.at <= 2) {
        found->day = true;
        found->day_of_month = number;
    } else if (!found->month && month_of(token) > 0) {
        found->month = true;
        found->month_of_year = month_of(token);
    } else if (!found->year && is_number && c.at - token.at >= 2) {
        found->year = true;
        found->in_year = number;
    }
}

static bool is_delimiter(char ch)
{
    unsigned char c = (unsigned char)ch;
    return c == 0x09 || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) || (c >= 0x5b && c <= 0x60) ||
           (c >= 0x7b && c <= 0x7e);
}

// Reads a date. Returns false when it is none.
static bool read_date(struct bytes text, int64_t *unix_r)
{
    struct clues found = {0};
    for (size_t i = 0, start = 0; i <= text.len; i++) {
        if (i < text.len && !is_delimiter(text.at[i]))
            continue;
        if (i > start)
            look_at((struct bytes){text.at + start, i - start}, &found);
        start = i + 1;
    }
    if (found.in_year >= 70 && found.in_year <= 99)
        found.in_year += 1900;
    else if (found.in_year <= 69)
        found.in_year += 2000;
    if (!found.time || !found.day || !found.month || !found.year || found.day_of_month < 1 ||
        found.day_of_month > 31 || found.in_year < 1601)
        return false;
    *unix_r = date_unix(found.in_year, found.month_of_year, found.day_of_month) + (int64_t)found.second;
    return true;
}

// ---- attributes

#define AGE_MAX (INT64_C(400) * 24 * 3600) // RFC 6265bis 5.5: what browsers cut it to

// RFC 6265bis 5.6.2: "If the first character [...] is neither a digit nor a "-", ignore".
static bool read_age(struct bytes value, int64_t *age_r)
{
    size_t  start = value.len > 0 && value.at[0] == '-';
    int64_t age = 0;
    if (value.len == start)
        return false;
    for (size_t i = start; i < value.len; i++) {
        if (!is_digit(value.at[i]))
            return false;
        age = age * 10 + (value.at[i] - '0');
        age = age > AGE_MAX ? AGE_MAX : age;
    }
    *age_r = start > 0 ? -age : age;
    return true;
}

static bool is_named(struct bytes name, const char *wanted)
{
    return bytes_equal_nocase(name, bytes_of(wanted));
}

// Max-Age counts before Expires (5.6.2).
struct lifetime {
    bool    aged, dated;
    int64_t age_s, date_s;
};

static void read_attribute(struct bytes part, struct set_cookie *c, struct lifetime *life)
{
    struct bytes name, value;
    (void)split(part, &name, &value);
    if (is_named(name, "secure"))
        c->secure = true;
    else if (is_named(name, "httponly"))
        c->http_only = true;
    else if (is_named(name, "samesite"))
        c->same_site = true;
    else if (is_named(name, "path"))
        c->path = value.len > 0 && value.at[0] == '/' ? value : (struct bytes){NULL, 0};
    else if (is_named(name, "domain") && value.len > 0)
        c->domain = value;
    else if (is_named(name, "expires"))
        life->dated = read_date(value, &life->date_s) || life->dated;
    else if (is_named(name, "max-age"))
        life->aged = read_age(value, &life->age_s) || life->aged;
}

struct set_cookie set_cookie_read(struct bytes field, int64_t now_s)
{
    struct set_cookie c = {0};
    struct lifetime   life = {0};
    struct bytes      rest = field, whole = take_part(&rest);
    if (!split(whole, &c.name, &c.value)) { // RFC 6265bis 5.6: a value without a name
        c.value = c.name;
        c.name = (struct bytes){c.name.at, 0};
    }
    if (rest.len > 0 || whole.len < field.len)
        c.attributes = bytes_after(field, whole.len);
    while (rest.len > 0)
        read_attribute(take_part(&rest), &c, &life);
    if (life.aged)
        life.date_s = now_s + life.age_s;
    c.ends = (life.aged || life.dated) && life.date_s <= now_s;
    c.expires_s = (life.aged || life.dated) && !c.ends ? life.date_s : 0;
    return c;
}
