// SPDX-License-Identifier: Apache-2.0
// test_config: what a file means, and what is wrong with it.
#include "gateway/certificate.h"
#include "gateway/config.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define PRINTED_MAX (64u * 1024u)

static char folder[] = "/tmp/portcullis-config-XXXXXX";

static void write_whole(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text, 1, length, file), length);
    cr_assert_eq(fclose(file), 0);
}

static void begin(void)
{
    const char *host = "localhost";
    char        why[CERTIFICATE_WHY_MAX];
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    cr_assert(certificate_make_dev(&host, 1, "dev.pem", why), "%s", why);
    cr_assert(certificate_make_dev(&host, 1, "other.pem", why), "%s", why);
    write_whole("secret", "hunter2\n", 8);
    write_whole("url", "http://10.0.0.7:7000\r\n", 22);
}

static void end(void)
{
    static const char *const files[] = {"dev.pem", "other.pem", "secret", "url", "big"};
    for (size_t i = 0; i < ROWS(files); i++)
        (void)unlink(files[i]);
    cr_expect_eq(rmdir(folder), 0);
}

TestSuite(config, .init = begin, .fini = end);

static char printed[PRINTED_MAX];

static const char *print(const struct config *c)
{
    struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
    document_print(c->document, &out);
    printed[out.len] = '\0';
    return printed;
}

static struct config *load(const char *text)
{
    struct config *c = config_load(bytes_of(text), "test.json");
    cr_assert_not_null(c);
    return c;
}

static struct config *load_fine(const char *label, const char *text)
{
    struct config *c = load(text);
    cr_assert_not(config_has_problems(c), "%s: %s", label, print(c));
    return c;
}

// A long form with `more` in it.
static const char *with(const char *more)
{
    static char text[8192];
    (void)snprintf(text, sizeof text,
                   "{ \"version\": 1, \"listen\": [{ \"address\": \":8080\" }],\n"
                   "  \"upstreams\": { \"app\": { \"servers\": [\"http://127.0.0.1:9000\"] } },\n"
                   "  %s }\n",
                   more);
    return text;
}

// The same with something else to listen on.
static const char *listening(const char *listen)
{
    static char text[8192];
    (void)snprintf(text, sizeof text,
                   "{ \"version\": 1, \"listen\": %s,\n"
                   "  \"upstreams\": { \"app\": { \"servers\": [\"http://127.0.0.1:9000\"] } } }\n",
                   listen);
    return text;
}

// The same with other upstreams.
static const char *sending_to(const char *upstreams)
{
    static char text[8192];
    (void)snprintf(text, sizeof text,
                   "{ \"version\": 1, \"listen\": [{ \"address\": \":8080\" }], \"upstreams\": %s }\n",
                   upstreams);
    return text;
}

struct wrong_row {
    const char *label, *text, *says;
};

static void expect_wrong(const struct wrong_row *row, const char *text)
{
    struct config *c = load(text);
    cr_expect(config_has_problems(c), "%s: was accepted", row->label);
    cr_expect_not_null(strstr(print(c), row->says), "%s: \"%s\" is not in: %s", row->label, row->says,
                       printed);
    config_free(&c);
    cr_expect_null(c);
}

static void expect_all_wrong(const struct wrong_row *rows, size_t count, const char *around(const char *))
{
    for (size_t i = 0; i < count; i++)
        expect_wrong(&rows[i], around == NULL ? rows[i].text : around(rows[i].text));
}

Test(config, the_short_form_is_enough)
{
    struct config *c =
        load_fine("short", "{ \"listen\": \":8080\", \"upstream\": \"http://127.0.0.1:9000\" }");
    cr_assert_eq(c->listener_count, 1);
    cr_expect_eq(c->listeners[0].address.v6.sin6_family, AF_INET6, "every address of both families");
    cr_expect_eq(config_port(&c->listeners[0].address), 8080);
    cr_expect_null(c->listeners[0].tls);
    cr_expect_not(c->listeners[0].redirect_https);
    cr_assert_eq(c->upstream_count, 1);
    cr_assert_eq(c->upstreams[0].server_count, 1);
    cr_expect(bytes_equal(c->upstreams[0].servers[0].host, BYTES("127.0.0.1")));
    cr_expect_eq(c->upstreams[0].servers[0].port, 9000);
    cr_expect_eq(snapshot_route_count(c->snapshot), 1);
    config_free(&c);
}

Test(config, what_is_not_said_has_a_default)
{
    struct config *c = load_fine("defaults", with(""));
    cr_expect_eq(c->limits.head_bytes, 16 * 1024);
    cr_expect_eq(c->limits.target_bytes, 16 * 1024);
    cr_expect_eq(c->limits.field_bytes, 16 * 1024);
    cr_expect_eq(c->limits.fields, 256);
    cr_expect_eq(c->timeouts.handshake_ms, 5000);
    cr_expect_eq(c->timeouts.head_ms, 10000);
    cr_expect_eq(c->timeouts.idle_ms, 75000);
    cr_expect_eq(c->timeouts.shutdown_ms, 25000);
    cr_expect_eq(c->timeouts.grace_ms, 10000);
    cr_expect_eq(c->timeouts.minimum_rate, 500);
    cr_expect_eq(c->ceilings.connections, 20000);
    cr_expect_eq(c->ceilings.per_address, 200);
    cr_expect_eq(c->ceilings.handshakes, 256);
    cr_expect_eq(c->ceilings.sessions, 65536);
    cr_expect_eq(c->upstreams[0].connect_ms, 2000);
    cr_expect_eq(c->upstreams[0].first_byte_ms, 30000);
    cr_expect_eq(c->upstreams[0].keepalive, 256);
    cr_expect(bytes_equal(c->access_log, BYTES("stdout")));
    cr_expect_geq(c->loops, 1);
    struct ip ip = {.octet = {0}};
    cr_expect_not(ip_set_has(c->trusted_proxies, &ip), "nobody is trusted");
    config_free(&c);
}

Test(config, everything_can_be_said)
{
    struct config *c = load_fine(
        "all keys",
        "{ \"$schema\": \"x\", \"version\": 1, \"mode\": \"shadow\", \"loops\": 3,\n"
        "  \"listen\": [{ \"address\": \"127.0.0.1:8080\", \"redirect\": \"https\" },\n"
        "             { \"address\": \"[::1]:8443\", \"tls\": { \"cert\": \"dev.pem\", \"key\": \"dev.pem\" "
        "} },\n"
        "             { \"address\": \":9443\", \"tls\": { \"cert\": \"dev.pem\" } }],\n"
        "  \"trusted_proxies\": [\"10.0.0.0/8\"],\n"
        "  \"upstreams\": { \"erp\": { \"servers\": [\"http://ERP.example.com/\", { \"url\": "
        "\"http://[::1]:81\" }],\n"
        "     \"timeouts\": { \"connect\": \"1s\", \"first_byte\": \"2m\" }, \"keepalive\": 0 } },\n"
        "  \"policies\": {}, \"routes\": [{ \"name\": \"all\", \"upstream\": \"erp\" }],\n"
        "  \"limits\": { \"head\": \"1KiB\", \"body\": \"1GiB\", \"connections\": 7,\n"
        "     \"connections_per_address\": 6, \"handshakes\": 5, \"sessions\": 4 },\n"
        "  \"timeouts\": { \"handshake\": \"1s\", \"head\": \"2s\", \"idle\": \"3s\", \"shutdown\": \"4s\",\n"
        "     \"grace\": \"5s\", \"minimum_rate\": \"2KiB/s\" },\n"
        "  \"logs\": { \"access\": { \"to\": \"./access.log\", \"format\": \"json\" } } }");
    cr_assert_eq(c->listener_count, 3);
    cr_expect_eq(c->listeners[0].address.v4.sin_family, AF_INET);
    cr_expect_eq(c->listeners[0].address.v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    cr_expect(c->listeners[0].redirect_https);
    cr_expect_eq(c->listeners[0].redirect_port, 8443, "the first TLS listener");
    cr_expect(IN6_IS_ADDR_LOOPBACK(&c->listeners[1].address.v6.sin6_addr));
    cr_expect_not_null(c->listeners[1].tls);
    cr_expect_not_null(c->listeners[2].tls);
    cr_expect_eq(c->loops, 3);
    const struct config_upstream *u = &c->upstreams[0];
    cr_expect(bytes_equal(u->name, BYTES("erp")));
    cr_assert_eq(u->server_count, 2);
    cr_expect(bytes_equal(u->servers[0].host, BYTES("erp.example.com")));
    cr_expect_eq(u->servers[0].port, 80);
    cr_expect(bytes_equal(u->servers[1].host, BYTES("::1")));
    cr_expect_eq(u->servers[1].port, 81);
    cr_expect_eq(u->connect_ms, 1000);
    cr_expect_eq(u->first_byte_ms, 120000);
    cr_expect_eq(u->keepalive, 0);
    cr_expect_eq(c->limits.head_bytes, 1024);
    cr_expect_eq(c->limits.target_bytes, 1024);
    cr_expect_eq(c->timeouts.handshake_ms, 1000);
    cr_expect_eq(c->timeouts.head_ms, 2000);
    cr_expect_eq(c->timeouts.idle_ms, 3000);
    cr_expect_eq(c->timeouts.shutdown_ms, 4000);
    cr_expect_eq(c->timeouts.grace_ms, 5000);
    cr_expect_eq(c->timeouts.minimum_rate, 2048);
    cr_expect_eq(c->ceilings.connections, 7);
    cr_expect_eq(c->ceilings.per_address, 6);
    cr_expect_eq(c->ceilings.handshakes, 5);
    cr_expect_eq(c->ceilings.sessions, 4);
    cr_expect(bytes_equal(c->access_log, BYTES("./access.log")));
    struct ip ip;
    cr_assert(ip_parse(BYTES("10.1.2.3"), &ip));
    cr_expect(ip_set_has(c->trusted_proxies, &ip));
    config_free(&c);
}

Test(config, a_redirect_without_tls_here_goes_to_443)
{
    struct config *c =
        load_fine("redirect", listening("[{ \"address\": \":80\", \"redirect\": \"https\" }]"));
    cr_expect_eq(c->listeners[0].redirect_port, 443);
    config_free(&c);
}

Test(config, no_access_log_is_possible)
{
    struct config *c = load_fine("none", with("\"logs\": { \"access\": { \"to\": \"none\" } }"));
    cr_expect_eq(c->access_log.len, 0);
    config_free(&c);
}

Test(config, the_root_is_checked)
{
    static const struct wrong_row rows[] = {
        {"empty", "", "test.json:1:1"},
        {"an array", "[]", "an object is needed"},
        {"nothing said", "{}", "\"listen\" is missing"},
        {"no upstream", "{ \"version\": 1, \"listen\": [{ \"address\": \":80\" }] }",
         "\"upstreams\" is missing"},
        {"no version",
         "{ \"listen\": [{ \"address\": \":80\" }], \"upstreams\": { \"a\": { \"servers\": [\"http://b\"] } "
         "} }",
         "\"version\" is missing"},
        {"another version", "{ \"version\": 2, \"listen\": \":80\", \"upstream\": \"http://a\" }", "1:14"},
        {"a key that nobody knows", "{ \"listne\": \":80\", \"upstream\": \"http://a\" }",
         "did you mean \"listen\"?"},
        {"both forms: upstreams", "{ \"listen\": \":80\", \"upstream\": \"http://a\", \"upstreams\": {} }",
         "\"upstreams\" does not go together with \"upstream\""},
        {"both forms: routes", "{ \"listen\": \":80\", \"upstream\": \"http://a\", \"routes\": [] }",
         "\"routes\" does not go together with \"upstream\""},
        {"both forms: listeners", "{ \"listen\": [{ \"address\": \":80\" }], \"upstream\": \"http://a\" }",
         "does not go together with \"upstream\""},
        {"both forms: one address",
         "{ \"version\": 1, \"listen\": \":80\", \"upstreams\": { \"a\": { \"servers\": [\"http://b\"] } } }",
         "write \"listen\": [{ \"address\""},
    };
    expect_all_wrong(rows, ROWS(rows), NULL);
}

Test(config, small_objects_are_checked)
{
    static const struct wrong_row rows[] = {
        {"a bare number is no duration", "\"timeouts\": { \"head\": 10 }", "write it with a unit"},
        {"a duration below the least", "\"timeouts\": { \"head\": \"9ms\" }", "out of range"},
        {"a duration above the most", "\"timeouts\": { \"head\": \"301s\" }", "out of range"},
        {"an unknown deadline", "\"timeouts\": { \"haed\": \"1s\" }", "did you mean \"head\"?"},
        {"timeouts as text", "\"timeouts\": \"1s\"", "an object is needed"},
        {"a rate without its unit", "\"timeouts\": { \"minimum_rate\": 500 }",
         "write it as bytes per second"},
        {"no connections at all", "\"limits\": { \"connections\": 0 }", "out of range"},
        {"too many connections", "\"limits\": { \"connections\": 1000001 }", "out of range"},
        {"none of an address", "\"limits\": { \"connections_per_address\": 0 }", "out of range"},
        {"no handshakes", "\"limits\": { \"handshakes\": 0 }", "out of range"},
        {"no sessions", "\"limits\": { \"sessions\": 0 }", "out of range"},
        {"too many sessions", "\"limits\": { \"sessions\": 16777217 }", "out of range"},
        {"a head too small", "\"limits\": { \"head\": \"1023B\" }", "out of range"},
        {"a head too large", "\"limits\": { \"head\": \"1025KiB\" }", "out of range"},
        {"a size without its unit", "\"limits\": { \"body\": 1000000 }", "write it with a unit"},
        {"an unknown limit", "\"limits\": { \"boddy\": \"1MiB\" }", "did you mean \"body\"?"},
        {"a log that is not a place", "\"logs\": { \"access\": { \"to\": \"sdtout\" } }",
         "not a place for a log"},
        {"an unknown format", "\"logs\": { \"access\": { \"format\": \"xml\" } }", "/logs/access/format"},
        {"an unknown log", "\"logs\": { \"acess\": {} }", "did you mean \"access\"?"},
        {"no loop", "\"loops\": 0", "out of range"},
        {"too many loops", "\"loops\": 257", "out of range"},
        {"loops in words", "\"loops\": \"many\"", "write \"auto\" or a number"},
        {"loops as a list", "\"loops\": []", "a number is needed"},
        {"a proxy that is no prefix", "\"trusted_proxies\": [\"ten\"]", "/trusted_proxies/0"},
        {"an unknown mode", "\"mode\": \"shadwo\"", "did you mean \"shadow\"?"},
        {"a route to nowhere", "\"routes\": [{ \"name\": \"r\", \"upstream\": \"ap\" }]",
         "/routes/0/upstream"},
    };
    expect_all_wrong(rows, ROWS(rows), with);
}

Test(config, listeners_are_checked)
{
    static const struct wrong_row rows[] = {
        {"nobody listens", "[]", "between 1 and 64 listeners"},
        {"an object", "{}", "an array is needed"},
        {"an array of addresses", "[\":80\"]", "an object is needed"},
        {"no address", "[{}]", "\"address\" is missing"},
        {"a number", "[{ \"address\": 80 }]", "text is needed"},
        {"no port", "[{ \"address\": \"127.0.0.1\" }]", "not an address to listen on"},
        {"only a port", "[{ \"address\": \"8080\" }]", "write \":8080\""},
        {"an empty port", "[{ \"address\": \"127.0.0.1:\" }]", "not an address to listen on"},
        {"port 0", "[{ \"address\": \":0\" }]", "not an address to listen on"},
        {"port 65536", "[{ \"address\": \":65536\" }]", "not an address to listen on"},
        {"a port with something behind it", "[{ \"address\": \":80a\" }]", "not an address to listen on"},
        {"IPv6 without brackets", "[{ \"address\": \"::1:80\" }]",
         "write \":8080\", \"127.0.0.1:8080\" or \"[::1]"},
        {"IPv4 in brackets is a broken IPv6", "[{ \"address\": \"[::1:80\" }]",
         "not an address to listen on"},
        {"only a bracket", "[{ \"address\": \"[:80\" }]", "not an address to listen on"},
        {"a name", "[{ \"address\": \"localhost:80\" }]", "not an address to listen on"},
        {"twice the same", "[{ \"address\": \":80\" },\n { \"address\": \"[::]:80\" }]",
         "line 1 listens on this"},
        {"an unknown key", "[{ \"address\": \":80\", \"tsl\": {} }]", "did you mean \"tls\"?"},
        {"no certificate", "[{ \"address\": \":80\", \"tls\": {} }]", "\"cert\" is missing"},
        {"a certificate that is not there", "[{ \"address\": \":80\", \"tls\": { \"cert\": \"x.pem\" } }]",
         "/listen/0/tls/cert"},
        {"a key that is not there",
         "[{ \"address\": \":80\", \"tls\": { \"cert\": \"dev.pem\", \"key\": \"x.key\" } }]",
         "/listen/0/tls/key"},
        {"another one's key",
         "[{ \"address\": \":80\", \"tls\": { \"cert\": \"dev.pem\", \"key\": \"other.pem\" } }]",
         "does not belong"},
        {"redirect to where we are",
         "[{ \"address\": \":80\", \"tls\": { \"cert\": \"dev.pem\" }, \"redirect\": \"https\" }]",
         "nowhere to redirect to"},
        {"an unknown redirect", "[{ \"address\": \":80\", \"redirect\": \"http\" }]",
         "did you mean \"https\"?"},
    };
    expect_all_wrong(rows, ROWS(rows), listening);
}

Test(config, upstreams_are_checked)
{
    static const struct wrong_row rows[] = {
        {"no upstream", "{}", "between 1 and 256 upstreams"},
        {"an array", "[]", "an object is needed"},
        {"an URL", "{ \"a\": \"http://b\" }", "/upstreams/a"},
        {"no servers", "{ \"a\": {} }", "\"servers\" is missing"},
        {"an empty list", "{ \"a\": { \"servers\": [] } }", "between 1 and 64 servers"},
        {"one server without a list", "{ \"a\": { \"servers\": \"http://b\" } }", "an array is needed"},
        {"TLS", "{ \"a\": { \"servers\": [\"https://b\"] } }", "TLS to upstreams is not built yet"},
        {"no scheme", "{ \"a\": { \"servers\": [\"127.0.0.1:9000\"] } }", "not the URL of a server"},
        {"another scheme", "{ \"a\": { \"servers\": [\"ftp://b\"] } }", "not the URL of a server"},
        {"a path", "{ \"a\": { \"servers\": [\"http://b/app\"] } }", "has no path"},
        {"a query", "{ \"a\": { \"servers\": [\"http://b?x\"] } }", "not a valid name or address"},
        {"no host", "{ \"a\": { \"servers\": [\"http://\"] } }", "not a valid name or address"},
        {"port 0", "{ \"a\": { \"servers\": [\"http://b:0\"] } }", "port is not valid"},
        {"user information", "{ \"a\": { \"servers\": [\"http://u:p@b\"] } }", "user information"},
        {"a weight", "{ \"a\": { \"servers\": [{ \"url\": \"http://b\", \"weight\": 2 }] } }", "unknown key"},
        {"no URL", "{ \"a\": { \"servers\": [{}] } }", "\"url\" is missing"},
        {"a number", "{ \"a\": { \"servers\": [80] } }", "text is needed"},
        {"an unknown key", "{ \"a\": { \"servers\": [\"http://b\"], \"keepalvie\": 1 } }",
         "did you mean \"keepalive\""},
        {"too much keepalive", "{ \"a\": { \"servers\": [\"http://b\"], \"keepalive\": 65537 } }",
         "out of range"},
        {"an unknown deadline",
         "{ \"a\": { \"servers\": [\"http://b\"], \"timeouts\": { \"conect\": \"1s\" } } }",
         "did you mean \"connect\"?"},
    };
    expect_all_wrong(rows, ROWS(rows), sending_to);
}

// n times `format`, which takes the number i, between `before` and `behind`.
static const char *repeated(const char *before, unsigned n, void put(struct bytes_out *, unsigned),
                            const char *behind)
{
    static char      text[65536];
    struct bytes_out out = {.at = text, .cap = sizeof text - 1};
    out_text(&out, before);
    for (unsigned i = 0; i < n; i++) {
        out_text(&out, i > 0 ? ",\n" : "");
        put(&out, i);
    }
    out_text(&out, behind);
    cr_assert_not(out.overflowed);
    text[out.len] = '\0';
    return text;
}

static void put_listener(struct bytes_out *out, unsigned i)
{
    out_text(out, "{ \"address\": \":");
    out_uint(out, 1000 + i);
    out_text(out, "\" }");
}

static void put_server(struct bytes_out *out, unsigned i)
{
    (void)i;
    out_text(out, "\"http://a\"");
}

static void put_upstream(struct bytes_out *out, unsigned i)
{
    out_text(out, "\"u");
    out_uint(out, i);
    out_text(out, "\": { \"servers\": [\"http://a\"] }");
}

Test(config, lists_have_bounds)
{
    static const char behind[] = "], \"upstreams\": { \"a\": { \"servers\": [\"http://a\"] } } }";
    struct config    *c =
        load_fine("64 listeners", repeated("{ \"version\": 1, \"listen\": [", 64, put_listener, behind));
    cr_expect_eq(c->listener_count, 64);
    config_free(&c);
    expect_wrong(&(struct wrong_row){.label = "65 listeners", .says = "between 1 and 64 listeners"},
                 repeated("{ \"version\": 1, \"listen\": [", 65, put_listener, behind));

    static const char servers[] =
        "{ \"version\": 1, \"listen\": [{ \"address\": \":1\" }], \"upstreams\": { \"a\": { "
        "\"servers\": [";
    c = load_fine("64 servers", repeated(servers, 64, put_server, "] } } }"));
    cr_expect_eq(c->upstreams[0].server_count, 64);
    config_free(&c);
    expect_wrong(&(struct wrong_row){.label = "65 servers", .says = "between 1 and 64 servers"},
                 repeated(servers, 65, put_server, "] } } }"));

    static const char upstreams[] =
        "{ \"version\": 1, \"listen\": [{ \"address\": \":1\" }], \"routes\": [{ \"name\": "
        "\"r\", \"upstream\": \"u255\" }], \"upstreams\": {";
    c = load_fine("256 upstreams", repeated(upstreams, 256, put_upstream, "} }"));
    cr_expect_eq(c->upstream_count, 256);
    config_free(&c);
    expect_wrong(&(struct wrong_row){.label = "257 upstreams", .says = "between 1 and 256 upstreams"},
                 repeated(upstreams, 257, put_upstream, "} }"));
}

Test(config, all_problems_are_found_in_one_run)
{
    struct config *c = load(
        "{ \"versoin\": 1,\n"
        "  \"listen\": [{ \"address\": \"here\" }, { \"address\": \":80\", \"tls\": { \"cert\": \"x\" } }],\n"
        "  \"upstreams\": { \"a\": { \"servers\": [\"https://b\"] } },\n"
        "  \"routes\": [{ \"name\": \"r\", \"upstream\": \"b\" }],\n"
        "  \"timeouts\": { \"idle\": 75 }, \"loops\": -1 }");
    static const char *const wanted[] = {
        "\"version\" is missing", "did you mean \"version\"", "/listen/0/address", "/listen/1/tls/cert",
        "/upstreams/a/servers/0", "/routes/0/upstream",       "/timeouts/idle",    "/loops"};
    const char *text = print(c);
    for (size_t i = 0; i < ROWS(wanted); i++)
        cr_expect_not_null(strstr(text, wanted[i]), "\"%s\" is not in: %s", wanted[i], text);
    config_free(&c);
}

Test(config, values_come_from_environment_and_files)
{
    cr_assert_eq(setenv("TEST_PORT", "8081", 1), 0);
    struct config *c = load_fine("environment, file, default",
                                 "{ \"listen\": \":${TEST_PORT}\", \"upstream\": \"${file:url}\", \"mode\": "
                                 "\"${TEST_UNSET:-shadow}\" }");
    cr_expect_eq(config_port(&c->listeners[0].address), 8081);
    cr_expect_eq(c->upstreams[0].servers[0].port, 7000, "the line end of the file is no part of the value");
    config_free(&c);

    char big[64 * 1024 + 1];
    memset(big, 'a', sizeof big);
    write_whole("big", big, sizeof big);
    static const struct wrong_row rows[] = {
        {"not set", "{ \"listen\": \"${TEST_UNSET}\", \"upstream\": \"http://a\" }", "not set"},
        {"no such file", "{ \"listen\": \":80\", \"upstream\": \"${file:nowhere}\" }", "no such file"},
        {"a file that is too large", "{ \"listen\": \":80\", \"upstream\": \"${file:big}\" }",
         "larger than allowed"},
        {"what is wrong is said", "{ \"listen\": \":80\", \"upstream\": \"${file:secret}\" }",
         "not the URL of a server"},
    };
    expect_all_wrong(rows, ROWS(rows), NULL);
}

Test(config, problems_never_show_a_secret)
{
    static const char *const texts[] = {
        "{ \"listen\": \"${file:secret}\", \"upstream\": \"${file:secret}\", \"mode\": \"${file:secret}\", "
        "\"loops\": "
        "\"${file:secret}\", \"limits\": { \"head\": \"${file:secret}\" }, \"timeouts\": { \"head\": "
        "\"${file:secret}\" }, "
        "\"trusted_proxies\": [\"${file:secret}\"], \"logs\": { \"access\": { \"to\": \"${file:secret}\" } } "
        "}",
        "{ \"version\": 1, \"listen\": [{ \"address\": \":80\", \"tls\": { \"cert\": \"dev.pem\", \"key\": "
        "\"${file:secret}\" } }], \"upstreams\": { \"a\": { \"servers\": [\"http://${file:secret}:0\"] } }, "
        "\"routes\": [{ \"name\": \"r\", \"upstream\": \"${file:secret}\" }] }",
    };
    for (size_t i = 0; i < ROWS(texts); i++) {
        struct config *c = load(texts[i]);
        cr_expect(config_has_problems(c));
        cr_expect_null(strstr(print(c), "hunter2"), "%s", printed);
        config_free(&c);
    }
}

Test(config, names_are_looked_up)
{
    struct addrinfo *found;
    if (getaddrinfo("localhost", NULL, NULL, &found) != 0)
        cr_skip("this machine does not know localhost");
    freeaddrinfo(found);
    struct config *c =
        load_fine("a name of this machine", "{ \"listen\": \":80\", \"upstream\": \"http://localhost:82\" }");
    cr_assert(config_resolve(c), "%s", print(c));
    cr_expect_eq(config_port(&c->upstreams[0].servers[0].address), 82);
    config_free(&c);
}

Test(config, addresses_are_looked_up_on_demand)
{
    struct config *c = load_fine("numeric", "{ \"listen\": \":80\", \"upstream\": \"http://[::1]:81\" }");
    cr_assert(config_resolve(c), "%s", print(c));
    cr_expect_eq(c->upstreams[0].servers[0].address.any.sa_family, AF_INET6);
    cr_expect_eq(config_port(&c->upstreams[0].servers[0].address), 81);
    config_free(&c);

    c = load_fine("RFC 6761: never exists",
                  "{ \"listen\": \":80\", \"upstream\": \"http://nowhere.invalid\" }");
    cr_expect_not(config_resolve(c));
    cr_expect_not_null(strstr(print(c), "cannot be found"), "%s", printed);
    config_free(&c);
}
