// SPDX-License-Identifier: Apache-2.0
// test_session_form: a planted field is found however the body is cut.
#include "policy/session_form.h"
#include "tests/support/request_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

static const struct session_names names = {.at = {BYTES("PHPSESSID"), BYTES("app_sess")}, .count = 2};

#define FORM "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
#define BLANKS "+%20+%09+%0d%0a+++++++++++++++++++++++++++++++++++++++++++++++++++++++"
#define PARTS "Content-Type: multipart/form-data; boundary=b\r\n"
#define PART(says) "--b\r\nContent-Disposition: form-data; " says "\r\n\r\nvalue\r\n--b--\r\n"
#define ESCAPED "%50%48%50%53%45%53%53%49%44" // every letter of PHPSESSID

static const struct {
    const char *label, *type, *body;
    bool        planted;
} rows[] = {
    {"an ordinary form", FORM, "user=a&password=PHPSESSID", false},
    {"first", FORM, "PHPSESSID=1&user=a", true},
    {"last", FORM, "user=a&PHPSESSID=1", true},
    {"in another case", FORM, "phpsessid=1", true},
    {"escaped", FORM, "a=b&" ESCAPED "=1", true},
    {"folded", FORM, "app.sess=1", true},
    {"folded from a blank", FORM, "app+sess=1", true},
    {"behind a blank", FORM, "+app_sess=1", true},
    {"as an array", FORM, "PHPSESSID%5B%5D=1", true},
    {"a longer name", FORM, "PHPSESSIDS=1", false},
    {"an equals sign in a value", FORM, "a=PHPSESSID=1", false},
    {"without a value it is no id", FORM, "PHPSESSID&a=b", false},
    {"a body of another type", "Content-Type: text/plain\r\n", "PHPSESSID=1", false},
    {"a body of no type", "", "PHPSESSID=1", false},
    {"behind many blanks", FORM, BLANKS BLANKS BLANKS "app_sess=1", true},
    {"in front of blanks", FORM, "app_sess" BLANKS "+=1", true},
    {"a blank inside is a letter", FORM, "app+_sess=1", false},
    {"behind more blanks than a name is long, another one", FORM, "a" BLANKS "app_sess=1", false},
    {"cut by a zero byte", FORM, "PHPSESSID%00x=1", true},
    {"behind a zero byte", FORM, "%00PHPSESSID=1", false},
    {"an escape that is none", FORM, "%4PHPSESSID=1&PHPSESSID%4=1&%=1&%g=1", false},
    {"behind a semicolon, as old readers end a pair", FORM, "a=b;PHPSESSID=1", true},
    {"a type in another case", "content-type: Application/X-WWW-Form-URLencoded\r\n", "PHPSESSID=1", true},
};

static const struct {
    const char *label, *body;
    bool        planted;
} parts[] = {
    {"an ordinary part", PART("name=\"user\""), false},
    {"a planted one", PART("name=\"PHPSESSID\""), true},
    {"in another case", "--b\r\ncontent-disposition:form-data;NAME=phpsessid\r\n\r\n", true},
    {"the second part", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" PART("name=app_sess"),
     true},
    {"behind another header",
     "--b\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; name=app_sess\r\n\r\n", true},
    {"lines that end with LF alone", "--b\nContent-Disposition: form-data; name=app_sess\n\n", true},
    {"lines that end with CR alone", "--b\rContent-Disposition: form-data; name=app_sess\r\r", true},
    {"folded in the middle of a word, as PHP puts lines together", PART("na\r\nme=\"PHPSES\r\nSID\""), true},
    {"folded", PART("\r\n\tname = \"PHPSESSID\""), true},
    {"a value that ends with its line", PART("name=PHPSESSID"), true},
    {"a quote that is never closed",
     "--b\nContent-Disposition: form-data; name=\"PHPSESSID\nContent-Type: a\n\n", true},
    {"in single quotes", PART("name='PHPSESSID'"), true},
    {"with backslashes", PART("name=\"PHP\\SESSID\""), true},
    {"a quote behind a backslash ends it for some", PART("name=\"a\\\"; name=\"PHPSESSID\""), true},
    {"escaped", PART("name=\"" ESCAPED "\""), true},
    {"behind blanks", PART("name=\"          PHPSESSID\""), true},
    {"as an array", PART("name=\"PHPSESSID[0]\""), true},
    {"the second name of one part", PART("name=a; name=PHPSESSID"), true},
    {"the name of another line of that kind",
     "--b\nContent-Disposition: form-data; name=\"a\nContent-Disposition: form-data; name=PHPSESSID\n\n",
     true},
    {"in any character set", PART("name*=utf-8''PHP%53ESSID"), true},
    {"as an encoded word", PART("name=\"=?utf-8?B?UEhQU0VTU0lE?=\""), true},
    {"a longer name", PART("name=\"PHPSESSIDS\""), false},
    {"a file of that name", PART("name=\"f\"; filename=\"PHPSESSID\""), false},
    {"a value of that name",
     "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nname=PHPSESSID\r\n--b--\r\n", false},
    {"a text that speaks of it",
     "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n; name=\"PHPSESSID\"\r\n", false},
};

static bool passes(const struct request *q, struct bytes body, size_t piece)
{
    struct form_watch w;
    form_begin(&w, q);
    for (size_t i = 0; i < body.len; i += piece) {
        size_t len = body.len - i < piece ? body.len - i : piece;
        if (!form_watch(&w, &names, (struct bytes){body.at + i, len}))
            return false;
    }
    return true;
}

Test(session_form, cut_anywhere)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        char         head[512];
        arena_init(&arena, NULL, 1u << 16);
        (void)snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: a\r\n%sContent-Length: 1\r\n\r\n",
                       rows[i].type);
        struct request q = request_of(&arena, head);
        for (size_t piece = 1; piece <= strlen(rows[i].body); piece++)
            cr_expect_eq(passes(&q, bytes_of(rows[i].body), piece), !rows[i].planted, "%s, %zu bytes a piece",
                         rows[i].label, piece);
        arena_reset(&arena);
    }
}

Test(session_form, parts_cut_anywhere)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 1u << 16);
        struct request q =
            request_of(&arena, "POST / HTTP/1.1\r\nHost: a\r\n" PARTS "Content-Length: 1\r\n\r\n");
        for (size_t piece = 1; piece <= strlen(parts[i].body); piece++)
            cr_expect_eq(passes(&q, bytes_of(parts[i].body), piece), !parts[i].planted,
                         "%s, %zu bytes a piece", parts[i].label, piece);
        arena_reset(&arena);
    }
}

Test(session_form, a_name_without_end_takes_no_room)
{
    static char  body[100000];
    struct arena arena;
    arena_init(&arena, NULL, 1u << 16);
    memset(body, 'x', sizeof body - 1);
    memcpy(body + sizeof body - 20, "&PHPSESSID=1&a=b&cd", 19);
    struct request q = request_of(&arena, "POST / HTTP/1.1\r\nHost: a\r\n" FORM "Content-Length: 1\r\n\r\n");
    cr_expect(!passes(&q, bytes_of(body), 4096));
    body[sizeof body - 20] = 'x';
    cr_expect(passes(&q, bytes_of(body), 4096));
    arena_reset(&arena);
}
