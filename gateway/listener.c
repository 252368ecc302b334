// SPDX-License-Identifier: Apache-2.0
// listener: bind, accept in batches.
#include "gateway/listener.h"
#include "gateway/ceilings.h"
#include "gateway/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#define LISTENER_MAGIC 0x6c697374u
#define BACKLOG 4096
#define ACCEPTS_A_TURN 64
#define PAUSE_MS 100u   // after connections, descriptors or memory have run out
#define QUIET_MS 10000u // between messages about that
#define TURNED_AWAY_BYTES (1024u * 1024u)

struct listener {
    uint32_t                      magic;
    int                           fd;
    int                           reserve; // a descriptor to let go when there is no other; -1: none
    struct loop                  *loop;
    const struct config_listener *config;
    SSL_CTX                      *tls;
    struct deadline               paused;
    uint64_t                      quiet_until_ms;  // about what it cannot accept
    uint64_t                      silent_until_ms; // about those who were turned away
    unsigned                      turned_away;     // and not told of yet
    uv_poll_t                     poll;
};

static socklen_t length_of(const union config_address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

static bool prepare(int fd, const struct config_listener *config, bool shared)
{
    int on = 1, off = 0, share = shared;
    // Accepted sockets inherit TCP_NODELAY: no call for it per connection.
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof share) == 0 &&
           setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
           (config->address.any.sa_family != AF_INET6 ||
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
           bind(fd, &config->address.any, length_of(&config->address)) == 0;
}

// ":8080" means every address; where the machine has no IPv6, those of IPv4.
static struct config_listener without_v6(const struct config_listener *config)
{
    struct config_listener v4 = *config;
    v4.address = (union config_address){.v4 = {.sin_family = AF_INET,
                                               .sin_port = config->address.v6.sin6_port,
                                               .sin_addr.s_addr = INADDR_ANY}};
    return v4;
}

static int open_socket(const struct config_listener *config, bool shared)
{
    int fd = socket(config->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 && errno == EAFNOSUPPORT && config->address.any.sa_family == AF_INET6 &&
        IN6_IS_ADDR_UNSPECIFIED(&config->address.v6.sin6_addr)) {
        struct config_listener v4 = without_v6(config);
        return open_socket(&v4, shared);
    }
    if (fd < 0 || prepare(fd, config, shared))
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

bool listener_is_free(const struct config_listener *config)
{
    int fd = open_socket(config, false);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int listener_bind(const struct config_listener *config)
{
    int fd = open_socket(config, true);
    if (fd < 0 || listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

// Closes a socket that was just accepted. What the client has sent already is taken out of the way: unread,
// it would make the end a reset.
static void turn_away(int fd)
{
    (void)!recv(fd, NULL, TURNED_AWAY_BYTES, MSG_DONTWAIT | MSG_TRUNC); // TCP: discarded, not copied
    close(fd);
}

static void complain(struct listener *l, const union config_address *peer)
{
    char     text[INET6_ADDRSTRLEN] = "";
    uint64_t now_ms = loop_now_ms(l->loop);
    l->turned_away++;
    if (now_ms < l->silent_until_ms)
        return;
    if (peer->any.sa_family == AF_INET6)
        inet_ntop(AF_INET6, &peer->v6.sin6_addr, text, sizeof text);
    else
        inet_ntop(AF_INET, &peer->v4.sin_addr, text, sizeof text);
    log_warning(
        "%s has as many connections as limits.connections_per_address allows; turned away on %.*s since "
        "the last such message: %u",
        text, (int)l->config->text.len, l->config->text.at, l->turned_away);
    l->turned_away = 0;
    l->silent_until_ms = now_ms + QUIET_MS;
}

static void hold_reserve(struct listener *l)
{
    if (l->reserve < 0)
        l->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

// Level-triggered readiness would spin while nothing can be accepted.
static void pause_accepting(struct listener *l, const char *why)
{
    uint64_t now_ms = loop_now_ms(l->loop);
    if (now_ms >= l->quiet_until_ms) {
        log_warning("cannot accept connections on %.*s: %s; trying again every %u ms",
                    (int)l->config->text.len, l->config->text.at, why, PAUSE_MS);
        l->quiet_until_ms = now_ms + QUIET_MS;
    }
    uv_poll_stop(&l->poll);
    loop_deadline(l->loop, &l->paused, PAUSE_MS);
}

// No descriptors: those who wait in the queue are let in by the reserve, one by one, and out again. An end is
// better than silence.
static void turn_queue_away(struct listener *l)
{
    for (int i = 0; i < ACCEPTS_A_TURN && l->reserve >= 0; i++) {
        close(l->reserve);
        l->reserve = -1;
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            turn_away(fd);
        hold_reserve(l);
        if (fd < 0)
            return;
    }
}

static void accept_all(struct listener *l)
{
    hold_reserve(l);
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        if (ceilings_are_reached(l->loop->ceilings)) {
            pause_accepting(l, "limits.connections is reached");
            return;
        }
        union config_address peer = {0};
        socklen_t            len = sizeof peer;
        int                  fd = accept4(l->fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            enum connection_welcome welcome =
                connection_accept(l->loop->connections, fd, &peer, l->config, l->tls);
            if (welcome == WELCOME_BANNED)
                close(fd); // a reset, if it has sent something, is good enough
            if (welcome == WELCOME_CROWDED) {
                turn_away(fd);
                complain(l, &peer);
            }
            continue;
        }
        int why = errno;
        if (why == EMFILE || why == ENFILE)
            turn_queue_away(l);
        if (why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM)
            pause_accepting(l, strerror(why));
        if (why != ECONNABORTED && why != EINTR)
            return; // EAGAIN: all taken
    }
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;
    ASSERT(l->magic == LISTENER_MAGIC);
    (void)status;
    (void)events;
    accept_all(l);
}

static void on_resume(struct deadline *d)
{
    struct listener *l = (struct listener *)((char *)d - offsetof(struct listener, paused));
    uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
}

struct listener *listener_new(struct loop *loop, int fd, const struct config_listener *config, SSL_CTX *tls)
{
    struct listener *l = calloc(1, sizeof *l);
    if (!l || uv_poll_init(&loop->uv, &l->poll, fd)) {
        free(l);
        close(fd);
        return NULL;
    }
    l->magic = LISTENER_MAGIC;
    l->fd = fd;
    l->loop = loop;
    l->config = config;
    l->tls = tls;
    l->poll.data = l;
    l->reserve = -1;
    hold_reserve(l);
    deadline_init(&l->paused, on_resume);
    uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
    return l;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void listener_close(struct listener **listener)
{
    struct listener *l = *listener;
    *listener = NULL;
    accept_all(l); // those who had reached us are not turned away
    deadline_disarm(&l->paused);
    uv_close((uv_handle_t *)&l->poll, on_closed);
    close(l->fd);
    if (l->reserve >= 0)
        close(l->reserve);
}
