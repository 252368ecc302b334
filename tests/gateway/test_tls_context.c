// SPDX-License-Identifier: Apache-2.0
// test_tls_context: handshakes in memory, with the clock in our hand: who gets which certificate, what
// resumes, what is stapled. tests/tls/ shows the same from outside.
#include "gateway/tls_context.h"
#include <criterion/criterion.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define ARENA_MAX (1024u * 1024u)
#define FLIGHTS_MAX 20

static char                      folder[] = "/tmp/portcullis-context-XXXXXX";
static struct arena              arena;
static struct certificate       *loaded[2];
static const struct certificate *certificates[2];
static struct config_tls         config;
static struct tls_tickets       *tickets;
static struct tls_context       *context;
static SSL_CTX                  *client_context;
static SSL_SESSION              *last_session; // that the client was given

struct talk {
    SSL *client, *server;
};

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(last_session);
    last_session = session;
    return 1;
}

static void begin(void)
{
    static const char *const hosts[] = {"shop.example", "*.wild.example"};
    static const char *const files[] = {"shop.pem", "wild.pem"};
    char                     why[CERTIFICATE_WHY_MAX];
    bool                     of_key;
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    arena_init(&arena, NULL, ARENA_MAX);
    for (size_t i = 0; i < ROWS(files); i++) {
        cr_assert(certificate_make_dev(&hosts[i], 1, files[i], why), "%s", why);
        certificates[i] = loaded[i] = certificate_load(bytes_of(files[i]), BYTES(""), &arena, why, &of_key);
        cr_assert_not_null(loaded[i], "%s", why);
        cr_assert_eq(unlink(files[i]), 0);
    }
    config = (struct config_tls){.certificates = certificates, .certificate_count = ROWS(files)};
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
    SSL_CTX_free(client_context);
    tls_context_free(&context);
    tls_tickets_free(&tickets);
    cr_expect_eq(rmdir(folder), 0);
    arena_reset(&arena);
}

TestSuite(tls_context, .init = begin, .fini = end);

// Both ends, after the handshake and the tickets behind it.
static struct talk talk_to(const char *name, int version, SSL_SESSION *session)
{
    struct talk t = {SSL_new(client_context), SSL_new(tls_context_ssl(context))};
    BIO        *near, *far;
    char        byte;
    cr_assert_eq(BIO_new_bio_pair(&near, 0, &far, 0), 1);
    SSL_set_bio(t.client, near, near);
    SSL_set_bio(t.server, far, far);
    SSL_set_connect_state(t.client);
    SSL_set_accept_state(t.server);
    SSL_set_min_proto_version(t.client, version);
    SSL_set_max_proto_version(t.client, version);
    if (name)
        SSL_set_tlsext_host_name(t.client, name);
    SSL_set_tlsext_status_type(t.client, TLSEXT_STATUSTYPE_ocsp);
    if (session)
        cr_assert_eq(SSL_set_session(t.client, session), 1);
    for (int i = 0; i < FLIGHTS_MAX; i++) {
        (void)SSL_do_handshake(t.client);
        (void)SSL_do_handshake(t.server);
    }
    cr_assert(SSL_is_init_finished(t.client) && SSL_is_init_finished(t.server));
    (void)SSL_read(t.client, &byte, 1); // takes the ticket in
    ERR_clear_error();
    return t;
}

static void hang_up(struct talk *t)
{
    SSL_shutdown(t->client); // an SSL that is freed without it takes its session along
    SSL_shutdown(t->server);
    SSL_free(t->client);
    SSL_free(t->server);
}

Test(tls_context, the_name_picks_the_certificate)
{
    static const struct {
        const char *name;
        size_t      picked;
    } rows[] = {
        {"shop.example", 0}, {"a.wild.example", 1}, {"A.Wild.EXAMPLE", 1}, {"other.example", 0}, {NULL, 0}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct talk t = talk_to(rows[i].name, TLS1_3_VERSION, NULL);
        cr_expect_eq(tls_context_certificate(t.server), certificates[rows[i].picked], "%s",
                     rows[i].name ? rows[i].name : "no name");
        hang_up(&t);
    }
}

// Resumes the last session.
//   returns  whether it was taken up; *renewed_r: and a new ticket came
static bool resume(const char *name, int version, bool *renewed_r)
{
    const unsigned char *ticket, *given;
    size_t               len, given_len;
    SSL_SESSION         *used = SSL_SESSION_dup(last_session);
    cr_assert_not_null(used);
    struct talk t = talk_to(name, version, used);
    bool        resumed = SSL_session_reused(t.client);
    SSL_SESSION_get0_ticket(used, &ticket, &len);
    SSL_SESSION_get0_ticket(SSL_get0_session(t.client), &given, &given_len);
    *renewed_r = given_len != len || memcmp(given, ticket, len) != 0;
    hang_up(&t);
    SSL_SESSION_free(used);
    return resumed;
}

static void expect_rotations(int version, const char *what)
{
    struct talk t = talk_to("shop.example", version, NULL);
    uint64_t    now_s = tls_tickets_due_s(tickets) - TICKET_KEY_S;
    bool        renewed;
    hang_up(&t);
    cr_assert_not_null(last_session);
    SSL_SESSION *first = SSL_SESSION_dup(last_session);
    for (unsigned rotations = 0; rotations <= TICKET_KEYS_MAX; rotations++) {
        SSL_SESSION_free(last_session);
        last_session = SSL_SESSION_dup(first);
        cr_expect_eq(resume("shop.example", version, &renewed), rotations < TICKET_KEYS_MAX,
                     "%s, %u rotations", what, rotations);
        cr_expect_eq(renewed, rotations > 0 || version == TLS1_3_VERSION, "%s, %u rotations: a new ticket",
                     what, rotations);
        now_s += TICKET_KEY_S;
        tls_tickets_rotate(tickets, now_s);
    }
    SSL_SESSION_free(first);
}

Test(tls_context, tickets_live_as_long_as_their_keys)
{
    expect_rotations(TLS1_2_VERSION, "TLS 1.2");
    expect_rotations(TLS1_3_VERSION, "TLS 1.3");
}

Test(tls_context, a_session_resumes_under_its_certificate_only)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ROWS(versions); i++) {
        bool        renewed;
        struct talk t = talk_to("a.wild.example", versions[i], NULL);
        hang_up(&t);
        cr_expect(resume("b.wild.example", versions[i], &renewed));
        t = talk_to("a.wild.example", versions[i], NULL);
        hang_up(&t);
        cr_expect_not(resume("shop.example", versions[i], &renewed));
    }
}

Test(tls_context, the_name_is_known_after_a_resumption_too)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ROWS(versions); i++) {
        struct talk t = talk_to("shop.example", versions[i], NULL);
        hang_up(&t);
        SSL_SESSION *used = SSL_SESSION_dup(last_session);
        t = talk_to("shop.example", versions[i], used);
        const char *name = SSL_get_servername(t.server, TLSEXT_NAMETYPE_host_name);
        cr_expect(SSL_session_reused(t.server) && name && strcmp(name, "shop.example") == 0);
        hang_up(&t);
        SSL_SESSION_free(used);
    }
}

Test(tls_context, a_staple_is_sent_until_it_expires)
{
    static const struct {
        const char *label;
        int64_t     left_s;
        bool        sent;
    } rows[] = {{"good for an hour", 3600, true}, {"expired a second ago", -1, false}};
    loaded[0]->staple = BYTES("what clients read");
    for (size_t i = 0; i < ROWS(rows); i++) {
        loaded[0]->staple_until_s = (int64_t)time(NULL) + rows[i].left_s;
        const unsigned char *got;
        struct talk          t = talk_to("shop.example", TLS1_3_VERSION, NULL);
        long                 len = SSL_get_tlsext_status_ocsp_resp(t.client, &got);
        cr_expect_eq(len, rows[i].sent ? 17 : -1, "%s: %ld", rows[i].label, len);
        hang_up(&t);
        t = talk_to("a.wild.example", TLS1_3_VERSION, NULL);
        cr_expect_eq(SSL_get_tlsext_status_ocsp_resp(t.client, &got), -1, "it is about another certificate");
        hang_up(&t);
    }
}
