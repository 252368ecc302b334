// SPDX-License-Identifier: Apache-2.0
// Reading a route, matching with it, and what one route leaves to the next.
#include "policy/route.h"
#include "policy/methods.h"
#include <criterion/criterion.h>
#include <stdio.h>

static const struct bytes upstreams[] = {BYTES("erp"), BYTES("wiki")};
static struct arena       arena;
static char               printed[8192];

// Loads {"name": "r", <members>}.
static bool load(const char *members, size_t upstream_count, struct route *route_r, struct document **d_r)
{
    char json[1024];
    (void)snprintf(json, sizeof json, "{\"name\": \"r\", %s}", members);
    *d_r = document_parse(bytes_of(json), "f");
    bool             done = route_load(document_root(*d_r), upstreams, upstream_count, &arena, route_r);
    struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
    document_print(*d_r, &out);
    printed[out.len] = '\0';
    return done;
}

struct matching {
    const char *label, *match, *host, *path;
    enum method method;
    bool        matches;
};

static const struct matching matchings[] = {
    {"no match takes everything", "{}", "x", "/any", METHOD_GET, true},
    {"no match takes the asterisk form", "{}", "x", "*", METHOD_OPTIONS, true},
    {"a path pattern does not", "{\"path\": \"/*\"}", "x", "*", METHOD_OPTIONS, false},

    {"an exact path", "{\"path\": \"/a\"}", "x", "/a", METHOD_GET, true},
    {"an exact path is not its beginning", "{\"path\": \"/a\"}", "x", "/ab", METHOD_GET, false},
    {"an exact path has nothing below it", "{\"path\": \"/a\"}", "x", "/a/b", METHOD_GET, false},
    {"an exact path is not a directory", "{\"path\": \"/a\"}", "x", "/a/", METHOD_GET, false},
    {"a directory is not an exact path", "{\"path\": \"/a/\"}", "x", "/a", METHOD_GET, false},
    {"an exact path is not its own beginning", "{\"path\": \"/ab\"}", "x", "/a", METHOD_GET, false},
    {"paths are case-sensitive", "{\"path\": \"/a\"}", "x", "/A", METHOD_GET, false},
    {"the root alone", "{\"path\": \"/\"}", "x", "/", METHOD_GET, true},
    {"the root is not all", "{\"path\": \"/\"}", "x", "/a", METHOD_GET, false},
    {"a subtree has its root", "{\"path\": \"/a/*\"}", "x", "/a", METHOD_GET, true},
    {"a subtree has its directory", "{\"path\": \"/a/*\"}", "x", "/a/", METHOD_GET, true},
    {"a subtree has all below", "{\"path\": \"/a/*\"}", "x", "/a/b/c", METHOD_GET, true},
    {"a subtree is not a prefix", "{\"path\": \"/a/*\"}", "x", "/ab", METHOD_GET, false},
    {"a subtree of two segments", "{\"path\": \"/a/b/*\"}", "x", "/a/c", METHOD_GET, false},
    {"all paths", "{\"path\": \"/*\"}", "x", "/", METHOD_GET, true},
    {"all paths, deep", "{\"path\": \"/*\"}", "x", "/a/b", METHOD_GET, true},
    {"a character that a path escapes", "{\"path\": \"/my files/*\"}", "x", "/my%20files/a", METHOD_GET,
     true},
    {"a character beyond ASCII", "{\"path\": \"/caf\xC3\xA9\"}", "x", "/caf%C3%A9", METHOD_GET, true},
    {"the same, as it is decided on", "{\"path\": \"/caf\xC3\xA9\"}", "x", "/caf\xC3\xA9", METHOD_GET, true},
    {"an encoded slash is no slash", "{\"path\": \"/a/b\"}", "x", "/a%2Fb", METHOD_GET, false},
    {"an encoded slash ends no segment", "{\"path\": \"/a/*\"}", "x", "/a%2Fb", METHOD_GET, false},
    {"a percent sign at the end", "{\"path\": \"/a\"}", "x", "/a%2", METHOD_GET, false},

    {"a host", "{\"host\": \"erp.example.com\"}", "erp.example.com", "/", METHOD_GET, true},
    {"hosts are compared in lower case", "{\"host\": \"ERP.Example.com\"}", "erp.example.com", "/",
     METHOD_GET, true},
    {"a final dot is nothing", "{\"host\": \"erp.example.com.\"}", "erp.example.com", "/", METHOD_GET, true},
    {"another host", "{\"host\": \"erp.example.com\"}", "wiki.example.com", "/", METHOD_GET, false},
    {"no host", "{\"host\": \"erp.example.com\"}", "", "/", METHOD_GET, false},
    {"one label in front", "{\"host\": \"*.example.com\"}", "a.example.com", "/", METHOD_GET, true},
    {"two labels in front", "{\"host\": \"*.Example.com\"}", "a.b.example.com", "/", METHOD_GET, true},
    {"no label in front", "{\"host\": \"*.example.com\"}", "example.com", "/", METHOD_GET, false},
    {"an empty label in front", "{\"host\": \"*.example.com\"}", ".example.com", "/", METHOD_GET, false},
    {"the end of a label", "{\"host\": \"*.example.com\"}", "badexample.com", "/", METHOD_GET, false},
    {"an IPv6 literal", "{\"host\": \"[::1]\"}", "::1", "/", METHOD_GET, true},

    {"a method", "{\"method\": [\"POST\"]}", "x", "/", METHOD_POST, true},
    {"another method", "{\"method\": [\"POST\"]}", "x", "/", METHOD_GET, false},
    {"one of two methods", "{\"method\": [\"POST\", \"PUT\"]}", "x", "/", METHOD_PUT, true},
    {"all three", "{\"method\": [\"POST\"], \"host\": \"x\", \"path\": \"/a\"}", "x", "/a", METHOD_POST,
     true},
    {"two of three", "{\"method\": [\"POST\"], \"host\": \"x\", \"path\": \"/a\"}", "x", "/b", METHOD_POST,
     false},
};

Test(route, matchings)
{
    for (const struct matching *row = matchings; row < matchings + sizeof matchings / sizeof *matchings;
         row++) {
        char             members[512];
        struct document *d;
        struct route     route;
        arena_init(&arena, NULL, 1u << 16);
        (void)snprintf(members, sizeof members, "\"match\": %s", row->match);
        cr_assert(load(members, 1, &route, &d), "%s: %s", row->label, printed);
        const struct host host = {.name = bytes_of(row->host)};
        cr_expect_eq(route_matches(&route, &host, bytes_of(row->path), row->method), row->matches, "%s",
                     row->label);
        arena_reset(&arena);
        document_free(&d);
    }
}

struct refusal {
    const char *label, *members, *problem, *hint;
};

static const struct refusal refusals[] = {
    {"an unknown key", "\"upstrem\": \"erp\", \"upstream\": \"erp\"", "unknown key \"upstrem\"",
     "\"upstream\"?"},
    {"an unknown key in match", "\"match\": {\"paht\": \"/\"}, \"upstream\": \"erp\"",
     "unknown key \"paht\" (/match)", "did you mean \"path\"?"},
    {"an unknown upstream", "\"upstream\": \"wikki\"", "unknown upstream \"wikki\" (/upstream)",
     "did you mean \"wiki\"?"},
    {"no upstream, where there are two", "\"match\": {}", "a route that leads nowhere", NULL},
    {"a path without slash", "\"match\": {\"path\": \"a\"}, \"upstream\": \"erp\"",
     "a path begins with \"/\"", NULL},
    {"an empty path", "\"match\": {\"path\": \"\"}, \"upstream\": \"erp\"", "a path begins with \"/\"", NULL},
    {"a star in the middle", "\"match\": {\"path\": \"/a/*/b\"}, \"upstream\": \"erp\"",
     "may only stand at the end", NULL},
    {"a star without slash", "\"match\": {\"path\": \"/a*\"}, \"upstream\": \"erp\"",
     "may only stand at the end", NULL},
    {"two stars", "\"match\": {\"path\": \"/*/*\"}, \"upstream\": \"erp\"", "may only stand at the end",
     NULL},
    {"an escape", "\"match\": {\"path\": \"/%61dmin\"}, \"upstream\": \"erp\"",
     "\"/%61dmin\" matches nothing", "write \"/admin\""},
    {"two slashes", "\"match\": {\"path\": \"/a//b\"}, \"upstream\": \"erp\"", "matches nothing",
     "write \"/a/b\""},
    {"two slashes before the star", "\"match\": {\"path\": \"/a//*\"}, \"upstream\": \"erp\"",
     "matches nothing", "write \"/a/*\""},
    {"two slashes at the end", "\"match\": {\"path\": \"/a//\"}, \"upstream\": \"erp\"", "matches nothing",
     "write \"/a/\""},
    {"a dot segment", "\"match\": {\"path\": \"/a/./b\"}, \"upstream\": \"erp\"", "matches nothing",
     "write \"/a/b\""},
    {"a dot-dot segment", "\"match\": {\"path\": \"/a/../b\"}, \"upstream\": \"erp\"", "matches nothing",
     "write \"/b\""},
    {"a dot-dot segment before the star", "\"match\": {\"path\": \"/a/b/../*\"}, \"upstream\": \"erp\"",
     "matches nothing", "write \"/a/*\""},
    {"a parameter", "\"match\": {\"path\": \"/a;x\"}, \"upstream\": \"erp\"", "matches nothing",
     "write \"/a\""},
    {"a query", "\"match\": {\"path\": \"/a?x\"}, \"upstream\": \"erp\"", "matches nothing", "write \"/a\""},
    {"a fragment", "\"match\": {\"path\": \"/a#x\"}, \"upstream\": \"erp\"", "matches nothing", NULL},
    {"a backslash", "\"match\": {\"path\": \"/a\\\\b\"}, \"upstream\": \"erp\"", "matches nothing", NULL},
    {"a control", "\"match\": {\"path\": \"/a\\u0001\"}, \"upstream\": \"erp\"", "matches nothing", NULL},
    {"a host with a port", "\"match\": {\"host\": \"a:80\"}, \"upstream\": \"erp\"", "\"a:80\" is not a host",
     "a name without a port"},
    {"a host with a blank", "\"match\": {\"host\": \"a b\"}, \"upstream\": \"erp\"", "is not a host", NULL},
    {"a star inside a host", "\"match\": {\"host\": \"a.*.b\"}, \"upstream\": \"erp\"", "is not a host",
     NULL},
    {"a star alone as host", "\"match\": {\"host\": \"*\"}, \"upstream\": \"erp\"", "is not a host", NULL},
    {"an empty host", "\"match\": {\"host\": \"\"}, \"upstream\": \"erp\"", "is not a host", NULL},
    {"an unknown method", "\"match\": {\"method\": [\"GTE\"]}, \"upstream\": \"erp\"",
     "unknown method \"GTE\"", NULL},
    {"match is no object", "\"match\": \"/a\", \"upstream\": \"erp\"",
     "an object is needed here, not text (/match)", NULL},
    {"four at once", "\"match\": {\"host\": \"a b\", \"path\": \"a\", \"method\": []}, \"upstream\": 1",
     "4 problems", NULL},
};

Test(route, refusals)
{
    for (const struct refusal *row = refusals; row < refusals + sizeof refusals / sizeof *refusals; row++) {
        struct document *d;
        struct route     route;
        arena_init(&arena, NULL, 1u << 16);
        (void)load(row->members, 2, &route, &d);
        cr_expect(document_has_problems(d), "%s", row->label);
        cr_expect_not_null(strstr(printed, row->problem), "%s: %s", row->label, printed);
        cr_expect(row->hint == NULL || strstr(printed, row->hint) != NULL, "%s: %s", row->label, printed);
        arena_reset(&arena);
        document_free(&d);
    }
}

Test(route, the_only_upstream_needs_no_name)
{
    struct document *d;
    struct route     route;
    arena_init(&arena, NULL, 1u << 16);
    cr_expect(load("\"match\": {}", 1, &route, &d), "%s", printed);
    cr_expect_eq(route.upstream, 0u);
    document_free(&d);
    cr_expect(load("\"upstream\": \"wiki\"", 2, &route, &d), "%s", printed);
    cr_expect_eq(route.upstream, 1u);
    cr_expect(bytes_equal(route.name, BYTES("r")));
    cr_expect_eq(route.line, 1u);
    document_free(&d);
    arena_reset(&arena);
}

Test(route, a_name_is_needed)
{
    static const char *const texts[] = {"{}", "{\"name\": \"\"}", "{\"name\": 1}", "{\"name\": null}", "[]"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct route     route;
        struct document *d = document_parse(bytes_of(texts[i]), "f");
        arena_init(&arena, NULL, 1u << 16);
        cr_expect_not(route_load(document_root(d), upstreams, 1, &arena, &route), "%s", texts[i]);
        cr_expect(document_has_problems(d), "%s", texts[i]);
        arena_reset(&arena);
        document_free(&d);
    }
}

struct hiding {
    const char  *label;
    struct route first, second;
    bool         hides;
};

#define GET METHOD_BIT(METHOD_GET)
#define POST METHOD_BIT(METHOD_POST)

static const struct hiding hidings[] = {
    {"everything hides everything", {.name = {NULL, 0}}, {.path = BYTES("/a")}, true},
    {"a path does not hide everything", {.path = BYTES("/a/*")}, {.name = {NULL, 0}}, false},
    {"all paths do not hide the asterisk form", {.path = BYTES("/*")}, {.name = {NULL, 0}}, false},
    {"the same path", {.path = BYTES("/a")}, {.path = BYTES("/a")}, true},
    {"another path", {.path = BYTES("/a")}, {.path = BYTES("/b")}, false},
    {"a subtree hides its root", {.path = BYTES("/a/*")}, {.path = BYTES("/a")}, true},
    {"a subtree hides what is below", {.path = BYTES("/a/*")}, {.path = BYTES("/a/b")}, true},
    {"a subtree hides a smaller one", {.path = BYTES("/a/*")}, {.path = BYTES("/a/b/*")}, true},
    {"a subtree hides itself", {.path = BYTES("/a/*")}, {.path = BYTES("/a/*")}, true},
    {"a smaller subtree hides no larger one", {.path = BYTES("/a/b/*")}, {.path = BYTES("/a/*")}, false},
    {"an exact path hides no subtree", {.path = BYTES("/a")}, {.path = BYTES("/a/*")}, false},
    {"all paths hide a subtree", {.path = BYTES("/*")}, {.path = BYTES("/a/*")}, true},
    {"a subtree does not hide all paths", {.path = BYTES("/a/*")}, {.path = BYTES("/*")}, false},
    {"any host hides one", {.host = BYTES("")}, {.host = BYTES("a.b")}, true},
    {"one host does not hide any", {.host = BYTES("a.b")}, {.host = BYTES("")}, false},
    {"a wide host hides a narrow one", {.host = BYTES("*.b")}, {.host = BYTES("a.b")}, true},
    {"a narrow host hides no wide one", {.host = BYTES("a.b")}, {.host = BYTES("*.b")}, false},
    {"a wide host hides a less wide one", {.host = BYTES("*.b")}, {.host = BYTES("*.a.b")}, true},
    {"a less wide host hides no wider one", {.host = BYTES("*.a.b")}, {.host = BYTES("*.b")}, false},
    {"the same wide host", {.host = BYTES("*.b")}, {.host = BYTES("*.b")}, true},
    {"any method hides one", {.methods = 0}, {.methods = GET}, true},
    {"one method does not hide any", {.methods = GET}, {.methods = 0}, false},
    {"two methods hide one", {.methods = GET | POST}, {.methods = GET}, true},
    {"one method does not hide two", {.methods = GET}, {.methods = GET | POST}, false},
    {"a smaller set on one side is enough",
     {.path = BYTES("/*"), .methods = GET},
     {.path = BYTES("/a")},
     false},
};

Test(route, hidings)
{
    for (const struct hiding *row = hidings; row < hidings + sizeof hidings / sizeof *hidings; row++)
        cr_expect_eq(route_hides(&row->first, &row->second), row->hides, "%s", row->label);
}
