// SPDX-License-Identifier: Apache-2.0
// tls_clients: certificates that clients show.
#include "gateway/tls_clients.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define FINGERPRINT_BYTES 32u // SHA-256

// --- asking ---

// "request": a bad certificate does not end the handshake. What was wrong stays with the session, through
// every resumption.
static int judge_leniently(X509_STORE_CTX *chain, void *argument)
{
    (void)argument;
    if (X509_verify_cert(chain) != 1 && X509_STORE_CTX_get_error(chain) == X509_V_OK)
        X509_STORE_CTX_set_error(chain, X509_V_ERR_UNSPECIFIED);
    return 1;
}

// A session outlives its handshake, but not the certificate of its client.
static SSL_TICKET_RETURN on_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t name_len,
                                   SSL_TICKET_STATUS status, void *argument)
{
    (void)ssl, (void)name, (void)name_len, (void)argument;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    const X509 *client = SSL_SESSION_get0_peer(session);
    if (client && X509_cmp_current_time(X509_get0_notAfter(client)) < 0)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

static bool add_authorities(SSL_CTX *ssl, OSSL_LIB_CTX *library, struct bytes text)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    BIO        *pem = BIO_new_mem_buf(text.at, (int)text.len);
    bool        fine = pem != NULL;
    while (fine) {
        X509 *one = X509_new_ex(library, NULL);
        if (!one || !PEM_read_bio_X509(pem, &one, NULL, "")) {
            fine = one != NULL; // the end: the configuration has read it before
            X509_free(one);
            break;
        }
        fine = X509_STORE_add_cert(store, one) == 1 && SSL_CTX_add_client_CA(ssl, one) == 1;
        X509_free(one);
    }
    BIO_free(pem);
    return fine;
}

static bool add_revocations(SSL_CTX *ssl, OSSL_LIB_CTX *library, struct bytes text)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    BIO        *pem = BIO_new_mem_buf(text.at, (int)text.len);
    bool        fine = pem != NULL;
    while (fine) {
        X509_CRL *one = X509_CRL_new_ex(library, NULL);
        if (!one || !PEM_read_bio_X509_CRL(pem, &one, NULL, "")) {
            fine = one != NULL;
            X509_CRL_free(one);
            break;
        }
        fine = X509_STORE_add_crl(store, one) == 1;
        X509_CRL_free(one);
    }
    BIO_free(pem);
    return fine && X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

bool tls_clients_ask(SSL_CTX *ssl, OSSL_LIB_CTX *library, const struct config_tls *config)
{
    if (config->client_auth == CLIENT_AUTH_NONE)
        return true;
    if (config->client_auth == CLIENT_AUTH_REQUEST)
        SSL_CTX_set_cert_verify_callback(ssl, judge_leniently, NULL);
    SSL_CTX_set_verify(ssl,
                       config->client_auth == CLIENT_AUTH_REQUIRE
                           ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                           : SSL_VERIFY_PEER,
                       NULL);
    return SSL_CTX_set_session_ticket_cb(ssl, NULL, on_ticket, NULL) == 1 &&
           add_authorities(ssl, library, config->client_ca_pem) &&
           (config->client_crl_pem.len == 0 || add_revocations(ssl, library, config->client_crl_pem));
}

// --- knowing ---

// RFC 4514 text. One that does not fit is left out: the beginning of a name is another name.
static struct bytes print_subject(const X509 *client, char *into)
{
    BIO         *text = BIO_new(BIO_s_mem());
    char        *at;
    struct bytes subject = {into, 0};
    if (text && X509_NAME_print_ex(text, X509_get_subject_name(client), 0, XN_FLAG_RFC2253) >= 0) {
        size_t len = (size_t)BIO_get_mem_data(text, &at);
        if (len <= TLS_SUBJECT_MAX) {
            memcpy(into, at, len);
            subject.len = len;
        }
    }
    BIO_free(text);
    return subject;
}

static struct bytes print_fingerprint(const X509 *client, char *into)
{
    struct bytes_out out = {.at = into, .cap = 2 * FINGERPRINT_BYTES};
    unsigned char    digest[EVP_MAX_MD_SIZE];
    unsigned         len = 0;
    if (X509_digest(client, EVP_sha256(), digest, &len) == 1) {
        for (unsigned i = 0; i < len; i++)
            out_hex(&out, digest[i], 2);
    }
    return out_written(&out);
}

bool tls_facts_of(const SSL *ssl, struct tls_facts *facts_r, char **kept_r)
{
    const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    X509       *client = SSL_get0_peer_certificate(ssl);
    *facts_r = (struct tls_facts){.version = SSL_get_version(ssl), .sni = sni ? bytes_of(sni) : BYTES("")};
    *kept_r = NULL;
    if (!client)
        return true;
    char *kept = malloc(2 * FINGERPRINT_BYTES + TLS_SUBJECT_MAX);
    if (!kept)
        return false;
    *kept_r = kept;
    facts_r->client_fingerprint = print_fingerprint(client, kept);
    facts_r->client_subject = print_subject(client, kept + 2 * FINGERPRINT_BYTES);
    facts_r->client_verified = SSL_get_verify_result(ssl) == X509_V_OK;
    ERR_clear_error();
    return true;
}
