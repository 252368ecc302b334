// SPDX-License-Identifier: Apache-2.0
// fuzz_route: any configuration gives rules or problems, never both and never neither; and the route that is
// found is the first that matches.
#include "parser/head.h"
#include "policy/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct bytes heads[] = {
    BYTES("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BYTES("POST /a/b%20c?d=e HTTP/1.1\r\nHost: erp.example.com\r\nContent-Length: 20\r\n\r\n"),
    BYTES("GET //a/;x/%2e%2Fgit/./config HTTP/1.1\r\nHost: a.b\r\n\r\n"),
    BYTES("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
};

static void judge(const struct snapshot *s, struct bytes head)
{
    const struct limits limits = LIMITS_DEFAULT;
    struct arena        arena;
    struct request      request;
    struct ruling       ruling;
    enum reason         why;
    arena_init(&arena, NULL, 1u << 20);
    ASSERT(head_request(head, &limits, &arena, &request) == FAULT_NONE);
    const struct route *route = snapshot_route(s, &request, &why);
    ASSERT((route == NULL) == (why != REASON_NONE));
    size_t i = 0;
    while (i < snapshot_route_count(s) &&
           !route_matches(snapshot_route_at(s, i), &request.host, request.target.decision, request.method))
        i++;
    ASSERT((i == snapshot_route_count(s)) == (why == REASON_NO_ROUTE));
    ASSERT(route == NULL || snapshot_route_at(s, i) == route);
    if (route != NULL) {
        struct subject          subject = {.request = &request, .arena = &arena, .body_bytes = 1};
        const struct admission *a = chain_on_head(route->chain, &subject, &ruling);
        ASSERT((a == NULL) == (ruling.verdict.kind == VERDICT_DENY));
        ASSERT(a == NULL || admission_request(a) == &request);
        ASSERT(chain_on_body(route->chain, &subject, &ruling) || ruling.verdict.reason == REASON_BODY_SIZE);
    }
    arena_reset(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct bytes   upstreams[] = {BYTES("erp"), BYTES("wiki")};
    const struct snapshot_scope scope = {.upstreams = upstreams,
                                         .upstream_count = 1 + size % 2,
                                         .body_bytes = 1024,
                                         .fields_max = LIMITS_FIELDS,
                                         .target_bytes_max = LIMITS_TARGET_BYTES};
    if (size > 64 * 1024)
        return 0;
    struct document *d = document_parse((struct bytes){(const char *)data, size}, "fuzz.json");
    ASSERT(d != NULL);
    struct snapshot *s = snapshot_load(document_root(d), &scope);
    ASSERT((s == NULL) == document_has_problems(d));
    for (size_t i = 0; s != NULL && i < sizeof heads / sizeof *heads; i++)
        judge(s, heads[i]);
    snapshot_free(&s);
    document_free(&d);
    return 0;
}
