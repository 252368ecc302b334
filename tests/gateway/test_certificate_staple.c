// SPDX-License-Identifier: Apache-2.0
// test_certificate_staple: which OCSP responses are taken.
#include "gateway/certificate.h"
#include <criterion/criterion.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define DAY (24L * 3600)
#define ARENA_MAX (16u * 1024u * 1024u)

static char                folder[] = "/tmp/portcullis-staple-XXXXXX";
static struct arena        arena;
static struct certificate *certificate;

static void begin(void)
{
    const char *host = "shop.example";
    char        why[CERTIFICATE_WHY_MAX];
    bool        of_key;
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    arena_init(&arena, NULL, ARENA_MAX);
    cr_assert(certificate_make_dev(&host, 1, "dev.pem", why), "%s", why);
    certificate = certificate_load(BYTES("dev.pem"), BYTES(""), &arena, why, &of_key);
    cr_assert_not_null(certificate, "%s", why);
}

static void end(void)
{
    (void)unlink("dev.pem");
    (void)unlink("response");
    cr_expect_eq(rmdir(folder), 0);
    arena_reset(&arena);
}

TestSuite(certificate_staple, .init = begin, .fini = end);

// A response about the certificate itself, or one of another serial; times in seconds from now, `until` 0: no
// end.
static void respond(int status, bool other, long from, long until)
{
    BIO                  *pem = BIO_new_file("dev.pem", "r");
    X509                 *leaf = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    OCSP_BASICRESP       *basic = OCSP_BASICRESP_new();
    ASN1_INTEGER         *serial = ASN1_INTEGER_dup(X509_get0_serialNumber(leaf));
    ASN1_GENERALIZEDTIME *begins = ASN1_GENERALIZEDTIME_adj(NULL, time(NULL), 0, from);
    ASN1_GENERALIZEDTIME *ends = until ? ASN1_GENERALIZEDTIME_adj(NULL, time(NULL), 0, until) : NULL;
    if (other)
        cr_assert_eq(ASN1_INTEGER_set(serial, 7), 1);
    OCSP_CERTID *id =
        OCSP_cert_id_new(EVP_sha1(), X509_get_issuer_name(leaf), X509_get0_pubkey_bitstr(leaf), serial);
    cr_assert_not_null(OCSP_basic_add1_status(
        basic, id, status, 0, status == V_OCSP_CERTSTATUS_REVOKED ? begins : NULL, begins, ends));
    cr_assert_eq(BIO_seek(pem, 0), 0);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
    cr_assert_eq(OCSP_basic_sign(basic, leaf, key, EVP_sha256(), NULL, OCSP_NOCERTS), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    BIO           *file = BIO_new_file("response", "wb");
    cr_assert_eq(i2d_OCSP_RESPONSE_bio(file, response), 1);
    BIO_free(file);
    OCSP_RESPONSE_free(response);
    EVP_PKEY_free(key);
    OCSP_CERTID_free(id);
    ASN1_GENERALIZEDTIME_free(ends);
    ASN1_GENERALIZEDTIME_free(begins);
    ASN1_INTEGER_free(serial);
    OCSP_BASICRESP_free(basic);
    X509_free(leaf);
    BIO_free(pem);
}

Test(certificate_staple, a_good_one_is_kept_with_its_end)
{
    char why[CERTIFICATE_WHY_MAX] = "";
    respond(V_OCSP_CERTSTATUS_GOOD, false, -DAY, DAY);
    cr_assert(certificate_add_staple(certificate, BYTES("response"), &arena, why), "%s", why);
    cr_expect_gt(certificate->staple.len, 0);
    int64_t left = certificate->staple_until_s - (int64_t)time(NULL);
    cr_expect(left > DAY - 60 && left <= DAY, "%ld", (long)left);
}

Test(certificate_staple, what_clients_would_refuse_is_refused)
{
    static const struct {
        const char *label;
        int         status;
        bool        other;
        long        from, until;
        const char *says;
    } rows[] = {
        {"about another serial", V_OCSP_CERTSTATUS_GOOD, true, -DAY, DAY, "another certificate"},
        {"revoked", V_OCSP_CERTSTATUS_REVOKED, false, -DAY, DAY, "revoked"},
        {"unknown", V_OCSP_CERTSTATUS_UNKNOWN, false, -DAY, DAY, "not known"},
        {"expired", V_OCSP_CERTSTATUS_GOOD, false, -2 * DAY, -DAY, "expired"},
        {"not valid yet", V_OCSP_CERTSTATUS_GOOD, false, DAY, 2 * DAY, "not valid yet"},
        {"without an end", V_OCSP_CERTSTATUS_GOOD, false, -DAY, 0, "until when"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char why[CERTIFICATE_WHY_MAX] = "";
        respond(rows[i].status, rows[i].other, rows[i].from, rows[i].until);
        cr_expect_not(certificate_add_staple(certificate, BYTES("response"), &arena, why), "%s",
                      rows[i].label);
        cr_expect_not_null(strstr(why, rows[i].says), "%s: %s", rows[i].label, why);
        cr_expect_eq(certificate->staple.len, 0, "%s", rows[i].label);
    }
}

static void write_file(const void *at, size_t len)
{
    FILE *file = fopen("response", "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(at, 1, len, file), len);
    cr_assert_eq(fclose(file), 0);
}

Test(certificate_staple, what_is_no_response_is_refused)
{
    static const char error[] = "\x30\x03\x0a\x01\x03"; // tryLater (RFC 6960 4.2.1)
    static char       big[CERTIFICATE_STAPLE_MAX + 1];
    const struct {
        const char *label, *path;
        const void *at;
        size_t      len;
        const char *says;
    } rows[] = {
        {"text", "response", "nothing", 7, "no OCSP response"},
        {"an empty file", "response", "", 0, "no OCSP response"},
        {"an error message", "response", error, sizeof error - 1, "error message"},
        {"one byte too many", "response", big, sizeof big, "larger than allowed"},
        {"no such file", "nowhere", "", 0, "no such file"},
        {"no path", "", "", 0, "no path"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char why[CERTIFICATE_WHY_MAX] = "";
        write_file(rows[i].at, rows[i].len);
        cr_expect_not(certificate_add_staple(certificate, bytes_of(rows[i].path), &arena, why), "%s",
                      rows[i].label);
        cr_expect_not_null(strstr(why, rows[i].says), "%s: %s", rows[i].label, why);
    }
}
