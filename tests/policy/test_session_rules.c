// SPDX-License-Identifier: Apache-2.0
// test_session_rules: what a session policy may say, and names as backends read them.
#include "policy/session_rules.h"
#include "tests/support/expect_text.h"

#define LOGIN "\"login\": {\"path\": \"/login\"}"
#define COOKIES "\"cookies\": [\"JSESSIONID\"]"

static struct arena                arena;
static struct document            *document;
static const struct session_rules *rules;
static char                        problems[8192];

static void load(const char *json)
{
    struct bytes_out out = {.at = problems, .cap = sizeof problems - 1};
    arena_init(&arena, NULL, 1u << 20);
    document = document_parse(bytes_of(json), "session.json");
    rules = session_rules_load(document_root(document), &arena);
    document_print(document, &out);
    problems[out.len] = '\0';
}

static void done(void)
{
    document_free(&document);
    arena_reset(&arena);
}

Test(session_rules, defaults)
{
    load("{" COOKIES ", " LOGIN "}");
    cr_assert_not_null(rules, "%s", problems);
    cr_expect_eq(rules->idle_s, 1800u);
    cr_expect_eq(rules->absolute_s, 43200u);
    cr_expect_eq(rules->rotate_s, 900u);
    cr_expect_eq(rules->same_site, SAME_SITE_LAX);
    cr_expect_eq(rules->accept_raw_until_s, 0);
    cr_expect(rules->has_login && !rules->has_logout && !rules->safe);
    done();
}

Test(session_rules, everything)
{
    load(
        "{" COOKIES ", " LOGIN
        ", \"logout\": {\"path\": \"/logout\"}, \"idle\": \"10m\", \"absolute\": \"1h\", "
        "\"rotate\": \"1m\", \"same_site\": \"strict\", \"on_lost\": \"safe\", \"expose\": [\"XSRF-TOKEN\"], "
        "\"accept_raw_until\": \"2026-12-31\"}");
    cr_assert_not_null(rules, "%s", problems);
    cr_expect_eq(rules->idle_s, 600u);
    cr_expect_eq(rules->absolute_s, 3600u);
    cr_expect_eq(rules->rotate_s, 60u);
    cr_expect_eq(rules->same_site, SAME_SITE_STRICT);
    cr_expect_eq(rules->accept_raw_until_s, 1798761600, "the end of the day");
    cr_expect(rules->has_logout && rules->safe);
    cr_expect_eq(rules->expose.count, 1u);
    done();
}

static const struct {
    const char *json, *problem;
} wrong[] = {
    {"{" LOGIN "}", "the names of the app's session cookies are missing"},
    {"{" LOGIN ", \"cookies\": []}", "the names of the app's session cookies are missing"},
    {"{" LOGIN ", \"cookies\": [\"a b\"]}", "this is no name of a cookie"},
    {"{" LOGIN ", \"cookies\": [\"__Host-id\"]}", "browsers guard names that begin so"},
    {"{" LOGIN ", \"cookies\": [\"a.b\", \"A_B\"]}", "some backend takes this name for another one"},
    {"{" LOGIN ", \"cookies\": [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]}",
     "more than 8 cookies"},
    {"{" COOKIES "}", "would survive the login of its victim"},
    {"{" COOKIES ", " LOGIN ", \"idle\": \"2h\", \"absolute\": \"1h\"}",
     "\"idle\" is longer than \"absolute\""},
    {"{" COOKIES ", " LOGIN ", \"idle\": \"999ms\"}", "out of range"},
    {"{" COOKIES ", " LOGIN ", \"accept_raw_until\": \"2026-13-01\"}", "this is no date"},
    {"{" COOKIES ", " LOGIN ", \"accept_raw_until\": \"26-1-1\"}", "this is no date"},
    {"{" COOKIES ", " LOGIN ", \"same_site\": \"off\"}", "off"},
    {"{" COOKIES ", " LOGIN ", \"storage\": \"table\"}", "table"},
};

Test(session_rules, what_cannot_be_written_down)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        load(wrong[i].json);
        cr_expect(rules == NULL || document_has_problems(document), "%s", wrong[i].json);
        EXPECT_HAS(problems, wrong[i].problem);
        done();
    }
}

Test(session_rules, names_that_some_backend_takes_for_one)
{
    static const struct {
        const char *name, *cookie;
        bool        same;
    } rows[] = {
        {"app_sess", "app_sess", true}, {"APP_SESS", "app_sess", true},   {"app.sess", "app_sess", true},
        {"app sess", "app_sess", true}, {"app[sess", "app_sess", true},   {"appsess", "app_sess", false},
        {"app_ses", "app_sess", false}, {"app_sess2", "app_sess", false}, {"", "app_sess", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(session_is_named(bytes_of(rows[i].name), bytes_of(rows[i].cookie)), rows[i].same, "%s",
                     rows[i].name);
}
