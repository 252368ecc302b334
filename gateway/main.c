// SPDX-License-Identifier: Apache-2.0
// main: the table of contents: make everything, bind, start the loops, wait for a signal, end in order.
#include "gateway/access_log.h"
#include "gateway/cli.h"
#include "gateway/listener.h"
#include "gateway/log.h"
#include "gateway/tls_context.h"
#include "gateway/upstream.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOG_FLUSH_MS 500u

enum order { ORDER_NONE, ORDER_DRAIN, ORDER_CUT };

// One thread, one loop, and everything that lives on it.
struct island {
    struct gateway      *gateway;
    struct loop         *loop;
    struct listener    **listeners;
    struct tls_context **tls; // per listener; NULL for a plain one
    struct deadline      log_flush;
    uv_thread_t          thread;
    _Atomic int          order;
    bool                 started;
};

struct gateway {
    const struct config   *config;
    struct access_log     *log;
    struct tls_ticket_keys ticket_keys;
    struct island         *islands;
    uv_loop_t              uv; // of the main thread: signals, and the bound on draining
    uv_signal_t            terminate, interrupt, hangup;
    uv_timer_t             bound;
    uv_async_t             ended;
    _Atomic unsigned       running;
    bool                   draining;
};

// --- an island
// ---------------------------------------------------------------------------------------------------

// The last connection is gone: nothing is left but the loop's own handles.
static void on_emptied(struct loop *l)
{
    upstreams_retire(l->upstreams);
    loop_retire(l);
}

static void close_listeners(struct island *i)
{
    for (size_t n = 0; n < i->gateway->config->listener_count; n++) {
        if (i->listeners[n])
            listener_close(&i->listeners[n]);
    }
}

static void on_command(struct loop *l)
{
    struct island *i = l->owner;
    int            order = atomic_load(&i->order);
    if (order == ORDER_NONE)
        return;
    close_listeners(i);
    connections_drain(l->connections);
    if (order == ORDER_CUT)
        connections_cut(l->connections);
}

static void on_log_flush(struct deadline *d)
{
    struct island *i = (struct island *)((char *)d - offsetof(struct island, log_flush));
    access_feed_flush(i->loop->log);
    loop_deadline(i->loop, d, LOG_FLUSH_MS);
}

static void live(void *argument)
{
    struct island *i = argument;
    loop_run(i->loop);
    if (i->loop->log)
        access_feed_flush(i->loop->log);
    atomic_fetch_sub(&i->gateway->running, 1);
    uv_async_send(&i->gateway->ended);
}

static bool island_listen(struct island *i, size_t n)
{
    const struct config_listener *config = &i->gateway->config->listeners[n];
    char                          why[CERTIFICATE_WHY_MAX];
    if (config->certificate &&
        !(i->tls[n] = tls_context_new(config->certificate, &i->gateway->ticket_keys, why))) {
        log_error("%.*s: TLS cannot be set up: %s", (int)config->text.len, config->text.at, why);
        return false;
    }
    int fd = i->loop->index > 0 || listener_is_free(config) ? listener_bind(config) : -1;
    if (fd >= 0)
        i->listeners[n] = listener_new(i->loop, fd, config, i->tls[n] ? tls_context_ssl(i->tls[n]) : NULL);
    if (!i->listeners[n])
        log_error("cannot listen on %.*s: %s", (int)config->text.len, config->text.at, strerror(errno));
    return i->listeners[n] != NULL;
}

static bool island_make(struct island *i, struct gateway *g, unsigned index)
{
    size_t count = g->config->listener_count;
    i->gateway = g;
    i->listeners = calloc(count, sizeof(struct listener *));
    i->tls = calloc(count, sizeof(struct tls_context *));
    i->loop = loop_new(index, on_command, i);
    if (!i->listeners || !i->tls || !i->loop) {
        log_error("a loop cannot be made: %s", strerror(errno));
        return false;
    }
    i->loop->upstreams = upstreams_new(i->loop, g->config);
    i->loop->connections = connections_new(i->loop, g->config, on_emptied);
    i->loop->log = g->log ? access_feed_new(g->log) : NULL;
    if (!i->loop->upstreams || !i->loop->connections || (g->log && !i->loop->log))
        return false;
    deadline_init(&i->log_flush, on_log_flush);
    if (i->loop->log)
        loop_deadline(i->loop, &i->log_flush, LOG_FLUSH_MS);
    for (size_t n = 0; n < count; n++) {
        if (!island_listen(i, n))
            return false;
    }
    return true;
}

static void island_free(struct island *i)
{
    if (i->loop && !i->started) { // never ran: let its handles go
        if (i->listeners)
            close_listeners(i);
        loop_retire(i->loop);
        loop_run(i->loop);
    }
    for (size_t n = 0; i->tls && n < i->gateway->config->listener_count; n++) {
        if (i->tls[n])
            tls_context_free(&i->tls[n]);
    }
    if (i->loop && i->loop->connections)
        connections_free(&i->loop->connections);
    if (i->loop && i->loop->upstreams)
        upstreams_free(&i->loop->upstreams);
    if (i->loop)
        loop_free(&i->loop);
    free(i->tls);
    free(i->listeners);
}

// --- the main thread
// ---------------------------------------------------------------------------------------------

static void give_order(struct gateway *g, enum order order)
{
    g->draining = true;
    for (unsigned n = 0; g->islands && n < g->config->loops; n++) {
        if (!g->islands[n].started)
            continue;
        atomic_store(&g->islands[n].order, order);
        loop_wake(g->islands[n].loop);
    }
}

static void on_bound(uv_timer_t *timer)
{
    struct gateway *g = timer->data;
    log_warning("still busy after %u ms: cutting what is left", g->config->timeouts.shutdown_ms);
    give_order(g, ORDER_CUT);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct gateway *g = signal->data;
    if (number == SIGINT || g->draining) {
        log_info("ending now");
        give_order(g, ORDER_CUT);
        return;
    }
    log_info("draining: finishing what runs, for at most %u ms", g->config->timeouts.shutdown_ms);
    give_order(g, ORDER_DRAIN);
    uv_timer_start(&g->bound, on_bound, g->config->timeouts.shutdown_ms, 0);
}

static void on_hangup(uv_signal_t *signal, int number)
{
    (void)signal;
    (void)number;
    log_warning("the configuration is read at start only: restart to load a new one");
}

static void on_ended(uv_async_t *async)
{
    struct gateway *g = async->data;
    if (atomic_load(&g->running) > 0 || uv_is_closing((uv_handle_t *)async))
        return;
    uv_close((uv_handle_t *)&g->terminate, NULL);
    uv_close((uv_handle_t *)&g->interrupt, NULL);
    uv_close((uv_handle_t *)&g->hangup, NULL);
    uv_close((uv_handle_t *)&g->bound, NULL);
    uv_close((uv_handle_t *)&g->ended, NULL);
}

static bool watch_signals(struct gateway *g)
{
    signal(SIGPIPE, SIG_IGN);
    if (uv_loop_init(&g->uv) || uv_signal_init(&g->uv, &g->terminate) ||
        uv_signal_init(&g->uv, &g->interrupt) || uv_signal_init(&g->uv, &g->hangup) ||
        uv_timer_init(&g->uv, &g->bound) || uv_async_init(&g->uv, &g->ended, on_ended))
        return false;
    g->terminate.data = g->interrupt.data = g->hangup.data = g->bound.data = g->ended.data = g;
    return uv_signal_start(&g->terminate, on_signal, SIGTERM) == 0 &&
           uv_signal_start(&g->interrupt, on_signal, SIGINT) == 0 &&
           uv_signal_start(&g->hangup, on_hangup, SIGHUP) == 0;
}

// Started with one of them closed, the next descriptor that is opened would be taken for it, and get our
// messages.
static void keep_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", O_RDWR); // the lowest free one: this one
    }
}

// Signals are for the main thread; all others are born with them blocked.
static void block_signals(sigset_t *before_r)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before_r);
}

// Every connection takes two descriptors: as many as we may have.
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool open_log(struct gateway *g)
{
    if (g->config->access_log.len == 0)
        return true;
    g->log = access_log_open(g->config->access_log);
    if (!g->log)
        log_error("access log %.*s: %s", (int)g->config->access_log.len, g->config->access_log.at,
                  strerror(errno));
    return g->log != NULL;
}

// Everything that can fail does so here, before the first connection is accepted.
static bool make(struct gateway *g)
{
    g->islands = calloc(g->config->loops, sizeof *g->islands);
    if (!g->islands || !open_log(g) || !tls_ticket_keys_make(&g->ticket_keys))
        return false;
    for (unsigned n = 0; n < g->config->loops; n++) {
        if (!island_make(&g->islands[n], g, n))
            return false;
    }
    return true;
}

static bool start(struct gateway *g)
{
    for (unsigned n = 0; n < g->config->loops; n++) {
        atomic_fetch_add(&g->running, 1);
        if (uv_thread_create(&g->islands[n].thread, live, &g->islands[n])) {
            atomic_fetch_sub(&g->running, 1);
            return false;
        }
        g->islands[n].started = true;
    }
    return true;
}

static int serve(const struct config *config)
{
    struct gateway g = {.config = config};
    raise_descriptor_limit();
    if (!watch_signals(&g)) {
        log_error("not started: signals cannot be watched: %s", strerror(errno));
        return CLI_FAILED; // nothing else exists yet
    }
    sigset_t signals;
    block_signals(&signals);
    bool fine = make(&g) && start(&g);
    pthread_sigmask(SIG_SETMASK, &signals, NULL);
    for (size_t n = 0; fine && n < config->listener_count; n++)
        log_info("listening on %.*s (%s)", (int)config->listeners[n].text.len, config->listeners[n].text.at,
                 config->listeners[n].certificate ? "https" : "http");
    if (!fine) {
        log_error("not started");
        give_order(&g, ORDER_CUT);
        on_ended(&g.ended);
    }
    uv_run(&g.uv, UV_RUN_DEFAULT);
    for (unsigned n = 0; g.islands && n < config->loops; n++) {
        if (g.islands[n].started)
            uv_thread_join(&g.islands[n].thread);
    }
    if (g.log)
        access_log_close(&g.log);
    for (unsigned n = 0; g.islands && n < config->loops; n++)
        island_free(&g.islands[n]);
    free(g.islands);
    uv_loop_close(&g.uv);
    if (fine)
        log_info("ended");
    return fine ? CLI_FINE : CLI_FAILED;
}

int main(int argc, char **argv)
{
    keep_standard_descriptors();
    return cli_main(argc, argv, serve);
}
