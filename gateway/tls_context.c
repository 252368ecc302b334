// SPDX-License-Identifier: Apache-2.0
// tls_context: one SSL_CTX with one certificate.
#include "gateway/tls_context.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

// TLS 1.2: forward secrecy and AEAD only. TLS 1.3 suites are all fine as they come.
#define CIPHERS_1_2 "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS "X25519:P-256:P-384" // X25519 first: 23 µs a derivation against 31 for P-256

struct tls_context {
    OSSL_LIB_CTX *library;
    SSL_CTX      *ssl;
};

bool tls_ticket_keys_make(struct tls_ticket_keys *keys)
{
    return RAND_bytes(keys->bytes, sizeof keys->bytes) == 1;
}

// A session belongs to its certificate: one of this listener must not resume at another, which has another
// name.
static bool bind_sessions(SSL_CTX *ssl, const X509 *leaf)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned      len = 0;
    return X509_digest(leaf, EVP_sha256(), digest, &len) == 1 &&
           SSL_CTX_set_session_id_context(ssl, digest, len) == 1; // 32 bytes, the most it takes
}

static bool use_certificate(struct tls_context *t, const struct certificate *certificate)
{
    BIO  *chain = BIO_new_mem_buf(certificate->chain_pem.at, (int)certificate->chain_pem.len);
    BIO  *key = BIO_new_mem_buf(certificate->key_pem.at, (int)certificate->key_pem.len);
    X509 *leaf = X509_new_ex(t->library, NULL);
    EVP_PKEY *private = NULL;
    bool fine = chain && key && leaf && PEM_read_bio_X509(chain, &leaf, NULL, "") &&
                SSL_CTX_use_certificate(t->ssl, leaf) == 1 && bind_sessions(t->ssl, leaf) &&
                (private = PEM_read_bio_PrivateKey_ex(key, NULL, NULL, "", t->library, NULL)) &&
                SSL_CTX_use_PrivateKey(t->ssl, private) == 1;
    for (X509 *above; fine && (above = PEM_read_bio_X509(chain, NULL, NULL, ""));) {
        fine = SSL_CTX_add0_chain_cert(t->ssl, above) == 1; // takes it over
        if (!fine)
            X509_free(above);
    }
    if (fine) // "no more" is the only way for the chain to end
        fine = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    EVP_PKEY_free(private);
    X509_free(leaf);
    BIO_free(key);
    BIO_free(chain);
    return fine;
}

static bool set_up(struct tls_context *t, const struct certificate *certificate,
                   const struct tls_ticket_keys *keys)
{
    t->library = OSSL_LIB_CTX_new();
    t->ssl = t->library ? SSL_CTX_new_ex(t->library, NULL, TLS_server_method()) : NULL;
    if (!t->ssl)
        return false;
    SSL_CTX_set_options(t->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(t->ssl, SSL_SESS_CACHE_OFF);           // tickets carry the state
    unsigned char *ticket_keys = (unsigned char *)(uintptr_t)keys->bytes; // the macro's argument is not const
    return SSL_CTX_set_min_proto_version(t->ssl, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(t->ssl, CIPHERS_1_2) == 1 &&
           SSL_CTX_set1_groups_list(t->ssl, GROUPS) == 1 && SSL_CTX_set_num_tickets(t->ssl, 1) == 1 &&
           SSL_CTX_set_tlsext_ticket_keys(t->ssl, ticket_keys, sizeof keys->bytes) == 1 &&
           use_certificate(t, certificate);
}

struct tls_context *tls_context_new(const struct certificate *certificate, const struct tls_ticket_keys *keys,
                                    char why_r[CERTIFICATE_WHY_MAX])
{
    struct tls_context *t = calloc(1, sizeof *t);
    ERR_clear_error();
    if (t && set_up(t, certificate, keys)) {
        ERR_clear_error(); // reading the chain ends with "no more certificates"
        return t;
    }
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(why_r, CERTIFICATE_WHY_MAX, "%s", reason ? reason : "out of memory");
    ERR_clear_error();
    if (t)
        tls_context_free(&t);
    return NULL;
}

void tls_context_free(struct tls_context **t)
{
    SSL_CTX_free((*t)->ssl);
    OSSL_LIB_CTX_free((*t)->library);
    free(*t);
    *t = NULL;
}

SSL_CTX *tls_context_ssl(const struct tls_context *t)
{
    return t->ssl;
}
