// SPDX-License-Identifier: Apache-2.0
// admin_bans: GET /bans lists them, POST /bans {"prefix", "for", "why"} adds one, DELETE /bans?prefix=P lifts
// one.
#include "gateway/admin_calls.h"
#include "gateway/log.h"
#include "policy/document.h"
#include <stdio.h>

#define USUAL_MS (UINT64_C(3600) * 1000)
#define LEAST_MS 1000u
#define PREFIX_WIDTH 24u
#define LEFT_WIDTH 12u

static void put_duration(struct bytes_out *out, uint64_t ms)
{
    static const struct {
        uint64_t    s;
        const char *unit;
    } units[] = {{24 * 3600, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    uint64_t left = (ms + 999) / 1000;
    unsigned shown = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units && shown < 2; i++) {
        if (left < units[i].s && !(shown == 0 && units[i].s == 1))
            continue;
        out_uint(out, left / units[i].s);
        out_text(out, units[i].unit);
        left %= units[i].s;
        shown++;
    }
}

static void pad(struct bytes_out *out, size_t since, size_t width)
{
    do
        out_char(out, ' ');
    while (out->len - since < width && !out->overflowed);
}

static void put_line(struct bytes_out *out, const struct ban *ban, uint64_t left_ms)
{
    size_t since = out->len;
    prefix_print(&ban->prefix, out);
    pad(out, since, PREFIX_WIDTH);
    since = out->len;
    put_duration(out, left_ms);
    pad(out, since, LEFT_WIDTH);
    out_text(out, ban->by_operator ? "operator  " : "ladder    ");
    out_text(out, ban->why);
    out_char(out, '\n');
}

static void put_object(struct bytes_out *out, const struct ban *ban, uint64_t left_ms)
{
    out_text(out, "{\"prefix\":\"");
    prefix_print(&ban->prefix, out);
    out_text(out, "\",\"left_s\":");
    out_uint(out, (left_ms + 999) / 1000);
    out_text(out, ",\"by\":\"");
    out_text(out, ban->by_operator ? "operator" : "ladder");
    out_text(out, "\",\"times\":");
    out_uint(out, ban->step);
    out_text(out, ",\"why\":\"");
    out_json(out, bytes_of(ban->why));
    out_text(out, "\"}");
}

// JSON: "[" is there already; each row brings what stands between it and the one before.
static bool more_bans(const struct admin_sources *sources, struct admin_answer *a, struct bytes_out *out)
{
    struct ban ban;
    uint64_t   left_ms;
    while (out->cap - out->len >= ADMIN_LINE_MAX) {
        bool is_first = a->rows == 0;
        if (!ban_keeper_next(sources->bans, &a->place, &ban, &left_ms)) {
            if (a->as_text)
                out_text(out, is_first ? "# nobody is banned\n" : "");
            else
                out_text(out, is_first ? "]\n" : "\n]\n");
            return false;
        }
        a->rows++;
        if (a->as_text) {
            put_line(out, &ban, left_ms);
            continue;
        }
        out_text(out, is_first ? "\n" : ",\n");
        put_object(out, &ban, left_ms);
    }
    return true;
}

void admin_bans_list(const struct admin_call *call, struct admin_answer *a)
{
    a->status = 200;
    a->as_text = call->wants_text;
    a->type = a->as_text ? "text/plain; charset=utf-8" : "application/json";
    a->more = more_bans;
    if (a->as_text && ban_keeper_is_shadow(call->sources->bans))
        out_text(&a->text, "# \"reputation\" is in shadow mode: nobody of these is refused\n");
    out_text(&a->text, a->as_text ? "" : "[");
}

static void report(const struct admin_call *call, const char *what, const struct prefix *prefix,
                   uint64_t for_ms, struct admin_answer *a)
{
    char             memory[ADMIN_LINE_MAX];
    struct bytes_out out = {.at = memory, .cap = sizeof memory - 1};
    prefix_print(prefix, &out);
    if (for_ms > 0) {
        out_text(&out, " for ");
        put_duration(&out, for_ms);
    }
    memory[out.len] = '\0';
    log_info("%s %s, by user %u on the admin socket", what, memory, call->uid);
    admin_say(a, 200, "%s %s%s", what, memory,
              ban_keeper_is_shadow(call->sources->bans)
                  ? "; \"reputation\" is in shadow mode: nobody is refused"
                  : "");
}

struct wish {
    struct prefix prefix;
    uint64_t      for_ms;
    struct bytes  why;
};

static bool read_wish(struct node root, struct wish *wish)
{
    static const char *const members[] = {"prefix", "for", "why", NULL};
    struct node              n;
    struct bytes             text;
    *wish = (struct wish){.for_ms = USUAL_MS, .why = BYTES("")};
    if (!node_expect_object(root))
        return false;
    node_keys(root, members);
    if (!node_find(root, "prefix", &n))
        node_problem(root, "\"prefix\": \"192.0.2.0/24\"", "\"prefix\" is missing");
    else if (node_text(n, &text)) {
        const char *wrong = prefix_parse(text, &wish->prefix);
        if (wrong != NULL)
            node_problem(n, NULL, "%s", wrong);
    }
    if (node_find(root, "for", &n))
        (void)node_duration(n, LEAST_MS, BAN_SPOKEN_MS_MAX, &wish->for_ms);
    if (node_find(root, "why", &n))
        (void)node_text(n, &wish->why);
    return !document_has_problems(root.document);
}

void admin_bans_add(const struct admin_call *call, struct admin_answer *a)
{
    struct document *d = document_parse(call->body, "request");
    struct wish      wish;
    if (d == NULL) {
        admin_say(a, 503, "no memory");
        return;
    }
    if (!read_wish(document_root(d), &wish)) {
        a->status = 400;
        a->type = "text/plain; charset=utf-8";
        document_print(d, &a->text);
    } else {
        const char *why_not = ban_keeper_add(call->sources->bans, &wish.prefix, wish.for_ms, wish.why);
        if (why_not != NULL)
            admin_say(a, 409, "%s", why_not);
        else
            report(call, "banned", &wish.prefix, wish.for_ms, a);
    }
    document_free(&d);
}

void admin_bans_lift(const struct admin_call *call, struct admin_answer *a)
{
    struct bytes  query = call->request->target.query, name = BYTES("prefix=");
    struct prefix prefix;
    if (!bytes_starts_with(query, name)) {
        admin_say(a, 400, "which one? DELETE /bans?prefix=192.0.2.0/24");
        return;
    }
    const char *wrong = prefix_parse(bytes_after(query, name.len), &prefix);
    if (wrong != NULL) {
        admin_say(a, 400, "%s", wrong);
        return;
    }
    wrong = ban_keeper_lift(call->sources->bans, &prefix);
    if (wrong != NULL)
        admin_say(a, 404, "%s", wrong);
    else
        report(call, "lifted the ban of", &prefix, 0, a);
}
