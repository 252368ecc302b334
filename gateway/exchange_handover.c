// SPDX-License-Identifier: Apache-2.0
// exchange_handover: WebSocket. Behind a handshake that was judged on both sides bytes pass both ways unread,
// each way as fast as its receiver takes them, until both sides have said their last.
//
// (1) Nothing that the client sent behind its head reaches the server before the matching 101: it waits with
// the owner. (2) Each side's end is passed on behind all its bytes, and the other way stays open. (3) When a
// policy takes its admission back, no byte passes any more.
#include "gateway/exchange_private.h"
#include "gateway/forward.h"
#include "gateway/websocket.h"
#include "parser/websocket.h"

static bool is_granted(const struct exchange *x)
{
    char accept[WEBSOCKET_ACCEPT_CHARS + 1];
    if (!x->request.websocket) // 101 answers an Upgrade, and none was forwarded
        return false;
    struct bytes key = fields_find(&x->request.fields, FIELD_WEBSOCKET_KEY)->value;
    struct bytes wanted = websocket_accept(key, accept);
    return wanted.at && websocket_granted(&x->response, wanted);
}

enum exchange_state begin_handover(struct exchange *x)
{
    if (!is_granted(x))
        return fail_response(x, FAULT_WEBSOCKET);
    struct edits edits;
    rules_edit_answer(x, x->response.status, &x->response.fields, &edits);
    struct bytes head = forward_interim(&x->response, &edits, &x->arena);
    if (!head.at)
        return fail(x, CLOSE_NO_MEMORY);
    x->answering = true;
    x->outcome = OUTCOME_CLOSE;
    x->record.status = x->response.status;
    x->record.upstream_ns = uv_hrtime() - x->lease.asked_ns;
    relay_begin(&x->to_client, x->seat->client, head, FRAMING_UNTIL_CLOSE, 0);
    relay_begin(&x->to_upstream, upstream_wire(x->lease.connection), (struct bytes){0}, FRAMING_UNTIL_CLOSE,
                0);
    x->from_client.ended = false;
    return HANDOVER;
}

static void pass(struct incoming *from, struct side *to)
{
    relay_piece(to, from->in);
    from->in = bytes_after(from->in, from->in.len);
}

enum exchange_state pass_both_ways(struct exchange *x)
{
    struct wire *upstream = upstream_wire(x->lease.connection);
    if (!rules_still_admit(x))
        return fail(x, CLOSE_NO_LONGER_ADMITTED);
    pass(&x->from_upstream, &x->to_client);
    relay_flush(&x->to_client);
    if (!relay_is_full(&x->to_upstream)) // what is not taken now waits with the owner
        pass(&x->from_client, &x->to_upstream);
    relay_flush(&x->to_upstream);
    x->record.request_bytes = x->to_upstream.passed;
    x->record.response_bytes = x->to_client.passed;
    if (x->lease.broken && !x->from_upstream.ended)
        return fail(x, CLOSE_UPSTREAM_GONE);
    if (x->lease.finished && !x->from_upstream.ended) {
        x->from_upstream.ended = true;
        wire_finish(x->seat->client);
    }
    if (x->from_upstream.ended && (x->lease.broken || (x->from_client.ended && wire_queued(upstream) == 0)))
        return DONE;
    wire_want(upstream, !relay_is_full(&x->to_client));
    return HANDOVER;
}

void handover_client_finished(struct exchange *x)
{
    x->from_client.ended = true;
    wire_finish(upstream_wire(x->lease.connection));
}
