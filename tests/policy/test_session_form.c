// SPDX-License-Identifier: Apache-2.0
// test_session_form: a planted field is found however the body is cut.
#include "policy/session_form.h"
#include "tests/support/request_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

static const struct session_names names = {.at = {BYTES("PHPSESSID"), BYTES("app_sess")}, .count = 2};

#define FORM "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
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
    {"a type in another case", "content-type: Application/X-WWW-Form-URLencoded\r\n", "PHPSESSID=1", true},
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
