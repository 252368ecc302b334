// SPDX-License-Identifier: Apache-2.0
// test_tls_clients: what policies are told of a client's certificate, at first and after a resumption.
#include "gateway/tls_clients.h"
#include "gateway/tls_context.h"
#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#define ARENA_MAX (1024u * 1024u)
#define DAY (24L * 3600)
#define FLIGHTS_MAX 20
#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

struct identity {
    X509     *x;
    EVP_PKEY *key;
};

static char                      folder[] = "/tmp/portcullis-clients-XXXXXX";
static struct arena              arena;
static const struct certificate *certificates[1];
static struct config_tls         config;
static struct tls_tickets       *tickets;
static struct tls_context       *context;
static SSL_CTX                  *client_context;
static struct identity           authority;
static SSL_SESSION              *last_session;

// Signed by itself when `by` has no key.
static struct identity identify(const char *name, const struct identity *by, long until_s)
{
    struct identity made = {X509_new(), EVP_EC_gen("P-256")};
    cr_assert(made.x && made.key);
    X509_set_version(made.x, X509_VERSION_3);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.x), "O", MBSTRING_UTF8,
                               (const unsigned char *)"Ex, ample", -1, -1, 0);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.x), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(made.x, X509_get_subject_name(by->x ? by->x : made.x));
    X509_gmtime_adj(X509_getm_notBefore(made.x), -2 * DAY);
    X509_gmtime_adj(X509_getm_notAfter(made.x), until_s);
    X509_set_pubkey(made.x, made.key);
    X509_EXTENSION *ca =
        X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, by->x ? "CA:FALSE" : "critical,CA:TRUE");
    X509_add_ext(made.x, ca, -1);
    X509_EXTENSION_free(ca);
    cr_assert_gt(X509_sign(made.x, by->key ? by->key : made.key, EVP_sha256()), 0);
    return made;
}

static void forget(struct identity *i)
{
    X509_free(i->x);
    EVP_PKEY_free(i->key);
}

static struct bytes pem_of(const X509 *x)
{
    BIO  *bio = BIO_new(BIO_s_mem());
    char *at;
    cr_assert_eq(PEM_write_bio_X509(bio, x), 1);
    struct bytes text = {NULL, (size_t)BIO_get_mem_data(bio, &at)};
    text = arena_copy(&arena, (struct bytes){at, text.len});
    BIO_free(bio);
    return text;
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(last_session);
    last_session = session;
    return 1;
}

static void begin(void)
{
    const char *host = "shop.example";
    char        why[CERTIFICATE_WHY_MAX];
    bool        of_key;
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    arena_init(&arena, NULL, ARENA_MAX);
    cr_assert(certificate_make_dev(&host, 1, "dev.pem", why), "%s", why);
    certificates[0] = certificate_load(BYTES("dev.pem"), BYTES(""), &arena, why, &of_key);
    cr_assert_not_null(certificates[0], "%s", why);
    cr_assert_eq(unlink("dev.pem"), 0);
    authority = identify("authority", &(struct identity){0}, DAY);
    config = (struct config_tls){.certificates = certificates,
                                 .certificate_count = 1,
                                 .client_auth = CLIENT_AUTH_REQUEST,
                                 .client_ca_pem = pem_of(authority.x)};
    tickets = tls_tickets_new(0);
    context = tls_context_new(&config, tickets, why);
    cr_assert_not_null(context, "%s", why);
    client_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(client_context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client_context, on_session);
}

static void end(void)
{
    SSL_SESSION_free(last_session);
    forget(&authority);
    SSL_CTX_free(client_context);
    tls_context_free(&context);
    tls_tickets_free(&tickets);
    cr_expect_eq(rmdir(folder), 0);
    arena_reset(&arena);
}

TestSuite(tls_clients, .init = begin, .fini = end);

static SSL *client;

// The server's end after a handshake with a client that shows `who`, or nothing.
static SSL *serve(const struct identity *who, int version, SSL_SESSION *session)
{
    BIO *near, *far;
    char byte;
    SSL *server = SSL_new(tls_context_ssl(context));
    client = SSL_new(client_context);
    cr_assert_eq(BIO_new_bio_pair(&near, 0, &far, 0), 1);
    SSL_set_bio(client, near, near);
    SSL_set_bio(server, far, far);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    SSL_set_min_proto_version(client, version);
    SSL_set_max_proto_version(client, version);
    if (who)
        cr_assert_eq(SSL_use_cert_and_key(client, who->x, who->key, NULL, 1), 1);
    if (session)
        cr_assert_eq(SSL_set_session(client, session), 1);
    for (int i = 0; i < FLIGHTS_MAX; i++) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
    }
    cr_assert(SSL_is_init_finished(client) && SSL_is_init_finished(server));
    (void)SSL_read(client, &byte, 1);
    ERR_clear_error();
    return server;
}

static void hang_up(SSL *server)
{
    SSL_shutdown(client);
    SSL_shutdown(server);
    SSL_free(client);
    SSL_free(server);
}

static void expect_facts(const char *label, SSL *server, const char *subject, bool shown, bool verified)
{
    struct tls_facts facts;
    char            *kept;
    cr_assert(tls_facts_of(server, &facts, &kept));
    cr_expect(bytes_equal(facts.client_subject, bytes_of(subject)), "%s: %.*s", label,
              (int)facts.client_subject.len, facts.client_subject.at);
    cr_expect_eq(facts.client_fingerprint.len, shown ? 64 : 0, "%s", label);
    cr_expect_eq(facts.client_verified, verified, "%s", label);
    cr_expect_eq(kept != NULL, shown, "%s", label);
    free(kept);
}

Test(tls_clients, what_policies_are_told)
{
    struct identity none = {0};
    struct identity alice = identify("alice", &authority, DAY);
    struct identity late = identify("late", &authority, -DAY);
    struct identity stranger = identify("stranger", &none, DAY);
    const struct {
        const char            *label;
        const struct identity *who;
        const char            *subject;
        bool                   verified;
    } rows[] = {
        {"nobody", NULL, "", false},
        {"one of ours", &alice, "CN=alice,O=Ex\\, ample", true},
        {"expired", &late, "CN=late,O=Ex\\, ample", false},
        {"of another authority", &stranger, "CN=stranger,O=Ex\\, ample", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            SSL *server = serve(rows[i].who, version, NULL);
            expect_facts(rows[i].label, server, rows[i].subject, rows[i].who != NULL, rows[i].verified);
            hang_up(server);
            if (rows[i].who == &late)
                continue; // never resumes: see below
            SSL_SESSION *session = SSL_SESSION_dup(last_session);
            server = serve(NULL, version, session);
            cr_expect(SSL_session_reused(server), "%s", rows[i].label);
            expect_facts(rows[i].label, server, rows[i].subject, rows[i].who != NULL, rows[i].verified);
            hang_up(server);
            SSL_SESSION_free(session);
        }
    }
    forget(&alice);
    forget(&late);
    forget(&stranger);
}

Test(tls_clients, a_session_does_not_outlive_its_clients_certificate)
{
    struct identity late = identify("late", &authority, -DAY);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL *server = serve(&late, version, NULL);
        hang_up(server);
        SSL_SESSION *session = SSL_SESSION_dup(last_session);
        server = serve(&late, version, session);
        cr_expect_not(SSL_session_reused(server));
        expect_facts("expired", server, "CN=late,O=Ex\\, ample", true, false);
        hang_up(server);
        SSL_SESSION_free(session);
    }
    forget(&late);
}

Test(tls_clients, the_fingerprint_is_that_of_the_certificate)
{
    struct identity  alice = identify("alice", &authority, DAY);
    struct tls_facts facts;
    char            *kept;
    unsigned char    digest[EVP_MAX_MD_SIZE];
    unsigned         len;
    char             text[65];
    struct bytes_out out = {.at = text, .cap = sizeof text};
    SSL             *server = serve(&alice, TLS1_3_VERSION, NULL);
    cr_assert(tls_facts_of(server, &facts, &kept));
    cr_assert_eq(X509_digest(alice.x, EVP_sha256(), digest, &len), 1);
    for (unsigned i = 0; i < len; i++)
        out_hex(&out, digest[i], 2);
    cr_expect(bytes_equal(facts.client_fingerprint, out_written(&out)));
    free(kept);
    hang_up(server);
    forget(&alice);
}

Test(tls_clients, a_subject_that_does_not_fit_is_left_out)
{
    struct identity alice = identify("alice", &authority, DAY);
    for (int i = 0; i < 20; i++) // 64 characters at most each
        X509_NAME_add_entry_by_txt(
            X509_get_subject_name(alice.x), "OU", MBSTRING_UTF8,
            (const unsigned char *)"0123456789012345678901234567890123456789012345678901234567890123", -1, -1,
            0);
    cr_assert_gt(X509_sign(alice.x, authority.key, EVP_sha256()), 0);
    SSL *server = serve(&alice, TLS1_3_VERSION, NULL);
    expect_facts("too long", server, "", true, true);
    hang_up(server);
    forget(&alice);
}
