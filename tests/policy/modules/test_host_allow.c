// SPDX-License-Identifier: Apache-2.0
// Which hosts may be asked for.
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <criterion/criterion.h>
#include <stdio.h>

static struct rules rules;
static struct arena arena;

static void load(const char *settings)
{
    char json[512];
    (void)snprintf(json, sizeof json, "{\"type\": \"host_allow\"%s}", settings);
    rules_load_policy(&rules, json);
    arena_init(&arena, NULL, 1u << 20);
}

static void done(void)
{
    arena_reset(&arena);
    rules_free(&rules);
}

#define HOSTS ", \"hosts\": [\"ERP.example.com\", \"*.intra.example\", \"[2001:db8::7]\"]"

static const struct {
    const char *label, *settings, *head;
    enum reason reason;
    const char *detail;
} rows[] = {
    {"a host that is named", HOSTS, "GET / HTTP/1.1\r\nHost: erp.example.com\r\n\r\n", REASON_NONE, ""},
    {"in capitals", HOSTS, "GET / HTTP/1.1\r\nHost: Erp.Example.Com\r\n\r\n", REASON_NONE, ""},
    {"with a port", HOSTS, "GET / HTTP/1.1\r\nHost: erp.example.com:8443\r\n\r\n", REASON_NONE, ""},
    {"with a final dot", HOSTS, "GET / HTTP/1.1\r\nHost: erp.example.com.\r\n\r\n", REASON_NONE, ""},
    {"in an absolute target", HOSTS, "GET http://erp.example.com/ HTTP/1.1\r\nHost: erp.example.com\r\n\r\n",
     REASON_NONE, ""},
    {"below a suffix", HOSTS, "GET / HTTP/1.1\r\nHost: a.b.intra.example\r\n\r\n", REASON_NONE, ""},
    {"the suffix itself", HOSTS, "GET / HTTP/1.1\r\nHost: intra.example\r\n\r\n", REASON_HOST,
     "intra.example"},
    {"a name that only ends so", HOSTS, "GET / HTTP/1.1\r\nHost: evilintra.example\r\n\r\n", REASON_HOST,
     "evilintra.example"},
    {"a name that begins so", HOSTS, "GET / HTTP/1.1\r\nHost: erp.example.com.evil.example\r\n\r\n",
     REASON_HOST, "erp.example.com.evil.example"},
    {"any other", HOSTS, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", REASON_HOST, "localhost"},
    {"an address", HOSTS, "GET / HTTP/1.1\r\nHost: 192.0.2.7\r\n\r\n", REASON_HOST, "192.0.2.7"},
    {"an address that is named", HOSTS, "GET / HTTP/1.1\r\nHost: [2001:DB8::7]:80\r\n\r\n", REASON_NONE, ""},
    {"another one", HOSTS, "GET / HTTP/1.1\r\nHost: [2001:db8::8]\r\n\r\n", REASON_HOST, "2001:db8::8"},
    {"where addresses are allowed", HOSTS ", \"addresses\": \"allow\"",
     "GET / HTTP/1.1\r\nHost: 192.0.2.7\r\n\r\n", REASON_NONE, ""},
    {"of either family", HOSTS ", \"addresses\": \"allow\"", "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n",
     REASON_NONE, ""},
    {"a name is no address", HOSTS ", \"addresses\": \"allow\"",
     "GET / HTTP/1.1\r\nHost: 192.0.2.7.nip.io\r\n\r\n", REASON_HOST, "192.0.2.7.nip.io"},
    {"no host at all", HOSTS, "GET / HTTP/1.0\r\n\r\n", REASON_HOST, "none"},
    {"where that is allowed", HOSTS ", \"missing\": \"allow\"", "GET / HTTP/1.0\r\n\r\n", REASON_NONE, ""},
    {"that allows no other host", HOSTS ", \"missing\": \"allow\"", "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
     REASON_HOST, "x"},
    {"the server itself", HOSTS, "OPTIONS * HTTP/1.1\r\nHost: erp.example.com\r\n\r\n", REASON_NONE, ""},
};

Test(host_allow, rows)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        load(rows[i].settings);
        cr_assert_not_null(rules.snapshot, "%s: %s", rows[i].label, rules.problems);
        struct request request = request_of(&arena, rows[i].head);
        struct verdict verdict = rules_ask(&rules, &request, &arena);
        cr_expect_eq(verdict.reason, rows[i].reason, "%s: %s", rows[i].label, reason_token(verdict.reason));
        cr_expect(bytes_equal(verdict.detail, bytes_of(rows[i].detail)), "%s: %.*s", rows[i].label,
                  SHOW(verdict.detail));
        done();
    }
}

static const struct {
    const char *label, *reported;
    bool        trusted;
    enum reason reason;
    const char *detail;
} reports[] = {
    {"a host that is named", "erp.example.com:8443", true, REASON_NONE, ""},
    {"any other", "evil.example", true, REASON_HOST, "evil.example"},
    {"of whom nobody trusts, who is not believed", "evil.example", false, REASON_NONE, ""},
    {"a list", "erp.example.com, a.intra.example", true, REASON_NONE, ""},
    {"another one in a list", "erp.example.com , evil.example", true, REASON_HOST, "evil.example"},
    {"the first of a list", "evil.example,erp.example.com", true, REASON_HOST, "evil.example"},
    {"no host", "erp.example.com/x", true, REASON_HOST, "erp.example.com/x"},
    {"nothing", "", true, REASON_NONE, ""},
};

Test(host_allow, what_a_trusted_proxy_reports_counts)
{
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
        char        head[256];
        struct peer peer = {.trusted = reports[i].trusted};
        load(HOSTS);
        cr_assert_not_null(rules.snapshot, "%s", rules.problems);
        (void)snprintf(head, sizeof head,
                       "GET / HTTP/1.1\r\nHost: erp.example.com\r\nX-Forwarded-Host: %s\r\n\r\n",
                       reports[i].reported);
        struct request      request = request_of(&arena, head);
        struct subject      s = {.peer = &peer, .request = &request, .arena = &arena};
        const struct chain *chain = snapshot_route_at(rules.snapshot, 0)->chain;
        struct verdict      verdict = PASS;
        for (size_t k = 0; k < chain_length(chain); k++)
            if (bytes_equal(chain_link(chain, k)->name, BYTES("asked")))
                verdict = chain_ask(chain, k, &s);
        cr_expect_eq(verdict.reason, reports[i].reason, "%s: %s", reports[i].label,
                     reason_token(verdict.reason));
        cr_expect(bytes_equal(verdict.detail, bytes_of(reports[i].detail)), "%s: %.*s", reports[i].label,
                  SHOW(verdict.detail));
        done();
    }
}

Test(host_allow, refusals)
{
    static const char *const wrong[][2] = {
        {"", "a host_allow without \"hosts\""},
        {", \"hosts\": []", "without hosts nothing is served"},
        {", \"hosts\": \"a\"", "an array is needed here, not text (/policies/asked/hosts)"},
        {", \"hosts\": [\"a:80\"]", "\"a:80\" is not a host (/policies/asked/hosts/0)"},
        {", \"hosts\": [\"http://a\"]", "\"http://a\" is not a host"},
        {", \"hosts\": [\"a.*\"]", "\"a.*\" is not a host"},
        {", \"hosts\": [\"*\"]", "\"*\" is not a host"},
        {", \"hosts\": [\"\"]", "\"\" is not a host"},
        {HOSTS ", \"missing\": \"alow\"", "did you mean \"allow\"?"},
        {HOSTS ", \"adresses\": \"allow\"", "did you mean \"addresses\"?"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        load(wrong[i][0]);
        cr_expect_null(rules.snapshot, "%s", wrong[i][0]);
        cr_expect_not_null(strstr(rules.problems, wrong[i][1]), "%s: %s", wrong[i][0], rules.problems);
        done();
    }
}

// Loads a list of so many hosts.
static bool loads(size_t count)
{
    static char      json[32 * 1024];
    struct bytes_out out = {.at = json, .cap = sizeof json};
    out_text(&out, "{\"type\": \"host_allow\", \"hosts\": [\"a\"");
    for (size_t i = 1; i < count; i++)
        out_text(&out, ", \"a.example\"");
    out_bytes(&out, BYTES("]}\0"));
    cr_assert_not(out.overflowed);
    rules_load_policy(&rules, json);
    bool loaded = rules.snapshot != NULL;
    rules_free(&rules);
    return loaded;
}

Test(host_allow, the_list_is_bounded)
{
    cr_expect(loads(1024), "as many as allowed");
    cr_expect_not(loads(1025), "one more");
}
