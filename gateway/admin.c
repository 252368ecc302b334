// SPDX-License-Identifier: Apache-2.0
// admin: one listener, and one small machine a client:
//
//   ASKING ─▶ ANSWERING ─▶ LEAVING ─▶ GONE        GONE ← from everywhere, via drop()
//
// A long answer is made piece by piece, the next when the one before has left: it takes the memory of one.
#include "gateway/admin_calls.h"
#include "gateway/admin_socket.h"
#include "gateway/log.h"
#include "gateway/reply.h"
#include "parser/cursor.h"
#include "parser/head.h"
#include "parser/http1.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADMIN_MAGIC 0x61646d6eu
#define ASK_MS 10000u
#define ANSWER_MS 30000u // in which a piece must be read
#define LEAVE_MS 1000u
#define PAUSE_MS 100u // after descriptors or memory have run out
#define ARENA_MAX (256u * 1024u)
#define HEAD_MAX 512u

enum client_state { ASKING, ANSWERING, LEAVING, GONE };

struct client {
    uint32_t            magic;
    enum client_state   state;
    struct admin       *admin;
    uid_t               uid;
    struct wire         wire;
    struct deadline     deadline;
    struct arena        arena;
    struct http1       *reader;
    struct request      request;
    struct bytes_out    body;
    struct admin_answer answer;
    TAILQ_ENTRY(client) next;
};
TAILQ_HEAD(client_list, client);

struct admin {
    struct loop         *loop;
    struct admin_sources sources;
    struct limits        limits;
    int                  fd;
    uv_poll_t            poll;
    struct deadline      pause;
    bool                 is_paused;
    bool                 is_polled;
    bool                 closing;
    bool                 poll_closed;
    unsigned             count;
    struct client_list   clients;
};

static void watch(struct admin *a);

static struct client *of_wire(struct wire *w)
{
    struct client *c = w->owner;
    ASSERT(c->magic == ADMIN_MAGIC);
    return c;
}

// --- the end ---

static void free_if_over(struct admin *a)
{
    if (a->closing && a->poll_closed && a->count == 0)
        free(a);
}

static void on_closed(struct wire *w)
{
    struct client *c = of_wire(w);
    struct admin  *a = c->admin;
    TAILQ_REMOVE(&a->clients, c, next);
    a->count--;
    c->magic = 0;
    arena_reset(&c->arena);
    free(c);
    watch(a);
    free_if_over(a);
}

static void drop(struct client *c)
{
    if (c->state == GONE)
        return;
    c->state = GONE;
    deadline_disarm(&c->deadline);
    wire_close(&c->wire, on_closed);
}

static void leave(struct client *c)
{
    c->state = LEAVING;
    wire_finish(&c->wire);
    loop_deadline(c->admin->loop, &c->deadline, LEAVE_MS);
}

// --- answering ---

static void send_piece(struct client *c, struct bytes head)
{
    struct admin_answer *a = &c->answer;
    char                 memory[HEAD_MAX];
    struct bytes_out     out = {.at = memory, .cap = sizeof memory};
    bool                 more = a->more && a->more(&c->admin->sources, a, &a->text);
    out_bytes(&out, head);
    if (a->more && a->text.len > 0) { // a chunk of nothing would be the last
        out_hex(&out, a->text.len, 8);
        out_text(&out, "\r\n");
    }
    wire_send(&c->wire, out_written(&out), out_written(&a->text));
    if (a->more && a->text.len > 0)
        wire_send(&c->wire, BYTES("\r\n"), (struct bytes){0});
    if (a->more && !more)
        wire_send(&c->wire, BYTES("0\r\n\r\n"), (struct bytes){0});
    a->text.len = 0;
    if (!more)
        leave(c);
}

static void go_on(struct client *c)
{
    while (c->state == ANSWERING && wire_queued(&c->wire) == 0)
        send_piece(c, (struct bytes){0});
    if (c->state == ANSWERING)
        loop_deadline(c->admin->loop, &c->deadline, ANSWER_MS);
}

static void answer(struct client *c)
{
    struct admin_answer *a = &c->answer;
    char                 memory[HEAD_MAX];
    struct bytes_out     head = {.at = memory, .cap = sizeof memory};
    c->state = ANSWERING;
    out_text(&head, "HTTP/1.1 ");
    out_uint(&head, a->status);
    out_char(&head, ' ');
    out_text(&head, reply_phrase(a->status));
    out_text(&head, "\r\nContent-Type: ");
    out_text(&head, a->type);
    out_text(&head, "\r\nCache-Control: no-store\r\nConnection: close\r\n");
    if (a->more) {
        out_text(&head, "Transfer-Encoding: chunked\r\n\r\n");
    } else {
        out_text(&head, "Content-Length: ");
        out_uint(&head, a->text.len);
        out_text(&head, "\r\n\r\n");
    }
    ASSERT(!head.overflowed);
    send_piece(c, out_written(&head));
    go_on(c);
}

static void refuse(struct client *c, unsigned status, const char *says)
{
    admin_say(&c->answer, status, "%s", says);
    answer(c);
}

static bool wants_text(const struct request *q)
{
    const struct field *accept = fields_find(&q->fields, FIELD_ACCEPT);
    return accept && memmem(accept->value.at, accept->value.len, "text/plain", 10);
}

static void call(struct client *c)
{
    const struct admin_call call = {.sources = &c->admin->sources,
                                    .request = &c->request,
                                    .body = out_written(&c->body),
                                    .uid = c->uid,
                                    .wants_text = wants_text(&c->request)};
    admin_call(&call, &c->answer);
    answer(c);
}

// --- asking ---

static bool read_head(struct client *c)
{
    enum fault f = head_request(http1_head(c->reader), &c->admin->limits, &c->arena, &c->request);
    if (f == FAULT_NONE)
        f = http1_expect_body(c->reader, c->request.framing, c->request.content_length);
    if (f != FAULT_NONE)
        refuse(c, fault_status(f), fault_says(f));
    return f == FAULT_NONE;
}

static void on_bytes(struct wire *w, struct bytes in)
{
    struct client  *c = of_wire(w);
    enum http1_step step = HTTP1_HEAD;
    while (c->state == ASKING && step != HTTP1_MORE) {
        size_t       used;
        struct bytes piece;
        step = http1_feed(c->reader, in, &used, &piece);
        in = bytes_after(in, used);
        if (step == HTTP1_HEAD && !read_head(c))
            return;
        if (step == HTTP1_BODY)
            out_bytes(&c->body, piece);
        if (c->body.overflowed)
            refuse(c, 413, "the request body is larger than 16 KiB");
        else if (step == HTTP1_FAULT)
            refuse(c, fault_status(http1_fault(c->reader)), fault_says(http1_fault(c->reader)));
        else if (step == HTTP1_END)
            call(c);
    }
}

static void on_open(struct wire *w)
{
    (void)w;
}

static void on_drained(struct wire *w)
{
    go_on(of_wire(w));
}

static void on_end(struct wire *w, enum wire_end how)
{
    struct client *c = of_wire(w);
    if (how != WIRE_END_FINISHED || c->state != ANSWERING) // half-closed, it may still read
        drop(c);
}

static void on_deadline(struct deadline *d)
{
    drop((struct client *)((char *)d - offsetof(struct client, deadline)));
}

static const struct wire_events events = {.on_open = on_open,
                                          .on_plain = on_open,
                                          .on_bytes = on_bytes,
                                          .on_drained = on_drained,
                                          .on_end = on_end};

static bool may_ask(const struct admin *a, uid_t uid)
{
    return a->sources.config->admin.is_for_group || uid == 0 || uid == geteuid();
}

static struct client *client_new(struct admin *a, uid_t uid)
{
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct client){.magic = ADMIN_MAGIC, .admin = a, .uid = uid};
    arena_init(&c->arena, &a->loop->arenas, ARENA_MAX);
    c->reader = http1_new(&c->arena, HTTP1_REQUEST, &a->limits);
    c->body = (struct bytes_out){.at = arena_alloc(&c->arena, ADMIN_BODY_BYTES), .cap = ADMIN_BODY_BYTES};
    c->answer.text =
        (struct bytes_out){.at = arena_alloc(&c->arena, ADMIN_PIECE_BYTES), .cap = ADMIN_PIECE_BYTES};
    if (c->reader && c->body.at && c->answer.text.at)
        return c;
    arena_reset(&c->arena);
    free(c);
    return NULL;
}

static void welcome(struct admin *a, int fd)
{
    uid_t uid;
    if (!admin_socket_user(fd, &uid) || !may_ask(a, uid)) {
        close(fd);
        return;
    }
    struct client *c = client_new(a, uid);
    if (!c) {
        close(fd);
        return;
    }
    deadline_init(&c->deadline, on_deadline);
    if (!wire_accept(&c->wire, a->loop, fd, NULL, &events, c)) {
        arena_reset(&c->arena);
        free(c);
        return;
    }
    TAILQ_INSERT_TAIL(&a->clients, c, next);
    a->count++;
    loop_deadline(a->loop, &c->deadline, ASK_MS);
}

static void on_acceptable(uv_poll_t *poll, int status, int mask)
{
    struct admin *a = poll->data;
    (void)status;
    (void)mask;
    int fd = accept4(a->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        welcome(a, fd);
    else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        a->is_paused = true; // level-triggered readiness would spin
        loop_deadline(a->loop, &a->pause, PAUSE_MS);
    }
    watch(a);
}

static void on_pause_over(struct deadline *d)
{
    struct admin *a = (struct admin *)((char *)d - offsetof(struct admin, pause));
    a->is_paused = false;
    watch(a);
}

// Those beyond the bound wait in the kernel's queue.
static void watch(struct admin *a)
{
    bool wanted = !a->closing && !a->is_paused && a->count < ADMIN_CLIENTS_MAX;
    if (wanted == a->is_polled || a->closing)
        return;
    a->is_polled = wanted;
    if (wanted)
        uv_poll_start(&a->poll, UV_READABLE, on_acceptable);
    else
        uv_poll_stop(&a->poll);
}

// --- the life of the listener ---

struct admin *admin_new(struct loop *l, const struct admin_sources *sources)
{
    struct bytes  path = sources->config->admin.socket;
    char          why[ADMIN_SOCKET_WHY_MAX] = "no memory";
    struct admin *a = calloc(1, sizeof *a);
    int           fd = a ? admin_socket_listen(path, sources->config->admin.is_for_group, why) : -1;
    if (fd < 0 || uv_poll_init(&l->uv, &a->poll, fd)) {
        log_error("admin socket %.*s: %s", (int)path.len, path.at, why);
        if (fd >= 0)
            admin_socket_remove(path, fd);
        free(a);
        return NULL;
    }
    a->loop = l;
    a->sources = *sources;
    a->limits = LIMITS_DEFAULT;
    a->fd = fd;
    a->poll.data = a;
    TAILQ_INIT(&a->clients);
    deadline_init(&a->pause, on_pause_over);
    watch(a);
    return a;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct admin *a = handle->data;
    a->poll_closed = true;
    free_if_over(a);
}

void admin_close(struct admin **admin)
{
    struct admin  *a = *admin;
    struct client *c;
    *admin = NULL;
    a->closing = true;
    deadline_disarm(&a->pause);
    TAILQ_FOREACH(c, &a->clients, next) // closing takes nothing out of the list before a later turn
    drop(c);
    uv_close((uv_handle_t *)&a->poll, on_poll_closed);
    admin_socket_remove(a->sources.config->admin.socket, a->fd);
}
