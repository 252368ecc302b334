// SPDX-License-Identifier: Apache-2.0
// test_date: two texts of one second, against the C library's calendar.
#include "parser/date.h"
#include <criterion/criterion.h>
#include <time.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

TestSuite(date);

Test(date, known_seconds)
{
    static const struct {
        const char *label;
        int64_t     ms;
        const char *http, *rfc3339;
    } rows[] = {
        {"the example of RFC 9110", 784111777123, "Sun, 06 Nov 1994 08:49:37 GMT",
         "1994-11-06T08:49:37.123Z"},
        {"the beginning", 0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z"},
        {"the millisecond before", -1, "Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59.999Z"},
        {"a leap day", 951782400000, "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00.000Z"},
        {"no leap day", 4107542400000, "Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00.000Z"},
        {"beyond 32 bits", 4294967296000, "Sun, 07 Feb 2106 06:28:16 GMT", "2106-02-07T06:28:16.000Z"},
        {"the end", 253402300799999, "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char             text[DATE_HTTP_LEN + DATE_RFC3339_LEN];
        struct bytes_out http = {.at = text, .cap = DATE_HTTP_LEN};
        struct bytes_out rfc3339 = {.at = text + DATE_HTTP_LEN, .cap = DATE_RFC3339_LEN};
        date_http(rows[i].ms < 0 ? -1 : rows[i].ms / 1000, &http);
        date_rfc3339(rows[i].ms, &rfc3339);
        cr_expect(bytes_equal(out_written(&http), bytes_of(rows[i].http)), "%s: %.*s", rows[i].label,
                  (int)http.len, http.at);
        cr_expect(bytes_equal(out_written(&rfc3339), bytes_of(rows[i].rfc3339)), "%s: %.*s", rows[i].label,
                  (int)rfc3339.len, rfc3339.at);
        cr_expect_not(http.overflowed || rfc3339.overflowed, "%s", rows[i].label);
    }
}

// Every day of 500 years, each at another second.
Test(date, agrees_with_the_c_library)
{
    for (int64_t day = -36500; day < 146000; day++) {
        time_t           second = (time_t)(day * 86400 + (day + 36500) * 7 % 86400);
        struct tm        tm;
        char             text[DATE_HTTP_LEN], expected[DATE_HTTP_LEN + 1];
        struct bytes_out out = {.at = text, .cap = sizeof text};
        date_http(second, &out);
        cr_assert(gmtime_r(&second, &tm) != NULL);
        cr_assert(strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &tm) == DATE_HTTP_LEN);
        cr_assert(bytes_equal(out_written(&out), bytes_of(expected)), "%.*s is not %s", (int)out.len, text,
                  expected);
    }
}

Test(date, every_day_begins_where_the_c_library_says)
{
    for (int64_t day = -141428; day < 2932897; day += 61) { // 1582 to 9999
        time_t    second = (time_t)(day * 86400);
        struct tm t;
        cr_assert_not_null(gmtime_r(&second, &t));
        int64_t got = date_unix(t.tm_year + 1900, (unsigned)t.tm_mon + 1, (unsigned)t.tm_mday);
        cr_assert_eq(got, day * 86400, "%d-%d-%d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
    }
}
