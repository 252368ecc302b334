// SPDX-License-Identifier: Apache-2.0
// certificate_dev: self-signed certificates to try TLS with.
#include "gateway/certificate.h"
#include "parser/host.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#define HOSTS_MAX 64u
#define VALID_DAYS 90
#define CLOCK_SKEW_S 3600 // begin in the past, for clients whose clock is slow
#define SERIAL_BYTES 16
#define SECONDS_A_DAY 86400

static bool add_name(GENERAL_NAMES *names, int type, const void *data, size_t length)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING  *value = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    if (name == NULL || value == NULL || ASN1_STRING_set(value, data, (int)length) != 1) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, value);
    if (sk_GENERAL_NAME_push(names, name) > 0)
        return true;
    GENERAL_NAME_free(name);
    return false;
}

// A name as RFC 9110 7.2 allows it, "*." in front of one, or an address. No port, no brackets.
static bool add_host(GENERAL_NAMES *names, struct bytes text)
{
    struct ip ip;
    if (ip_parse(text, &ip)) {
        size_t skip = ip_is_v4(&ip) ? 12 : 0;
        return add_name(names, GEN_IPADD, ip.octet + skip, sizeof ip.octet - skip);
    }
    struct bytes plain = text;
    if (bytes_starts_with(text, BYTES("*.")))
        plain = (struct bytes){text.at + 2, text.len - 2};
    struct arena arena;
    struct host  host;
    arena_init(&arena, NULL, ARENA_BLOCK);
    bool valid = host_parse(plain, &arena, &host) == FAULT_NONE && !host.is_v6 && host.port == 0;
    arena_reset(&arena);
    return valid && add_name(names, GEN_DNS, text.at, text.len);
}

// NULL when one of the hosts is not valid.
static GENERAL_NAMES *names_of(const char *const hosts[], size_t count)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    bool           fine = names != NULL;
    for (size_t i = 0; fine && i < count; i++)
        fine = add_host(names, bytes_of(hosts[i]));
    if (fine)
        return names;
    GENERAL_NAMES_free(names);
    return NULL;
}

static bool add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool            fine = extension != NULL && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return fine;
}

// RFC 5280 4.1.2.2: positive, and unique for one issuer: 127 random bits.
static bool set_serial(X509 *x)
{
    unsigned char octet[SERIAL_BYTES];
    if (RAND_bytes(octet, sizeof octet) != 1)
        return false;
    octet[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(octet, sizeof octet, NULL);
    bool    fine = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL;
    BN_free(number);
    return fine;
}

static bool set_names(X509 *x)
{
    static const unsigned char text[] = "Portcullis development";
    X509_NAME                 *name = X509_get_subject_name(x);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
           X509_set_issuer_name(x, name) == 1;
}

static bool fill(X509 *x, EVP_PKEY *key, GENERAL_NAMES *names)
{
    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && set_names(x) &&
           X509_gmtime_adj(X509_getm_notBefore(x), -CLOCK_SKEW_S) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(x), (long)VALID_DAYS * SECONDS_A_DAY) != NULL &&
           X509_set_pubkey(x, key) == 1 &&
           X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1 &&
           add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(x, NID_key_usage, "critical,digitalSignature") &&
           add_extension(x, NID_ext_key_usage, "serverAuth") && X509_sign(x, key, EVP_sha256()) > 0;
}

// Returns what is wrong, NULL when nothing is. A file that could not be completed is taken away again.
static const char *write_pair(const char *path, X509 *x, EVP_PKEY *key)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return uv_strerror(uv_translate_sys_error(errno));
    FILE *file = fdopen(fd, "w");
    if (file == NULL) {
        close(fd);
        unlink(path);
        return "no memory";
    }
    bool written =
        PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && PEM_write_X509(file, x) == 1;
    if (fclose(file) == 0 && written)
        return NULL;
    unlink(path);
    return "it could not be written";
}

// Returns what is wrong, NULL when nothing is.
static const char *make(GENERAL_NAMES *names, const char *path)
{
    EVP_PKEY   *key = EVP_EC_gen("P-256");
    X509       *x = X509_new();
    const char *failed = "OpenSSL cannot make a certificate";
    if (key != NULL && x != NULL && fill(x, key, names))
        failed = write_pair(path, x, key);
    X509_free(x);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return failed;
}

bool certificate_make_dev(const char *const hosts[], size_t host_count, const char *path,
                          char why_r[CERTIFICATE_WHY_MAX])
{
    if (host_count == 0 || host_count > HOSTS_MAX) {
        (void)snprintf(why_r, CERTIFICATE_WHY_MAX, "a certificate is for 1 to %u hosts", HOSTS_MAX);
        return false;
    }
    GENERAL_NAMES *names = names_of(hosts, host_count);
    if (names == NULL) {
        (void)snprintf(why_r, CERTIFICATE_WHY_MAX, "every host must be a name or an address, without a port");
        return false;
    }
    const char *failed = make(names, path);
    GENERAL_NAMES_free(names);
    if (failed != NULL)
        (void)snprintf(why_r, CERTIFICATE_WHY_MAX, "%s: %s", path, failed);
    return failed == NULL;
}
