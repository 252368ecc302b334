// SPDX-License-Identifier: Apache-2.0
// exchange: one request and its response.
//
//   HEAD ─▶ DECIDE ─▶ (HOLD) ─▶ LEASE ─▶ (CONNECT) ─▶ SEND ─▶ AWAIT ─▶ RELAY ─▶ (DRAIN) ─▶ DONE
//     │        │         │        ▲          │                 │ │ └──▶ HANDOVER ─────────────▲
//     │        │         │        └──────────┴── next server ──┘ │        │                   │
//     └────────┴─────────┴─────── refuse() or fail() ────────────┴────────┴───────────────────┘
//
// (1) A step does what it can with what is there and answers where to go; its own state means: wait for an
// event. (2) From LEASE on there is an admission; without one forward_request cannot be called. (3) The
// request's body flows in AWAIT and in RELAY; the response's head ends the former, its body the latter. What
// is left of the request then is thrown away in DRAIN. (4) A 101 ends HTTP: in HANDOVER bytes pass both ways
// unread. (5) In DONE nothing is leased, the answer is on its way, and the outcome says what becomes of the
// connection.
#include "gateway/exchange_private.h"
#include "gateway/forward.h"
#include "parser/cursor.h"
#include "parser/forwarded.h"
#include "parser/head.h"

#define ID_MAX 128u    // of a trusted proxy's X-Request-Id
#define INTERIM_MAX 8u // 1xx answers before the final one
#define DRAIN_BYTES                                                                                          \
    (256u * 1024u) // what is left of a request behind its answer: as much as a connection is worth

// --- the steps, in the order of a request's life ---

// A trusted proxy may name the client behind it, and the request.
static void believe_proxy(struct exchange *x)
{
    if (!x->peer.trusted)
        return;
    x->peer.address = forwarded_client(&x->peer.sender, &x->request.fields, ip_set_trusts,
                                       x->seat->config->trusted_proxies);
    const struct field *id = fields_find(&x->request.fields, FIELD_X_REQUEST_ID);
    if (!id || id->dropped || id->value.len == 0 || id->value.len > ID_MAX)
        return;
    for (size_t i = 0; i < id->value.len; i++) {
        char c = id->value.at[i];
        if (!is_unreserved(c))
            return;
    }
    x->record.id = id->value;
}

static enum exchange_state read_head(struct exchange *x)
{
    struct incoming *from = &x->from_client;
    size_t           used;
    struct bytes     piece;
    enum http1_step  step = http1_feed(from->reader, from->in, &used, &piece);
    from->in = bytes_after(from->in, used);
    if (step == HTTP1_MORE)
        return HEAD;
    if (step == HTTP1_FAULT)
        return refuse_fault(x, http1_fault(from->reader));
    enum fault f = head_request(http1_head(from->reader), &x->seat->config->limits, &x->arena, &x->request);
    if (f == FAULT_NONE)
        f = http1_expect_body(from->reader, x->request.framing, x->request.content_length);
    if (f != FAULT_NONE)
        return refuse_fault(x, f);
    x->record.request = &x->request;
    // An empty body needs no reading.
    from->ended = x->request.framing == FRAMING_NONE ||
                  (x->request.framing == FRAMING_LENGTH && x->request.content_length == 0);
    believe_proxy(x);
    return DECIDE;
}

// RFC 9110 7.4, 15.5.20: the connection was made for another origin. Browsers reuse one for all names of its
// certificate, and an attacker asks for one name in the handshake and for another in the request.
static bool is_misdirected(const struct exchange *x)
{
    const struct config_tls *tls = x->seat->listener->tls;
    struct bytes             host = x->request.host.name;
    return tls && tls->certificate_count > 1 && !certificate_covers(x->seat->certificate, host) &&
           certificate_for(tls->certificates, tls->certificate_count, host) != NULL;
}

static enum exchange_state decide(struct exchange *x)
{
    if (x->seat->listener->redirect_https)
        return redirect_to_https(x);
    if (is_misdirected(x))
        return refuse_reason(x, REASON_MISDIRECTED, (struct bytes){0});
    enum reason why;
    x->record.route = snapshot_route(x->seat->config->snapshot, &x->request, &why);
    if (!x->record.route)
        return refuse_reason(x, why, (struct bytes){0});
    return rules_judge(x);
}

// A policy holds it back for a while, or until there is room.
static enum exchange_state hold_back(struct exchange *x)
{
    if (!x->hold.over)
        return HOLD;
    x->hold.over = false;
    if (x->admission)
        return LEASE;
    if (x->hold.in_tarpit && rules_tarpit_ms(x) > 0) {
        exchange_arm(x);
        return HOLD;
    }
    if (x->hold.in_tarpit) {
        rules_leave_tarpit(x);
        return refuse_ruling(x);
    }
    enum exchange_state to = rules_go_on(x);
    if (to == HOLD)
        exchange_arm(x);
    return to;
}

static enum exchange_state lease_upstream(struct exchange *x)
{
    struct upstreams *all = x->seat->loop->upstreams;
    size_t            group = x->record.route->upstream;
    while (x->lease.tries < upstream_size(all, group)) {
        struct endpoint *e = upstream_pick(all, group);
        x->lease.connection =
            x->lease.kept_tried ? NULL : upstream_pool_take(e, &exchange_upstream_events, x);
        x->lease.open = x->lease.connection != NULL;
        x->lease.kept_tried = x->lease.kept_tried || x->lease.open;
        x->lease.finished = x->lease.broken = false;
        if (!x->lease.connection) {
            x->lease.tries++;
            x->lease.connection = upstream_pool_open(e, &exchange_upstream_events, x);
        }
        if (!x->lease.connection)
            continue;
        x->record.upstream = e->server->url;
        return x->lease.open ? SEND : CONNECT;
    }
    return fail(x, x->lease.late ? CLOSE_UPSTREAM_CONNECT_TIMEOUT : CLOSE_UPSTREAM_CONNECT);
}

static enum exchange_state await_connection(struct exchange *x)
{
    if (x->lease.broken) {
        drop_lease(x);
        return LEASE;
    }
    return x->lease.open ? SEND : CONNECT;
}

// What could not be sent to one connection, to another: the head, and what came of the body.
static enum exchange_state send_again(struct exchange *x)
{
    relay_redirect(&x->to_upstream, upstream_wire(x->lease.connection),
                   wire_unsent(upstream_wire(x->lease.failed)));
    upstream_pool_discard(&x->lease.failed);
    x->lease.asked_ns = uv_hrtime();
    return AWAIT;
}

static enum exchange_state send_head(struct exchange *x)
{
    if (x->lease.failed)
        return send_again(x);
    struct forward_origin origin = {
        .peer = &x->peer, .id = x->record.id, .https = x->seat->tls.version != NULL, .port = x->seat->port};
    struct edits edits;
    rules_edit_request(x, &edits);
    struct bytes head = forward_request(x->admission, &origin, &edits, &x->arena);
    x->from_upstream.reader = http1_new(&x->arena, HTTP1_RESPONSE, &x->seat->config->limits);
    if (!head.at || !x->from_upstream.reader)
        return fail(x, CLOSE_NO_MEMORY);
    x->lease.asked_ns = uv_hrtime();
    relay_begin(&x->to_upstream, upstream_wire(x->lease.connection), head, x->request.framing,
                x->request.content_length);
    // RFC 9110 10.1.1: not needed by who has begun to send.
    if (x->request.expect_continue && !x->from_client.ended && x->from_client.in.len == 0 && !x->continued) {
        wire_send(x->seat->client, BYTES("HTTP/1.1 100 Continue\r\n\r\n"), (struct bytes){0});
        x->continued = true;
    }
    if (x->from_client.ended)
        relay_end(&x->to_upstream);
    return AWAIT;
}

// Moves what has come of the request's body. Every piece is judged before it is passed on.
//   returns  the state to go to, or the present one
static enum exchange_state pump_request(struct exchange *x)
{
    struct incoming *from = &x->from_client;
    while (!from->ended) {
        size_t          used;
        struct bytes    piece;
        enum http1_step step = http1_feed(from->reader, from->in, &used, &piece);
        from->in = bytes_after(from->in, used);
        if (step == HTTP1_FAULT)
            return refuse_fault(x, http1_fault(from->reader));
        if (step == HTTP1_MORE)
            break;
        if (!rules_still_admit(x)) // the app acts when it has all of it
            return fail(x, CLOSE_NO_LONGER_ADMITTED);
        if (step == HTTP1_END) {
            from->ended = true;
            relay_end(&x->to_upstream);
            break;
        }
        x->record.request_bytes += piece.len;
        if (!rules_pass_piece(x, piece))
            return refuse_ruling(x);
        relay_piece(&x->to_upstream, piece);
    }
    relay_flush(&x->to_upstream);
    return x->state;
}

// Nothing has left: whatever it was, it may be sent to another (RFC 9110 9.2.2). Or a kept connection that
// the server had closed in the meantime: nothing was answered, repeating is harmless, and all that was asked
// is still here.
//   returns  LEASE, or DONE
static enum exchange_state try_again(struct exchange *x)
{
    bool nothing_left = wire_unsent(upstream_wire(x->lease.connection)).len > 0;
    bool is_harmless = upstream_is_reused(x->lease.connection) && x->interim == 0 &&
                       !http1_started(x->from_upstream.reader) && method_is_idempotent(x->request.method) &&
                       x->record.request_bytes == 0;
    if (!nothing_left && !is_harmless)
        return fail(x, CLOSE_UPSTREAM_GONE);
    if (nothing_left) {
        x->lease.failed = x->lease.connection;
        x->lease.connection = NULL;
    }
    drop_lease(x);
    return LEASE;
}

static enum exchange_state read_response_head(struct exchange *x)
{
    struct incoming *from = &x->from_upstream;
    size_t           used;
    struct bytes     piece;
    enum http1_step  step = http1_feed(from->reader, from->in, &used, &piece);
    from->in = bytes_after(from->in, used);
    if (step == HTTP1_MORE)
        return AWAIT;
    if (step == HTTP1_FAULT)
        return fail_response(x, http1_fault(from->reader));
    enum fault f = head_response(http1_head(from->reader), x->request.method, &x->seat->config->limits,
                                 &x->arena, &x->response);
    if (f == FAULT_NONE)
        f = http1_expect_body(from->reader, x->response.framing, x->response.content_length);
    if (f != FAULT_NONE)
        return fail_response(x, f);
    return x->response.status == 101 ? begin_handover(x) : RELAY;
}

// 1xx is not the answer yet. It is passed on, but for a 100: where the client waits for one, ours was sent.
// RFC 9110 15.2: "A server MUST NOT send a 1xx response to an HTTP/1.0 client."
static enum exchange_state pass_interim(struct exchange *x)
{
    if (++x->interim > INTERIM_MAX)
        return fail(x, CLOSE_UPSTREAM_FAULT);
    if (x->response.status != 100 && x->request.minor > 0) {
        struct bytes head = forward_interim(&x->response, NULL, &x->arena);
        if (!head.at)
            return fail(x, CLOSE_NO_MEMORY);
        wire_send(x->seat->client, head, (struct bytes){0});
    }
    x->from_upstream.reader = http1_new(&x->arena, HTTP1_RESPONSE, &x->seat->config->limits);
    return x->from_upstream.reader ? AWAIT : fail(x, CLOSE_NO_MEMORY);
}

static enum exchange_state await_response(struct exchange *x)
{
    enum exchange_state to = pump_request(x);
    if (to != AWAIT)
        return to;
    while (x->from_upstream.in.len > 0) {
        to = read_response_head(x);
        if (to != RELAY || x->response.status >= 200)
            return to;
        to = pass_interim(x);
        if (to != AWAIT)
            return to;
    }
    return x->lease.finished || x->lease.broken ? try_again(x) : AWAIT;
}

// Is what is still to come of the request worth reading, to keep the connection? Chunks may be endless: who
// is told that the connection goes on sends the next request, and would get an end instead of an answer.
static bool rest_is_short(const struct exchange *x)
{
    return x->from_client.ended || (x->request.framing == FRAMING_LENGTH &&
                                    x->request.content_length - x->record.request_bytes <= DRAIN_BYTES);
}

static enum exchange_state begin_answer(struct exchange *x)
{
    enum framing framing = forward_framing(&x->response, x->request.minor);
    bool         keep = x->request.keep_alive && rest_is_short(x) && framing != FRAMING_UNTIL_CLOSE &&
                !x->seat->loop->draining;
    struct edits edits;
    rules_edit_answer(x, x->response.status, &x->response.fields, &edits);
    struct bytes head = forward_response(&x->response, &x->request, framing, keep, &edits, &x->arena);
    if (!head.at)
        return fail(x, CLOSE_NO_MEMORY);
    x->outcome = keep ? OUTCOME_KEEP : OUTCOME_CLOSE;
    x->answering = true;
    x->record.status = x->response.status;
    x->record.upstream_ns = uv_hrtime() - x->lease.asked_ns;
    relay_begin(&x->to_client, x->seat->client, head, framing, x->response.content_length);
    return RELAY;
}

// They were checked when they were read: what can be wrong now is that there is no room.
static bool pass_trailers(struct exchange *x)
{
    struct bytes  raw = http1_trailers(x->from_upstream.reader);
    struct fields trailers;
    if (raw.len == 0 || x->to_client.framing != FRAMING_CHUNKED)
        return true;
    if (head_trailers(raw, &x->seat->config->limits, &x->arena, &trailers) != FAULT_NONE)
        return false;
    struct bytes lines = forward_trailers(&trailers, &x->arena);
    relay_trailers(&x->to_client, lines);
    return lines.at != NULL;
}

static enum exchange_state pump_response(struct exchange *x)
{
    struct incoming *from = &x->from_upstream;
    enum http1_step  step;
    do {
        size_t       used;
        struct bytes piece;
        step = http1_feed(from->reader, from->in, &used, &piece);
        from->in = bytes_after(from->in, used);
        if (step == HTTP1_BODY)
            relay_piece(&x->to_client, piece);
    } while (step == HTTP1_BODY);
    if (step == HTTP1_MORE && (x->lease.finished || x->lease.broken))
        // A reset is no end: what is framed by the end of the connection needs an orderly one.
        step = x->lease.broken ? HTTP1_FAULT : http1_end_of_input(from->reader);
    x->record.response_bytes = x->to_client.passed;
    if (step == HTTP1_FAULT && (x->lease.finished || x->lease.broken))
        return fail(x, CLOSE_UPSTREAM_GONE);
    if (step == HTTP1_FAULT)
        return fail_response(x, http1_fault(from->reader));
    if (step == HTTP1_END) {
        from->ended = true;
        if (!pass_trailers(x))
            return fail(x, CLOSE_NO_MEMORY);
        relay_end(&x->to_client);
        return x->from_client.ended ? DONE : DRAIN;
    }
    relay_flush(&x->to_client);
    wire_want(upstream_wire(x->lease.connection), !relay_is_full(&x->to_client));
    return RELAY;
}

static enum exchange_state relay_bodies(struct exchange *x)
{
    if (!x->answering) {
        enum exchange_state to = begin_answer(x);
        if (to != RELAY)
            return to;
    }
    enum exchange_state to = pump_request(x);
    return to == RELAY ? pump_response(x) : to;
}

// The request was answered before its end. The server is not asked to read the rest; if that is short, the
// client may send it and go on, otherwise it is told to close.
static enum exchange_state drain_request(struct exchange *x)
{
    struct incoming *from = &x->from_client;
    drop_lease(x);
    while (x->outcome == OUTCOME_KEEP) { // rest_is_short bounds it
        size_t          used;
        struct bytes    piece;
        enum http1_step step = http1_feed(from->reader, from->in, &used, &piece);
        from->in = bytes_after(from->in, used);
        if (step == HTTP1_MORE)
            return DRAIN;
        from->ended = step == HTTP1_END;
        if (step != HTTP1_BODY)
            break;
    }
    return DONE;
}

// An answer that has no body, whatever it announces: some servers send one all the same, and a little later.
static bool body_may_follow(const struct exchange *x)
{
    return x->response.framing == FRAMING_NONE &&
           ((x->response.has_length && x->response.content_length > 0) ||
            fields_find(&x->response.fields, FIELD_TRANSFER_ENCODING));
}

// What was leased goes back only when both messages ended cleanly and nothing was read beyond.
static enum exchange_state finish(struct exchange *x)
{
    if (!x->from_client.ended && x->outcome == OUTCOME_KEEP)
        x->outcome = OUTCOME_CLOSE;
    drop_failed(x);
    if (!x->lease.connection)
        return DONE;
    bool clean = x->from_client.ended && x->from_upstream.ended && x->response.keep_alive &&
                 x->from_upstream.in.len == 0 && !body_may_follow(x) && !x->lease.finished &&
                 !x->lease.broken;
    if (clean)
        upstream_pool_give_back(&x->lease.connection);
    else
        drop_lease(x);
    return DONE;
}

// --- the machine ---

static const struct step {
    enum exchange_state (*run)(struct exchange *x);
    uint32_t followers; // the drawing at the top
} steps[STATE_COUNT] = {
#define TO(state) (1u << (state))
    [HEAD] = {read_head, TO(DECIDE) | TO(DONE)},
    [DECIDE] = {decide, TO(HOLD) | TO(LEASE) | TO(DONE)},
    [HOLD] = {hold_back, TO(LEASE) | TO(DONE)},
    [LEASE] = {lease_upstream, TO(CONNECT) | TO(SEND) | TO(DONE)},
    [CONNECT] = {await_connection, TO(SEND) | TO(LEASE) | TO(DONE)},
    [SEND] = {send_head, TO(AWAIT) | TO(DONE)},
    [AWAIT] = {await_response, TO(RELAY) | TO(HANDOVER) | TO(LEASE) | TO(DONE)},
    [RELAY] = {relay_bodies, TO(DRAIN) | TO(DONE)},
    [HANDOVER] = {pass_both_ways, TO(DONE)},
    [DRAIN] = {drain_request, TO(DONE)},
    [DONE] = {finish, 0},
#undef TO
};

void exchange_enter(struct exchange *x, enum exchange_state to)
{
    ASSERT(steps[x->state].followers & (1u << to));
    x->state = to;
    ASSERT(to < LEASE || to == DONE || x->admission);
    ASSERT((to != SEND && to != AWAIT && to != RELAY && to != HANDOVER) || x->lease.connection);
    x->armed = false;
}

void exchange_run(struct exchange *x)
{
    ASSERT(x->magic == EXCHANGE_MAGIC);
    for (enum exchange_state to; (to = steps[x->state].run(x)) != x->state;)
        exchange_enter(x, to);
}
