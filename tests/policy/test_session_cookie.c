// SPDX-License-Identifier: Apache-2.0
// test_session_cookie: outer cookies open for their host, their name and their policy, and for nothing else.
#include "policy/session_cookie.h"
#include <criterion/criterion.h>

static struct key_ring   *ring;
static struct arena       arena;
static struct outer_scope scope;

static void begin(void)
{
    unsigned char           random[KEY_RING_RANDOM_BYTES] = {7};
    char                    text[1024];
    struct bytes_out        out = {.at = text, .cap = sizeof text};
    struct key_ring_problem problem;
    cr_assert(key_ring_generate(random, &out));
    ring = key_ring_read(out_written(&out), &problem);
    cr_assert_not_null(ring);
    arena_init(&arena, NULL, 1u << 20);
    scope = (struct outer_scope){ring, BYTES("broker"), BYTES("a.example"), true};
}

static void end(void)
{
    arena_reset(&arena);
    key_ring_free(&ring);
}

TestSuite(session_cookie, .init = begin, .fini = end);

static struct outer some(void)
{
    struct outer o = {.generation = 3,
                      .issued_s = 1700000000,
                      .begun_s = 1600000000,
                      .expires_s = 0xfffffff0u,
                      .path = BYTES("/erp"),
                      .inner = BYTES("1F7A.node1")};
    cr_assert(outer_sid(&scope, BYTES("JSESSIONID"), o.inner, &o.sid));
    return o;
}

Test(session_cookie, what_is_written_is_read)
{
    char             text[SEAL_TOKEN_MAX];
    struct bytes_out token = {.at = text, .cap = sizeof text};
    struct outer     o = some(), again;
    cr_assert(outer_write(&scope, BYTES("__Host-JSESSIONID"), &o, &token));
    cr_assert(outer_read(&scope, BYTES("__Host-JSESSIONID"), out_written(&token), &arena, &again));
    cr_expect_arr_eq(&again.sid, &o.sid, sizeof o.sid);
    cr_expect(again.generation == o.generation && again.issued_s == o.issued_s &&
              again.begun_s == o.begun_s && again.expires_s == o.expires_s);
    cr_expect(bytes_equal(again.path, o.path) && bytes_equal(again.inner, o.inner));
    cr_expect_lt(token.len, 140u, "%zu bytes", token.len);
}

Test(session_cookie, it_opens_nowhere_else)
{
    char               text[SEAL_TOKEN_MAX];
    struct bytes_out   token = {.at = text, .cap = sizeof text};
    struct outer       o = some(), again;
    struct outer_scope others[] = {scope, scope};
    others[0].host = BYTES("b.example");
    others[1].policy = BYTES("other");
    cr_assert(outer_write(&scope, BYTES("__Host-JSESSIONID"), &o, &token));
    for (size_t i = 0; i < 2; i++)
        cr_expect(!outer_read(&others[i], BYTES("__Host-JSESSIONID"), out_written(&token), &arena, &again));
    cr_expect(!outer_read(&scope, BYTES("__Host-PHPSESSID"), out_written(&token), &arena, &again));
    cr_expect(!outer_read(&scope, BYTES("__Host-JSESSIONID"), BYTES(""), &arena, &again));
    text[token.len / 2] ^= 1;
    cr_expect(!outer_read(&scope, BYTES("__Host-JSESSIONID"), out_written(&token), &arena, &again));
}

Test(session_cookie, one_inner_has_one_sid_on_every_host)
{
    struct sid a, b;
    cr_assert(outer_sid(&scope, BYTES("A"), BYTES("1"), &a));
    scope.host = BYTES("b.example");
    cr_assert(outer_sid(&scope, BYTES("A"), BYTES("1"), &b));
    cr_expect_arr_eq(&a, &b, sizeof a);
    cr_assert(outer_sid(&scope, BYTES("B"), BYTES("1"), &b));
    cr_expect_arr_neq(&a, &b, sizeof a);
    cr_assert(outer_sid(&scope, BYTES("A"), BYTES("2"), &b));
    cr_expect_arr_neq(&a, &b, sizeof a);
}

Test(session_cookie, the_longest_that_a_browser_keeps)
{
    static char      inner[SEAL_PLAIN_MAX];
    char             text[SEAL_TOKEN_MAX];
    struct outer     o = some(), again;
    struct bytes_out token = {.at = text, .cap = sizeof text};
    memset(inner, 'x', sizeof inner);
    o.inner = (struct bytes){inner, SEAL_PLAIN_MAX - sizeof(struct sid) - 17 - o.path.len};
    cr_assert(outer_write(&scope, BYTES("__Host-JSESSIONID"), &o, &token));
    cr_expect(outer_read(&scope, BYTES("__Host-JSESSIONID"), out_written(&token), &arena, &again));
    cr_expect_eq(again.inner.len, o.inner.len);
    o.inner.len++;
    token.len = 0;
    cr_expect(!outer_write(&scope, BYTES("__Host-JSESSIONID"), &o, &token));
}

static const struct {
    const char *label, *path;
    bool        secure;
    const char *name;
} rows[] = {
    {"an app at the root", "/", true, "__Host-JSESSIONID"},
    {"without TLS browsers keep no __Host-", "/", false, "JSESSIONID"},
    {"an app below", "/erp", true, "__Host-JSESSIONID.2e1c8a6f"},
};

Test(session_cookie, names)
{
    static const struct session_names names = {.at = {BYTES("JSESSIONID"), BYTES("A")}, .count = 2};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char             text[OUTER_NAME_MAX];
        struct bytes_out out = {.at = text, .cap = sizeof text};
        scope.secure = rows[i].secure;
        outer_name(&scope, BYTES("JSESSIONID"), bytes_of(rows[i].path), &out);
        cr_expect_eq(out.len, strlen(rows[i].name), "%s: %.*s", rows[i].label, SHOW(out_written(&out)));
        cr_expect_eq(outer_name_find(&scope, &names, out_written(&out)), 0u, "%s", rows[i].label);
    }
    scope.secure = true;
    cr_expect_eq(outer_name_find(&scope, &names, BYTES("JSESSIONID")), 2u);
    cr_expect_eq(outer_name_find(&scope, &names, BYTES("__Host-")), 2u);
    cr_expect_eq(outer_name_find(&scope, &names, BYTES("__Host-JSESSIONID.1234567")), 2u);
    cr_expect_eq(outer_name_find(&scope, &names, BYTES("__Host-A.12345678")), 1u);
}

Test(session_cookie, paths)
{
    static const struct {
        const char *cookie, *request;
        bool        matches;
    } paths[] = {
        {"/", "/x", true},        {"/erp", "/erp", true},   {"/erp", "/erp/x", true},
        {"/erp", "/erps", false}, {"/erp/", "/erp", false}, {"/erp/", "/erp/", true},
        {"/erp", "/", false},     {"", "/x", true},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        cr_expect_eq(outer_path_matches(bytes_of(paths[i].cookie), bytes_of(paths[i].request)),
                     paths[i].matches, "%s %s", paths[i].cookie, paths[i].request);
}
