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

#define QUERY ", \"inspect_query\": true"

static const struct row rows[] = {
    {"an ordinary path", "", "/erp/static/app.js", REASON_NONE, ""},
    {"the root", "", "/", REASON_NONE, ""},

    {"a slash more", "", "/a//b", REASON_NONE, ""},
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
    {"any other name that begins with a dot", "", "/.environment", REASON_PATH_DENIED, ".environment"},
    {"in the middle", "", "/a/.cache/b", REASON_PATH_DENIED, ".cache"},
    {"behind a well-known address", "", "/.well-known/.secret", REASON_PATH_DENIED, ".secret"},
    {"behind an encoded slash", ", \"encoded_slash\": \"allow\"", "/a%2F.cache", REASON_PATH_DENIED,
     ".cache"},
    {"an encoded dot", "", "/a/%2ecache", REASON_PATH_DENIED, ".cache"},
    {"where they are open", ", \"dotfiles\": \"allow\"", "/.environment", REASON_NONE, ""},
    {"but not these", ", \"dotfiles\": \"allow\"", "/.git/config", REASON_PATH_DENIED, "*/.git/*"},
    {"well-known addresses below a mount", "", "/realms/a/.well-known/openid-configuration", REASON_NONE, ""},
    {"a name that only begins like one", "", "/.well-known2/x", REASON_PATH_DENIED, ".well-known2"},
    {"three dots are a name", "", "/.../a", REASON_NONE, ""},
    {"dots in front of a name", "", "/..a", REASON_PATH_DENIED, "..a"},
    {"dots in a name", "", "/a..b", REASON_NONE, ""},
    {"dots before its ending", "", "/file...txt", REASON_NONE, ""},
    {"a dot at its end", "", "/etc./a.", REASON_NONE, ""},
    {"UTF-8", "", "/caf%C3%A9/%E2%82%AC.html", REASON_NONE, ""},
    {"blanks and brackets", "", "/a%20b/%5B1%5D(2)", REASON_NONE, ""},
    {"a home", "", "/~user/", REASON_NONE, ""},

    {"a backup", "", "/index.php.bak", REASON_PATH_DENIED, "*.bak"},
    {"a backup of an editor", "", "/index.php~", REASON_PATH_DENIED, "*~"},
    {"a swap file", "", "/index.php.swp", REASON_PATH_DENIED, "*.swp"},
    {"an old version", "", "/site.old", REASON_PATH_DENIED, "*.old"},
    {"an original", "", "/a/b.ORIG", REASON_PATH_DENIED, "*.orig"},
    {"a folder that is named so", "", "/site.old/a.html", REASON_NONE, ""},
    {"a word that ends so", "", "/threshold", REASON_NONE, ""},

    {"a path parameter", "", "/a;jsessionid=1", REASON_NONE, ""},
    {"where there must be none", ", \"path_parameters\": \"deny\"", "/a;jsessionid=1", REASON_PATH_PARAMETERS,
     ";"},
    {"an encoded one", ", \"path_parameters\": \"deny\"", "/a%3Bb", REASON_PATH_PARAMETERS, ";"},
    {"a semicolon in the query is none", ", \"path_parameters\": \"deny\"", "/a?b;c", REASON_NONE, ""},
    {"a closed ending behind a semicolon", "", "/a;.bak", REASON_PATH_DENIED, "*.bak"},
    {"behind an encoded one", "", "/a%3B.bak", REASON_PATH_DENIED, "*.bak"},
    {"a closed folder with a parameter", ", \"deny\": [\"/m/*\"]", "/m;x/a", REASON_PATH_DENIED, "/m/*"},
    {"two slashes and a parameter", ", \"deny\": [\"/m/a;b\"]", "/m//a;b", REASON_PATH_DENIED, "/m/a;b"},

    {"a name that only ends so", "", "/my.git/info", REASON_NONE, ""},
    {"a name in the query", "", "/?f=/.git/config", REASON_NONE, ""},

    {"a pattern of the operator", ", \"deny\": [\"/manager/*\", \"*.bak\"]", "/manager/html",
     REASON_PATH_DENIED, "/manager/*"},
    {"another one", ", \"deny\": [\"/manager/*\", \"*.bak\"]", "/x/y.BAK", REASON_PATH_DENIED, "*.bak"},
    {"neither", ", \"deny\": [\"/manager/*\", \"*.bak\"]", "/x/manager/html", REASON_NONE, ""},
    {"a list of one's own replaces the usual one", ", \"dotfiles\": \"allow\", \"deny\": [\"/manager/*\"]",
     "/.git/config", REASON_NONE, ""},
    {"a query is data", "", "/?f=../../etc/passwd", REASON_NONE, ""},
    {"unless it is looked at", QUERY, "/?a=1&f=../../etc/passwd", REASON_QUERY_CLIMBS, "f"},
    {"dots in a value", QUERY, "/?q=a..b&v=1..2", REASON_NONE, ""},

    {"an empty list closes nothing", ", \"dotfiles\": \"allow\", \"deny\": []", "/.git/config", REASON_NONE,
     ""},
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

// The path that the upstream gets.
static struct bytes forwarded(const char *settings, const char *target, bool shadow)
{
    static char  room[256];
    struct edits edits;
    load(settings);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    struct request      request = request_for(&arena, "GET", NULL, target);
    struct subject      s = {.request = &request, .arena = &arena};
    struct ruling       ruling;
    const struct chain *chain = snapshot_route_at(rules.snapshot, 0)->chain;
    cr_assert_not_null(chain_on_head(chain, &s, &ruling), "%s", target);
    edits_init(&edits, request.fields.count, &arena);
    chain_on_request(chain, &s, &ruling, shadow ? NULL : &edits);
    struct bytes     path = edits.path.at == NULL ? request.target.path : edits.path;
    struct bytes_out out = {.at = room, .cap = sizeof room};
    out_bytes(&out, path);
    struct target again;
    cr_assert_eq(target_parse(out_written(&out), &arena, &again), FAULT_NONE);
    cr_expect(bytes_equal(again.decision, request.target.decision), "%s is judged like what is forwarded",
              target);
    done();
    return out_written(&out);
}

Test(path_traversal, merged_slashes_are_forwarded)
{
    static const struct {
        const char *label, *target, *path;
    } merges[] = {
        {"nothing to merge", "/a/b", "/a/b"},
        {"two slashes", "/a//b", "/a/b"},
        {"many", "////a///b//", "/a/b/"},
        {"only slashes", "//", "/"},
        {"escapes and parameters stay", "/a//%C3%A9;x//b", "/a/%C3%A9;x/b"},
        {"an empty segment with a parameter is none", "/a/;x/b", "/a/;x/b"},
        {"slashes that dots had left", "/a/./..//b", "/b"},
    };
    for (size_t i = 0; i < sizeof merges / sizeof *merges; i++) {
        struct bytes path = forwarded(", \"merge_slashes\": true", merges[i].target, false);
        cr_expect(bytes_equal(path, bytes_of(merges[i].path)), "%s: %.*s", merges[i].label, SHOW(path));
    }
    cr_expect(bytes_equal(forwarded("", "/a//b", false), BYTES("/a//b")), "not unless it is asked for");
    cr_expect(bytes_equal(forwarded(", \"merge_slashes\": true, \"mode\": \"shadow\"", "/a//b", false),
                          BYTES("/a//b")),
              "a shadow changes nothing");
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
        {", \"path_parameters\": \"yes\"", "one of: deny, allow"},
        {", \"dotfiles\": false", "text is needed here, not true or false (/policies/asked/dotfiles)"},
        {", \"merge_slashes\": \"yes\"",
         "true or false is needed here, not text (/policies/asked/merge_slashes)"},
        {", \"inspect_query\": 1", "true or false is needed here, not a number"},
        {", \"backend\": \"tomcaat\"", "did you mean \"tomcat\"?"},
        {", \"backend\": \"perl\"", "one of: generic, php, tomcat, iis, wsgi"},
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
