// SPDX-License-Identifier: Apache-2.0
// From a configuration to the route of a request.
#include "policy/snapshot.h"
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct rules rules;
static struct arena arena;

struct row {
    const char *label, *method, *host, *target;
    const char *route; // NULL: none
    enum reason why;
};

static const char routes[] =
    "{ \"routes\": ["
    "  { \"name\": \"login\", \"match\": { \"path\": \"/erp/login\", \"method\": [\"POST\"] }, \"upstream\": "
    "\"erp\" },"
    "  { \"name\": \"admin\", \"match\": { \"path\": \"/admin/*\" }, \"upstream\": \"erp\" },"
    "  { \"name\": \"files\", \"match\": { \"path\": \"/my files/*\" }, \"upstream\": \"wiki\" },"
    "  { \"name\": \"erp\", \"match\": { \"path\": \"/erp/*\" }, \"upstream\": \"erp\" },"
    "  { \"name\": \"wiki\", \"match\": { \"host\": \"wiki.example.com\" }, \"upstream\": \"wiki\" } ] }";

static const struct row rows[] = {
    {"the first match", "POST", NULL, "/erp/login", "login", REASON_NONE},
    {"the query does not matter", "POST", NULL, "/erp/login?a=/x", "login", REASON_NONE},
    {"another method falls through", "GET", NULL, "/erp/login", "erp", REASON_NONE},
    {"no route", "GET", NULL, "/other", NULL, REASON_NO_ROUTE},
    {"only the host", "GET", "wiki.example.com", "/other", "wiki", REASON_NONE},
    {"the host with a port, in capitals", "GET", "WIKI.example.com:8443", "/other", "wiki", REASON_NONE},
    {"an absolute target brings its host", "GET", "wiki.example.com", "http://wiki.example.com/other", "wiki",
     REASON_NONE},
    {"an escaped letter is that letter", "GET", NULL, "/%61dmin/x", "admin", REASON_NONE},
    {"dot segments are gone", "GET", NULL, "/x/../admin/", "admin", REASON_NONE},
    {"an escape that stays, read by both in the same way", "GET", NULL, "/my%20files/a", "files",
     REASON_NONE},
    {"a parameter behind the deciding part", "GET", NULL, "/erp/a;x=1", "erp", REASON_NONE},
    {"two slashes would hide a rule from us or from the backend", "GET", NULL, "//admin/x", NULL,
     REASON_TWO_ROUTES},
    {"two slashes under another rule", "POST", NULL, "/erp//login", NULL, REASON_TWO_ROUTES},
    {"two slashes under the same rule", "GET", NULL, "/erp//list", "erp", REASON_NONE},
    {"a parameter in the deciding part", "POST", NULL, "/erp/login;x=1", NULL, REASON_TWO_ROUTES},
    {"an encoded slash in the deciding part", "GET", NULL, "/admin%2Fx", NULL, REASON_TWO_ROUTES},
    {"an encoded query in the deciding part", "POST", NULL, "/erp/login%3Fx", NULL, REASON_TWO_ROUTES},
    {"an encoded query behind it", "GET", NULL, "/admin/what%3F", "admin", REASON_NONE},
    {"an encoded slash behind it", "GET", NULL, "/admin/a%2Fb", "admin", REASON_NONE},
    {"the same two readings, where only the host decides", "GET", "wiki.example.com", "//x", "wiki",
     REASON_NONE},
    {"the server itself, by a route without path", "OPTIONS", "wiki.example.com", "*", "wiki", REASON_NONE},
    {"the server itself, where all routes have one", "OPTIONS", NULL, "*", NULL, REASON_NO_ROUTE},
};

Test(snapshot, rows)
{
    rules_load(&rules, routes, 2);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        enum reason why = REASON_COUNT;
        arena_init(&arena, NULL, 1u << 20);
        struct request      request = request_for(&arena, row->method, row->host, row->target);
        const struct route *route = snapshot_route(rules.snapshot, &request, &why);
        cr_expect_eq(why, row->why, "%s: %s", row->label, reason_token(why));
        cr_expect_eq(route != NULL, row->route != NULL, "%s", row->label);
        cr_expect(route == NULL || row->route == NULL || bytes_equal(route->name, bytes_of(row->route)),
                  "%s: %.*s", row->label, route == NULL ? 0 : (int)route->name.len,
                  route == NULL ? "" : route->name.at);
        arena_reset(&arena);
    }
    rules_free(&rules);
}

Test(snapshot, routes_know_their_upstream_and_line)
{
    rules_load(&rules,
               "{\"routes\": [\n{\"name\": \"a\", \"match\": {\"path\": \"/a\"}, \"upstream\": \"wiki\"},\n"
               "{\"name\": \"b\", \"upstream\": \"erp\"}]}",
               2);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    cr_assert_eq(snapshot_route_count(rules.snapshot), 2u);
    cr_expect_eq(snapshot_route_at(rules.snapshot, 0)->upstream, 1u);
    cr_expect_eq(snapshot_route_at(rules.snapshot, 0)->line, 2u);
    cr_expect_eq(snapshot_route_at(rules.snapshot, 1)->upstream, 0u);
    rules_free(&rules);
}

Test(snapshot, the_short_form_sends_everything_to_the_only_upstream)
{
    static const char *const texts[] = {
        "{ \"listen\": \":8080\", \"upstream\": \"http://127.0.0.1:9000\", \"mode\": \"shadow\" }",
        "// three lines are enough\n{\n  \"listen\": \":8080\", // all addresses\n"
        "  \"upstream\": \"http://127.0.0.1:9000\",\n  \"mode\": \"shadow\",\n}\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        enum reason why;
        rules_load(&rules, texts[i], 1);
        arena_init(&arena, NULL, 1u << 20);
        cr_assert_not_null(rules.snapshot, "%s", rules.problems);
        struct request      request = request_for(&arena, "GET", NULL, "/any//path;x/%2F");
        const struct route *route = snapshot_route(rules.snapshot, &request, &why);
        cr_assert_not_null(route);
        cr_expect(bytes_equal(route->name, BYTES("default")));
        cr_expect_eq(route->line, 0u);
        cr_expect_eq(route->upstream, 0u);
        cr_expect_eq(chain_length(route->chain), 4u);
        cr_expect_eq(chain_link(route->chain, 0)->mode, MODE_SHADOW);
        request = request_for(&arena, "OPTIONS", NULL, "*");
        cr_expect_eq(snapshot_route(rules.snapshot, &request, &why), route);
        arena_reset(&arena);
        rules_free(&rules);
    }
}

// The shapes of the full form that this room reads.
Test(snapshot, the_full_form_loads)
{
    rules_load(
        &rules,
        "{\n"
        "  \"version\": 1, \"mode\": \"enforce\", \"loops\": \"auto\",\n"
        "  \"policies\": { // name → policy\n"
        "    \"paths\":   { \"type\": \"path_traversal\", \"encoded_slash\": \"deny\", \"max_depth\": 32,\n"
        "                 \"deny\": [\"/manager/*\", \"*.bak\"] },\n"
        "    \"sizes\":   { \"type\": \"size_limit\", \"body\": \"10MiB\", \"fields\": 64, \"field\": "
        "\"8KiB\",\n"
        "                 \"target\": \"4KiB\" },\n"
        "    \"methods\": { \"type\": \"method_allow\", \"methods\": [\"GET\", \"HEAD\", \"POST\"] },\n"
        "    \"later\":   { \"type\": \"size_limit\", \"mode\": \"shadow\", },\n"
        "  },\n"
        "  \"routes\": [\n"
        "    { \"name\": \"login\", \"match\": { \"path\": \"/erp/login\", \"method\": [\"POST\"] },\n"
        "      \"policies\": [\"paths\", \"sizes\"], \"upstream\": \"erp\" },\n"
        "    { \"name\": \"upload\", \"match\": { \"path\": \"/erp/scan/*\" }, \"limits\": { \"body\": "
        "\"512MiB\" },\n"
        "      \"upstream\": \"erp\" },\n"
        "    { \"name\": \"erp\", \"match\": { \"host\": \"erp.example.com\" }, \"mode\": \"shadow\",\n"
        "      \"policies\": [\"methods\"], \"upstream\": \"erp\" },\n"
        "  ],\n"
        "}\n",
        2);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    cr_expect_eq(snapshot_route_count(rules.snapshot), 3u);
    rules_free(&rules);
}

// limits.body of a route is what the default size_limit of its chain enforces.
Test(snapshot, a_route_has_its_own_body_limit)
{
    rules_load(
        &rules,
        "{\"routes\": [{\"name\": \"a\", \"match\": {\"path\": \"/a\"}, \"limits\": {\"body\": \"1KiB\"}},"
        "{\"name\": \"b\"}]}",
        1);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    static const uint64_t limits[] = {1024, 10 * 1024 * 1024};
    for (size_t i = 0; i < 2; i++) {
        const struct chain *chain = snapshot_route_at(rules.snapshot, i)->chain;
        struct ruling       ruling = {.verdict = PASS};
        arena_init(&arena, NULL, 1u << 16);
        struct subject subject = {.body_bytes = limits[i], .arena = &arena};
        cr_expect(chain_on_body(chain, &subject, &ruling));
        subject.body_bytes++;
        cr_expect_not(chain_on_body(chain, &subject, &ruling));
        arena_reset(&arena);
    }
    rules_free(&rules);
}

struct refusal {
    const char *label, *json;
    size_t      upstreams;
    const char *problem;
};

static const struct refusal refusals[] = {
    {"two upstreams and no routes", "{}", 2, "\"routes\" must say which upstream gets what"},
    {"no routes at all", "{\"routes\": []}", 1, "without routes nothing is served (/routes)"},
    {"routes are no array", "{\"routes\": {}}", 1, "an array is needed here, not an object (/routes)"},
    {"a route is no object", "{\"routes\": [\"a\"]}", 1, "an object is needed here, not text (/routes/0)"},
    {"an unknown mode", "{\"mode\": \"detect\"}", 1, "\"detect\" is not known here (/mode)"},
    {"an unknown mode of a route", "{\"routes\": [{\"name\": \"a\", \"mode\": 1}]}", 1,
     "text is needed here, not a number (/routes/0/mode)"},
    {"policies are no object", "{\"policies\": []}", 1, "an object is needed here, not an array (/policies)"},
    {"policies that nothing can use", "{\"policies\": {\"p\": {\"type\": \"size_limit\"}}}", 1,
     "no route uses these policies, because there are no \"routes\" (/policies)"},
    {"an unknown limit", "{\"routes\": [{\"name\": \"a\", \"limits\": {\"head\": \"1KiB\"}}]}", 1,
     "unknown key \"head\" (/routes/0/limits)"},
    {"a limit without unit", "{\"routes\": [{\"name\": \"a\", \"limits\": {\"body\": 5}}]}", 1,
     "a size is needed here, not a number (/routes/0/limits/body)"},
    {"a limit beyond all measure", "{\"routes\": [{\"name\": \"a\", \"limits\": {\"body\": \"1025GiB\"}}]}",
     1, "\"1025GiB\" is out of range (/routes/0/limits/body)"},
    {"two routes of one name",
     "{\"routes\": [{\"name\": \"a\", \"match\": {\"path\": \"/a\"}},\n{\"name\": \"a\"}]}", 1,
     "2:10: error: the route in line 1 has the same name (/routes/1/name)"},
    {"a route that an earlier one hides",
     "{\"routes\": [{\"name\": \"all\"},\n{\"name\": \"admin\", \"match\": {\"path\": \"/admin/*\"}}]}", 1,
     "2:1: error: never reached: the route in line 1 takes everything that this one matches (/routes/1)"},
    {"both, beside a broken route",
     "{\"routes\": [{\"name\": \"a\"},\n{\"name\": \"b\", \"match\": {\"path\": \"x\"}},\n{\"name\": "
     "\"a\"}]}",
     1, "3 problems"},
    {"a broken text", "{\"routes\": [", 1, "1 problem: nothing was loaded"},
    {"not an object", "[]", 2, "\"routes\" must say which upstream gets what"},
};

Test(snapshot, refusals)
{
    for (const struct refusal *row = refusals; row < refusals + sizeof refusals / sizeof *refusals; row++) {
        rules_load(&rules, row->json, row->upstreams);
        cr_expect_null(rules.snapshot, "%s", row->label);
        cr_expect_not_null(strstr(rules.problems, row->problem), "%s: %s", row->label, rules.problems);
        rules_free(&rules);
    }
}

Test(snapshot, the_number_of_routes_is_bounded)
{
    static char json[2 * 1024 * 1024];
    for (size_t count = 16384; count <= 16385; count++) {
        struct bytes_out out = {.at = json, .cap = sizeof json};
        for (size_t i = 0; i < count; i++) {
            out_text(&out, i == 0 ? "{\"routes\": [" : ",\n");
            out_text(&out, "{\"name\": \"r");
            out_uint(&out, i);
            out_text(&out, "\", \"mode\": \"off\", \"match\": {\"path\": \"/");
            out_uint(&out, i);
            out_text(&out, "\"}}");
        }
        out_bytes(&out, BYTES("]}\0"));
        cr_assert_not(out.overflowed);
        rules_load(&rules, json, 1);
        cr_expect_eq(rules.snapshot != NULL, count == 16384, "%zu routes: %s", count, rules.problems);
        rules_free(&rules);
    }
}
