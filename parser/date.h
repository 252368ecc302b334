// SPDX-License-Identifier: Apache-2.0
// date: IMF-fixdate (RFC 9110 5.6.7) and RFC 3339 texts from seconds since 1970, without locale or time zone.
#pragma once
#include "parser/bytes.h"

#define DATE_HTTP_LEN 29    // "Sun, 06 Nov 1994 08:49:37 GMT"
#define DATE_RFC3339_LEN 24 // "1994-11-06T08:49:37.123Z"

// Both write nothing but their text, and hold for the years 0 to 9999.
void date_http(int64_t unix_seconds, struct bytes_out *out);
// Seconds since 1970 of the beginning of a day; month and day count from 1. A day beyond the month's last is
// one of the next month.
int64_t date_unix(int64_t year, unsigned month, unsigned day);
void    date_rfc3339(int64_t unix_ms, struct bytes_out *out);
