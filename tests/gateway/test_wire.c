// SPDX-License-Identifier: Apache-2.0
// test_wire: the real wire on the real loop over real sockets. The far end of each is a plain descriptor in
// the hands of the test; nothing waits but the loop.
#include "gateway/wire.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURNS_MAX 20000 // of the loop, until something that should happen has happened
#define TEN_MB (10u * 1024u * 1024u)

enum moment { NEVER, ON_OPEN, ON_BYTES, ON_DRAINED, ON_END };

// The gateway's end of a wire, and what it was told.
struct near {
    struct wire   wire;
    unsigned      opens, drains, ends, closes;
    enum wire_end how;
    struct {
        char  *at;
        size_t len;
    } got;
    enum moment close_on; // closes, or aborts, from inside that callback
    bool        aborts;
    bool        sending; // in the middle of wire_send
};

static struct loop *loop;
static struct near  near;
static int          far;
static char        *much; // TEN_MB that differ from place to place

static void on_closed(struct wire *w)
{
    struct near *n = w->owner;
    n->closes++;
}

static void told(struct near *n, enum moment moment)
{
    cr_assert(!n->sending, "no callback from inside wire_send");
    cr_assert(!n->wire.is_closed, "nor after the end");
    if (n->close_on != moment)
        return;
    if (n->aborts)
        wire_abort(&n->wire, on_closed);
    else
        wire_close(&n->wire, on_closed);
}

static void on_open(struct wire *w)
{
    struct near *n = w->owner;
    n->opens++;
    told(n, ON_OPEN);
}

static void on_bytes(struct wire *w, struct bytes in)
{
    struct near *n = w->owner;
    cr_assert_gt(in.len, 0);
    cr_assert_leq(n->got.len + in.len, TEN_MB);
    memcpy(n->got.at + n->got.len, in.at, in.len);
    n->got.len += in.len;
    told(n, ON_BYTES);
}

static void on_drained(struct wire *w)
{
    struct near *n = w->owner;
    cr_expect_eq(wire_queued(w), 0);
    n->drains++;
    told(n, ON_DRAINED);
}

static void on_end(struct wire *w, enum wire_end how)
{
    struct near *n = w->owner;
    n->ends++;
    n->how = how;
    told(n, ON_END);
}

static const struct wire_events events = {
    .on_open = on_open, .on_bytes = on_bytes, .on_drained = on_drained, .on_end = on_end};

static void begin(void)
{
    loop = loop_new(0, NULL, NULL);
    near.got.at = malloc(TEN_MB);
    much = malloc(TEN_MB);
    cr_assert(loop != NULL && near.got.at != NULL && much != NULL);
    for (size_t i = 0; i < TEN_MB; i++)
        much[i] = (char)(i * 31 + i / 4099);
    far = -1;
}

static void turn(void)
{
    uv_run(&loop->uv, UV_RUN_ONCE);
}

#define TURN_UNTIL(condition)                                                                                \
    do {                                                                                                     \
        for (int turns = 0; !(condition) && turns < TURNS_MAX; turns++)                                      \
            turn();                                                                                          \
        cr_assert(condition);                                                                                \
    } while (0)

static void end(void)
{
    if (near.wire.loop != NULL && !near.wire.is_closed)
        wire_close(&near.wire, on_closed);
    loop_retire(loop);
    loop_run(loop);
    loop_free(&loop);
    cr_expect(near.wire.loop == NULL || near.closes == 1);
    if (far >= 0)
        close(far);
    free(near.got.at);
    free(much);
}

TestSuite(wire, .init = begin, .fini = end, .timeout = 60);

static void accept_pair(int type)
{
    int ends[2];
    cr_assert_eq(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    cr_assert(wire_accept(&near.wire, loop, ends[0], NULL, &events, &near));
    far = ends[1];
}

static int listen_on(struct sockaddr_in *address)
{
    socklen_t len = sizeof *address;
    int       fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(bind(fd, (struct sockaddr *)address, sizeof *address), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)address, &len), 0);
    return fd;
}

// Over TCP, where resets can be seen.
static void connect_tcp(void)
{
    struct sockaddr_in address;
    int                listener = listen_on(&address);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert(wire_connect(&near.wire, loop, (struct sockaddr *)&address, sizeof address, &events, &near));
    far = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    cr_assert_geq(far, 0);
    close(listener);
}

static void near_sends(struct bytes head, struct bytes body)
{
    near.sending = true;
    wire_send(&near.wire, head, body);
    near.sending = false;
}

// What lies ready at the far end, in one read; -errno when that fails.
static ssize_t far_reads(char *into, size_t max)
{
    ssize_t n = recv(far, into, max, 0);
    return n < 0 ? -errno : n;
}

static void far_sends(const char *text)
{
    cr_assert_eq(send(far, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void expect_far(const char *text)
{
    char    buffer[256];
    ssize_t n = far_reads(buffer, sizeof buffer);
    cr_expect(n == (ssize_t)strlen(text) && memcmp(buffer, text, strlen(text)) == 0, "%zd: %.*s", n,
              n < 0 ? 0 : (int)n, buffer);
}

// --- sending ---

Test(wire, what_one_event_sends_leaves_in_one_packet)
{
    accept_pair(SOCK_SEQPACKET);
    near_sends(BYTES("head "), BYTES("body "));
    near_sends(BYTES(""), BYTES("more"));
    char none[1];
    cr_expect_eq(far_reads(none, 1), -EAGAIN, "and only at the event's end");
    wire_settle(loop);
    expect_far("head body more");
}

Test(wire, what_is_said_to_two_wires_in_one_event_does_not_mix)
{
    struct near other = {0};
    int         ends[2];
    accept_pair(SOCK_STREAM);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    cr_assert(wire_accept(&other.wire, loop, ends[0], NULL, &events, &other));
    near_sends(BYTES("a"), BYTES("b"));
    wire_send(&other.wire, BYTES("x"), BYTES("y"));
    near_sends(BYTES("c"), BYTES(""));
    wire_send(&other.wire, BYTES("z"), BYTES(""));
    wire_settle(loop);
    expect_far("abc");
    char text[8];
    cr_expect_eq(recv(ends[1], text, sizeof text, 0), 3);
    cr_expect_eq(memcmp(text, "xyz", 3), 0);
    wire_close(&other.wire, on_closed);
    TURN_UNTIL(other.closes == 1);
    close(ends[1]);
}

// Sends in pieces of `piece` bytes while no more than `enough` are queued, reads at most `bite` a turn.
static void pass_ten_mb(size_t piece, size_t enough, size_t bite)
{
    static char taken[TEN_MB];
    size_t      sent = 0, got = 0, most = 0, room = 0;
    for (int turns = 0; got < TEN_MB && turns < 2 * TURNS_MAX; turns++) {
        if (sent < TEN_MB && wire_queued(&near.wire) <= enough) {
            size_t n = piece < TEN_MB - sent ? piece : TEN_MB - sent;
            near_sends((struct bytes){much + sent, n / 3}, (struct bytes){much + sent + n / 3, n - n / 3});
            sent += n;
            wire_settle(loop);
        }
        most = wire_queued(&near.wire) > most ? wire_queued(&near.wire) : most;
        room = near.wire.backlog.cap > room ? near.wire.backlog.cap : room;
        ssize_t n = far_reads(taken + got, bite < TEN_MB - got ? bite : TEN_MB - got);
        cr_assert(n > 0 || n == -EAGAIN);
        got += n > 0 ? (size_t)n : 0;
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
    cr_expect_eq(got, TEN_MB);
    cr_expect_eq(memcmp(taken, much, TEN_MB), 0);
    cr_expect_leq(most, enough + piece);
    cr_expect_leq(room, enough + piece, "what was taken makes room for what follows");
    cr_expect_eq(near.wire.backlog.at, NULL, "what was queued holds no memory");
}

Test(wire, ten_mb_to_a_slow_reader_arrive_in_order)
{
    accept_pair(SOCK_STREAM);
    pass_ten_mb(300001, 0, 20011);
    cr_expect_gt(near.drains, 5);
}

Test(wire, ten_mb_in_small_pieces_arrive_in_order)
{
    accept_pair(SOCK_STREAM);
    pass_ten_mb(5003, 0, 70001);
}

Test(wire, ten_mb_through_a_queue_that_is_never_empty_arrive_in_order)
{
    accept_pair(SOCK_STREAM);
    pass_ten_mb(70001, 200000, 20011);
}

Test(wire, ten_mb_from_a_fast_writer_arrive_in_order_although_reading_pauses)
{
    accept_pair(SOCK_STREAM);
    size_t sent = 0;
    for (int turns = 0; near.got.len < TEN_MB && turns < 2 * TURNS_MAX; turns++) {
        ssize_t n = sent < TEN_MB ? send(far, much + sent, TEN_MB - sent, MSG_NOSIGNAL) : 0;
        sent += n > 0 ? (size_t)n : 0;
        wire_want(&near.wire, turns % 3 != 0);
        size_t before = near.got.len;
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        cr_assert(turns % 3 != 0 || near.got.len == before, "not wanted");
    }
    cr_expect_eq(near.got.len, TEN_MB);
    cr_expect_eq(memcmp(near.got.at, much, TEN_MB), 0);
}

Test(wire, the_end_follows_what_is_queued)
{
    accept_pair(SOCK_STREAM);
    near_sends(BYTES(""), (struct bytes){much, TEN_MB / 10});
    wire_finish(&near.wire);
    cr_expect_gt(wire_queued(&near.wire), 0);
    static char taken[TEN_MB];
    size_t      got = 0;
    ssize_t     n = -EAGAIN;
    for (int turns = 0; n != 0 && turns < TURNS_MAX; turns++) {
        n = far_reads(taken + got, sizeof taken - got);
        cr_assert(n >= 0 || n == -EAGAIN);
        got += n > 0 ? (size_t)n : 0;
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    }
    cr_expect_eq(n, 0, "finished");
    cr_expect_eq(got, TEN_MB / 10);
    cr_expect_eq(memcmp(taken, much, got), 0);
    cr_expect_eq(near.drains, 1);
    far_sends("still here");
    TURN_UNTIL(near.got.len == strlen("still here"));
}

Test(wire, what_is_sent_and_closed_in_one_event_still_leaves)
{
    accept_pair(SOCK_STREAM);
    near_sends(BYTES("bye"), BYTES(""));
    wire_close(&near.wire, on_closed);
    cr_expect_eq(near.closes, 0, "told in a later turn");
    expect_far("bye");
    expect_far("");
    TURN_UNTIL(near.closes == 1);
}

Test(wire, an_abort_is_a_reset_and_sends_nothing_more)
{
    connect_tcp();
    TURN_UNTIL(near.opens == 1);
    near_sends(BYTES("half an answ"), BYTES(""));
    wire_abort(&near.wire, on_closed);
    char buffer[16];
    cr_expect_eq(far_reads(buffer, sizeof buffer), -ECONNRESET);
    TURN_UNTIL(near.closes == 1);
}

Test(wire, a_close_is_no_reset)
{
    connect_tcp();
    TURN_UNTIL(near.opens == 1);
    near_sends(BYTES("an answer"), BYTES(""));
    wire_close(&near.wire, on_closed);
    expect_far("an answer");
    expect_far("");
}

// --- receiving, and ends ---

Test(wire, a_peer_that_finishes_can_still_be_sent_to)
{
    accept_pair(SOCK_STREAM);
    far_sends("last words");
    cr_assert_eq(shutdown(far, SHUT_WR), 0);
    TURN_UNTIL(near.ends == 1);
    cr_expect_eq(near.how, WIRE_END_FINISHED);
    cr_expect_eq(near.got.len, strlen("last words"));
    near_sends(BYTES("answer"), BYTES(""));
    wire_settle(loop);
    expect_far("answer");
    for (int i = 0; i < 3; i++)
        turn();
    cr_expect_eq(near.ends, 1, "told once");
}

static void far_resets(void)
{
    struct linger reset = {.l_onoff = 1};
    cr_assert_eq(setsockopt(far, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
    close(far);
    far = -1;
}

Test(wire, a_reset_is_told_once)
{
    connect_tcp();
    TURN_UNTIL(near.opens == 1);
    far_sends("last words");
    far_resets();
    TURN_UNTIL(near.ends == 1);
    cr_expect_eq(near.how, WIRE_END_BROKEN);
    near_sends(BYTES("into the void"), BYTES(""));
    wire_settle(loop);
    turn();
    cr_expect_eq(near.ends, 1);
}

Test(wire, a_send_that_fails_is_told_when_what_came_before_is_read)
{
    accept_pair(SOCK_STREAM);
    close(far);
    far = -1;
    near_sends(BYTES(""), (struct bytes){much, 100000});
    near_sends(BYTES("more"), BYTES(""));
    cr_expect_eq(near.ends, 0);
    wire_settle(loop);
    TURN_UNTIL(near.ends == 1);
    cr_expect_eq(near.how, WIRE_END_BROKEN);
    cr_expect_eq(wire_queued(&near.wire), 0);
}

Test(wire, what_could_not_be_sent_at_all_is_kept)
{
    connect_tcp();
    TURN_UNTIL(near.opens == 1);
    far_resets();
    near_sends(BYTES("head "), BYTES("body "));
    near_sends(BYTES(""), (struct bytes){much, 100000});
    near_sends(BYTES("more"), BYTES(""));
    wire_settle(loop);
    cr_expect_eq(near.ends, 1);
    cr_expect_eq(near.how, WIRE_END_BROKEN);
    struct bytes unsent = wire_unsent(&near.wire);
    cr_assert_eq(unsent.len, 100014);
    cr_expect_eq(memcmp(unsent.at, "head body ", 10), 0);
    cr_expect_eq(memcmp(unsent.at + 10, much, 100000), 0);
    cr_expect_eq(memcmp(unsent.at + 100010, "more", 4), 0);
}

Test(wire, it_counts_from_the_owner_who_sent_it)
{
    connect_tcp();
    TURN_UNTIL(near.opens == 1);
    near_sends(BYTES("for the owner before"), BYTES(""));
    wire_settle(loop);
    expect_far("for the owner before");
    wire_own(&near.wire, &events, &near);
    far_resets();
    near_sends(BYTES("again"), BYTES(""));
    wire_settle(loop);
    cr_expect(bytes_equal(wire_unsent(&near.wire), BYTES("again")));
}

Test(wire, what_has_left_in_part_is_not_unsent)
{
    connect_tcp();
    TURN_UNTIL(near.opens == 1);
    near_sends(BYTES("some of it"), BYTES(""));
    wire_settle(loop);
    cr_expect_eq(wire_unsent(&near.wire).len, 0);
    far_resets();
    near_sends(BYTES("and the rest"), BYTES(""));
    TURN_UNTIL(near.ends == 1);
    cr_expect_eq(wire_unsent(&near.wire).len, 0);
}

Test(wire, a_call_that_nobody_takes_is_told)
{
    struct sockaddr_in address;
    int                bound = listen_on(&address); // and nobody listens
    if (wire_connect(&near.wire, loop, (struct sockaddr *)&address, sizeof address, &events, &near)) {
        TURN_UNTIL(near.ends == 1);
        cr_expect_eq(near.how, WIRE_END_CONNECT);
        cr_expect_eq(near.opens, 0);
    }
    close(bound);
}

Test(wire, what_nobody_wants_waits)
{
    accept_pair(SOCK_STREAM);
    wire_want(&near.wire, false);
    far_sends("hello");
    for (int i = 0; i < 3; i++)
        turn();
    cr_expect_eq(near.got.len, 0);
    cr_expect(!wire_is_quiet(&near.wire));
    wire_want(&near.wire, true);
    TURN_UNTIL(near.got.len == 5);
    cr_expect(wire_is_quiet(&near.wire));
    cr_assert_eq(shutdown(far, SHUT_WR), 0);
    cr_expect(!wire_is_quiet(&near.wire), "its end is not quiet");
}

// --- closing from inside every callback ---

static void provoke(enum moment moment)
{
    static char taken[TEN_MB];
    switch (moment) {
    case ON_OPEN:
        connect_tcp();
        far_sends("and bytes behind it");
        break;
    case ON_BYTES:
        connect_tcp();
        far_sends("hello");
        cr_assert_eq(shutdown(far, SHUT_WR), 0);
        break;
    case ON_DRAINED:
        accept_pair(SOCK_STREAM);
        near_sends(BYTES(""), (struct bytes){much, TEN_MB / 10});
        wire_settle(loop);
        far_sends("hello");
        wire_want(&near.wire, false);
        for (int turns = 0; !near.wire.is_closed && turns < TURNS_MAX; turns++) {
            (void)far_reads(taken, sizeof taken);
            uv_run(&loop->uv, UV_RUN_NOWAIT);
        }
        break;
    default:
        connect_tcp();
        far_resets();
    }
}

Test(wire, it_can_be_closed_from_inside_every_callback)
{
    for (enum moment moment = ON_OPEN; moment <= ON_END; moment++) {
        for (int aborts = 0; aborts < 2; aborts++) {
            near.wire = (struct wire){0};
            near.closes = 0;
            near.got.len = 0;
            near.close_on = moment;
            near.aborts = aborts;
            provoke(moment);
            TURN_UNTIL(near.closes == 1);
            turn();
            cr_expect_eq(near.closes, 1, "%d", moment);
            if (far >= 0)
                close(far);
            far = -1;
        }
    }
}

// --- many at once ---

#define BUSY 24u // wires that together have more to read than one turn allows

struct busy {
    struct wire wire;
    int         far;
    size_t      got;
};

static void on_busy_bytes(struct wire *w, struct bytes in)
{
    struct busy *b = w->owner;
    b->got += in.len;
}

static void on_busy_closed(struct wire *w)
{
    (void)w;
}

static const struct wire_events busy_events = {.on_bytes = on_busy_bytes};

static void fill(int fd)
{
    while (send(fd, much, 64u * 1024u, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        ;
}

Test(wire, a_turn_is_bounded_and_nobody_is_passed_over_twice)
{
    static struct busy busy[BUSY];
    for (size_t i = 0; i < BUSY; i++) {
        int pair[2];
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
        busy[i].far = pair[1];
        cr_assert(wire_accept(&busy[i].wire, loop, pair[0], NULL, &busy_events, &busy[i]));
        fill(busy[i].far);
    }
    turn(); // all are new, and read once
    for (size_t i = 0; i < BUSY; i++) {
        fill(busy[i].far);
        busy[i].got = 0;
    }
    size_t all = 0, passed_over = 0;
    turn();
    for (size_t i = 0; i < BUSY; i++) {
        all += busy[i].got;
        passed_over += busy[i].got == 0;
        fill(busy[i].far);
    }
    cr_expect_lt(all, LOOP_TURN_BYTES + LOOP_RECEIVE_BYTES);
    cr_expect_gt(passed_over, 0, "there is more to read than one turn allows");
    for (int turns = 0; turns < 8; turns++) { // those in front are always busy
        turn();
        for (size_t i = 0; i < BUSY; i++)
            fill(busy[i].far);
    }
    for (size_t i = 0; i < BUSY; i++) {
        cr_expect_gt(busy[i].got, 0, "wire %zu was never read", i);
        wire_close(&busy[i].wire, on_busy_closed);
        close(busy[i].far);
    }
    turn();
    cr_expect_eq(loop->turn.passed_over, 0);
}
