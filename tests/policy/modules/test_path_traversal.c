// SPDX-License-Identifier: Apache-2.0
// Encoded slashes, depth, and paths that are closed.
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct rules rules;
static struct arena arena;

struct row {
    const char *label, *settings, *target;
    enum reason reason;
    const char *detail;
};

static const struct row rows[] = {
    {"an ordinary path", "", "/erp/static/app.js", REASON_NONE, ""},
    {"the root", "", "/", REASON_NONE, ""},

    {"an encoded slash", "", "/a%2Fb", REASON_ENCODED_SLASH, "%2F"},
    {"an encoded slash in lower case", "", "/a%2fb", REASON_ENCODED_SLASH, "%2F"},
    {"an encoded slash in the query is data", "", "/a?b=%2Fc", REASON_NONE, ""},
    {"an encoded slash where it is allowed", ", \"encoded_slash\": \"allow\"", "/a%2Fb", REASON_NONE, ""},
    {"an encoded slash opens no closed path", ", \"encoded_slash\": \"allow\"", "/x%2F.git%2Fconfig",
     REASON_PATH_DENIED, "*/.git/*"},

    {"as deep as allowed", ", \"max_depth\": 3", "/a/b/c", REASON_NONE, ""},
    {"one deeper", ", \"max_depth\": 3", "/a/b/c/d", REASON_PATH_DEPTH, "4 segments, 3 allowed"},
    {"a final slash is one more", ", \"max_depth\": 3", "/a/b/c/", REASON_PATH_DEPTH,
     "4 segments, 3 allowed"},
    {"merged slashes are one", ", \"max_depth\": 3", "/a//b///c", REASON_NONE, ""},
    {"encoded slashes count", ", \"max_depth\": 3, \"encoded_slash\": \"allow\"", "/a/b/c%2Fd",
     REASON_PATH_DEPTH, "4 segments, 3 allowed"},

    {"a repository", "", "/.git/config", REASON_PATH_DENIED, "*/.git/*"},
    {"a repository below", "", "/app/.git/HEAD", REASON_PATH_DENIED, "*/.git/*"},
    {"a repository in capitals", "", "/.GIT/config", REASON_PATH_DENIED, "*/.git/*"},
    {"a repository behind an escape", "", "/%2egit/config", REASON_PATH_DENIED, "*/.git/*"},
    {"a repository behind two slashes", "", "//.git//config", REASON_PATH_DENIED, "*/.git/*"},
    {"a repository behind a parameter", "", "/.git;x=1/config", REASON_PATH_DENIED, "*/.git/*"},
    {"Subversion", "", "/.svn/entries", REASON_PATH_DENIED, "*/.svn/*"},
    {"Mercurial", "", "/.hg/store", REASON_PATH_DENIED, "*/.hg/*"},
    {"Bazaar", "", "/.bzr/branch", REASON_PATH_DENIED, "*/.bzr/*"},
    {"an environment file", "", "/.env", REASON_PATH_DENIED, "*/.env"},
    {"one of its brothers", "", "/api/.env.production", REASON_PATH_DENIED, "*/.env.*"},
    {"passwords of Apache", "", "/x/.htpasswd", REASON_PATH_DENIED, "*/.ht*"},
    {"keys of a cloud", "", "/.aws/credentials", REASON_PATH_DENIED, "*/.aws/*"},
    {"keys of a shell", "", "/.ssh/id_rsa", REASON_PATH_DENIED, "*/.ssh/*"},
    {"well-known addresses stay open", "", "/.well-known/acme-challenge/x", REASON_NONE, ""},
    {"a name that only begins so", "", "/.environment", REASON_NONE, ""},
    {"a name that only ends so", "", "/my.git/info", REASON_NONE, ""},
    {"a name in the query", "", "/?f=/.git/config", REASON_NONE, ""},

    {"a pattern of the operator", ", \"deny\": [\"/manager/*\", \"*.bak\"]", "/manager/html",
     REASON_PATH_DENIED, "/manager/*"},
    {"another one", ", \"deny\": [\"/manager/*\", \"*.bak\"]", "/x/y.BAK", REASON_PATH_DENIED, "*.bak"},
    {"neither", ", \"deny\": [\"/manager/*\", \"*.bak\"]", "/x/manager/html", REASON_NONE, ""},
    {"a list of one's own replaces the usual one", ", \"deny\": [\"/manager/*\"]", "/.git/config",
     REASON_NONE, ""},
    {"an empty list closes nothing", ", \"deny\": []", "/.git/config", REASON_NONE, ""},
    {"a pattern beyond ASCII", ", \"deny\": [\"/caf\xC3\xA9/*\"]", "/caf%C3%A9/x", REASON_PATH_DENIED,
     "/caf\xC3\xA9/*"},
};

static void load(const char *settings)
{
    static char json[64 * 1024];
    (void)snprintf(json, sizeof json, "{\"type\": \"path_traversal\"%s}", settings);
    rules_load_policy(&rules, json);
    arena_init(&arena, NULL, 1u << 20);
}

static void done(void)
{
    arena_reset(&arena);
    rules_free(&rules);
}

Test(path_traversal, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        load(row->settings);
        cr_assert_not_null(rules.snapshot, "%s: %s", row->label, rules.problems);
        struct request request = request_for(&arena, "GET", NULL, row->target);
        struct verdict verdict = rules_ask(&rules, &request, &arena);
        cr_expect_eq(verdict.reason, row->reason, "%s: %s", row->label, reason_token(verdict.reason));
        cr_expect(bytes_equal(verdict.detail, bytes_of(row->detail)), "%s: %.*s", row->label,
                  SHOW(verdict.detail));
        done();
    }
}

Test(path_traversal, the_default_depth)
{
    char             target[256];
    struct bytes_out out = {.at = target, .cap = sizeof target};
    for (int i = 0; i < 64; i++)
        out_text(&out, "/a");
    for (int more = 0; more < 2; more++) {
        target[out.len] = '\0';
        load("");
        struct request request = request_for(&arena, "GET", NULL, target);
        cr_expect_eq(rules_ask(&rules, &request, &arena).reason, more ? REASON_PATH_DEPTH : REASON_NONE);
        done();
        out_text(&out, "/a");
    }
}

Test(path_traversal, the_server_itself_has_no_path)
{
    load("");
    struct request request = request_for(&arena, "OPTIONS", NULL, "*");
    cr_expect_eq(rules_ask(&rules, &request, &arena).kind, VERDICT_PASS);
    done();
}

Test(path_traversal, refusals)
{
    static const char *const wrong[][2] = {
        {", \"encoded_slash\": \"alow\"", "did you mean \"allow\"?"},
        {", \"encoded_slash\": true",
         "text is needed here, not true or false (/policies/asked/encoded_slash)"},
        {", \"max_depth\": 0", "between 1 and 4096"},
        {", \"max_depth\": 4097", "between 1 and 4096"},
        {", \"denny\": []", "did you mean \"deny\"?"},
        {", \"deny\": \"/a\"", "an array is needed here, not text (/policies/asked/deny)"},
        {", \"deny\": [\"manager/*\"]", "a pattern begins with \"/\" or \"*\""},
        {", \"deny\": [\"\"]", "a pattern begins with \"/\" or \"*\""},
        {", \"deny\": [\"/a\", 1]", "text is needed here, not a number (/policies/asked/deny/1)"},
        {", \"deny\": [\"a\", \"b\"], \"max_depth\": 0", "3 problems"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        load(wrong[i][0]);
        cr_expect_null(rules.snapshot, "%s", wrong[i][0]);
        cr_expect_not_null(strstr(rules.problems, wrong[i][1]), "%s: %s", wrong[i][0], rules.problems);
        done();
    }
}

// Loads `count` patterns of `len` bytes each.
static bool loads(size_t count, size_t len)
{
    static char      settings[60 * 1024];
    struct bytes_out out = {.at = settings, .cap = sizeof settings};
    for (size_t i = 0; i < count; i++) {
        out_text(&out, i == 0 ? ", \"deny\": [\"/" : "\", \"/");
        for (size_t k = 1; k < len; k++)
            out_char(&out, 'x');
    }
    out_bytes(&out, BYTES("\"]\0"));
    cr_assert_not(out.overflowed);
    load(settings);
    bool loaded = rules.snapshot != NULL;
    cr_expect_eq(loaded, rules.problems[0] == '\0');
    done();
    return loaded;
}

Test(path_traversal, patterns_are_bounded)
{
    cr_expect(loads(256, 16), "as many as allowed");
    cr_expect_not(loads(257, 2), "one pattern more");
    cr_expect(loads(1, 256), "as long as allowed");
    cr_expect_not(loads(1, 257), "one byte longer");
    cr_expect(loads(16, 256), "as much as allowed together");
    cr_expect_not(loads(17, 241), "one byte more together");
}
