// SPDX-License-Identifier: Apache-2.0
// test_certificate: what is loaded fits together; what is made can be loaded.
#include "gateway/certificate.h"
#include "gateway/file.h"
#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define DAY (24L * 3600)

static char         folder[] = "/tmp/portcullis-certificate-XXXXXX";
static struct arena arena;

static void begin(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    arena_init(&arena, NULL, 8u * 1024u * 1024u);
}

static void end(void)
{
    static const char *const files[] = {"a.pem",      "b.pem",    "old.pem", "new.pem",
                                        "locked.pem", "text.pem", "big.pem"};
    for (size_t i = 0; i < ROWS(files); i++)
        (void)unlink(files[i]);
    cr_expect_eq(rmdir(folder), 0);
    arena_reset(&arena);
}

TestSuite(certificate, .init = begin, .fini = end);

static void make(const char *path, const char *host)
{
    char why[CERTIFICATE_WHY_MAX];
    cr_assert(certificate_make_dev(&host, 1, path, why), "%s", why);
}

static struct bytes read_whole(const char *path)
{
    struct bytes_out out = {.at = arena_alloc(&arena, CERTIFICATE_PEM_MAX), .cap = CERTIFICATE_PEM_MAX};
    cr_assert_null(file_read(path, &out), "%s", path);
    return out_written(&out);
}

static void write_whole(const char *path, struct bytes text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text.at, 1, text.len, file), text.len);
    cr_assert_eq(fclose(file), 0);
}

// Valid between two moments, in seconds from now; the key under a passphrase when there is one.
static void make_special(const char *path, long from, long to, char *passphrase)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509     *x = X509_new();
    FILE     *file = fopen(path, "w");
    cr_assert(key != NULL && x != NULL && file != NULL);
    X509_gmtime_adj(X509_getm_notBefore(x), from);
    X509_gmtime_adj(X509_getm_notAfter(x), to);
    X509_set_pubkey(x, key);
    cr_assert_gt(X509_sign(x, key, EVP_sha256()), 0);
    cr_assert_eq(PEM_write_X509(file, x), 1);
    cr_assert_eq(PEM_write_PrivateKey(file, key, passphrase == NULL ? NULL : EVP_aes_128_cbc(), NULL, 0, NULL,
                                      passphrase),
                 1);
    cr_assert_eq(fclose(file), 0);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void expect_refused(const char *label, struct bytes chain, struct bytes key, bool of_key,
                           const char *wanted)
{
    char why[CERTIFICATE_WHY_MAX];
    bool said_key;
    cr_expect_null(certificate_load(chain, key, &arena, why, &said_key), "%s: was loaded", label);
    cr_expect_not_null(strstr(why, wanted), "%s: says: %s", label, why);
    cr_expect_eq(said_key, of_key, "%s: blames the wrong one", label);
}

Test(certificate, what_is_made_is_loaded)
{
    make("a.pem", "localhost");
    char                      why[CERTIFICATE_WHY_MAX];
    bool                      of_key;
    const struct certificate *c = certificate_load(BYTES("a.pem"), BYTES(""), &arena, why, &of_key);
    cr_assert_not_null(c, "one file for both: %s", why);
    cr_expect(bytes_equal(c->chain_pem, read_whole("a.pem")));
    cr_expect(bytes_equal(c->key_pem, c->chain_pem), "the key is in the chain's file");

    struct bytes text = read_whole("a.pem");
    cr_expect_not_null(certificate_load(text, text, &arena, why, &of_key), "PEM text instead of a path: %s",
                       why);
    cr_expect_not_null(certificate_load(BYTES("a.pem"), text, &arena, why, &of_key),
                       "a path and PEM text: %s", why);
}

Test(certificate, what_does_not_fit_is_refused)
{
    make("a.pem", "a.example.com");
    make("b.pem", "b.example.com");
    make_special("old.pem", -2 * DAY, -DAY, NULL);
    make_special("new.pem", DAY, 2 * DAY, NULL);
    make_special("locked.pem", -DAY, DAY, (char[]){"secret"});
    write_whole("text.pem", BYTES("-----BEGIN nothing at all"));
    const struct {
        const char  *label;
        struct bytes chain, key;
        bool         of_key;
        const char  *says;
    } rows[] = {
        {"no such file", BYTES("nowhere.pem"), BYTES(""), false, "no such file"},
        {"no such key", BYTES("a.pem"), BYTES("nowhere.pem"), true, "no such file"},
        {"a folder", BYTES("."), BYTES(""), false, "cannot be read"},
        {"an empty path", BYTES(""), BYTES(""), false, "neither a path nor PEM"},
        {"no certificate in it", BYTES("text.pem"), BYTES("a.pem"), false, "no certificate"},
        {"no key in it", BYTES("a.pem"), BYTES("text.pem"), true, "no private key"},
        {"somebody else's key", BYTES("a.pem"), BYTES("b.pem"), true, "does not belong"},
        {"expired", BYTES("old.pem"), BYTES(""), false, "expired"},
        {"not valid yet", BYTES("new.pem"), BYTES(""), false, "not valid yet"},
        {"a key with a passphrase is never asked for", BYTES("locked.pem"), BYTES("locked.pem"), true,
         "passphrase"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        expect_refused(rows[i].label, rows[i].chain, rows[i].key, rows[i].of_key, rows[i].says);
}

Test(certificate, a_secret_in_the_wrong_place_is_not_shown)
{
    make("a.pem", "localhost");
    char why[CERTIFICATE_WHY_MAX];
    bool of_key;
    cr_assert_null(certificate_load(BYTES("a.pem"), BYTES("hunter2"), &arena, why, &of_key));
    cr_expect_null(strstr(why, "hunter2"), "%s", why);
}

Test(certificate, a_file_has_a_bound)
{
    char *big = malloc(CERTIFICATE_PEM_MAX + 1);
    memset(big, '\n', CERTIFICATE_PEM_MAX + 1);
    write_whole("big.pem", (struct bytes){big, CERTIFICATE_PEM_MAX + 1});
    expect_refused("one byte too many", BYTES("big.pem"), BYTES(""), false, "larger than allowed");
    write_whole("big.pem", (struct bytes){big, CERTIFICATE_PEM_MAX});
    expect_refused("exactly as many as allowed", BYTES("big.pem"), BYTES(""), false, "no certificate");
    free(big);
}

static X509 *read_certificate(const char *path)
{
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    X509 *x = PEM_read_X509(file, NULL, NULL, NULL);
    cr_assert_eq(fclose(file), 0);
    return x;
}

Test(certificate, a_development_certificate_names_its_hosts)
{
    static const char *const hosts[] = {"localhost", "*.example.com", "127.0.0.1", "::1"};
    char                     why[CERTIFICATE_WHY_MAX];
    cr_assert(certificate_make_dev(hosts, ROWS(hosts), "a.pem", why), "%s", why);

    X509 *x = read_certificate("a.pem");
    cr_expect_eq(X509_check_host(x, "localhost", 0, 0, NULL), 1);
    cr_expect_eq(X509_check_host(x, "erp.example.com", 0, 0, NULL), 1, "the wildcard");
    cr_expect_eq(X509_check_ip_asc(x, "127.0.0.1", 0), 1);
    cr_expect_eq(X509_check_ip_asc(x, "::1", 0), 1);
    cr_expect_neq(X509_check_host(x, "other.net", 0, 0, NULL), 1);
    int days;
    int seconds;
    cr_assert_eq(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)), 1);
    cr_expect(days == 89 || days == 90, "valid for %d days", days);
    X509_free(x);
    struct stat info;
    cr_assert_eq(stat("a.pem", &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0600, "only the owner reads a key");
}

Test(certificate, a_development_certificate_never_overwrites)
{
    write_whole("a.pem", BYTES("precious"));
    const char *host = "localhost";
    char        why[CERTIFICATE_WHY_MAX];
    cr_expect_not(certificate_make_dev(&host, 1, "a.pem", why));
    cr_expect_not_null(strstr(why, "a.pem: file already exists"), "says: %s", why);
    cr_expect(bytes_equal(read_whole("a.pem"), BYTES("precious")));
}

Test(certificate, hosts_that_are_none_are_refused)
{
    static const char *const wrong[] = {"",  "a b",   "localhost:8443", "[::1]",
                                        "*", "a.*.b", "x,DNS:y",        "user@host"};
    char                     why[CERTIFICATE_WHY_MAX];
    for (size_t i = 0; i < ROWS(wrong); i++) {
        cr_expect_not(certificate_make_dev(&wrong[i], 1, "a.pem", why), "\"%s\" was accepted", wrong[i]);
        cr_expect_neq(access("a.pem", F_OK), 0, "\"%s\": a file was left", wrong[i]);
    }
    const char *many[65];
    for (size_t i = 0; i < ROWS(many); i++)
        many[i] = "localhost";
    cr_expect_not(certificate_make_dev(many, 0, "a.pem", why), "no host");
    cr_expect_not(certificate_make_dev(many, 65, "a.pem", why), "one host too many");
    cr_expect(certificate_make_dev(many, 64, "a.pem", why), "exactly as many as allowed: %s", why);
}
