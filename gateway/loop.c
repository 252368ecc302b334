// SPDX-License-Identifier: Apache-2.0
// loop: libuv's loop, the wheel's tick, the handshake queue's turn, and the buffers that wires share.
#include "gateway/loop.h"
#include "gateway/wire.h"
#include <limits.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define LOOP_MAGIC 0x6c6f6f70u
#define ARENA_BLOCKS_KEPT 256u // one MiB of recycled arena blocks a loop

static void on_tick(uv_timer_t *timer)
{
    struct loop *l = timer->data;
    wheel_turn(&l->wheel, uv_now(&l->uv));
    wire_settle(l);
}

static void on_after_poll(uv_check_t *check)
{
    struct loop *l = check->data;
    wire_turn_handshakes(l);
    if (!wire_next_handshake(l))
        uv_idle_stop(&l->hurry);
    l->turn.left = LOOP_TURN_BYTES;
    l->turn.number++;
}

// Its existence makes the poll return at once; the work is done after the poll.
static void on_hurry(uv_idle_t *idle)
{
    (void)idle;
}

// One at a time: what runs may take others back.
static void run_calls(struct loop *l)
{
    for (;;) {
        uv_mutex_lock(&l->calls.lock);
        struct loop_call *c = STAILQ_FIRST(&l->calls.queue);
        if (c) {
            STAILQ_REMOVE_HEAD(&l->calls.queue, entry);
            c->queued = false;
        }
        uv_mutex_unlock(&l->calls.lock);
        if (!c)
            return;
        c->run(c);
    }
}

static void on_async(uv_async_t *async)
{
    struct loop *l = async->data;
    run_calls(l);
    l->on_command(l);
    wire_settle(l);
}

static bool make_buffers(struct loop_buffers *b)
{
    b->receive = malloc(LOOP_PLAIN_BYTES);
    b->cipher = malloc(LOOP_CIPHER_BYTES);
    b->staged = (struct staging){.at = malloc(LOOP_STAGED_BYTES), .cap = LOOP_STAGED_BYTES};
    b->sealed = (struct staging){.at = malloc(LOOP_SEALED_BYTES), .cap = LOOP_SEALED_BYTES};
    return b->receive && b->cipher && b->staged.at && b->sealed.at && tls_io_init(&b->tls, &b->sealed);
}

static void free_buffers(struct loop_buffers *b)
{
    tls_io_free(&b->tls);
    free(b->sealed.at);
    free(b->staged.at);
    free(b->cipher);
    free(b->receive);
}

static bool start_handles(struct loop *l)
{
    if (uv_timer_init(&l->uv, &l->tick) || uv_check_init(&l->uv, &l->after_poll) ||
        uv_idle_init(&l->uv, &l->hurry) || uv_async_init(&l->uv, &l->command, on_async))
        return false;
    l->tick.data = l->after_poll.data = l->hurry.data = l->command.data = l;
    return uv_timer_start(&l->tick, on_tick, WHEEL_TICK_MS, WHEEL_TICK_MS) == 0 &&
           uv_check_start(&l->after_poll, on_after_poll) == 0;
}

struct loop *loop_new(unsigned index, void (*on_command)(struct loop *l), void *owner)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->magic = LOOP_MAGIC;
    l->index = index;
    l->on_command = on_command;
    l->owner = owner;
    l->turn = (struct loop_turn){.number = 1, .left = LOOP_TURN_BYTES};
    TAILQ_INIT(&l->handshakes.at_work);
    TAILQ_INIT(&l->handshakes.to_begin);
    TAILQ_INIT(&l->handshakes.silent);
    l->handshakes.begun_max = UINT_MAX;
    TAILQ_INIT(&l->broken);
    arena_pool_init(&l->arenas, ARENA_BLOCKS_KEPT);
    STAILQ_INIT(&l->calls.queue);
    if (uv_mutex_init(&l->calls.lock)) {
        free(l);
        return NULL;
    }
    if (uv_loop_init(&l->uv)) {
        uv_mutex_destroy(&l->calls.lock);
        free(l);
        return NULL;
    }
    wheel_init(&l->wheel, uv_now(&l->uv));
    if (!make_buffers(&l->buffers) || !start_handles(l) ||
        getrandom(l->random, sizeof l->random, 0) != (ssize_t)sizeof l->random) {
        loop_retire(l);
        loop_run(l);
        loop_free(&l);
        return NULL;
    }
    return l;
}

void loop_run(struct loop *l)
{
    ASSERT(l->magic == LOOP_MAGIC);
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_free(struct loop **l)
{
    int busy = uv_loop_close(&(*l)->uv);
    ASSERT(busy == 0);
    arena_pool_drain(&(*l)->arenas);
    free_buffers(&(*l)->buffers);
    uv_mutex_destroy(&(*l)->calls.lock);
    (*l)->magic = 0;
    free(*l);
    *l = NULL;
}

void loop_wake(struct loop *l)
{
    uv_async_send(&l->command);
}

void loop_call(struct loop *l, struct loop_call *c)
{
    uv_mutex_lock(&l->calls.lock);
    if (!c->queued) {
        c->queued = true;
        STAILQ_INSERT_TAIL(&l->calls.queue, c, entry);
    }
    uv_mutex_unlock(&l->calls.lock);
    uv_async_send(&l->command);
}

void loop_call_off(struct loop *l, struct loop_call *c)
{
    uv_mutex_lock(&l->calls.lock);
    if (c->queued)
        STAILQ_REMOVE(&l->calls.queue, c, loop_call, entry);
    c->queued = false;
    uv_mutex_unlock(&l->calls.lock);
}

static void retire(uv_handle_t *handle)
{
    if (handle->type != UV_UNKNOWN_HANDLE && !uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_retire(struct loop *l)
{
    retire((uv_handle_t *)&l->tick);
    retire((uv_handle_t *)&l->after_poll);
    retire((uv_handle_t *)&l->hurry);
    retire((uv_handle_t *)&l->command);
}

void loop_hurry(struct loop *l)
{
    if (!uv_is_active((uv_handle_t *)&l->hurry))
        uv_idle_start(&l->hurry, on_hurry);
}

uint64_t loop_now_ms(const struct loop *l)
{
    return uv_now(&l->uv);
}

uint64_t loop_now_ns(const struct loop *l)
{
    (void)l;
    return uv_hrtime();
}

uint64_t loop_unix_ms(const struct loop *l)
{
    struct timespec now;
    (void)l;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void loop_deadline(struct loop *l, struct deadline *d, uint32_t in_ms)
{
    deadline_arm(&l->wheel, d, uv_now(&l->uv) + in_ms);
}

void loop_deadline_at(struct loop *l, struct deadline *d, uint64_t at_ms)
{
    deadline_arm(&l->wheel, d, at_ms);
}

// xoroshiro128+ (Blackman and Vigna, 2018): a unique id for two handfuls of instructions.
static uint64_t next_random(uint64_t s[2])
{
    uint64_t a = s[0], b = s[1], result = a + b;
    b ^= a;
    s[0] = ((a << 24) | (a >> 40)) ^ b ^ (b << 16);
    s[1] = (b << 37) | (b >> 27);
    return result;
}

void loop_next_id(struct loop *l, uint64_t id_r[2])
{
    id_r[0] = next_random(l->random);
    id_r[1] = next_random(l->random);
}
