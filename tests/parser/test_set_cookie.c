// SPDX-License-Identifier: Apache-2.0
// test_set_cookie: what a browser makes of a Set-Cookie field, row by row.
#include "parser/set_cookie.h"
#include <criterion/criterion.h>

#define NOW 1700000000 // 2023-11-14

struct row {
    const char *label, *field, *name, *value, *path;
    bool        secure, http_only, same_site, ends;
};

static const struct row rows[] = {
    {"a plain one", "a=b", "a", "b", NULL, false, false, false, false},
    {"blanks around both", " a = b ; Path=/", "a", "b", "/", false, false, false, false},
    {"an equals sign in the value", "a=b=c", "a", "b=c", NULL, false, false, false, false},
    {"quotes are part of the value", "a=\"b\"", "a", "\"b\"", NULL, false, false, false, false},
    {"no equals sign: a value without a name", "abc; Secure", "", "abc", NULL, true, false, false, false},
    {"nothing at all", "", "", "", NULL, false, false, false, false},
    {"all attributes, in any case", "a=b; PATH=/x; secure; HTTPONLY; samesite=lax", "a", "b", "/x", true,
     true, true, false},
    {"the last path counts", "a=b; Path=/x; Path=/y", "a", "b", "/y", false, false, false, false},
    {"a path that is none", "a=b; Path=/x; Path=y", "a", "b", NULL, false, false, false, false},
    {"a secure with a value is one", "a=b; Secure=no", "a", "b", NULL, true, false, false, false},
    {"Max-Age=0", "a=b; Max-Age=0", "a", "b", NULL, false, false, false, true},
    {"a negative one", "a=b; max-age=-1", "a", "b", NULL, false, false, false, true},
    {"a positive one counts before a date", "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=5", "a", "b",
     NULL, false, false, false, false},
    {"no number is no age", "a=b; Max-Age=0x", "a", "b", NULL, false, false, false, false},
    {"a sign alone is none", "a=b; Max-Age=-", "a", "b", NULL, false, false, false, false},
    {"the beginning of time", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "a", "", NULL, false, false, false,
     true},
    {"with hyphens, as PHP says it", "a=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0", "a",
     "deleted", NULL, false, false, false, true},
    {"two digits of a year", "a=b; Expires=Tuesday, 12-Oct-99 10:00:00 GMT", "a", "b", NULL, false, false,
     false, true},
    {"two digits of this century", "a=b; Expires=Tue, 12-Oct-68 10:00:00 GMT", "a", "b", NULL, false, false,
     false, false},
    {"a second ago", "a=b; Expires=Tue, 14 Nov 2023 22:13:19 GMT", "a", "b", NULL, false, false, false, true},
    {"in a second", "a=b; Expires=Tue, 14 Nov 2023 22:13:21 GMT", "a", "b", NULL, false, false, false, false},
    {"as C writes it", "a=b; Expires=Wed Nov 15 22:13:21 2000", "a", "b", NULL, false, false, false, true},
    {"what is no date changes none", "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Expires=soon", "a", "b",
     NULL, false, false, false, true},
    {"no time, no date", "a=b; Expires=Thu, 01 Jan 1970", "a", "b", NULL, false, false, false, false},
    {"no such hour", "a=b; Expires=Thu, 01 Jan 1970 24:00:00 GMT", "a", "b", NULL, false, false, false,
     false},
    {"no such day", "a=b; Expires=Thu, 32 Jan 1970 00:00:00 GMT", "a", "b", NULL, false, false, false, false},
    {"before the calendar", "a=b; Expires=Thu, 01 Jan 1600 00:00:00 GMT", "a", "b", NULL, false, false, false,
     false},
    {"zero is no date", "a=b; Expires=0", "a", "b", NULL, false, false, false, false},
};

static void expect_span(const char *label, const char *what, struct bytes got, const char *wanted)
{
    cr_expect(wanted == NULL ? got.at == NULL : got.at != NULL && bytes_equal(got, bytes_of(wanted)),
              "%s: the %s is <%.*s>", label, what, (int)got.len, got.at);
}

Test(set_cookie, rows)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct set_cookie c = set_cookie_read(bytes_of(r->field), NOW);
        expect_span(r->label, "name", c.name, r->name);
        expect_span(r->label, "value", c.value, r->value);
        expect_span(r->label, "path", c.path, r->path);
        cr_expect(c.secure == r->secure && c.http_only == r->http_only && c.same_site == r->same_site,
                  "%s: %d %d %d", r->label, c.secure, c.http_only, c.same_site);
        cr_expect_eq(c.ends, r->ends, "%s", r->label);
    }
}

Test(set_cookie, attributes_begin_at_their_semicolon)
{
    struct set_cookie c = set_cookie_read(BYTES("a=b ; Path=/; Domain=.x.example"), NOW);
    cr_expect(bytes_equal(c.attributes, BYTES("; Path=/; Domain=.x.example")));
    cr_expect(bytes_equal(c.domain, BYTES(".x.example")));
    cr_expect_eq(set_cookie_read(BYTES("a=b"), NOW).attributes.len, 0u);
    cr_expect_eq(set_cookie_read(BYTES("a=b;"), NOW).attributes.len, 1u);
}

Test(set_cookie, when_it_ends)
{
    static const struct {
        const char *field;
        int64_t     expires_s;
    } ends[] = {
        {"a=b", 0},
        {"a=b; Max-Age=60", NOW + 60},
        {"a=b; Max-Age=99999999999999999999", NOW + INT64_C(400) * 86400},
        {"a=b; Max-Age=-99999999999999999999", 0},
        {"a=b; Max-Age=0", 0},
        {"a=b; Max-Age=60; Max-Age=x", NOW + 60},
        {"a=b; Expires=Tue, 14 Nov 2023 22:13:21 GMT", NOW + 1},
        {"a=b; Expires=Tue, 14 Nov 2023 22:13:20 GMT", 0},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        cr_expect_eq(set_cookie_read(bytes_of(ends[i].field), NOW).expires_s, ends[i].expires_s, "%s",
                     ends[i].field);
}
