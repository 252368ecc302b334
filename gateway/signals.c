// SPDX-License-Identifier: Apache-2.0
// signals: a signalfd that is polled.
#include "gateway/signals.h"
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct signals {
    int       fd;
    uv_poll_t poll;
    void (*on_signal)(void *owner, int number);
    void *owner;
};

void signals_block(const sigset_t *set)
{
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct signals         *s = poll->data;
    struct signalfd_siginfo info;
    (void)status;
    (void)events;
    if (read(s->fd, &info, sizeof info) == (ssize_t)sizeof info)
        s->on_signal(s->owner, (int)info.ssi_signo);
}

struct signals *signals_new(struct loop *l, const sigset_t *set, void (*on_signal)(void *owner, int number),
                            void *owner)
{
    struct signals *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct signals){
        .fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC), .on_signal = on_signal, .owner = owner};
    if (s->fd < 0 || uv_poll_init(&l->uv, &s->poll, s->fd)) {
        if (s->fd >= 0)
            close(s->fd);
        free(s);
        return NULL;
    }
    s->poll.data = s;
    uv_poll_start(&s->poll, UV_READABLE, on_readable);
    return s;
}

static void on_closed(uv_handle_t *handle)
{
    struct signals *s = handle->data;
    close(s->fd);
    free(s);
}

void signals_close(struct signals **s)
{
    uv_close((uv_handle_t *)&(*s)->poll, on_closed);
    *s = NULL;
}
