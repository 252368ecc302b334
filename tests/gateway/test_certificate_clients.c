// SPDX-License-Identifier: Apache-2.0
// test_certificate_clients: which authorities and revocation lists are taken.
#include "gateway/certificate.h"
#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define DAY (24L * 3600)
#define ARENA_MAX (1024u * 1024u)

static struct arena arena;
static EVP_PKEY    *key;

static void begin(void)
{
    arena_init(&arena, NULL, ARENA_MAX);
    key = EVP_EC_gen("P-256");
    cr_assert_not_null(key);
}

static void end(void)
{
    EVP_PKEY_free(key);
    arena_reset(&arena);
}

TestSuite(certificate_clients, .init = begin, .fini = end);

static struct bytes text_of(BIO *bio)
{
    char        *at;
    size_t       len = (size_t)BIO_get_mem_data(bio, &at);
    struct bytes text = arena_copy(&arena, (struct bytes){at, len});
    BIO_free(bio);
    return text;
}

static struct bytes authority(const char *constraints, long until_s)
{
    X509           *x = X509_new();
    BIO            *bio = BIO_new(BIO_s_mem());
    X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, constraints);
    cr_assert(x && bio && ca);
    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), -2 * DAY);
    X509_gmtime_adj(X509_getm_notAfter(x), until_s);
    X509_set_pubkey(x, key);
    X509_add_ext(x, ca, -1);
    cr_assert_gt(X509_sign(x, key, EVP_sha256()), 0);
    cr_assert_eq(PEM_write_bio_X509(bio, x), 1);
    X509_EXTENSION_free(ca);
    X509_free(x);
    return text_of(bio);
}

// `until_s` 0: it does not say.
static struct bytes revocations(long until_s)
{
    X509_CRL  *list = X509_CRL_new();
    BIO       *bio = BIO_new(BIO_s_mem());
    ASN1_TIME *from = X509_gmtime_adj(NULL, -2 * DAY), *until = X509_gmtime_adj(NULL, until_s);
    cr_assert(list && bio && from && until);
    X509_CRL_set1_lastUpdate(list, from);
    if (until_s != 0)
        X509_CRL_set1_nextUpdate(list, until);
    cr_assert_gt(X509_CRL_sign(list, key, EVP_sha256()), 0);
    cr_assert_eq(PEM_write_bio_X509_CRL(bio, list), 1);
    ASN1_TIME_free(until);
    ASN1_TIME_free(from);
    X509_CRL_free(list);
    return text_of(bio);
}

static struct bytes both(struct bytes a, struct bytes b)
{
    struct bytes_out out = {.at = arena_alloc(&arena, a.len + b.len), .cap = a.len + b.len};
    cr_assert_not_null(out.at);
    out_bytes(&out, a);
    out_bytes(&out, b);
    return out_written(&out);
}

struct row {
    const char  *label;
    struct bytes text;
    const char  *says; // NULL: it is taken
};

static void expect(const struct row *row, struct bytes (*load)(struct bytes, struct arena *, char *))
{
    char         why[CERTIFICATE_WHY_MAX] = "";
    struct bytes got = load(row->text, &arena, why);
    cr_expect_eq(got.at != NULL, row->says == NULL, "%s: %s", row->label, why);
    if (row->says == NULL)
        cr_expect(bytes_equal(got, row->text), "%s", row->label);
    else
        cr_expect_not_null(strstr(why, row->says), "%s: %s", row->label, why);
}

Test(certificate_clients, authorities)
{
    struct bytes     good = authority("critical,CA:TRUE", DAY);
    struct bytes     cut = {good.at, good.len - 40};
    const struct row rows[] = {
        {"one", good, NULL},
        {"two", both(good, authority("critical,CA:TRUE", DAY)), NULL},
        {"a certificate that signs nothing", authority("CA:FALSE", DAY), "none of an authority"},
        {"such a one behind a good one", both(good, authority("CA:FALSE", DAY)), "none of an authority"},
        {"expired", authority("critical,CA:TRUE", -DAY), "expired"},
        {"a list", revocations(DAY), "no certificate"},
        {"cut off", cut, "no certificate"},
        {"a good one and half of one", both(good, cut), "cannot be read"},
        {"no such file", BYTES("/nowhere/ca.pem"), "cannot be read"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        expect(&rows[i], certificate_authorities);
}

Test(certificate_clients, revocation_lists)
{
    struct bytes     good = revocations(DAY);
    const struct row rows[] = {
        {"one", good, NULL},
        {"two", both(good, good), NULL},
        {"without an end", revocations(0), NULL},
        {"expired", revocations(-DAY), "would refuse everybody"},
        {"an expired one behind a good one", both(good, revocations(-DAY)), "would refuse everybody"},
        {"a certificate", authority("critical,CA:TRUE", DAY), "no revocation list"},
        {"a good one and half of one", both(good, (struct bytes){good.at, good.len - 40}), "cannot be read"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        expect(&rows[i], certificate_revocations);
}
