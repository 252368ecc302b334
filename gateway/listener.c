// SPDX-License-Identifier: Apache-2.0
// listener: bind, accept in batches.
#include "gateway/listener.h"
#include "gateway/log.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#define LISTENER_MAGIC 0x6c697374u
#define BACKLOG 4096
#define ACCEPTS_A_TURN 64
#define PAUSE_MS 100u // after the descriptors or the memory have run out

struct listener {
    uint32_t                      magic;
    int                           fd;
    struct loop                  *loop;
    const struct config_listener *config;
    SSL_CTX                      *tls;
    struct deadline               paused;
    bool                          starved; // of descriptors or memory
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

// Level-triggered readiness would spin while nothing can be accepted.
static void pause_accepting(struct listener *l)
{
    if (!l->starved)
        log_warning("cannot accept connections on %.*s: %s; trying again every %u ms",
                    (int)l->config->text.len, l->config->text.at, strerror(errno), PAUSE_MS);
    l->starved = true; // said once, until it has worked again
    uv_poll_stop(&l->poll);
    loop_deadline(l->loop, &l->paused, PAUSE_MS);
}

static void accept_all(struct listener *l)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        union config_address peer = {0};
        socklen_t            len = sizeof peer;
        int                  fd = accept4(l->fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            l->starved = false;
            connection_accept(l->loop->connections, fd, &peer, l->config, l->tls);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(l);
        if (errno != ECONNABORTED && errno != EINTR)
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
}
