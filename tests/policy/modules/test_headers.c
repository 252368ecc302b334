// SPDX-License-Identifier: Apache-2.0
// test_headers: what becomes of heads, row by row, and what cannot be written down.
#include "tests/support/expect_text.h"
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"
#include <stdio.h>

static struct rules rules;
static struct arena arena;

static void load(const char *settings)
{
    char json[16384];
    (void)snprintf(json, sizeof json, "{\"type\": \"headers\"%s}", settings);
    rules_load_policy(&rules, json);
    arena_init(&arena, NULL, 1u << 20);
}

static void done(void)
{
    arena_reset(&arena);
    rules_free(&rules);
}

// The lines of a message behind the edits, each ended by "|".
static const char *edited(const struct fields *fields, const struct edits *edits)
{
    static char      text[8192];
    struct bytes_out out = {.at = text, .cap = sizeof text - 1};
    for (size_t i = 0; i < fields->count; i++) {
        if (edits_drops(edits, i))
            continue;
        out_bytes(&out, fields->at[i].name);
        out_text(&out, ": ");
        out_bytes(&out, fields->at[i].value);
        out_text(&out, "\r\n");
    }
    edits_print(edits, &out);
    cr_assert(!edits->failed && !out.overflowed);
    text[out.len] = '\0';
    return text;
}

// The fields are those of a request's head; what differs is what is asked.
static const char *answer(const char *head, bool tls, bool own)
{
    static const struct tls_facts facts = {.version = "TLSv1.3"};
    static struct edits           edits;
    struct request                request = request_of(&arena, head);
    struct fields                 fields = {request.fields.at + 1, own ? 0 : request.fields.count - 1};
    struct answer                 a = {.status = 200, .fields = &fields, .own = own};
    struct subject                s = {.request = &request, .tls = tls ? &facts : NULL, .arena = &arena};
    struct ruling                 ruling = {.verdict = PASS};
    edits_init(&edits, fields.count, &arena);
    chain_on_reply(snapshot_route_at(rules.snapshot, 0)->chain, &s, &ruling, &a, &edits);
    return edited(&fields, &edits);
}

static const char *forwarded(const char *head)
{
    static struct edits edits;
    struct request      request = request_of(&arena, head);
    struct subject      s = {.request = &request, .arena = &arena};
    struct ruling       ruling = {.verdict = PASS};
    edits_init(&edits, request.fields.count, &arena);
    chain_on_request(snapshot_route_at(rules.snapshot, 0)->chain, &s, &ruling, &edits);
    return edited(&request.fields, &edits);
}

#define HEAD(fields) "GET / HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define SAID                                                                                                 \
    "Content-Security-Policy: base-uri 'self'; frame-ancestors 'self'\r\nX-Content-Type-Options: "           \
    "nosniff\r\nX-Frame-Options: SAMEORIGIN\r\nReferrer-Policy: strict-origin-when-cross-origin\r\n"         \
    "Permissions-Policy: camera=(), display-capture=(), geolocation=(self), microphone=(), payment=(), "     \
    "usb=()\r\n"
#define HSTS "Strict-Transport-Security: max-age=31536000\r\n"
#define NONE ", \"security\": \"none\""

struct row {
    const char *label, *settings, *head;
    bool        tls;
    const char *expected;
};

static const struct row rows[] = {
    {"what is missing is said", "", HEAD("A: 1\r\n"), false, "A: 1\r\n" SAID},
    {"over TLS also that it should stay so", "", HEAD("A: 1\r\n"), true, "A: 1\r\n" HSTS SAID},
    {"the app's own is kept, whatever its case", "", HEAD("x-frame-OPTIONS: DENY\r\n"), false,
     "x-frame-OPTIONS: DENY\r\nContent-Security-Policy: base-uri 'self'; frame-ancestors "
     "'self'\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: strict-origin-when-cross-origin\r\n"
     "Permissions-Policy: camera=(), display-capture=(), geolocation=(self), microphone=(), payment=(), "
     "usb=()\r\n"},
    {"unless it is overridden", ", \"override\": true",
     HEAD("X-Frame-Options: ALLOWALL\r\nX-Frame-Options: DENY\r\n"), false, SAID},
    {"what tells what runs is taken away", NONE,
     HEAD("Server: Apache/1.3\r\nx-powered-by: PHP/4\r\nX-AspNet-Version: 1\r\nDate: x\r\n"), true,
     "Date: x\r\n"},
    {"nothing is taken away when told so", NONE ", \"strip\": []", HEAD("Server: old\r\n"), false,
     "Server: old\r\n"},
    {"only what is listed, by its beginning", NONE ", \"strip\": [\"X-Old-*\"]",
     HEAD("Server: old\r\nX-Old-One: 1\r\nx-old-two: 2\r\nX-Olde: 3\r\n"), false,
     "Server: old\r\nX-Olde: 3\r\n"},
    {"a longer memory", ", \"hsts\": \"730d\", \"hsts_subdomains\": true, \"strip\": [\"Server\"]", HEAD(""),
     true, "Strict-Transport-Security: max-age=63072000; includeSubDomains\r\n" SAID},
    {"a trial policy beside ours", ", \"csp_report_only\": \"default-src 'self'; report-uri /csp\"", HEAD(""),
     false, "Content-Security-Policy-Report-Only: default-src 'self'; report-uri /csp\r\n" SAID},
    {"set takes the app's place", NONE ", \"response\": {\"set\": {\"X-A\": \"new\"}}",
     HEAD("X-A: old\r\nX-B: b\r\n"), false, "X-B: b\r\nX-A: new\r\n"},
    {"set is said also where the app is silent", NONE ", \"response\": {\"set\": {\"X-A\": \"new\"}}",
     HEAD(""), false, "X-A: new\r\n"},
    {"add stands beside it", NONE ", \"response\": {\"add\": {\"X-A\": \"new\"}}", HEAD("X-A: old\r\n"),
     false, "X-A: old\r\nX-A: new\r\n"},
    {"remove takes all of them", NONE ", \"response\": {\"remove\": [\"X-A\"]}",
     HEAD("X-A: 1\r\nX-B: 2\r\nx-a: 3\r\n"), false, "X-B: 2\r\n"},
    {"a security field of the operator's is his alone",
     ", \"response\": {\"set\": {\"Referrer-Policy\": \"no-referrer\"}, \"remove\": [\"Permissions-Policy\", "
     "\"Content-Security-Policy\", \"X-*\"]}",
     HEAD("Referrer-Policy: unsafe-url\r\n"), false, "Referrer-Policy: no-referrer\r\n"},
    {"another underline in an answer is another name", NONE ", \"response\": {\"remove\": [\"X-A\"]}",
     HEAD("X_A: 1\r\n"), false, "X_A: 1\r\n"},
};

Test(headers, answers)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        load(rows[i].settings);
        cr_assert_not_null(rules.snapshot, "%s: %s", rows[i].label, rules.problems);
        const char *text = answer(rows[i].head, rows[i].tls, false);
        cr_expect_str_eq(text, rows[i].expected, "%s: <%s>", rows[i].label, text);
        done();
    }
}

Test(headers, our_own_answers_get_what_they_do_not_say_themselves)
{
    load(", \"response\": {\"set\": {\"X-A\": \"new\"}}");
    cr_expect_str_eq(answer(HEAD(""), true, true), HSTS
                     "X-Frame-Options: SAMEORIGIN\r\nReferrer-Policy: strict-origin-when-cross-origin\r\n"
                     "Permissions-Policy: camera=(), display-capture=(), geolocation=(self), "
                     "microphone=(), payment=(), usb=()\r\n");
    done();
}

Test(headers, nobody_is_bound_for_a_year_unasked)
{
    rules_load(&rules, "{\"routes\": [{\"name\": \"all\"}]}", 1);
    arena_init(&arena, NULL, 1u << 20);
    cr_expect_str_eq(answer(HEAD(""), true, false), SAID);
    done();
}

static const struct row request_rows[] = {
    {"a request is passed on as it came", "", HEAD("X-A: 1\r\nServer: x\r\n"), false,
     "Host: a\r\nX-A: 1\r\nServer: x\r\n"},
    {"set is what the app believes, in every spelling",
     ", \"request\": {\"set\": {\"X-Auth-User\": \"none\"}}",
     HEAD("X-Auth-User: root\r\nx_auth_user: root\r\nX.Auth.User: root\r\nX-Auth-Users: 1\r\n"), false,
     "Host: a\r\nX-Auth-Users: 1\r\nX-Auth-User: none\r\n"},
    {"remove takes every spelling", ", \"request\": {\"remove\": [\"X-Debug*\"]}",
     HEAD("X_Debug_Token: 1\r\nx-debug: 2\r\nX-Deb: 3\r\n"), false, "Host: a\r\nX-Deb: 3\r\n"},
    {"a credential of the gateway's", ", \"request\": {\"set\": {\"Authorization\": \"Bearer abc\"}}",
     HEAD("Authorization: Basic xyz\r\n"), false, "Host: a\r\nAuthorization: Bearer abc\r\n"},
};

Test(headers, requests)
{
    for (size_t i = 0; i < sizeof request_rows / sizeof *request_rows; i++) {
        load(request_rows[i].settings);
        cr_assert_not_null(rules.snapshot, "%s: %s", request_rows[i].label, rules.problems);
        const char *text = forwarded(request_rows[i].head);
        cr_expect_str_eq(text, request_rows[i].expected, "%s: <%s>", request_rows[i].label, text);
        done();
    }
}

static const struct {
    const char *label, *settings, *problem;
} wrong[] = {
    {"framing is ours", ", \"response\": {\"set\": {\"Content-Length\": \"0\"}}",
     "the gateway itself writes this field"},
    {"and who asked", ", \"request\": {\"set\": {\"X-Forwarded-For\": \"127.0.0.1\"}}",
     "the gateway itself writes this field"},
    {"in every spelling", ", \"request\": {\"remove\": [\"x_forwarded_for\"]}",
     "the gateway itself writes this field"},
    {"and the connection", ", \"response\": {\"add\": {\"Connection\": \"close\"}}",
     "the gateway itself writes this field"},
    {"a line end in a value", ", \"response\": {\"set\": {\"X-A\": \"1\\r\\nX-B: 2\"}}",
     "this is no field value"},
    {"a line feed in a policy", ", \"csp\": \"base-uri 'self'\\nX-B: 2\"", "this is no field value"},
    {"a value of nothing", ", \"response\": {\"set\": {\"X-A\": \"\"}}", "this is no field value"},
    {"a value of more than ASCII", ", \"response\": {\"set\": {\"X-A\": \"\\u00e9\"}}",
     "this is no field value"},
    {"a blank in a name", ", \"response\": {\"set\": {\"X A\": \"1\"}}", "this is no field name"},
    {"a line end in a name", ", \"response\": {\"remove\": [\"X\\r\\n\"]}", "this is no field name"},
    {"every name", ", \"response\": {\"remove\": [\"*\"]}", "this is no field name"},
    {"a list of pairs", ", \"response\": {\"set\": [\"X-A\"]}", "object"},
    {"a name set twice", ", \"response\": {\"set\": {\"X-A\": \"1\", \"x-a\": \"2\"}}",
     "this field is set twice"},
    {"an unknown key", ", \"response\": {\"sett\": {}}", "sett"},
    {"an unknown set", ", \"security\": \"strong\"", "strong"},
    {"a memory of too many years", ", \"hsts\": \"731d\"", "between"},
};

Test(headers, what_cannot_be_written_down)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        load(wrong[i].settings);
        cr_expect_null(rules.snapshot, "%s", wrong[i].label);
        EXPECT_HAS(rules.problems, wrong[i].problem);
        done();
    }
}

Test(headers, there_is_a_bound_for_rules)
{
    static char      settings[8192];
    struct bytes_out out = {.at = settings, .cap = sizeof settings - 1};
    out_text(&out, NONE ", \"strip\": [");
    for (unsigned i = 0; i < 65; i++) {
        out_text(&out, i > 0 ? ", \"X-" : "\"X-");
        out_uint(&out, 100 + i);
        out_text(&out, "\"");
    }
    out_text(&out, "]");
    load(settings);
    EXPECT_HAS(rules.problems, "more than 64 rules about fields in one direction");
    done();
}

Test(headers, the_bound_counts_what_comes_by_itself)
{
    for (unsigned count = 40; count <= 64; count++) {
        static char      settings[8192];
        struct bytes_out out = {.at = settings, .cap = sizeof settings - 1};
        out_text(&out, ", \"response\": { \"remove\": [");
        for (unsigned i = 0; i < count; i++) {
            out_text(&out, i > 0 ? ", \"Y-" : "\"Y-");
            out_uint(&out, 100 + i);
            out_text(&out, "\"");
        }
        out_text(&out, "] }");
        settings[out.len] = '\0';
        load(settings);
        if (count <= 48) // HSTS, CSP, four more of security, ten of strip
            cr_expect_not_null(rules.snapshot, "%u", count);
        else
            EXPECT_HAS(rules.problems, "more than 64 rules about fields in one direction");
        done();
    }
}

Test(headers, there_is_a_bound_for_values)
{
    for (size_t length = 4096; length <= 4097; length++) {
        static char settings[6000];
        (void)snprintf(settings, sizeof settings, ", \"csp\": \"%0*d\"", (int)length, 0);
        load(settings);
        cr_expect_eq(rules.snapshot != NULL, length == 4096, "%s", rules.problems);
        done();
    }
}
