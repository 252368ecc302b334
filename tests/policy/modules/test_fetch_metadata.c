// SPDX-License-Identifier: Apache-2.0
// Requests of other sites' pages, as browsers old and new tell them.
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct rules rules;
static struct arena arena;

static void load(const char *settings)
{
    char json[512];
    (void)snprintf(json, sizeof json, "{\"type\": \"fetch_metadata\"%s}", settings);
    rules_load_policy(&rules, json);
    arena_init(&arena, NULL, 1u << 20);
}

static void done(void)
{
    arena_reset(&arena);
    rules_free(&rules);
}

enum road { HTTPS, HTTP, PROXY /* plain, from a trusted one */ };

// What the policy says to "METHOD target HTTP/1.1", Host shop.example, and these fields.
static struct verdict ask(const char *method_and_target, const char *fields, enum road road)
{
    static const struct tls_facts tls = {.version = "TLSv1.3"};
    struct peer                   peer = {.trusted = road == PROXY};
    char                          head[1024];
    int                           len =
        snprintf(head, sizeof head, "%s HTTP/1.1\r\nHost: shop.example\r\n%s\r\n", method_and_target, fields);
    cr_assert(len > 0 && (size_t)len < sizeof head);
    struct bytes_out copy = {.at = arena_alloc(&arena, sizeof head), .cap = sizeof head};
    out_bytes(&copy, (struct bytes){head, (size_t)len + 1});
    struct request request = request_of(&arena, copy.at);
    struct subject s = {
        .peer = &peer, .tls = road == HTTPS ? &tls : NULL, .request = &request, .arena = &arena};
    const struct chain *chain = snapshot_route_at(rules.snapshot, 0)->chain;
    for (size_t i = 0; i < chain_length(chain); i++)
        if (bytes_equal(chain_link(chain, i)->name, BYTES("asked")))
            return chain_ask(chain, i, &s);
    cr_assert_fail("the policy is not in the chain");
    return PASS;
}

#define SITE(value) "Sec-Fetch-Site: " value "\r\n"
#define ORIGIN(value) "Origin: " value "\r\n"
#define REFERER(value) "Referer: " value "\r\n"
#define NAVIGATE "Sec-Fetch-Mode: navigate\r\n"
#define SOCKET                                                                                               \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                             \
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
#define FRIENDS ", \"origins\": [\"https://pay.example\", \"https://*.intra.example:8443\"]"
#define READING ", \"methods\": [\"GET\", \"POST\"]"

struct row {
    const char *label, *settings, *line, *fields;
    enum road   road;
    const char *detail; // of REASON_CROSS_SITE; NULL: it passes
};

static const struct row rows[] = {
    {"a page of ours", "", "POST /a", SITE("same-origin"), HTTPS, NULL},
    {"an address that was typed", "", "POST /a", SITE("none"), HTTPS, NULL},
    {"a page elsewhere", "", "POST /a", SITE("cross-site"), HTTPS, "Sec-Fetch-Site: cross-site"},
    {"a form that was sent from elsewhere", "", "POST /a", SITE("cross-site") NAVIGATE, HTTPS,
     "Sec-Fetch-Site: cross-site"},
    {"a sister", "", "POST /a", SITE("same-site"), HTTPS, "Sec-Fetch-Site: same-site"},
    {"a sister where they may", ", \"same_site\": \"allow\"", "POST /a", SITE("same-site"), HTTPS, NULL},
    {"strangers still may not", ", \"same_site\": \"allow\"", "POST /a", SITE("cross-site"), HTTPS,
     "Sec-Fetch-Site: cross-site"},
    {"a word that nobody knows", "", "POST /a", SITE("same-planet"), HTTPS, "Sec-Fetch-Site: same-planet"},
    {"two words", "", "POST /a", SITE("same-origin") SITE("same-origin"), HTTPS, "Sec-Fetch-Site: twice"},
    {"the name in small letters", "", "POST /a", "sec-fetch-site: cross-site\r\n", HTTPS,
     "Sec-Fetch-Site: cross-site"},
    {"what the browser says counts more than Origin", "", "POST /a",
     SITE("cross-site") ORIGIN("https://shop.example"), HTTPS, "Sec-Fetch-Site: cross-site"},
    {"every unsafe method", "", "DELETE /a", SITE("cross-site"), HTTPS, "Sec-Fetch-Site: cross-site"},
    {"PATCH among them", "", "PATCH /a", SITE("cross-site"), HTTPS, "Sec-Fetch-Site: cross-site"},

    {"reading from elsewhere", "", "GET /a", SITE("cross-site"), HTTPS, NULL},
    {"a preflight", "", "OPTIONS /a", ORIGIN("https://evil.example"), HTTPS, NULL},
    {"reading where it is judged", READING, "GET /a", SITE("cross-site") "Sec-Fetch-Mode: no-cors\r\n", HTTPS,
     "Sec-Fetch-Site: cross-site"},
    {"a link from elsewhere", READING, "GET /a", SITE("cross-site") NAVIGATE "Sec-Fetch-Dest: document\r\n",
     HTTPS, NULL},
    {"a plug-in from elsewhere", READING, "GET /a", SITE("cross-site") NAVIGATE "Sec-Fetch-Dest: object\r\n",
     HTTPS, "Sec-Fetch-Site: cross-site"},
    {"an embedded one", READING, "GET /a", SITE("cross-site") NAVIGATE "Sec-Fetch-Dest: embed\r\n", HTTPS,
     "Sec-Fetch-Site: cross-site"},
    {"a link of an old browser", READING, "GET /a", REFERER("https://evil.example/"), HTTPS, NULL},
    {"a script of an old browser", READING, "GET /a", ORIGIN("https://evil.example"), HTTPS,
     "Origin: https://evil.example"},
    {"a method that is not in the list", READING, "DELETE /a", SITE("cross-site"), HTTPS, NULL},

    {"our origin", "", "POST /a", ORIGIN("https://shop.example"), HTTPS, NULL},
    {"with its port", "", "POST /a", ORIGIN("https://shop.example:443"), HTTPS, NULL},
    {"in capitals", "", "POST /a", ORIGIN("HTTPS://Shop.Example"), HTTPS, NULL},
    {"another port", "", "POST /a", ORIGIN("https://shop.example:8443"), HTTPS,
     "Origin: https://shop.example:8443"},
    {"another scheme", "", "POST /a", ORIGIN("http://shop.example"), HTTPS, "Origin: http://shop.example"},
    {"our origin on plain HTTP", "", "POST /a", ORIGIN("http://shop.example"), HTTP, NULL},
    {"https to plain HTTP", "", "POST /a", ORIGIN("https://shop.example"), HTTP,
     "Origin: https://shop.example"},
    {"another host", "", "POST /a", ORIGIN("https://shop.example.evil.example"), HTTPS,
     "Origin: https://shop.example.evil.example"},
    {"an opaque one", "", "POST /a", ORIGIN("null"), HTTPS, "Origin: null"},
    {"where that is listed", ", \"origins\": [\"null\"]", "POST /a", ORIGIN("null"), HTTPS, NULL},
    {"an origin with a path is none", "", "POST /a", ORIGIN("https://shop.example/"), HTTPS,
     "Origin: https://shop.example/"},
    {"with a user", "", "POST /a", ORIGIN("https://shop.example@evil.example"), HTTPS,
     "Origin: https://shop.example@evil.example"},
    {"an extension", "", "POST /a", ORIGIN("chrome-extension://abc"), HTTPS,
     "Origin: chrome-extension://abc"},
    {"two origins", "", "POST /a", ORIGIN("https://shop.example") ORIGIN("https://shop.example"), HTTPS,
     "Origin: twice"},
    {"an empty one", "", "POST /a", ORIGIN(""), HTTPS, "Origin: "},

    {"a friend", FRIENDS, "POST /a", ORIGIN("https://pay.example"), HTTPS, NULL},
    {"a friend, as new browsers tell it", FRIENDS, "POST /a",
     SITE("cross-site") ORIGIN("https://pay.example"), HTTPS, NULL},
    {"a friend's sister", FRIENDS, "POST /a", ORIGIN("https://a.pay.example"), HTTPS,
     "Origin: https://a.pay.example"},
    {"a friend by a pattern", FRIENDS, "POST /a", ORIGIN("https://a.b.intra.example:8443"), HTTPS, NULL},
    {"on another port", FRIENDS, "POST /a", ORIGIN("https://a.intra.example"), HTTPS,
     "Origin: https://a.intra.example"},
    {"a friend without TLS", FRIENDS, "POST /a", ORIGIN("http://pay.example"), HTTPS,
     "Origin: http://pay.example"},
    {"a friend by Referer", FRIENDS, "POST /a", REFERER("https://pay.example/cart?a=b"), HTTPS, NULL},

    {"our page by Referer", "", "POST /a", REFERER("https://shop.example/cart?x=https://evil.example"), HTTPS,
     NULL},
    {"our root", "", "POST /a", REFERER("https://shop.example"), HTTPS, NULL},
    {"another page", "", "POST /a", REFERER("https://evil.example/https://shop.example/"), HTTPS,
     "Referer: https://evil.example/https://shop.example/"},
    {"a name that only begins so", "", "POST /a", REFERER("https://shop.example.evil.example/"), HTTPS,
     "Referer: https://shop.example.evil.example/"},
    {"a backslash behind a host", "", "POST /a", REFERER("https://evil.example\\@shop.example/"), HTTPS,
     "Referer: https://evil.example\\@shop.example/"},
    {"a Referer that is none", "", "POST /a", REFERER("about:blank"), HTTPS, "Referer: about:blank"},
    {"Origin counts more than Referer", "", "POST /a",
     ORIGIN("https://evil.example") REFERER("https://shop.example/"), HTTPS, "Origin: https://evil.example"},

    {"a WebSocket of ours", "", "GET /ws", SOCKET ORIGIN("https://shop.example"), HTTPS, NULL},
    {"a WebSocket from elsewhere", "", "GET /ws", SOCKET ORIGIN("https://evil.example"), HTTPS,
     "Origin: https://evil.example"},
    {"as new browsers tell it", "", "GET /ws", SOCKET SITE("cross-site") NAVIGATE, HTTPS,
     "Sec-Fetch-Site: cross-site"},
    {"whatever the methods are", ", \"methods\": [\"POST\"]", "GET /ws",
     SOCKET ORIGIN("https://evil.example"), HTTPS, "Origin: https://evil.example"},

    {"an exempt path", ", \"exempt\": [\"/hook/*\"]", "POST /hook/x", SITE("cross-site"), HTTPS, NULL},
    {"decoded once", ", \"exempt\": [\"/hook/*\"]", "POST /ho%6fk/a/../x", SITE("cross-site"), HTTPS, NULL},
    {"a path that only some readers take for it", ", \"exempt\": [\"/hook/*\"]", "POST /hook;y/x",
     SITE("cross-site"), HTTPS, "Sec-Fetch-Site: cross-site"},
    {"with another slash", ", \"exempt\": [\"/hook/*\"]", "POST //hook/x", SITE("cross-site"), HTTPS,
     "Sec-Fetch-Site: cross-site"},
    {"a path that ends at an encoded query for some", ", \"exempt\": [\"*/hook\"]", "POST /pay%3F/hook",
     SITE("cross-site"), HTTPS, "Sec-Fetch-Site: cross-site"},
    {"any other path", ", \"exempt\": [\"/hook/*\"]", "POST /hooks", SITE("cross-site"), HTTPS,
     "Sec-Fetch-Site: cross-site"},

    {"behind a proxy with TLS", "", "POST /a", ORIGIN("https://shop.example") "X-Forwarded-Proto: https\r\n",
     PROXY, NULL},
    {"that says nothing", "", "POST /a", ORIGIN("https://shop.example"), PROXY,
     "Origin: https://shop.example"},
    {"behind a proxy with another host", "", "POST /a",
     ORIGIN("https://www.example") "X-Forwarded-Proto: https\r\nX-Forwarded-Host: www.example\r\n", PROXY,
     NULL},
    {"and a port", "", "POST /a",
     ORIGIN("https://shop.example:444") "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 444\r\n", PROXY, NULL},
    {"and a port in the host", "", "POST /a",
     ORIGIN("https://www.example:444") "X-Forwarded-Proto: https\r\nX-Forwarded-Host: www.example:444\r\n",
     PROXY, NULL},
    {"a client is not believed", "", "POST /a",
     ORIGIN("https://evil.example") "X-Forwarded-Host: evil.example\r\n", HTTPS,
     "Origin: https://evil.example"},
};

Test(fetch_metadata, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        load(row->settings);
        cr_assert_not_null(rules.snapshot, "%s: %s", row->label, rules.problems);
        struct verdict verdict = ask(row->line, row->fields, row->road);
        cr_expect_eq(verdict.reason, row->detail == NULL ? REASON_NONE : REASON_CROSS_SITE, "%s: %s",
                     row->label, reason_token(verdict.reason));
        cr_expect(bytes_equal(verdict.detail, bytes_of(row->detail == NULL ? "" : row->detail)), "%s: %.*s",
                  row->label, SHOW(verdict.detail));
        done();
    }
}

Test(fetch_metadata, clients_that_say_nothing)
{
    load("");
    cr_expect_eq(ask("POST /a", "", HTTPS).reason, REASON_NONE, "programs have no visitor to abuse");
    done();
    load(", \"missing\": \"deny\"");
    cr_expect_eq(ask("POST /a", "", HTTPS).reason, REASON_NO_ORIGIN);
    cr_expect_eq(ask("GET /ws", SOCKET, HTTPS).reason, REASON_NO_ORIGIN);
    cr_expect_eq(ask("GET /a", "", HTTPS).reason, REASON_NONE);
    done();
    load(", \"missing\": \"deny\", \"methods\": [\"GET\"]");
    cr_expect_eq(ask("GET /a", "", HTTPS).reason, REASON_NONE, "a link of an old browser says nothing");
    done();
}

Test(fetch_metadata, refusals)
{
    static const char *const wrong[][2] = {
        {", \"methods\": []", "this list of methods is empty"},
        {", \"methods\": [\"PSOT\"]", "did you mean \"POST\"?"},
        {", \"origins\": \"https://a\"", "an array is needed here, not text (/policies/asked/origins)"},
        {", \"origins\": [\"a.example\"]", "\"a.example\" is not an origin (/policies/asked/origins/0)"},
        {", \"origins\": [\"https://a/b\"]", "\"https://a/b\" is not an origin"},
        {", \"origins\": [\"ftp://a\"]", "\"ftp://a\" is not an origin"},
        {", \"origins\": [\"https://*\"]", "\"https://*\" is not an origin"},
        {", \"origins\": [1]", "text is needed here, not a number (/policies/asked/origins/0)"},
        {", \"exempt\": [\"hook\"]", "a pattern begins with \"/\" or \"*\""},
        {", \"same_site\": \"maybe\"", "one of: deny, allow"},
        {", \"missing\": \"no\"", "one of: deny, allow"},
        {", \"method\": []", "did you mean \"methods\"?"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        load(wrong[i][0]);
        cr_expect_null(rules.snapshot, "%s", wrong[i][0]);
        cr_expect_not_null(strstr(rules.problems, wrong[i][1]), "%s: %s", wrong[i][0], rules.problems);
        done();
    }
}
