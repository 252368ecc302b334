// SPDX-License-Identifier: Apache-2.0
// tls_context: the SSL_CTXs of one listener, and how a connection finds its own.
#include "gateway/tls_context.h"
#include "gateway/tls_clients.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// TLS 1.2: forward secrecy and AEAD only, as Mozilla's "intermediate" without its finite-field ones. TLS 1.3
// suites are all fine as they come.
#define CIPHERS_1_2 "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS "X25519:P-256:P-384" // X25519 first: 23 µs a derivation against 31 for P-256

// One certificate, and the SSL_CTX of the connections that ask for one of its names.
struct face {
    struct tls_context       *context;
    const struct certificate *certificate;
    X509                     *leaf;
    EVP_PKEY                 *key;
    STACK_OF(X509) * chain;
    SSL_CTX *ssl;
};

struct tls_context {
    OSSL_LIB_CTX             *library;
    EVP_CIPHER               *ticket_cipher;
    const struct config_tls  *config;
    const struct tls_tickets *tickets;
    struct face              *faces; // as config->certificates
};

static struct face *face_of(const SSL *ssl)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

// --- what OpenSSL asks ---

// RFC 6066 3: a list of names, of which only the kind "host_name" (0) was ever defined.
static struct bytes first_name(SSL *ssl)
{
    const unsigned char *at;
    size_t               len;
    struct bytes         none = {NULL, 0};
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &at, &len) != 1 || len < 5 || at[2] != 0)
        return none;
    size_t name = (size_t)at[3] << 8 | at[4];
    return name <= len - 5 ? (struct bytes){(const char *)at + 5, name} : none;
}

// Before sessions are looked up: one that belongs to another certificate is not taken up.
static int on_client_hello(SSL *ssl, int *alert, void *context)
{
    struct tls_context *t = context;
    struct bytes        asked = first_name(ssl);
    char                lower[TLSEXT_MAXLEN_host_name];
    (void)alert;
    if (t->config->certificate_count == 1 || asked.len == 0 || asked.len > sizeof lower)
        return SSL_CLIENT_HELLO_SUCCESS;
    for (size_t i = 0; i < asked.len; i++)
        lower[i] = (char)(asked.at[i] >= 'A' && asked.at[i] <= 'Z' ? asked.at[i] + ('a' - 'A') : asked.at[i]);
    const struct certificate *found = certificate_for(t->config->certificates, t->config->certificate_count,
                                                      (struct bytes){lower, asked.len});
    for (size_t i = 0; found && i < t->config->certificate_count; i++) {
        if (t->config->certificates[i] == found && !SSL_set_SSL_CTX(ssl, t->faces[i].ssl))
            return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

// "OK" keeps the name in TLS 1.2 sessions.
static int on_name(SSL *ssl, int *alert, void *argument)
{
    (void)ssl, (void)alert, (void)argument;
    return SSL_TLSEXT_ERR_OK;
}

// RFC 7301 3.2: "no_application_protocol" when there is nothing in common.
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                   unsigned in_len, void *argument)
{
    static const unsigned char ours[] = "\x08http/1.1\x08http/1.0";
    unsigned char             *chosen;
    (void)ssl, (void)argument;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

// Which of the certificates it has become is known by now.
static int on_staple(SSL *ssl, void *argument)
{
    const struct tls_context *t = face_of(ssl)->context;
    const X509               *leaf = SSL_get_certificate(ssl);
    const struct certificate *c = NULL;
    (void)argument;
    for (size_t i = 0; i < t->config->certificate_count; i++) {
        if (t->faces[i].leaf == leaf)
            c = t->config->certificates[i];
    }
    if (!c || c->staple.len == 0 || (int64_t)time(NULL) > c->staple_until_s)
        return SSL_TLSEXT_ERR_NOACK;
    unsigned char *copy = OPENSSL_memdup(c->staple.at, c->staple.len); // OpenSSL frees it
    if (!copy)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)c->staple.len);
    return SSL_TLSEXT_ERR_OK;
}

// Seals with the newest key; opens with any.
//   returns  1: done, 2: opened, and the client gets a new ticket, 0: no such key, -1: failed
static int on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                         EVP_MAC_CTX *mac, int sealing)
{
    const struct tls_context *t = face_of(ssl)->context;
    const struct ticket_ring *ring = tls_tickets_ring(t->tickets);
    const struct ticket_key  *key = sealing ? &ring->keys[0] : ticket_ring_find(ring, name);
    if (!key)
        return 0;
    if (sealing) {
        memcpy(name, key->name, sizeof key->name);
        if (RAND_bytes_ex(t->library, iv, (size_t)EVP_CIPHER_get_iv_length(t->ticket_cipher), 0) != 1)
            return -1;
    }
    char       digest[] = "SHA256";
    OSSL_PARAM with[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
    if (EVP_CipherInit_ex2(cipher, t->ticket_cipher, key->cipher, iv, sealing, NULL) != 1 ||
        EVP_MAC_init(mac, key->mac, sizeof key->mac, with) != 1)
        return -1;
    // RFC 8446 C.4: a ticket of TLS 1.3 is used once, so that nobody can tell that two connections are one
    // client's.
    return sealing || (key == &ring->keys[0] && SSL_version(ssl) != TLS1_3_VERSION) ? 1 : 2;
}

// --- making ---

static bool load_face(struct face *f)
{
    const struct certificate *c = f->certificate;
    BIO                      *chain = BIO_new_mem_buf(c->chain_pem.at, (int)c->chain_pem.len);
    BIO                      *key = BIO_new_mem_buf(c->key_pem.at, (int)c->key_pem.len);
    f->leaf = X509_new_ex(f->context->library, NULL);
    f->chain = sk_X509_new_null();
    bool fine = chain && key && f->leaf && f->chain && PEM_read_bio_X509(chain, &f->leaf, NULL, "") &&
                (f->key = PEM_read_bio_PrivateKey_ex(key, NULL, NULL, "", f->context->library, NULL));
    for (X509 *above; fine && (above = PEM_read_bio_X509(chain, NULL, NULL, ""));) {
        fine = sk_X509_push(f->chain, above) > 0; // takes it over
        if (!fine)
            X509_free(above);
    }
    if (fine) // "no more" is the only way for the chain to end
        fine = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(key);
    BIO_free(chain);
    return fine;
}

// A session belongs to what was shown, and to what was asked of the client: where another certificate is
// shown, or a client must show one, it must not resume.
static bool bind_sessions(const struct face *f)
{
    const struct config_tls *c = f->context->config;
    EVP_MD                  *sha256 = EVP_MD_fetch(f->context->library, "SHA256", NULL);
    EVP_MD_CTX              *all = EVP_MD_CTX_new();
    unsigned char            digest[EVP_MAX_MD_SIZE], leaf[EVP_MAX_MD_SIZE];
    unsigned                 len = 0, leaf_len = 0;
    bool                     fine = sha256 && all && X509_digest(f->leaf, sha256, leaf, &leaf_len) == 1 &&
                EVP_DigestInit_ex2(all, sha256, NULL) == 1 && EVP_DigestUpdate(all, leaf, leaf_len) == 1 &&
                EVP_DigestUpdate(all, &c->client_auth, sizeof c->client_auth) == 1 &&
                EVP_DigestUpdate(all, c->client_ca_pem.at, c->client_ca_pem.len) == 1 &&
                EVP_DigestUpdate(all, c->client_crl_pem.at, c->client_crl_pem.len) == 1 &&
                EVP_DigestFinal_ex(all, digest, &len) == 1 &&
                SSL_CTX_set_session_id_context(f->ssl, digest, len) == 1; // 32 bytes, the most it takes
    EVP_MD_CTX_free(all);
    EVP_MD_free(sha256);
    return fine;
}

// The face's own certificate, and those of other kinds for the same names.
static bool use_certificates(struct face *f)
{
    const struct tls_context *t = f->context;
    if (SSL_CTX_use_cert_and_key(f->ssl, f->leaf, f->key, f->chain, 1) != 1)
        return false;
    for (size_t i = t->config->certificate_count; i-- > 0;) { // backwards: the first of a kind is set last
        const struct face *other = &t->faces[i];
        if (other->certificate->key_kind != f->certificate->key_kind &&
            certificate_covers_all(other->certificate, f->certificate) &&
            SSL_CTX_use_cert_and_key(f->ssl, other->leaf, other->key, other->chain, 1) != 1)
            return false;
    }
    return true;
}

static void set_callbacks(struct face *f)
{
    SSL_CTX_set_app_data(f->ssl, f);
    SSL_CTX_set_client_hello_cb(f->ssl, on_client_hello, f->context);
    SSL_CTX_set_tlsext_servername_callback(f->ssl, on_name);
    SSL_CTX_set_alpn_select_cb(f->ssl, on_alpn, NULL);
    SSL_CTX_set_tlsext_status_cb(f->ssl, on_staple);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(f->ssl, on_ticket_key);
}

static bool set_up_face(struct face *f)
{
    struct tls_context *t = f->context;
    f->ssl = SSL_CTX_new_ex(t->library, NULL, TLS_server_method());
    if (!f->ssl)
        return false;
    SSL_CTX_set_options(f->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(f->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(f->ssl, SSL_SESS_CACHE_OFF); // tickets carry the state
    set_callbacks(f);
    return SSL_CTX_set_min_proto_version(f->ssl, t->config->only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) ==
               1 &&
           SSL_CTX_set_cipher_list(f->ssl, CIPHERS_1_2) == 1 &&
           SSL_CTX_set1_groups_list(f->ssl, GROUPS) == 1 && SSL_CTX_set_num_tickets(f->ssl, 1) == 1 &&
           use_certificates(f) && bind_sessions(f) && tls_clients_ask(f->ssl, t->library, t->config);
}

static bool set_up(struct tls_context *t)
{
    size_t count = t->config->certificate_count;
    t->library = OSSL_LIB_CTX_new();
    t->faces = calloc(count, sizeof *t->faces);
    if (!t->library || !t->faces || !(t->ticket_cipher = EVP_CIPHER_fetch(t->library, "AES-256-CBC", NULL)))
        return false;
    for (size_t i = 0; i < count; i++) {
        t->faces[i].context = t;
        t->faces[i].certificate = t->config->certificates[i];
        if (!load_face(&t->faces[i]))
            return false;
    }
    ERR_clear_error(); // reading a chain ends with "no more certificates"
    for (size_t i = 0; i < count; i++) {
        if (!set_up_face(&t->faces[i]))
            return false;
    }
    return true;
}

struct tls_context *tls_context_new(const struct config_tls *config, const struct tls_tickets *tickets,
                                    char why_r[CERTIFICATE_WHY_MAX])
{
    struct tls_context *t = calloc(1, sizeof *t);
    ERR_clear_error();
    if (t) {
        t->config = config;
        t->tickets = tickets;
    }
    if (t && set_up(t)) {
        ERR_clear_error();
        return t;
    }
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    snprintf(why_r, CERTIFICATE_WHY_MAX, "%s", reason ? reason : "out of memory");
    ERR_clear_error();
    if (t)
        tls_context_free(&t);
    return NULL;
}

void tls_context_free(struct tls_context **context)
{
    struct tls_context *t = *context;
    *context = NULL;
    for (size_t i = 0; t->faces && i < t->config->certificate_count; i++) {
        SSL_CTX_free(t->faces[i].ssl);
        sk_X509_pop_free(t->faces[i].chain, X509_free);
        EVP_PKEY_free(t->faces[i].key);
        X509_free(t->faces[i].leaf);
    }
    free(t->faces);
    EVP_CIPHER_free(t->ticket_cipher);
    OSSL_LIB_CTX_free(t->library);
    free(t);
}

SSL_CTX *tls_context_ssl(const struct tls_context *t)
{
    return t->faces[0].ssl;
}

const struct certificate *tls_context_certificate(const SSL *ssl)
{
    return face_of(ssl)->certificate;
}
