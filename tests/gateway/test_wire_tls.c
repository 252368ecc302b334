// SPDX-License-Identifier: Apache-2.0
// test_wire_tls: the real wire against a real OpenSSL client.
#include "gateway/tls_context.h"
#include "gateway/wire.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURNS_MAX 20000
#define MUCH_BYTES (10u * 1024u * 1024u)
#define ARENA_MAX (1024u * 1024u)

static char                folder[] = "/tmp/portcullis-wire-XXXXXX";
static struct arena        arena;
static struct tls_context *context;
static struct tls_tickets *tickets;
static SSL_CTX            *client_context;
static SSL                *client;
static struct loop        *loop;
static struct wire         wire;
static int                 far = -1;
static char               *much, *got;
static size_t              got_len;
static unsigned            opens, plains, ends, closes;
static enum wire_end       how;
static bool                close_on_open, close_on_bytes;

static void on_closed(struct wire *w)
{
    (void)w;
    closes++;
}

static void on_open(struct wire *w)
{
    opens++;
    if (close_on_open)
        wire_close(w, on_closed);
}

static void on_bytes(struct wire *w, struct bytes in)
{
    cr_assert(!w->is_closed);
    cr_assert_leq(got_len + in.len, MUCH_BYTES);
    memcpy(got + got_len, in.at, in.len);
    got_len += in.len;
    if (close_on_bytes)
        wire_abort(w, on_closed);
}

static void on_drained(struct wire *w)
{
    cr_expect_eq(wire_queued(w), 0);
}

static void on_end(struct wire *w, enum wire_end end)
{
    cr_assert(!w->is_closed);
    ends++;
    how = end;
}

static void on_plain(struct wire *w)
{
    plains++;
    wire_send(w, BYTES("in clear"), BYTES(""));
}

static const struct wire_events events = {.on_open = on_open,
                                          .on_plain = on_plain,
                                          .on_bytes = on_bytes,
                                          .on_drained = on_drained,
                                          .on_end = on_end};

static void make_context(void)
{
    static const struct certificate *certificates[1];
    static const struct config_tls   config = {.certificates = certificates, .certificate_count = 1};
    const char                      *host = "localhost";
    char                             why[CERTIFICATE_WHY_MAX];
    bool                             key;
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    arena_init(&arena, NULL, ARENA_MAX);
    cr_assert(certificate_make_dev(&host, 1, "dev.pem", why), "%s", why);
    certificates[0] = certificate_load(BYTES("dev.pem"), BYTES(""), &arena, why, &key);
    cr_assert_not_null(certificates[0], "%s", why);
    tickets = tls_tickets_new(0);
    cr_assert_not_null(tickets);
    context = tls_context_new(&config, tickets, why);
    cr_assert_not_null(context, "%s", why);
}

static void begin(void)
{
    int pair[2];
    signal(SIGPIPE, SIG_IGN); // the client's; ours asks for none
    make_context();
    loop = loop_new(0, NULL, NULL);
    much = malloc(MUCH_BYTES);
    got = malloc(MUCH_BYTES);
    cr_assert(loop != NULL && much != NULL && got != NULL);
    for (size_t i = 0; i < MUCH_BYTES; i++)
        much[i] = (char)(i * 31 + i / 4099);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    far = pair[1];
    cr_assert(wire_accept(&wire, loop, pair[0], tls_context_ssl(context), &events, NULL));
    client_context = SSL_CTX_new(TLS_client_method());
    client = SSL_new(client_context);
    cr_assert_eq(SSL_set_fd(client, far), 1);
    SSL_set_tlsext_host_name(client, "shop.example");
    SSL_set_connect_state(client);
}

static void end(void)
{
    if (!wire.is_closed)
        wire_close(&wire, on_closed);
    loop_retire(loop);
    loop_run(loop);
    loop_free(&loop);
    cr_expect_eq(closes, 1);
    SSL_free(client);
    SSL_CTX_free(client_context);
    close(far);
    tls_context_free(&context);
    tls_tickets_free(&tickets);
    arena_reset(&arena);
    free(much);
    free(got);
    cr_expect_eq(unlink("dev.pem"), 0);
    cr_expect_eq(rmdir(folder), 0);
}

TestSuite(wire_tls, .init = begin, .fini = end, .timeout = 60);

static void turn(void)
{
    uv_run(&loop->uv, UV_RUN_NOWAIT);
}

#define TURN_UNTIL(condition)                                                                                \
    do {                                                                                                     \
        for (int turns = 0; !(condition) && turns < TURNS_MAX; turns++)                                      \
            turn();                                                                                          \
        cr_assert(condition);                                                                                \
    } while (0)

static void shake_hands(void)
{
    for (int turns = 0; (SSL_do_handshake(client) != 1 || opens == 0) && turns < TURNS_MAX; turns++)
        turn();
    cr_assert_eq(opens, 1);
    cr_assert(SSL_is_init_finished(client));
}

static void sends(struct bytes head, struct bytes body)
{
    wire_send(&wire, head, body);
    wire_settle(loop);
}

// What the client can read without waiting; 0 when nothing, or the end, is there.
static size_t client_reads(char *into, size_t max)
{
    size_t n = 0;
    ERR_clear_error();
    return SSL_read_ex(client, into, max, &n) == 1 ? n : 0;
}

Test(wire_tls, a_handshake_and_a_few_words)
{
    cr_expect_null(wire.ssl, "a connection that says nothing costs no TLS memory");
    shake_hands();
    cr_expect_str_eq(SSL_get_servername(wire.ssl, TLSEXT_NAMETYPE_host_name), "shop.example");
    cr_expect_eq(SSL_write(client, "GET", 3), 3);
    TURN_UNTIL(got_len == 3);
    sends(BYTES("head "), BYTES("body"));
    char text[64];
    cr_expect_eq(client_reads(text, sizeof text), 9, "in one record");
    cr_expect_eq(memcmp(text, "head body", 9), 0);
}

Test(wire_tls, what_one_event_sends_shares_a_record)
{
    char text[64];
    shake_hands();
    wire_send(&wire, BYTES("head "), BYTES("5\r\n"));
    wire_send(&wire, BYTES("chunk"), BYTES("\r\n"));
    sends(BYTES("0\r\n\r\n"), BYTES(""));
    size_t n = client_reads(text, sizeof text); // at most one record
    cr_expect(n == 20 && memcmp(text, "head 5\r\nchunk\r\n0\r\n\r\n", n) == 0, "%zu: %.*s", n, (int)n, text);
}

Test(wire_tls, the_ticket_travels_with_the_first_answer)
{
    char byte;
    shake_hands();
    for (int i = 0; i < 3; i++)
        turn();
    cr_expect_eq(recv(far, &byte, 1, MSG_PEEK), -1);
    cr_expect_eq(errno, EAGAIN);
    sends(BYTES("hi"), BYTES(""));
    char text[8];
    cr_expect_eq(client_reads(text, sizeof text), 2);
    cr_expect(SSL_SESSION_has_ticket(SSL_get0_session(client)));
}

Test(wire_tls, a_ticket_that_no_answer_takes_along_is_no_leak)
{
    shake_hands();
    cr_expect_gt(wire.backlog.len, 0);
    cr_expect_eq(wire_queued(&wire), 0, "nobody waits for it");
}

Test(wire_tls, much_to_a_slow_reader)
{
    static char taken[MUCH_BYTES];
    size_t      sent = 0, have = 0;
    shake_hands();
    for (int turns = 0; have < MUCH_BYTES && turns < 10 * TURNS_MAX; turns++) {
        if (sent < MUCH_BYTES && wire_queued(&wire) == 0) {
            size_t n = 260001 < MUCH_BYTES - sent ? 260001 : MUCH_BYTES - sent;
            sends((struct bytes){much + sent, n / 7}, (struct bytes){much + sent + n / 7, n - n / 7});
            sent += n;
        }
        have += client_reads(taken + have, MUCH_BYTES - have < 30011 ? MUCH_BYTES - have : 30011);
        turn();
    }
    cr_expect_eq(have, MUCH_BYTES);
    cr_expect_eq(memcmp(taken, much, MUCH_BYTES), 0);
}

Test(wire_tls, what_was_pushed_counts_before_the_event_ends)
{
    shake_hands();
    while (wire_queued(&wire) == 0) // until the kernel takes no more
        sends(BYTES(""), (struct bytes){much, LOOP_RECEIVE_BYTES});
    size_t before = wire_queued(&wire);
    wire_send(&wire, BYTES("last"), BYTES(""));
    cr_expect_eq(wire_queued(&wire), before);
    wire_push(&wire);
    cr_expect_gt(wire_queued(&wire), before);
}

Test(wire_tls, heads_and_bodies_of_every_size_arrive_in_order)
{
    static const size_t sizes[] = {0, 1, 16383, 16384, 16385, 131071, 131072, 131073, 262144, 400000};
    static char         taken[1024 * 1024];
    shake_hands();
    for (size_t h = 0; h < sizeof sizes / sizeof *sizes; h++) {
        for (size_t b = 0; b < sizeof sizes / sizeof *sizes; b++) {
            size_t have = 0, whole = sizes[h] + sizes[b];
            sends((struct bytes){much, sizes[h]}, (struct bytes){much + sizes[h], sizes[b]});
            for (int turns = 0; have < whole && turns < TURNS_MAX; turns++) {
                have += client_reads(taken + have, sizeof taken - have);
                turn();
            }
            cr_expect_eq(have, whole, "%zu + %zu: %zu", sizes[h], sizes[b], have);
            cr_expect_eq(memcmp(taken, much, whole), 0, "%zu + %zu", sizes[h], sizes[b]);
        }
    }
}

Test(wire_tls, much_from_a_fast_writer_although_reading_pauses)
{
    size_t sent = 0;
    shake_hands();
    SSL_set_mode(client, SSL_MODE_ENABLE_PARTIAL_WRITE);
    for (int turns = 0; got_len < MUCH_BYTES && turns < 10 * TURNS_MAX; turns++) {
        size_t n = 0;
        if (sent < MUCH_BYTES && SSL_write_ex(client, much + sent, MUCH_BYTES - sent, &n) == 1)
            sent += n;
        wire_want(&wire, turns % 3 != 0);
        turn();
    }
    cr_expect_eq(got_len, MUCH_BYTES);
    cr_expect_eq(memcmp(got, much, MUCH_BYTES), 0);
}

Test(wire_tls, a_goodbye_of_the_client_is_an_orderly_end)
{
    shake_hands();
    SSL_write(client, "last", 4);
    SSL_shutdown(client);
    TURN_UNTIL(ends == 1);
    cr_expect_eq(how, WIRE_END_FINISHED);
    cr_expect_eq(got_len, 4);
    sends(BYTES("answer"), BYTES(""));
    char text[16];
    cr_expect_eq(client_reads(text, sizeof text), 6);
}

Test(wire_tls, our_goodbye_is_said)
{
    char text[16];
    shake_hands();
    wire_send(&wire, BYTES("bye"), BYTES(""));
    wire_finish(&wire);
    cr_expect_eq(client_reads(text, sizeof text), 3);
    cr_expect_eq(client_reads(text, sizeof text), 0);
    cr_expect_eq(SSL_get_shutdown(client) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}

Test(wire_tls, an_abort_says_no_goodbye)
{
    char text[16];
    shake_hands();
    wire_send(&wire, BYTES("half an answ"), BYTES(""));
    wire_abort(&wire, on_closed);
    cr_expect_eq(client_reads(text, sizeof text), 0);
    cr_expect_eq(SSL_get_shutdown(client) & SSL_RECEIVED_SHUTDOWN, 0);
}

Test(wire_tls, what_is_no_handshake_is_told_with_an_alert)
{
    static const char hello[] = "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"; // of one byte
    cr_assert_gt(send(far, hello, sizeof hello - 1, MSG_NOSIGNAL), 0);
    TURN_UNTIL(ends == 1);
    cr_expect_eq(how, WIRE_END_HANDSHAKE);
    cr_expect_eq(opens, 0);
    char    alert[64];
    ssize_t n = recv(far, alert, sizeof alert, 0);
    cr_expect(n == 7 && alert[0] == 21, "%zd", n);
}

Test(wire_tls, plain_http_is_answered_in_clear)
{
    char text[64];
    cr_assert_eq(send(far, "GET / HTTP/1.1", 14, MSG_NOSIGNAL), 14);
    TURN_UNTIL(plains == 1);
    cr_expect_eq(recv(far, text, sizeof text, 0), 8);
    cr_expect_eq(memcmp(text, "in clear", 8), 0);
    cr_assert_eq(send(far, "more", 4, MSG_NOSIGNAL), 4);
    TURN_UNTIL(got_len == 4);
    cr_expect_eq(opens + ends, 0);
}

Test(wire_tls, what_only_begins_like_http_is_not_plain)
{
    static const char *const rows[] = {"GET\r\n", "get / HTTP/1.1", " GET / HTTP/1.1", "\x80\x2e\x01\x03\x01",
                                       "G\x16 / HTTP/1.1"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct wire wires[sizeof rows / sizeof *rows];
        int                pair[2];
        unsigned           before = ends;
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
        cr_assert(wire_accept(&wires[i], loop, pair[0], tls_context_ssl(context), &events, NULL));
        cr_assert_gt(send(pair[1], rows[i], strlen(rows[i]), MSG_NOSIGNAL), 0);
        cr_assert_eq(shutdown(pair[1], SHUT_WR), 0);
        TURN_UNTIL(ends > before);
        cr_expect_eq(plains, 0, "%s", rows[i]);
        wire_close(&wires[i], on_closed);
        TURN_UNTIL(closes == i + 1);
        close(pair[1]);
    }
    closes = 0;
}

Test(wire_tls, a_client_that_leaves_in_its_handshake_is_told)
{
    cr_assert_neq(SSL_do_handshake(client), 1);
    turn();
    cr_assert_eq(shutdown(far, SHUT_WR), 0);
    TURN_UNTIL(ends == 1);
    cr_expect_eq(opens, 0);
}

Test(wire_tls, a_handshake_one_byte_at_a_time)
{
    BIO *out = BIO_new(BIO_s_mem()), *in = BIO_new(BIO_s_mem());
    SSL_set_bio(client, in, out); // the client's bytes go through our hands
    for (int turns = 0; (SSL_do_handshake(client) != 1 || opens == 0) && turns < TURNS_MAX; turns++) {
        char    bytes[4096], byte;
        ssize_t n = recv(far, bytes, sizeof bytes, 0);
        if (n > 0)
            BIO_write(in, bytes, (int)n);
        if (BIO_read(out, &byte, 1) == 1)
            cr_assert_eq(send(far, &byte, 1, MSG_NOSIGNAL), 1);
        turn();
    }
    cr_expect_eq(opens, 1);
}

Test(wire_tls, bytes_that_come_with_the_last_of_the_handshake_are_not_lost)
{
    // The client's Finished and its first request in one packet, as most clients send them.
    BIO *out = BIO_new(BIO_s_mem()), *in = BIO_new(BIO_s_mem());
    char bytes[16384];
    SSL_set_bio(client, in, out);
    while (SSL_do_handshake(client) != 1) {
        int n = BIO_read(out, bytes, sizeof bytes);
        cr_assert(n <= 0 || send(far, bytes, (size_t)n, MSG_NOSIGNAL) == n);
        turn();
        ssize_t received = recv(far, bytes, sizeof bytes, 0);
        if (received > 0)
            BIO_write(in, bytes, (int)received);
    }
    cr_assert_eq(SSL_write(client, "GET", 3), 3);
    int n = BIO_read(out, bytes, sizeof bytes);
    cr_assert_eq(send(far, bytes, (size_t)n, MSG_NOSIGNAL), n);
    TURN_UNTIL(got_len == 3);
    cr_expect_eq(opens, 1);
}

Test(wire_tls, a_record_that_was_tampered_with_breaks_the_wire)
{
    static const char record[] = "\x17\x03\x03\x00\x20................................";
    shake_hands();
    cr_assert_eq(send(far, record, sizeof record - 1, MSG_NOSIGNAL), (ssize_t)sizeof record - 1);
    TURN_UNTIL(ends == 1);
    cr_expect_eq(how, WIRE_END_BROKEN);
    cr_expect_eq(got_len, 0);
}

Test(wire_tls, closing_when_the_handshake_is_done)
{
    close_on_open = true;
    for (int turns = 0; closes == 0 && turns < TURNS_MAX; turns++) {
        SSL_do_handshake(client);
        turn();
    }
    cr_expect_eq(closes, 1);
}

Test(wire_tls, aborting_when_bytes_come)
{
    shake_hands();
    close_on_bytes = true;
    SSL_write(client, "one", 3);
    SSL_write(client, "two", 3);
    TURN_UNTIL(closes == 1);
    cr_expect_eq(ends, 0);
}

Test(wire_tls, closing_in_the_middle_of_the_handshakes_queue)
{
    SSL_do_handshake(client);
    for (int i = 0; !wire.waits_turn && i < 10; i++)
        turn();
    wire_close(&wire, on_closed);
    cr_expect(loop->handshakes.waiting == 0);
    TURN_UNTIL(closes == 1);
    cr_expect_eq(opens, 0);
}

#define CROWD 150u // more than are watched while they wait

static void serve_a_crowd(unsigned begun_max)
{
    loop->handshakes.begun_max = begun_max;
    static struct wire wires[CROWD];
    SSL               *clients[CROWD];
    int                ends_of[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        int pair[2];
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
        cr_assert(wire_accept(&wires[i], loop, pair[0], tls_context_ssl(context), &events, NULL));
        clients[i] = SSL_new(client_context);
        ends_of[i] = pair[1];
        SSL_set_fd(clients[i], pair[1]);
        SSL_set_connect_state(clients[i]);
        cr_assert_neq(SSL_do_handshake(clients[i]), 1);
    }
    turn();
    cr_expect_gt(loop->handshakes.waiting, CROWD / 2, "one a turn");
    for (size_t i = 0; i < CROWD; i += 10)
        wire_close(&wires[i], on_closed);
    for (int turns = 0; opens < CROWD - CROWD / 10 && turns < TURNS_MAX; turns++) {
        for (size_t i = 0; i < CROWD; i++)
            SSL_do_handshake(clients[i]);
        turn();
        cr_assert_leq(loop->handshakes.begun, begun_max);
    }
    cr_expect_eq(opens, CROWD - CROWD / 10);
    cr_expect_eq(loop->handshakes.begun, 0);
    cr_expect_eq(loop->handshakes.waiting, 0);
    for (size_t i = 0; i < CROWD; i++) {
        if (!wires[i].is_closed)
            wire_close(&wires[i], on_closed);
        SSL_free(clients[i]);
        close(ends_of[i]);
    }
    TURN_UNTIL(closes == CROWD);
    closes = 0;
}

Test(wire_tls, a_crowd_of_handshakes_is_served_and_one_that_leaves_is_no_hindrance)
{
    serve_a_crowd(CROWD);
}

Test(wire_tls, a_crowd_is_served_with_a_few_handshakes_at_work)
{
    serve_a_crowd(3);
}
