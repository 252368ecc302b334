// SPDX-License-Identifier: Apache-2.0
// date: the civil calendar by arithmetic (H. Hinnant, "chrono-compatible low-level date algorithms").
#include "parser/date.h"

struct civil {
    int64_t  year;
    unsigned month;   // 1 to 12
    unsigned day;     // 1 to 31
    unsigned weekday; // 0 is Sunday
    unsigned second;  // of the day
};

// Counts from 0000-03-01, so that the leap day is the last day of its year, in eras of 400 years.
static struct civil civil_of(int64_t unix_seconds)
{
    int64_t days = unix_seconds / 86400;
    int64_t second = unix_seconds % 86400;
    if (second < 0) {
        second += 86400;
        days--;
    }
    int64_t  weekday = (days % 7 + 11) % 7; // 1970-01-01 was a Thursday
    int64_t  since = days + 719468;
    int64_t  era = (since >= 0 ? since : since - 146096) / 146097;
    unsigned of_era = (unsigned)(since - era * 146097);
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned march_month = (5 * of_year + 2) / 153; // 0 is March
    unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (struct civil){.year = year + era * 400 + (month <= 2),
                          .month = month,
                          .day = of_year - (153 * march_month + 2) / 5 + 1,
                          .weekday = (unsigned)weekday,
                          .second = (unsigned)second};
}

int64_t date_unix(int64_t year, unsigned month, unsigned day)
{
    int64_t  march_year = year - (month <= 2);
    int64_t  era = (march_year >= 0 ? march_year : march_year - 399) / 400;
    unsigned of_era = (unsigned)(march_year - era * 400);
    unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t  days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    return days * 86400;
}

static void out_clock(struct bytes_out *out, unsigned second)
{
    out_padded(out, second / 3600, 2);
    out_char(out, ':');
    out_padded(out, second / 60 % 60, 2);
    out_char(out, ':');
    out_padded(out, second % 60, 2);
}

void date_http(int64_t unix_seconds, struct bytes_out *out)
{
    static const char weekdays[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil      d = civil_of(unix_seconds);
    out_text(out, weekdays[d.weekday]);
    out_text(out, ", ");
    out_padded(out, d.day, 2);
    out_char(out, ' ');
    out_text(out, months[d.month - 1]);
    out_char(out, ' ');
    out_padded(out, (uint64_t)d.year, 4);
    out_char(out, ' ');
    out_clock(out, d.second);
    out_text(out, " GMT");
}

void date_rfc3339(int64_t unix_ms, struct bytes_out *out)
{
    int64_t seconds = unix_ms / 1000;
    int64_t ms = unix_ms % 1000;
    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    struct civil d = civil_of(seconds);
    out_padded(out, (uint64_t)d.year, 4);
    out_char(out, '-');
    out_padded(out, d.month, 2);
    out_char(out, '-');
    out_padded(out, d.day, 2);
    out_char(out, 'T');
    out_clock(out, d.second);
    out_char(out, '.');
    out_padded(out, (uint64_t)ms, 3);
    out_char(out, 'Z');
}
