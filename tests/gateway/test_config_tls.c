// SPDX-License-Identifier: Apache-2.0
// test_config_tls: "tls" of a listener. What is in the files is the business of test_certificate*.c and
// tests/tls/.
#include "gateway/config_parts.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define TEXT_MAX (64u * 1024u)

static char folder[] = "/tmp/portcullis-config-tls-XXXXXX";
static char text[TEXT_MAX], printed[TEXT_MAX];

static void begin(void)
{
    const char *host = "localhost", *address = "192.0.2.1";
    char        why[CERTIFICATE_WHY_MAX];
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    cr_assert(certificate_make_dev(&host, 1, "dev.pem", why), "%s", why);
    cr_assert(certificate_make_dev(&address, 1, "address.pem", why), "%s", why);
}

static void end(void)
{
    cr_expect_eq(unlink("dev.pem"), 0);
    cr_expect_eq(unlink("address.pem"), 0);
    cr_expect_eq(rmdir(folder), 0);
}

TestSuite(config_tls, .init = begin, .fini = end);

// A configuration whose listener has `tls`; `wanted` is what is wrong with it, NULL when nothing is.
static struct config *load(const char *label, struct bytes tls, const char *wanted)
{
    struct bytes_out out = {.at = text, .cap = sizeof text};
    struct bytes_out problems = {.at = printed, .cap = sizeof printed - 1};
    out_text(&out, "{ \"version\": 1, \"upstreams\": { \"app\": { \"servers\": [\"http://127.0.0.1:1\"] } },"
                   " \"listen\": [{ \"address\": \":1\", \"tls\": ");
    out_bytes(&out, tls);
    out_text(&out, " }] }");
    cr_assert_not(out.overflowed);
    struct config *c = config_load(out_written(&out), "test.json");
    cr_assert_not_null(c);
    document_print(c->document, &problems);
    printed[problems.len] = '\0';
    cr_expect_eq(config_has_problems(c), wanted != NULL, "%s: %s", label, printed);
    cr_expect(wanted == NULL || strstr(printed, wanted) != NULL, "%s: %s", label, printed);
    return c;
}

Test(config_tls, what_is_not_said)
{
    struct config           *c = load("one certificate", BYTES("{ \"cert\": \"dev.pem\" }"), NULL);
    const struct config_tls *t = c->listeners[0].tls;
    cr_assert_not_null(t);
    cr_expect_eq(t->certificate_count, 1);
    cr_expect_eq(t->certificates[0]->name_count, 1);
    cr_expect_eq(t->certificates[0]->staple.len, 0);
    cr_expect_not(t->only_1_3);
    cr_expect_eq(t->client_auth, CLIENT_AUTH_NONE);
    config_free(&c);
}

Test(config_tls, several_certificates_in_their_order)
{
    struct config *c =
        load("no names are needed by the first one",
             BYTES("{ \"cert\": \"address.pem\", \"more\": [{ \"cert\": \"dev.pem\" },"
                   " { \"cert\": \"dev.pem\", \"key\": \"dev.pem\" }], \"min_version\": \"1.3\" }"),
             NULL);
    const struct config_tls *t = c->listeners[0].tls;
    cr_assert_eq(t->certificate_count, 3);
    cr_expect_eq(t->certificates[0]->name_count, 0);
    cr_expect_eq(t->certificates[1]->name_count, 1);
    cr_expect(t->only_1_3);
    config_free(&c);
}

Test(config_tls, as_many_certificates_as_there_may_be)
{
    static char list[TEXT_MAX / 2];
    for (unsigned more = CONFIG_CERTIFICATES_MAX - 1; more <= CONFIG_CERTIFICATES_MAX; more++) {
        struct bytes_out out = {.at = list, .cap = sizeof list};
        out_text(&out, "{ \"cert\": \"dev.pem\", \"more\": [");
        for (unsigned i = 0; i < more; i++)
            out_text(&out, "{ \"cert\": \"dev.pem\" },");
        out_text(&out, "] }");
        struct config *c = load("a list", out_written(&out),
                                more < CONFIG_CERTIFICATES_MAX ? NULL : "at most 64 certificates");
        config_free(&c);
    }
}

Test(config_tls, problems)
{
    static const struct {
        const char *label, *tls, *says;
    } rows[] = {
        {"no certificate", "{ \"more\": [] }", "\"cert\" is missing"},
        {"none in the list either", "{ \"cert\": \"dev.pem\", \"more\": [{}] }", "/listen/0/tls/more/0"},
        {"not a list", "{ \"cert\": \"dev.pem\", \"more\": {} }", "/listen/0/tls/more"},
        {"not a list of objects", "{ \"cert\": \"dev.pem\", \"more\": [\"dev.pem\"] }",
         "/listen/0/tls/more/0"},
        {"an unknown key there", "{ \"cert\": \"dev.pem\", \"more\": [{ \"cret\": \"dev.pem\" }] }",
         "\"cert\"?"},
        {"a certificate that nobody can ask for",
         "{ \"cert\": \"dev.pem\", \"more\": [{ \"cert\": \"address.pem\" }] }", "names no host"},
        {"a version that is no more", "{ \"cert\": \"dev.pem\", \"min_version\": \"1.1\" }", "min_version"},
        {"no such staple", "{ \"cert\": \"dev.pem\", \"ocsp\": \"none\" }", "/listen/0/tls/ocsp"},
        {"client_auth alone", "{ \"cert\": \"dev.pem\", \"client_auth\": \"request\" }",
         "needs a \"client_ca\""},
        {"client_crl alone", "{ \"cert\": \"dev.pem\", \"client_crl\": \"x\" }", "needs a \"client_ca\""},
        {"no such authority", "{ \"cert\": \"dev.pem\", \"client_ca\": \"none\" }",
         "/listen/0/tls/client_ca"},
        {"a way of asking that there is not",
         "{ \"cert\": \"dev.pem\", \"client_ca\": \"dev.pem\", \"client_auth\": \"beg\" }",
         "/listen/0/tls/client_auth"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct config *c = load(rows[i].label, bytes_of(rows[i].tls), rows[i].says);
        config_free(&c);
    }
}
