// SPDX-License-Identifier: Apache-2.0
// exchange_refuse: every way in which an exchange ends with an answer of our own.
#include "gateway/exchange_private.h"
#include "gateway/reply.h"

void drop_lease(struct exchange *x)
{
    if (x->lease.connection)
        upstream_pool_discard(&x->lease.connection);
}

void drop_failed(struct exchange *x)
{
    if (x->lease.failed)
        upstream_pool_discard(&x->lease.failed);
}

// The client may send another request only when this one was read to its end.
bool may_keep(const struct exchange *x)
{
    return x->admission == NULL
               ? x->record.request && x->request.keep_alive && x->request.framing == FRAMING_NONE
               : x->request.keep_alive && x->from_client.ended;
}

// Our own answer ends the exchange, unless one of the upstream's is already under way: then only an abort is
// honest.
static enum exchange_state answer(struct exchange *x, struct reply *r)
{
    bool begun = x->answering && x->to_client.head.len == 0;
    drop_lease(x);
    r->id = x->record.id;
    if (begun || r->status == 0) {
        x->outcome = OUTCOME_ABORT;
        return DONE;
    }
    r->close = r->close || !may_keep(x) || x->seat->loop->draining;
    x->outcome = r->close ? OUTCOME_CLOSE : OUTCOME_KEEP;
    struct edits edits;
    rules_edit_answer(x, r->status, NULL, &edits);
    r->edits = &edits;
    x->arena.max += REPLY_ROOM + r->field_value.len + edits_room(&edits); // a full arena is refused, too
    struct bytes text = reply_write(r, x->record.request, &x->arena);
    if (!text.at) {
        x->outcome = OUTCOME_ABORT;
        return DONE;
    }
    x->answering = true;
    x->record.status = r->status;
    wire_send(x->seat->client, text, (struct bytes){0});
    return DONE;
}

// The message is wrong.
enum exchange_state refuse_fault(struct exchange *x, enum fault f)
{
    x->record.verdict = f == FAULT_NO_MEMORY ? RECORD_ERROR : RECORD_FAULT;
    x->record.reason = fault_token(f);
    x->record.close = CLOSE_REFUSED;
    struct reply r = {
        .status = fault_status(f), .token = fault_token(f), .says = fault_says(f), .close = true};
    return answer(x, &r);
}

// The rules say no.
enum exchange_state refuse_reason(struct exchange *x, enum reason why, struct bytes detail)
{
    x->record.verdict = RECORD_DENY;
    x->record.reason = reason_token(why);
    x->record.detail = detail;
    struct reply r = {.status = reason_status(why),
                      .token = reason_token(why),
                      .says = reason_says(why),
                      .field = reason_field(why),
                      .field_value = detail};
    if (x->ruling.verdict.kind == VERDICT_DENY)
        r.retry_after_s = (uint32_t)(((uint64_t)x->ruling.verdict.ms + 999) / 1000);
    // A proxy's connection is that of others, too.
    r.close = why == REASON_TARPIT || (why == REASON_BANNED && !x->peer.trusted);
    return answer(x, &r);
}

enum exchange_state refuse_ruling(struct exchange *x)
{
    if (!x->ruling.by)
        return refuse_fault(x, FAULT_NO_MEMORY);
    x->record.policy = x->ruling.by->name;
    x->record.shared = x->ruling.verdict.shared;
    return refuse_reason(x, x->ruling.verdict.reason, x->ruling.verdict.detail);
}

// The world failed, or somebody took too long.
enum exchange_state fail(struct exchange *x, enum close_reason why)
{
    x->record.verdict = RECORD_ERROR;
    x->record.reason = close_token(why);
    x->record.close = why;
    struct reply r = {.status = close_status(why),
                      .token = close_token(why),
                      .says = close_says(why),
                      .close = close_whose(why) != WHOSE_UPSTREAM};
    return answer(x, &r);
}

enum exchange_state fail_response(struct exchange *x, enum fault f)
{
    x->record.detail = bytes_of(fault_token(f));
    return fail(x, f == FAULT_NO_MEMORY ? CLOSE_NO_MEMORY : CLOSE_UPSTREAM_FAULT);
}

static enum exchange_state redirect_to(struct exchange *x, struct bytes location)
{
    struct reply r = {.status = 308,
                      .token = "redirect",
                      .says = "this address is served over https",
                      .field = "Location",
                      .field_value = location};
    return answer(x, &r);
}

enum exchange_state redirect_to_https(struct exchange *x)
{
    const struct request *q = &x->request;
    size_t                room = q->host.name.len + q->target.path.len + q->target.query.len + 32;
    struct bytes_out      to = {.at = arena_alloc(&x->arena, room), .cap = room};
    if (!to.at || q->host.name.len == 0 || q->target.form == TARGET_ASTERISK)
        return refuse_reason(x, REASON_NO_ROUTE, (struct bytes){0});
    out_text(&to, q->host.is_v6 ? "https://[" : "https://");
    out_bytes(&to, q->host.name);
    out_text(&to, q->host.is_v6 ? "]" : "");
    if (x->seat->listener->redirect_port != 443) {
        out_char(&to, ':');
        out_uint(&to, x->seat->listener->redirect_port);
    }
    out_bytes(&to, q->target.path);
    out_text(&to, q->target.query.at ? "?" : "");
    out_bytes(&to, q->target.query);
    return redirect_to(x, out_written(&to));
}
