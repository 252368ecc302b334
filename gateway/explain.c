// SPDX-License-Identifier: Apache-2.0
// explain: what would happen to a request, and why.
#include "gateway/explain.h"
#include "parser/cursor.h"
#include "parser/forwarded.h"
#include "parser/head.h"
#include <strings.h>

#define ARENA_MAX (16u * 1024u * 1024u) // the largest head that a configuration may allow, and its copies
#define REQUEST_MAX (64u * 1024u)       // of the request's text: it is printed, up to three times
#define EXAMPLE_CLIENT "203.0.113.1"    // RFC 5737: nobody's
#define LABEL_WIDTH 10
#define NAME_WIDTH 18
#define MODE_WIDTH 9

// The request as it was asked for, in parts.
struct asked {
    struct bytes method;
    struct bytes authority; // of an absolute URL
    struct bytes target;
    bool         absolute;
    bool         https;
};

struct explanation {
    const struct config          *config;
    const struct config_listener *listener;
    struct bytes_out             *out;
    struct arena                  arena;
    struct asked                  asked;
    struct request                request;
    struct tls_facts              tls;
    struct peer                   peer;
    bool                          stranger; // nobody said where the request comes from
};

// ---- question → raw head

static bool has_scheme(struct cursor *url, struct bytes scheme)
{
    struct bytes rest = cursor_rest(url);
    if (rest.len < scheme.len || !bytes_equal_nocase((struct bytes){rest.at, scheme.len}, scheme))
        return false;
    *url = cursor_over(bytes_after(rest, scheme.len));
    return true;
}

static struct asked read_asked(const char *text)
{
    struct asked a = {.method = BYTES("GET")};
    const char  *blank = strchr(text, ' ');
    if (blank != NULL)
        a.method = (struct bytes){text, (size_t)(blank - text)};
    struct cursor url = cursor_over(bytes_of(blank == NULL ? text : blank + 1));
    a.https = has_scheme(&url, BYTES("https://"));
    a.absolute = a.https || has_scheme(&url, BYTES("http://"));
    a.target = cursor_rest(&url);
    if (a.absolute) {
        a.authority = (struct bytes){a.target.at, strcspn(a.target.at, "/?#")};
        a.target = (struct bytes){a.target.at + a.authority.len, a.target.len - a.authority.len};
    }
    return a;
}

static bool is_one_line(const char *text)
{
    return strpbrk(text, "\r\n") == NULL;
}

static const char *check_question(const struct explain_question *q)
{
    if (strlen(q->request) > REQUEST_MAX)
        return "the request is longer than 64 KiB";
    if (!is_one_line(q->request))
        return "the request must be one line";
    for (size_t i = 0; i < q->field_count; i++)
        if (!is_one_line(q->fields[i]) || strchr(q->fields[i], ':') == NULL)
            return "a field must be one line: 'Name: value'";
    return NULL;
}

static bool names_host(const struct explain_question *q)
{
    for (size_t i = 0; i < q->field_count; i++)
        if (strncasecmp(q->fields[i], "host:", strlen("host:")) == 0)
            return true;
    return false;
}

static void put_host(struct explanation *e, struct bytes_out *raw)
{
    out_text(raw, "Host: ");
    if (e->asked.absolute) {
        out_bytes(raw, e->asked.authority);
    } else {
        out_text(raw, "localhost:");
        out_uint(raw, config_port(&e->listener->address));
    }
    out_text(raw, "\r\n");
}

static struct bytes write_head(struct explanation *e, const struct explain_question *q)
{
    size_t room = strlen(q->request) + 128; // method, version, Host of the listener
    room += e->asked.authority.len;
    for (size_t i = 0; i < q->field_count; i++)
        room += strlen(q->fields[i]) + 2;
    struct bytes_out raw = {.at = arena_alloc(&e->arena, room), .cap = room};
    if (raw.at == NULL)
        return (struct bytes){NULL, 0};

    out_bytes(&raw, e->asked.method);
    out_char(&raw, ' ');
    if (e->asked.absolute && (e->asked.target.len == 0 || e->asked.target.at[0] != '/'))
        out_char(&raw, '/');
    out_bytes(&raw, e->asked.target);
    out_text(&raw, " HTTP/1.1\r\n");
    if (e->asked.absolute || !names_host(q))
        put_host(e, &raw);
    for (size_t i = 0; i < q->field_count; i++) {
        out_text(&raw, q->fields[i]);
        out_text(&raw, "\r\n");
    }
    out_text(&raw, "\r\n");
    ASSERT(!raw.overflowed);
    return out_written(&raw);
}

// The listener that the request would meet: by scheme, or for a path the first one that serves anything.
static const struct config_listener *find_listener(const struct config *c, const struct asked *a)
{
    for (size_t i = 0; i < c->listener_count; i++) {
        const struct config_listener *l = &c->listeners[i];
        if (a->absolute ? (l->tls != NULL) == a->https : !l->redirect_https)
            return l;
    }
    return &c->listeners[0];
}

// ---- values → text

static void put_padded(struct bytes_out *out, struct bytes text, size_t width)
{
    size_t start = out->len;
    out_json(out, text); // no control characters on a terminal
    do {
        out_char(out, ' ');
    } while (out->len - start < width && !out->overflowed);
}

static void put_label(struct explanation *e, const char *label)
{
    put_padded(e->out, bytes_of(label), LABEL_WIDTH);
}

static void put_row(struct explanation *e, const char *label, struct bytes text)
{
    put_label(e, label);
    out_json(e->out, text);
    out_char(e->out, '\n');
}

static void put_place(struct explanation *e, uint32_t line)
{
    out_text(e->out, "  [");
    if (line == 0) {
        out_text(e->out, "default]\n");
        return;
    }
    out_text(e->out, document_file(e->config->document));
    out_char(e->out, ':');
    out_uint(e->out, line);
    out_text(e->out, "]\n");
}

static void put_answer(struct explanation *e, unsigned status, const char *token, const char *says)
{
    put_label(e, "answer");
    out_uint(e->out, status);
    out_char(e->out, ' ');
    out_text(e->out, token);
    out_text(e->out, ": ");
    out_text(e->out, says);
}

static void put_fault(struct explanation *e, enum fault fault)
{
    put_answer(e, fault_status(fault), fault_token(fault), fault_says(fault));
    out_text(e->out, " (");
    out_text(e->out, fault_rule(fault));
    out_text(e->out, "); no policy is asked\n");
}

static void put_denial(struct explanation *e, enum reason reason)
{
    put_answer(e, reason_status(reason), reason_token(reason), reason_says(reason));
    out_char(e->out, '\n');
}

static void put_ip(struct explanation *e, const struct ip *ip)
{
    ip_print(ip, e->out);
}

static void put_client(struct explanation *e)
{
    put_label(e, "client");
    put_ip(e, &e->peer.address);
    if (memcmp(&e->peer.address, &e->peer.sender, sizeof e->peer.sender) != 0) {
        out_text(e->out, ", reported by trusted ");
        put_ip(e, &e->peer.sender);
    }
    out_text(e->out, e->stranger ? " (an example; choose with --from)\n" : "\n");
}

static void put_listener(struct explanation *e)
{
    put_label(e, "listener");
    out_json(e->out, e->listener->text);
    out_text(e->out, e->listener->tls != NULL ? " (TLS)" : "");
    put_place(e, node_line(e->listener->node));
}

static void put_target(struct explanation *e)
{
    const struct target *t = &e->request.target;
    put_row(e, "host", e->request.host.name);
    put_label(e, "target");
    out_json(e->out, t->path);
    if (t->query.at != NULL) {
        out_char(e->out, '?');
        out_json(e->out, t->query);
    }
    out_char(e->out, '\n');
    if (!bytes_equal(t->path, t->decision))
        put_row(e, "judged as", t->decision);
}

static void put_verdict(struct explanation *e, const struct verdict *v, enum mode mode)
{
    if (v->kind == VERDICT_PASS) {
        out_text(e->out, "pass");
        return;
    }
    out_text(e->out, mode == MODE_ENFORCE ? "deny " : "would deny ");
    out_text(e->out, reason_token(v->reason));
    if (v->detail.len > 0) {
        out_text(e->out, ": ");
        out_json(e->out, v->detail);
    }
}

// ---- the walk

static void put_link(struct explanation *e, const struct chain *chain, size_t i, const struct subject *s,
                     bool *denied)
{
    const struct link *link = chain_link(chain, i);
    out_text(e->out, "  ");
    put_padded(e->out, link->name, NAME_WIDTH);
    put_padded(e->out, bytes_of(mode_names[link->mode]), MODE_WIDTH);
    if (link->mode == MODE_OFF) {
        out_text(e->out, "not asked");
    } else {
        struct verdict v = chain_ask(chain, i, s);
        put_verdict(e, &v, link->mode);
        out_text(e->out, *denied ? " (not reached)" : "");
        *denied = *denied || (v.kind == VERDICT_DENY && link->mode == MODE_ENFORCE);
    }
    put_place(e, link->line);
}

static void put_chain(struct explanation *e, const struct chain *chain, const struct subject *s)
{
    bool denied = false;
    out_text(e->out, "policies\n");
    for (size_t i = 0; i < chain_length(chain); i++)
        put_link(e, chain, i, s, &denied);
}

static void judge(struct explanation *e, const struct route *route)
{
    struct subject s = {.peer = &e->peer,
                        .tls = e->tls.version == NULL ? NULL : &e->tls,
                        .request = &e->request,
                        .arena = &e->arena};
    put_chain(e, route->chain, &s);
    struct ruling           ruling;
    const struct admission *admission = chain_on_head(route->chain, &s, &ruling);
    if (ruling.verdict.kind == VERDICT_DENY) {
        put_denial(e, ruling.verdict.reason);
        return;
    }
    if (admission == NULL) {
        put_fault(e, FAULT_NO_MEMORY);
        return;
    }
    put_label(e, "answer");
    out_text(e->out, "passes, to upstream ");
    out_json(e->out, e->config->upstreams[route->upstream].name);
    out_text(e->out, chain_wants_body(route->chain) ? "; a body is judged while it arrives\n" : "\n");
}

static void find_peer(struct explanation *e, const struct ip *sender)
{
    const struct ip_set *trusted = e->config->trusted_proxies;
    e->peer.sender = *sender;
    e->peer.trusted = ip_set_has(trusted, sender);
    e->peer.address = forwarded_client(sender, &e->request.fields, ip_set_trusts, trusted);
    if (e->listener->tls != NULL)
        e->tls = (struct tls_facts){.version = "TLSv1.3", .sni = e->request.host.name};
}

static void walk(struct explanation *e, const struct ip *sender)
{
    put_target(e);
    find_peer(e, sender);
    put_client(e);
    if (e->asked.absolute && !e->asked.https && e->listener->redirect_https) {
        put_label(e, "answer");
        out_text(e->out, "a redirect to https, whatever is asked\n");
        return;
    }
    enum reason         why;
    const struct route *route = snapshot_route(e->config->snapshot, &e->request, &why);
    if (route == NULL) {
        put_denial(e, why);
        return;
    }
    put_label(e, "route");
    out_json(e->out, route->name);
    put_place(e, route->line);
    judge(e, route);
}

const char *explain(const struct config *c, const struct explain_question *q, struct bytes_out *out)
{
    struct explanation e = {.config = c, .out = out, .stranger = q->from == NULL};
    struct ip          sender;
    if (!ip_parse(bytes_of(q->from == NULL ? EXAMPLE_CLIENT : q->from), &sender))
        return "--from needs an IP address";
    const char *wrong = check_question(q);
    if (wrong != NULL)
        return wrong;

    arena_init(&e.arena, NULL, ARENA_MAX);
    e.asked = read_asked(q->request);
    e.listener = find_listener(c, &e.asked);
    put_row(&e, "request", bytes_of(q->request));
    put_listener(&e);
    struct bytes raw = write_head(&e, q);
    enum fault fault = raw.at == NULL ? FAULT_NO_MEMORY : head_request(raw, &c->limits, &e.arena, &e.request);
    if (fault == FAULT_NONE)
        walk(&e, &sender);
    else
        put_fault(&e, fault);
    arena_reset(&e.arena);
    return NULL;
}
