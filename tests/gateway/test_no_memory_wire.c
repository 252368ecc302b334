// SPDX-License-Identifier: Apache-2.0
// test_no_memory_wire: every allocation of the data path fails once, over real sockets and with TLS, those of
// OpenSSL included. One thread: client, gateway and server take turns.
#include "gateway/access_log.h"
#include "gateway/ceilings.h"
#include "gateway/connection.h"
#include "gateway/tls_context.h"
#include "gateway/tls_tickets.h"
#include "gateway/upstream.h"
#include "tests/support/heap_count.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURNS_MAX 400
#define CALLS_MAX 20000u
#define ANSWER_BYTES (300u * 1024u) // more than the sockets take at once
#define SMALL_BUFFER 4096
#define GET "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"

// What one play is made of, new for each.
struct stage {
    struct loop *loop;
    int          listening, server, far; // the server's sockets, the client's end
    SSL         *client;                 // NULL: plain
    bool         shaken, asked, heard;   // what the client has done, and that the server has heard it
    size_t       answered, got;          // bytes of the answer
    bool         refused, ended;         // with an answer of our own; the connection
};

static struct config      *config;
static struct tls_context *context;
static SSL_CTX            *client_context;
static char                folder[] = "/tmp/portcullis-test-XXXXXX", answer[ANSWER_BYTES + 128];
static size_t              answer_len;
static bool                ours; // the gateway is at work: its calls count

// OpenSSL serves the test's client as well, whose memory is never missing.
static void *ssl_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return n == 0 ? NULL : ours ? malloc(n) : heap_of_test(NULL, n);
}

static void *ssl_realloc(void *at, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    if (n == 0) {
        free(at);
        return NULL;
    }
    return ours ? realloc(at, n) : heap_of_test(at, n);
}

static void ssl_free(void *at, const char *file, int line)
{
    (void)file;
    (void)line;
    free(at);
}

// Only before OpenSSL's first call, which is made while the test framework starts.
__attribute__((constructor)) static void lend_memory(void)
{
    ASSERT(CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free));
}

// --- the three who take turns ---

static void serve(struct stage *g)
{
    char request[SMALL_BUFFER];
    if (g->server < 0)
        g->server = accept4(g->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (g->server < 0)
        return;
    ssize_t n = recv(g->server, request, sizeof request, 0);
    g->heard = g->heard || n > 0;
    if (g->heard && g->answered < answer_len) {
        n = send(g->server, answer + g->answered, answer_len - g->answered, MSG_NOSIGNAL);
        g->answered += n > 0 ? (size_t)n : 0;
    }
}

static void client_asks(struct stage *g)
{
    if (g->client && !g->shaken)
        g->shaken = SSL_do_handshake(g->client) == 1;
    if (g->asked || (g->client && !g->shaken))
        return;
    g->asked = true;
    if (g->client)
        (void)!SSL_write(g->client, GET, sizeof GET - 1);
    else
        (void)!send(g->far, GET, sizeof GET - 1, MSG_NOSIGNAL);
}

static void client_reads(struct stage *g)
{
    static char into[SMALL_BUFFER * 4];
    ssize_t     n = g->client ? SSL_read(g->client, into, sizeof into) : recv(g->far, into, sizeof into, 0);
    g->refused = g->refused || (n > 12 && g->got == 0 && memcmp(into, "HTTP/1.1 50", 11) == 0);
    g->got += n > 0 ? (size_t)n : 0;
    char byte;
    g->ended = g->ended || (n <= 0 && recv(g->far, &byte, 1, MSG_PEEK) >= 0) ||
               (n < 0 && errno != EAGAIN && !g->client);
    if (g->client && n <= 0)
        g->ended = g->ended || SSL_get_error(g->client, (int)n) != SSL_ERROR_WANT_READ;
    ERR_clear_error();
}

static void turn(struct stage *g)
{
    client_asks(g);
    ours = true;
    uv_run(&g->loop->uv, UV_RUN_NOWAIT);
    ours = false;
    serve(g);
    client_reads(g);
}

// --- one play ---

static void on_emptied(struct loop *l)
{
    (void)l;
}

static void set_up(struct stage *g, bool tls)
{
    int       pair[2];
    socklen_t len = sizeof(struct sockaddr_in);
    *g = (struct stage){.server = -1};
    g->listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(bind(g->listening, (struct sockaddr *)&here, sizeof here), 0);
    cr_assert_eq(listen(g->listening, 8), 0);
    cr_assert_eq(getsockname(g->listening, &config->upstreams[0].servers[0].address.any, &len), 0);
    g->loop = loop_new(0, NULL, NULL);
    g->loop->ceilings = ceilings_new(100, 100);
    g->loop->upstreams = upstreams_new(g->loop, config);
    g->loop->connections = connections_new(g->loop, config, on_emptied);
    cr_assert(g->loop->ceilings && g->loop->upstreams && g->loop->connections);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    g->far = pair[1];
    if (tls) {
        g->client = SSL_new(client_context);
        cr_assert_eq(SSL_set_fd(g->client, g->far), 1);
        SSL_set_connect_state(g->client);
    }
    union config_address from = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    ours = true;
    cr_assert_eq(connection_accept(g->loop->connections, pair[0], &from, &config->listeners[0],
                                   tls ? tls_context_ssl(context) : NULL),
                 WELCOME);
    ours = false;
}

static void tear_down(struct stage *g)
{
    connections_cut(g->loop->connections);
    upstreams_retire(g->loop->upstreams);
    loop_retire(g->loop);
    loop_run(g->loop);
    connections_free(&g->loop->connections);
    upstreams_free(&g->loop->upstreams);
    ceilings_free(&g->loop->ceilings);
    loop_free(&g->loop);
    SSL_free(g->client);
    close(g->far);
    close(g->listening);
    if (g->server >= 0)
        close(g->server);
}

// Plays until the answer is there, or the end.
//   returns  whether a call has found no memory
static bool play(bool tls, size_t nth, bool *whole_r)
{
    struct stage g;
    set_up(&g, tls);
    heap_fail(nth);
    for (int turns = 0; turns < TURNS_MAX && !g.ended && !g.refused && g.got < answer_len; turns++)
        turn(&g);
    bool failed = heap_has_failed();
    heap_fail(0);
    *whole_r = g.got >= ANSWER_BYTES;
    cr_expect(*whole_r || g.refused || g.ended, "call %zu left the client without a word", nth);
    tear_down(&g);
    return failed;
}

static void begin(void)
{
    static const char text[] = "{\"version\": 1, \"listen\": [{\"address\": \"127.0.0.1:1\"}], "
                               "\"logs\": {\"access\": {\"to\": \"none\"}}, "
                               "\"upstreams\": {\"app\": {\"servers\": [\"http://127.0.0.1:9\"]}}}";
    static const struct certificate *certificates[1];
    static const struct config_tls   tls_config = {.certificates = certificates, .certificate_count = 1};
    static struct arena              arena;
    static const char               *host = "localhost";
    char                             why[CERTIFICATE_WHY_MAX];
    bool                             key;
    signal(SIGPIPE, SIG_IGN);
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    arena_init(&arena, NULL, 1u << 20);
    cr_assert(certificate_make_dev(&host, 1, "dev.pem", why), "%s", why);
    certificates[0] = certificate_load(BYTES("dev.pem"), BYTES(""), &arena, why, &key);
    struct tls_tickets *tickets = tls_tickets_new(0);
    cr_assert(certificates[0] && tickets, "%s", why);
    cr_assert_not_null(context = tls_context_new(&tls_config, tickets, why), "%s", why);
    client_context = SSL_CTX_new(TLS_client_method());
    config = config_load(bytes_of(text), "test.json");
    cr_assert(config && !config_has_problems(config) && config_resolve(config));
    answer_len = (size_t)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n",
                                  ANSWER_BYTES);
    memset(answer + answer_len, 'x', ANSWER_BYTES);
    answer_len += ANSWER_BYTES;
    unlink("dev.pem");
    rmdir(folder);
}

TestSuite(no_memory_wire, .init = begin, .timeout = 120);

static void fail_each(bool tls)
{
    bool   whole;
    size_t nth = 1;
    (void)play(tls, 0, &whole); // what OpenSSL makes once
    cr_assert(whole);
    while (play(tls, nth, &whole))
        cr_assert_lt(++nth, CALLS_MAX);
    cr_expect(whole, "with memory everything is served");
    cr_expect_gt(nth, 2);
}

Test(no_memory_wire, every_call_fails_once_plain)
{
    fail_each(false);
}

Test(no_memory_wire, every_call_fails_once_with_tls)
{
    fail_each(true);
}
