// SPDX-License-Identifier: Apache-2.0
// test_login: which requests are a login, and which answers say that it succeeded.
#include "policy/login.h"
#include "tests/support/expect_text.h"
#include "tests/support/request_of.h"
#include <stdio.h>

static struct arena     arena;
static struct document *document;
static struct login     login;
static char             problems[4096];

static bool load(const char *json)
{
    struct bytes_out out = {.at = problems, .cap = sizeof problems - 1};
    arena_init(&arena, NULL, 1u << 20);
    document = document_parse(bytes_of(json), "login.json");
    bool good = login_load(document_root(document), &arena, &login);
    document_print(document, &out);
    problems[out.len] = '\0';
    return good && !document_has_problems(document);
}

static void done(void)
{
    document_free(&document);
    arena_reset(&arena);
}

static const struct {
    const char *label, *json, *method, *target;
    bool        is;
} requests[] = {
    {"path and method", "{\"path\": \"/login\", \"method\": [\"POST\"]}", "POST", "/login", true},
    {"the form is no login", "{\"path\": \"/login\", \"method\": [\"POST\"]}", "GET", "/login", false},
    {"another path", "{\"path\": \"/login\", \"method\": [\"POST\"]}", "POST", "/login2", false},
    {"any method", "{\"path\": \"/login\"}", "PUT", "/login", true},
    {"a pattern", "{\"path\": \"*/j_security_check\"}", "POST", "/a/b/j_security_check", true},
    {"one of several", "{\"path\": [\"/a\", \"/b\"]}", "POST", "/b", true},
    {"as one that ends it at an encoded query", "{\"path\": \"/login.php\"}", "POST", "/login.php%3F.php",
     true},
    {"as the laziest backend reads it", "{\"path\": \"/login\"}", "POST", "//%6cogin;x=1?y", true},
};

Test(login, requests)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        cr_assert(load(requests[i].json), "%s: %s", requests[i].label, problems);
        struct request q = request_for(&arena, requests[i].method, NULL, requests[i].target);
        cr_expect_eq(login_is(&login, &q), requests[i].is, "%s", requests[i].label);
        done();
    }
}

#define WHEN(sign) "{\"path\": \"/login\", \"when\": {" sign "}}"
#define LOCATION "\"status\": [\"302\"], \"not_location\": \"/login*\""

static const struct {
    const char *label, *json, *fields;
    unsigned    status;
    bool        succeeded;
} answers[] = {
    {"nothing is said", WHEN(""), "", 500, true},
    {"the status", WHEN("\"status\": [\"2xx\"]"), "", 204, true},
    {"another status", WHEN("\"status\": [\"2xx\"]"), "", 302, false},
    {"elsewhere", WHEN(LOCATION), "Location: /home\r\n", 302, true},
    {"back to the form", WHEN(LOCATION), "Location: /login?failed=1\r\n", 302, false},
    {"back to the form, with host", WHEN(LOCATION), "Location: https://a.example/login?x=//b\r\n", 302,
     false},
    {"back to the form, with the scheme of now", WHEN(LOCATION), "Location: //a.example/login\r\n", 302,
     false},
    {"a host alone is the root", WHEN("\"location\": \"/\""), "Location: http://a.example\r\n", 302, true},
    {"no location is not elsewhere, and not there", WHEN(LOCATION), "", 302, true},
    {"no location where one is wanted", WHEN("\"location\": \"/home\""), "", 302, false},
    {"a colon in the query is no scheme", WHEN("\"location\": \"/go*\""), "Location: /go?u=http://b/x\r\n",
     302, true},
    {"a cookie", WHEN("\"set_cookie\": \"user\""), "Set-Cookie: a=b\r\nSet-Cookie: user=7; Path=/\r\n", 200,
     true},
    {"a cookie that is taken away", WHEN("\"set_cookie\": \"user\""), "Set-Cookie: user=; Max-Age=0\r\n", 200,
     false},
    {"a field", WHEN("\"header\": {\"X-Login\": \"ok\"}"), "x-login: ok\r\n", 200, true},
    {"a field that says no", WHEN("\"header\": {\"X-Login\": \"ok\"}"), "X-Login: no\r\n", 200, false},
    {"both must hold", WHEN("\"status\": [\"200\"], \"set_cookie\": \"user\""), "Set-Cookie: user=7\r\n", 201,
     false},
};

Test(login, answers)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        char head[1024];
        cr_assert(load(answers[i].json), "%s: %s", answers[i].label, problems);
        (void)snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", answers[i].fields);
        struct request q = request_of(&arena, head);
        struct answer  a = {.status = answers[i].status, .fields = &q.fields};
        cr_expect_eq(login_succeeded(&login, &a), answers[i].succeeded, "%s", answers[i].label);
        a.own = true;
        cr_expect(!login_succeeded(&login, &a), "%s: an answer of ours", answers[i].label);
        done();
    }
}

static const struct {
    const char *json, *problem;
} wrong[] = {
    {"{}", "its \"path\" is missing"},
    {"{\"path\": \"login\"}", "a pattern begins with"},
    {"{\"path\": 1}", "text is needed"},
    {"{\"path\": \"/a\", \"methods\": []}", "methods"},
    {"{\"path\": \"/a\", \"when\": {\"status\": [\"2x\"]}}", "this is no status"},
    {"{\"path\": \"/a\", \"when\": {\"status\": [\"600\"]}}", "this is no status"},
    {"{\"path\": \"/a\", \"when\": {\"status\": []}}", "no status would be counted"},
    {"{\"path\": \"/a\", \"when\": {\"header\": {}}}", "one field and its value"},
    {"{\"path\": \"/a\", \"when\": {\"json\": {}}}", "json"},
};

Test(login, what_cannot_be_written_down)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_expect(!load(wrong[i].json), "%s", wrong[i].json);
        EXPECT_HAS(problems, wrong[i].problem);
        done();
    }
}
