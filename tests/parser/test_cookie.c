// SPDX-License-Identifier: Apache-2.0
// test_cookie: whatever some backend takes for a cookie is seen as one.
#include "parser/cookie.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define LINES_MAX 3

TestSuite(cookie);

static struct fields fields_of(const char *const lines[LINES_MAX], struct field room[LINES_MAX + 2])
{
    size_t count = 0;
    room[count++] = (struct field){.name = BYTES("Host"), .value = BYTES("a=b"), .id = FIELD_HOST};
    for (size_t i = 0; i < LINES_MAX && lines[i] != NULL; i++)
        room[count++] =
            (struct field){.name = BYTES("Cookie"), .value = bytes_of(lines[i]), .id = FIELD_COOKIE};
    room[count++] = (struct field){.name = BYTES("X"), .value = BYTES("c=d"), .id = FIELD_OTHER};
    return (struct fields){room, count};
}

Test(cookie, fields_fall_into_cookies)
{
    // What is found, with "|" between the cookies.
    static const struct {
        const char *label, *lines[LINES_MAX], *cookies;
    } rows[] = {
        {"no field", {NULL}, ""},
        {"one cookie", {"a=1"}, "a=1"},
        {"two cookies", {"a=1; b=2"}, "a=1|b=2"},
        {"no blank between them", {"a=1;b=2"}, "a=1|b=2"},
        {"a comma ends a cookie, too", {"a=1, b=2"}, "a=1|b=2"},
        {"both", {"a=1,;b=2"}, "a=1|b=2"},
        {"several fields are one list", {"a=1", "b=2; c=3", "d=4"}, "a=1|b=2|c=3|d=4"},
        {"an empty field in between", {"a=1", "", "b=2"}, "a=1|b=2"},
        {"only ends", {";,; ,"}, ""},
        {"blanks and tabs around", {"\t a \t=\t 1 \t;  b = 2 "}, "a=1|b=2"},
        {"quotes around the value", {"a=\"1\""}, "a=1"},
        {"quotes around the name", {"\"a\"=1"}, "a=1"},
        {"quotes and blanks in any order", {"a=\" 1 \" "}, "a=1"},
        {"a quote on one side", {"a=\"1; b=2\""}, "a=1|b=2"},
        {"a cookie inside quotes is seen", {"a=\"x; SID=1\""}, "a=x|SID=1"},
        {"and one behind a comma inside quotes", {"a=\"x, SID=1\""}, "a=x|SID=1"},
        {"a quote in the middle stays", {"a=1\"2"}, "a=1\"2"},
        {"only the first equals sign splits", {"a=b=c"}, "a=b=c"},
        {"a name alone", {"a; b=1"}, "a|b=1"},
        {"an empty value", {"a="}, "a="},
        {"an empty value in quotes", {"a=\"\""}, "a="},
        {"no name", {"=1"}, "=1"},
        {"nothing on both sides", {"="}, "="},
        {"blanks inside stay", {"a b=1 2"}, "a b=1 2"},
        {"attributes of RFC 2965 are cookies", {"$Version=1; a=2; $Path=/"}, "$Version=1|a=2|$Path=/"},
        {"the same name twice is there twice", {"a=1; a=2"}, "a=1|a=2"},
        {"escapes stay", {"%61=%31"}, "%61=%31"},
        {"blanks of Latin-1 around a name", {"\xA0SID\x85=1"}, "SID=1"},
        {"a character that ends in such a byte", {"a=\xC3\xA0"}, "a=\xC3\xA0"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char             room[128];
        struct bytes_out out = {.at = room, .cap = sizeof room};
        struct field     lines[LINES_MAX + 2];
        struct fields    fields = fields_of(rows[i].lines, lines);
        struct cookies   cookies = cookies_of(&fields);
        struct cookie    cookie;
        while (cookies_next(&cookies, &cookie)) {
            out_text(&out, out.len > 0 ? "|" : "");
            out_bytes(&out, cookie.name);
            out_text(&out, cookie.value.at != NULL ? "=" : "");
            out_bytes(&out, cookie.value);
        }
        cr_expect_not(cookies_next(&cookies, &cookie), "%s: the end stays the end", rows[i].label);
        cr_expect(bytes_equal(out_written(&out), bytes_of(rows[i].cookies)), "%s: %.*s", rows[i].label,
                  (int)out.len, out.at);
    }
}

Test(cookie, one_is_found_by_its_name)
{
    const char *const lines[LINES_MAX] = {"b=; a=1", "c; a=2; A=3"};
    struct field      room[LINES_MAX + 2];
    struct fields     fields = fields_of(lines, room);
    cr_expect(bytes_equal(cookie_find(&fields, BYTES("a")), BYTES("1")), "the first of two");
    cr_expect(bytes_equal(cookie_find(&fields, BYTES("A")), BYTES("3")), "case counts");
    cr_expect(cookie_find(&fields, BYTES("b")).at != NULL, "an empty value is there");
    cr_expect(cookie_find(&fields, BYTES("c")).at != NULL, "so is a name alone");
    cr_expect_null(cookie_find(&fields, BYTES("d")).at, "what is not there is absent");
    cr_expect_null(cookie_find(&(struct fields){NULL, 0}, BYTES("a")).at, "no fields, no cookies");
}
