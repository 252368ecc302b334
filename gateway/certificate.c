// SPDX-License-Identifier: Apache-2.0
// certificate: loading what a configuration names. Messages never quote a value: what should be the path of a
// key may be the key itself, put into the wrong variable.
#include "gateway/certificate.h"
#include "gateway/file.h"
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#define PEM_BEGIN BYTES("-----BEGIN")

// OpenSSL would ask the terminal; a gateway that starts by itself cannot answer.
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

struct bytes certificate_pem(struct bytes value, struct arena *arena, char why_r[CERTIFICATE_WHY_MAX])
{
    struct bytes none = {NULL, 0};
    if (bytes_starts_with(value, PEM_BEGIN))
        return arena_copy(arena, value);

    char path[PATH_MAX];
    int  length = snprintf(path, sizeof path, "%.*s", (int)value.len, value.at);
    if (length <= 0 || (size_t)length >= sizeof path) {
        (void)snprintf(why_r, CERTIFICATE_WHY_MAX, "this is neither a path nor PEM text");
        return none;
    }
    (void)snprintf(why_r, CERTIFICATE_WHY_MAX, "no memory");
    struct bytes_out pem = {.at = malloc(CERTIFICATE_PEM_MAX), .cap = CERTIFICATE_PEM_MAX};
    if (pem.at == NULL)
        return none;
    const char  *failed = file_read(path, &pem);
    struct bytes copy = failed == NULL ? arena_copy(arena, out_written(&pem)) : none;
    OPENSSL_cleanse(pem.at, pem.len);
    free(pem.at);
    if (failed != NULL)
        (void)snprintf(why_r, CERTIFICATE_WHY_MAX, "the file cannot be read: %s", failed);
    return copy;
}

static X509 *read_leaf(struct bytes pem)
{
    BIO  *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    X509 *leaf = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return leaf;
}

static EVP_PKEY *read_key(struct bytes pem)
{
    BIO      *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return key;
}

// Returns what is wrong with the pair, NULL when nothing is.
static const char *judge(const X509 *leaf, const EVP_PKEY *key, bool *key_r)
{
    *key_r = false;
    if (leaf == NULL)
        return "there is no certificate in the file";
    if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
        return "the certificate is not valid yet";
    if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
        return "the certificate has expired";
    *key_r = true;
    if (key == NULL)
        return "there is no private key in the file, or it has a passphrase";
    if (X509_check_private_key(leaf, key) != 1)
        return "the key does not belong to the certificate (the first one in its file must be the leaf)";
    return NULL;
}

// What is behind the leaf: nothing, or certificates that can all be read.
static bool chain_is_whole(struct bytes pem)
{
    BIO  *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    X509 *one;
    ERR_clear_error();
    while (bio != NULL && (one = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
        X509_free(one);
    bool whole = bio != NULL && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(bio);
    return whole;
}

// What TLS itself has against the pair (a key that is too small, an unknown kind of key), or NULL.
static const char *refused_by_tls(X509 *leaf, EVP_PKEY *key)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    ERR_clear_error();
    bool fine =
        tls != NULL && SSL_CTX_use_certificate(tls, leaf) == 1 && SSL_CTX_use_PrivateKey(tls, key) == 1;
    const char *why = fine ? NULL : ERR_reason_error_string(ERR_peek_last_error());
    SSL_CTX_free(tls);
    return fine || why != NULL ? why : "TLS does not take this certificate";
}

static bool pair_fits(struct certificate *c, struct arena *arena, char why_r[CERTIFICATE_WHY_MAX],
                      bool *key_r)
{
    X509       *leaf = read_leaf(c->chain_pem);
    EVP_PKEY   *key = read_key(c->key_pem);
    const char *wrong = judge(leaf, key, key_r);
    if (wrong == NULL) {
        *key_r = false;
        wrong = chain_is_whole(c->chain_pem) ? refused_by_tls(leaf, key)
                                             : "a certificate behind the first one cannot be read";
    }
    if (wrong == NULL) {
        c->key_kind = EVP_PKEY_get_base_id(key);
        wrong = certificate_read_names(c, leaf, arena) ? NULL : "no memory";
    }
    X509_free(leaf);
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (wrong != NULL)
        (void)snprintf(why_r, CERTIFICATE_WHY_MAX, "%s", wrong);
    return wrong == NULL;
}

struct certificate *certificate_load(struct bytes chain, struct bytes key, struct arena *arena,
                                     char why_r[CERTIFICATE_WHY_MAX], bool *key_r)
{
    (void)snprintf(why_r, CERTIFICATE_WHY_MAX, "no memory");
    *key_r = false;
    struct certificate *c = arena_zalloc(arena, sizeof *c);
    if (c == NULL)
        return NULL;
    c->chain_pem = certificate_pem(chain, arena, why_r);
    if (c->chain_pem.at == NULL)
        return NULL;
    *key_r = key.len > 0;
    c->key_pem = key.len == 0 ? c->chain_pem : certificate_pem(key, arena, why_r);
    if (c->key_pem.at == NULL)
        return NULL;
    return pair_fits(c, arena, why_r, key_r) ? c : NULL;
}
