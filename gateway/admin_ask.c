// SPDX-License-Identifier: Apache-2.0
// admin_ask: one request, one answer, read by the same parser that reads upstreams.
#include "gateway/admin_ask.h"
#include "gateway/admin_socket.h"
#include "parser/head.h"
#include "parser/http1.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <uv.h>

#define HEAD_MAX 1024u
#define ARENA_MAX (256u * 1024u)
#define READ_BYTES 16384u

struct asking {
    int           fd;
    unsigned      status;
    struct arena  arena;
    struct http1 *reader;
    void (*piece)(void *context, struct bytes text, unsigned status);
    void *context;
};

static const char *error_text(void)
{
    if (errno == EAGAIN)
        return "the gateway does not answer";
    return uv_strerror(uv_translate_sys_error(errno));
}

static bool send_all(int fd, struct bytes text)
{
    while (text.len > 0) {
        ssize_t n = send(fd, text.at, text.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text = bytes_after(text, (size_t)n);
    }
    return true;
}

static bool send_request(int fd, const struct admin_question *q)
{
    char             memory[HEAD_MAX];
    struct bytes_out head = {.at = memory, .cap = sizeof memory};
    out_text(&head, q->method);
    out_char(&head, ' ');
    out_text(&head, q->target);
    out_text(&head, " HTTP/1.1\r\nHost: localhost\r\nAccept: ");
    out_text(&head, q->accept);
    out_text(&head, "\r\nContent-Length: ");
    out_uint(&head, q->body.len);
    out_text(&head, "\r\n\r\n");
    errno = ENAMETOOLONG;
    return !head.overflowed && send_all(fd, out_written(&head)) && send_all(fd, q->body);
}

static enum fault read_head(struct asking *a, const struct limits *limits)
{
    struct response response;
    enum fault      f = head_response(http1_head(a->reader), METHOD_GET, limits, &a->arena, &response);
    a->status = f == FAULT_NONE ? response.status : 0;
    return f != FAULT_NONE ? f : http1_expect_body(a->reader, response.framing, response.content_length);
}

// Reads what is there of the answer.
//   returns  whether it is complete
static bool take(struct asking *a, struct bytes in, const struct limits *limits, const char **why)
{
    for (;;) {
        size_t          used;
        struct bytes    piece;
        enum http1_step step = http1_feed(a->reader, in, &used, &piece);
        in = bytes_after(in, used);
        if (step == HTTP1_FAULT || (step == HTTP1_HEAD && read_head(a, limits) != FAULT_NONE)) {
            *why = "what answers there is no gateway";
            return true;
        }
        if (step == HTTP1_BODY)
            a->piece(a->context, piece, a->status);
        if (step == HTTP1_END || step == HTTP1_MORE)
            return step == HTTP1_END;
    }
}

static const char *read_answer(struct asking *a, const struct limits *limits)
{
    const char *why = NULL;
    char        buffer[READ_BYTES];
    for (;;) {
        ssize_t n = recv(a->fd, buffer, sizeof buffer, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_text();
        if (n == 0)
            return "the gateway broke off its answer";
        if (take(a, (struct bytes){buffer, (size_t)n}, limits, &why))
            return why;
    }
}

const char *admin_ask(const struct admin_question *q, unsigned                               *status_r,
                      void (*piece)(void *context, struct bytes text, unsigned status), void *context)
{
    struct limits  limits = LIMITS_DEFAULT;
    struct asking  a = {.piece = piece, .context = context};
    struct timeval patience = {.tv_sec = ADMIN_ASK_S};
    const char    *why = NULL;
    a.fd = admin_socket_connect(q->socket);
    if (a.fd < 0)
        return errno == ECONNREFUSED || errno == ENOENT
                   ? "no gateway listens there: it is not running, or was told another admin.socket"
                   : error_text();
    arena_init(&a.arena, NULL, ARENA_MAX);
    a.reader = http1_new(&a.arena, HTTP1_RESPONSE, &limits);
    setsockopt(a.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(a.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (!a.reader)
        why = "no memory";
    else if (!send_request(a.fd, q))
        why = error_text();
    else
        why = read_answer(&a, &limits);
    *status_r = a.status;
    arena_reset(&a.arena);
    close(a.fd);
    return why;
}
