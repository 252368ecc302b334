// SPDX-License-Identifier: Apache-2.0
// main: the table of contents: make everything, bind, start the loops, wait for a signal, end in order.
#include "gateway/access_log.h"
#include "gateway/admin.h"
#include "gateway/ceilings.h"
#include "gateway/cli.h"
#include "gateway/descriptors.h"
#include "gateway/listener.h"
#include "gateway/log.h"
#include "gateway/session_store.h"
#include "gateway/signals.h"
#include "gateway/tls_context.h"
#include "gateway/tls_rotation.h"
#include "gateway/upstream.h"
#include "policy/catalog.h"
#include "policy/state.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOG_FLUSH_MS 500u
#define WHY_MAX 4608u // a path, and what is wrong with it

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
    const struct config  *config;
    struct access_log    *log;
    struct ceilings      *ceilings;
    struct tls_tickets   *tickets;
    struct state         *state;
    struct session_store *sessions; // NULL: no route has a session policy
    struct loop          *loop;     // of the main thread: signals, operators, what has to be written
    struct signals       *signals;
    struct admin         *admin; // NULL: the file names no socket
    struct ban_keeper    *bans;
    struct tls_rotation   rotation; // of the ticket keys
    struct deadline       bound;    // of a drain
    struct deadline       keeping;  // of the sessions
    enum order            given;    // to all islands; it only grows
    bool                  gently;   // a drain was asked for
    struct island        *islands;
    _Atomic unsigned      running; // islands
    _Atomic size_t        cut;     // connections that were ended in the middle of something
};

// How an island tells the main thread that it has ended.
#define SIGNAL_ENDED SIGUSR2

// --- an island ---

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
        atomic_fetch_add(&i->gateway->cut, connections_cut(l->connections));
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
    kill(getpid(), SIGNAL_ENDED);
}

static bool island_listen(struct island *i, size_t n)
{
    const struct config_listener *config = &i->gateway->config->listeners[n];
    char                          why[CERTIFICATE_WHY_MAX];
    if (config->tls && !(i->tls[n] = tls_context_new(config->tls, i->gateway->tickets, why))) {
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
    i->loop->ceilings = g->ceilings;
    i->loop->state = g->state;
    i->loop->sessions = g->sessions;
    i->loop->handshakes.begun_max =
        (g->config->ceilings.handshakes + g->config->loops - 1) / g->config->loops;
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

// --- the main thread ---

static void give_order(struct gateway *g, enum order order)
{
    g->given = order;
    for (unsigned n = 0; g->islands && n < g->config->loops; n++) {
        if (!g->islands[n].started)
            continue;
        atomic_store(&g->islands[n].order, order);
        loop_wake(g->islands[n].loop);
    }
}

static sigset_t our_signals(void)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGNAL_ENDED);
    return ours;
}

static uint64_t now_s(void)
{
    return uv_hrtime() / 1000000000;
}

// What the main thread's own loop needs to end: everything on it lets go.
static void retire(struct gateway *g)
{
    tls_rotation_stop(&g->rotation);
    deadline_disarm(&g->bound);
    deadline_disarm(&g->keeping);
    if (g->admin)
        admin_close(&g->admin);
    if (g->bans)
        ban_keeper_free(&g->bans);
    if (g->signals)
        signals_close(&g->signals);
    loop_retire(g->loop);
}

static void cut(struct gateway *g, const char *says)
{
    log_info("%s", says);
    deadline_disarm(&g->bound);
    give_order(g, ORDER_CUT);
}

// SIGTERM finishes what runs, within a bound; SIGINT, a second SIGTERM or the bound cut it. Of two that wait
// the lower number is told first: a SIGTERM behind a SIGINT never takes the cut back.
static void on_signal(void *owner, int number)
{
    struct gateway *g = owner;
    if (number == SIGNAL_ENDED && atomic_load(&g->running) == 0)
        retire(g);
    else if (number == SIGHUP)
        log_warning("the configuration is read at start only: restart to load a new one");
    else if (number == SIGTERM && g->given == ORDER_NONE) {
        log_info("draining: finishing what runs, for at most %u ms", g->config->timeouts.shutdown_ms);
        g->gently = true;
        loop_deadline(g->loop, &g->bound, g->config->timeouts.shutdown_ms);
        give_order(g, ORDER_DRAIN);
    } else if (number == SIGTERM || number == SIGINT)
        cut(g, "ending now");
}

static void on_bound(struct deadline *d)
{
    cut((struct gateway *)((char *)d - offsetof(struct gateway, bound)), "still busy: cutting what is left");
}

static void on_keeping(struct deadline *d)
{
    struct gateway *g = (struct gateway *)((char *)d - offsetof(struct gateway, keeping));
    (void)session_store_attend(g->sessions, uv_hrtime());
    loop_deadline_at(g->loop, d, session_store_due_ms(g->sessions));
}

// Until every island has ended.
//   returns  whether everything that ran was finished, or nobody asked for that
static bool attend(struct gateway *g)
{
    if (!g->loop)
        return true;
    if (atomic_load(&g->running) == 0) // none was started
        retire(g);
    loop_run(g->loop);
    size_t cut = atomic_load(&g->cut);
    if (g->gently && cut > 0)
        log_warning("%zu connections were cut in the middle of something", cut);
    return !g->gently || cut == 0;
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

// Every connection takes two descriptors: as many as we may have.
static void raise_descriptor_limit(const struct config *c)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        limit.rlim_cur = before;
    uint64_t needed = descriptors_needed(c);
    if (limit.rlim_cur < needed)
        log_warning("limits.connections is %u, which takes up to %llu descriptors, and this process may have "
                    "%llu: allow more (LimitNOFILE=%llu in systemd, ulimit -Hn in a shell), or write "
                    "\"limits\": { \"connections\": %u }",
                    c->ceilings.connections, (unsigned long long)needed, (unsigned long long)limit.rlim_cur,
                    (unsigned long long)needed, descriptors_suffice_for(c, limit.rlim_cur));
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

// Sessions outlive the process, where there is a directory for them.
static bool open_sessions(struct gateway *g)
{
    char                      memory[WHY_MAX];
    struct bytes_out          why = {.at = memory, .cap = sizeof memory};
    size_t                    row = catalog_find(BYTES("session"));
    struct session_store_plan plan = {.directory = g->config->state_directory,
                                      .keys = g->config->state_keys,
                                      .sessions = g->config->ceilings.sessions};
    ASSERT(row < catalog_count);
    if (!snapshot_uses(g->config->snapshot, catalog[row].policy))
        return true;
    g->sessions = session_store_open(&plan, uv_hrtime(), &why);
    if (!g->sessions) {
        log_error("sessions cannot be kept: %.*s", (int)why.len, why.at);
        return false;
    }
    g->state->keys = session_store_ring(g->sessions);
    g->state->sessions = session_store_table(g->sessions);
    if (plan.directory.len == 0)
        log_warning("there is no state.directory: a restart logs everybody out");
    return true;
}

static bool make_state(struct gateway *g)
{
    uint64_t seed[2];
    if (getrandom(seed, sizeof seed, 0) == (ssize_t)sizeof seed)
        g->state = state_new(&g->config->state, seed);
    return g->state != NULL && open_sessions(g);
}

static bool make_loop(struct gateway *g)
{
    sigset_t ours = our_signals();
    deadline_init(&g->bound, on_bound);
    deadline_init(&g->keeping, on_keeping);
    g->loop = loop_new(g->config->loops, NULL, g);
    if (!g->loop || !(g->signals = signals_new(g->loop, &ours, on_signal, g))) {
        log_error("a loop cannot be made: %s", strerror(errno));
        return false;
    }
    tls_rotation_start(&g->rotation, g->loop, g->tickets);
    if (g->sessions && session_store_due_ms(g->sessions) > 0)
        loop_deadline_at(g->loop, &g->keeping, session_store_due_ms(g->sessions));
    if (!(g->bans = ban_keeper_new(g->loop, g->config, g->state)))
        return false;
    struct admin_sources sources = {.config = g->config, .bans = g->bans};
    return g->config->admin.socket.len == 0 || (g->admin = admin_new(g->loop, &sources));
}

// Everything that can fail does so here, before the first connection is accepted.
static bool make(struct gateway *g)
{
    g->islands = calloc(g->config->loops, sizeof *g->islands);
    g->ceilings = ceilings_new(g->config->ceilings.connections, g->config->ceilings.per_address);
    if (!g->islands || !g->ceilings || !make_state(g) || !open_log(g) ||
        !(g->tickets = tls_tickets_new(now_s())) || !make_loop(g))
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
    sigset_t       ours = our_signals();
    signal(SIGPIPE, SIG_IGN);
    signals_block(&ours);
    raise_descriptor_limit(config);
    bool fine = make(&g);
    if (fine)
        log_info("tables of clients: at most %zu KiB, for %u rate keys", state_bytes(&config->state) / 1024,
                 config->state.rate_keys);
    fine = fine && start(&g);
    for (size_t n = 0; fine && n < config->listener_count; n++)
        log_info("listening on %.*s (%s)", (int)config->listeners[n].text.len, config->listeners[n].text.at,
                 config->listeners[n].tls ? "https" : "http");
    if (!fine) {
        log_error("not started");
        give_order(&g, ORDER_CUT);
    }
    bool whole = attend(&g);
    for (unsigned n = 0; g.islands && n < config->loops; n++) {
        if (g.islands[n].started)
            uv_thread_join(&g.islands[n].thread);
    }
    if (g.log)
        access_log_close(&g.log);
    for (unsigned n = 0; g.islands && n < config->loops; n++)
        island_free(&g.islands[n]);
    free(g.islands);
    if (g.loop)
        loop_free(&g.loop);
    if (g.tickets)
        tls_tickets_free(&g.tickets);
    if (g.ceilings)
        ceilings_free(&g.ceilings);
    if (g.sessions)
        session_store_close(&g.sessions, uv_hrtime());
    if (g.state)
        state_free(&g.state);
    if (fine)
        log_info("ended");
    return fine && whole ? CLI_FINE : CLI_FAILED;
}

int main(int argc, char **argv)
{
    keep_standard_descriptors();
    return cli_main(argc, argv, serve);
}
