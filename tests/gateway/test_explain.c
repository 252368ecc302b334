// SPDX-License-Identifier: Apache-2.0
// test_explain: the explanation says what the gateway would do.
#include "gateway/explain.h"
#include <criterion/criterion.h>
#include <stdlib.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define FIELDS_MAX 3
#define ANSWER_MAX (512u * 1024u)

static const char rules[] =
    "{\n"
    "  \"version\": 1,\n"
    "  \"listen\": [{ \"address\": \":8080\" }],\n"
    "  \"trusted_proxies\": [\"10.0.0.0/8\"],\n"
    "  \"upstreams\": { \"erp\": { \"servers\": [\"http://127.0.0.1:9000\"] } },\n"
    "  \"policies\": {\n"
    "    \"paths\": { \"type\": \"path_traversal\", \"deny\": [\"/manager/*\"] },\n"
    "    \"sizes\": { \"type\": \"size_limit\", \"target\": \"64B\", \"mode\": \"shadow\" },\n"
    "    \"methods\": { \"type\": \"method_allow\", \"methods\": [\"GET\"] },\n"
    "    \"asleep\": { \"type\": \"method_allow\", \"methods\": [\"PUT\"], \"mode\": \"off\" }\n"
    "  },\n"
    "  \"routes\": [\n"
    "    { \"name\": \"login\", \"match\": { \"path\": \"/login\", \"method\": [\"POST\"] }, \"upstream\": "
    "\"erp\" },\n"
    "    { \"name\": \"asleep\", \"match\": { \"path\": \"/asleep\" }, \"policies\": [\"asleep\"], "
    "\"upstream\": \"erp\" },\n"
    "    { \"name\": \"erp\", \"match\": { \"host\": \"erp.example.com\" },\n"
    "      \"policies\": [\"paths\", \"sizes\", \"methods\"], \"upstream\": \"erp\" }\n"
    "  ]\n"
    "}\n";

static struct config   *config;
static struct bytes_out answer;

static void begin(void)
{
    config = config_load(bytes_of(rules), "rules.json");
    answer = (struct bytes_out){.at = malloc(ANSWER_MAX), .cap = ANSWER_MAX - 1};
    cr_assert(config != NULL && answer.at != NULL);
    document_print(config->document, &answer);
    cr_assert_not(config_has_problems(config), "%.*s", (int)answer.len, answer.at);
}

static void end(void)
{
    config_free(&config);
    free(answer.at);
}

TestSuite(explain, .init = begin, .fini = end);

static const char *ask(const struct config *c, const struct explain_question *q)
{
    answer.len = 0;
    answer.overflowed = false;
    const char *wrong = explain(c, q, &answer);
    answer.at[answer.len] = '\0';
    return wrong;
}

struct row {
    const char *label, *request, *from, *fields[FIELDS_MAX], *wanted[4];
};

// What is wanted must follow in this order.
static void expect_row(const struct row *row)
{
    size_t count = 0;
    while (count < FIELDS_MAX && row->fields[count] != NULL)
        count++;
    const char *wrong = ask(config, &(struct explain_question){row->request, row->from, row->fields, count});
    cr_expect_null(wrong, "%s: refused: %s", row->label, wrong == NULL ? "" : wrong);
    const char *at = answer.at;
    for (size_t i = 0; i < ROWS(row->wanted) && row->wanted[i] != NULL; i++) {
        const char *found = strstr(at, row->wanted[i]);
        cr_expect_not_null(found, "%s: \"%s\" does not follow in:\n%s", row->label, row->wanted[i],
                           answer.at);
        at = found == NULL ? at : found + strlen(row->wanted[i]);
    }
}

static void expect_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_row(&rows[i]);
}

Test(explain, a_request_is_followed_to_its_answer)
{
    static const struct row rows[] = {
        {"it passes",
         "GET https://erp.example.com/a",
         NULL,
         {NULL},
         {"route     erp  [rules.json:15]", "methods", "paths", "answer    passes, to upstream erp"}},
        {"an URL alone means GET", "https://erp.example.com/a", NULL, {NULL}, {"answer    passes"}},
        {"policies are named with mode and line",
         "https://erp.example.com/a",
         NULL,
         {NULL},
         {"methods           enforce  pass  [rules.json:9]\n"}},
        {"a default policy has no line",
         "POST /login",
         NULL,
         {NULL},
         {"route     login  [rules.json:13]", "enforce  pass  [default]\n", "answer    passes"}},
        {"the denied target is the one that is judged",
         "GET https://erp.example.com/x/../m%61nager/list",
         NULL,
         {NULL},
         {"target    /manager/list\n", "deny path_denied: ", "[rules.json:7]",
          "answer    403 path_denied: "}},
        {"the first denial ends the walk",
         "DELETE https://erp.example.com/manager/",
         NULL,
         {NULL},
         {"deny method_not_allowed", "deny path_denied", "(not reached)",
          "answer    405 method_not_allowed"}},
        {"a shadow lets pass",
         "https://erp.example.com/0123456789012345678901234567890123456789012345678901234567890123456789",
         NULL,
         {NULL},
         {"sizes             shadow   would deny target_too_long", "[rules.json:8]\n",
          "enforce  pass  [rules.json:7]\n", "answer    passes"}},
        {"what is off is not asked",
         "GET /asleep",
         NULL,
         {NULL},
         {"asleep            off      not asked  [rules.json:10]", "answer    passes"}},
        {"no route", "GET /nothing", NULL, {NULL}, {"answer    404 no_route"}},
        {"another host", "GET https://wiki.example.com/", NULL, {NULL}, {"answer    404 no_route"}},
        {"two readings are shown",
         "https://erp.example.com/a//b;c=d",
         NULL,
         {NULL},
         {"target    /a//b;c=d\n", "judged as /a/b\n"}},
        {"a query is no part of the judgement",
         "https://erp.example.com/a?b=../c",
         NULL,
         {NULL},
         {"target    /a?b=../c\n", "client", "answer    passes"}},
    };
    expect_rows(rows, ROWS(rows));
}

Test(explain, a_faulty_request_meets_no_policy)
{
    static const struct row rows[] = {
        {"above the root",
         "/%2e%2e/x",
         NULL,
         {NULL},
         {"answer    400 target_above_root", "RFC 3986", "no policy"}},
        {"an unknown method", "FOO /", NULL, {NULL}, {"answer    501 method_unknown"}},
        {"a blank in the target", "GET /a b", NULL, {NULL}, {"answer    400 request_line"}},
        {"user information", "https://me@erp.example.com/", NULL, {NULL}, {"answer    400 userinfo"}},
        {"a fragment", "https://erp.example.com/#x", NULL, {NULL}, {"answer    400 target_fragment"}},
        {"nothing at all", "", NULL, {NULL}, {"answer    400"}},
        {"both lengths",
         "POST /login",
         NULL,
         {"Content-Length: 1", "Transfer-Encoding: chunked"},
         {"answer    400 te_and_cl"}},
        {"a second Host",
         "https://erp.example.com/",
         NULL,
         {"Host: erp.example.com"},
         {"answer    400 host_twice"}},
    };
    expect_rows(rows, ROWS(rows));
}

Test(explain, the_host_is_found)
{
    static const struct row rows[] = {
        {"of the URL",
         "https://ERP.example.com:8443/",
         NULL,
         {NULL},
         {"host      erp.example.com\n", "route     erp"}},
        {"of a field",
         "/",
         NULL,
         {"host: erp.example.com"},
         {"host      erp.example.com\n", "route     erp"}},
        {"of the listener", "/", NULL, {NULL}, {"host      localhost\n"}},
        {"an URL without a path",
         "https://erp.example.com?x",
         NULL,
         {NULL},
         {"target    /?x\n", "answer    passes"}},
    };
    expect_rows(rows, ROWS(rows));
}

Test(explain, the_client_is_found)
{
    static const struct row rows[] = {
        {"an example when nobody says", "/", NULL, {NULL}, {"client    203.0.113.1 (an example"}},
        {"the peer", "/", "2001:DB8::1", {NULL}, {"client    2001:db8::1\n"}},
        {"behind a trusted proxy",
         "/",
         "10.0.0.1",
         {"X-Forwarded-For: 192.0.2.1, 198.51.100.7"},
         {"client    198.51.100.7, reported by trusted 10.0.0.1\n"}},
        {"who is not trusted is not believed",
         "/",
         "192.0.2.9",
         {"X-Forwarded-For: 198.51.100.7"},
         {"client    192.0.2.9\n"}},
    };
    expect_rows(rows, ROWS(rows));
}

Test(explain, questions_that_make_no_sense_are_refused)
{
    static const char *const split[] = {"X: a\r\nHost: b"};
    static const char *const nameless[] = {"no colon"};
    static char              long_request[64 * 1024 + 2];
    memset(long_request, 'a', sizeof long_request - 1);
    long_request[0] = '/';
    const struct {
        const char             *label;
        struct explain_question question;
        const char             *says;
    } rows[] = {
        {"a line break in the request", {.request = "GET / HTTP/1.1\r\nX: y"}, "one line"},
        {"a bare LF", {.request = "GET /\n"}, "one line"},
        {"a line break in a field", {.request = "/", .fields = split, .field_count = 1}, "one line"},
        {"a field without a colon", {.request = "/", .fields = nameless, .field_count = 1}, "Name: value"},
        {"a client that is no address", {.request = "/", .from = "localhost"}, "--from needs an IP address"},
        {"one byte too many", {.request = long_request}, "longer than 64 KiB"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *wrong = ask(config, &rows[i].question);
        cr_assert_not_null(wrong, "%s: was answered: %s", rows[i].label, answer.at);
        cr_expect_not_null(strstr(wrong, rows[i].says), "%s: says: %s", rows[i].label, wrong);
        cr_expect_eq(answer.len, 0, "%s: and wrote something", rows[i].label);
    }
    long_request[sizeof long_request - 2] = '\0';
    cr_expect_null(ask(config, &(struct explain_question){.request = long_request}),
                   "exactly as many as allowed");
    cr_expect_not_null(strstr(answer.at, "answer    4"), "and refused as a head");
}

Test(explain, nothing_reaches_the_terminal_unescaped)
{
    cr_assert_null(ask(config, &(struct explain_question){.request = "GET /\x1b[31m"}));
    cr_expect_null(strchr(answer.at, 0x1b), "%s", answer.at);
}

Test(explain, a_listener_that_only_redirects)
{
    static const char text[] =
        "{ \"version\": 1, \"listen\": [{ \"address\": \":80\", \"redirect\": \"https\" },\n"
        "{ \"address\": \":81\" }], \"upstreams\": { \"a\": { \"servers\": [\"http://b\"] } } }";
    struct config *c = config_load(bytes_of(text), "redirect.json");
    cr_assert(c != NULL && !config_has_problems(c));
    cr_expect_null(ask(c, &(struct explain_question){.request = "http://a/"}));
    cr_expect_not_null(strstr(answer.at, "answer    a redirect to https"), "by scheme: %s", answer.at);
    cr_expect_not_null(strstr(answer.at, "listener  :80  [redirect.json:1]\n"), "with its place: %s",
                       answer.at);
    cr_expect_null(ask(c, &(struct explain_question){.request = "/"}));
    cr_expect_not_null(strstr(answer.at, "answer    passes"), "%s", answer.at);
    cr_expect_not_null(strstr(answer.at, "listener  :81  [redirect.json:2]\n"), "a path: one that serves: %s",
                       answer.at);
    config_free(&c);
}
