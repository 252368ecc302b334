// SPDX-License-Identifier: Apache-2.0
// fuzz_path: whatever path_traversal forwards in place of a path is judged like it, and nothing breaks it.
#include "policy/catalog.h"
#include "policy/edits.h"

static const char settings[] =
    "[{\"backend\": \"generic\", \"encoded_slash\": \"allow\"}, {\"backend\": \"php\"}, {\"backend\": "
    "\"tomcat\"},"
    " {\"backend\": \"iis\", \"path_parameters\": \"allow\"}, {\"backend\": \"wsgi\", \"merge_slashes\": "
    "true,"
    " \"encoded_slash\": \"allow\", \"dotfiles\": \"allow\", \"inspect_query\": true, \"deny\": []}]";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct policy *policy, struct node n, const struct subject *s)
{
    struct policy_scope scope = {.arena = s->arena, .target_bytes_max = 1u << 20};
    const void         *rules = policy->load(n, &scope);
    struct edits        edits;
    struct target       again;
    ASSERT(rules != NULL);
    if (policy->on_head(rules, s).kind == VERDICT_DENY)
        return;
    edits_init(&edits, 0, s->arena);
    policy->on_request(rules, s, NULL, &edits);
    if (edits.path.at == NULL)
        return;
    ASSERT(edits.path.len < s->request->target.path.len);
    ASSERT(target_parse(edits.path, s->arena, &again) == FAULT_NONE);
    ASSERT(bytes_equal(again.path, edits.path));
    ASSERT(bytes_equal(again.decision, s->request->target.decision));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena         arena;
    struct request       request = {.method = METHOD_GET};
    struct subject       s = {.request = &request, .arena = &arena};
    const struct policy *policy = catalog[catalog_find(BYTES("path_traversal"))].policy;
    struct document     *d = document_parse(bytes_of(settings), "fuzz.json");
    arena_init(&arena, NULL, 16u << 20);
    if (target_parse((struct bytes){(const char *)data, size}, &arena, &request.target) == FAULT_NONE)
        for (size_t i = 0; i < node_length(document_root(d)); i++)
            check(policy, node_at(document_root(d), i), &s);
    ASSERT(!document_has_problems(d));
    document_free(&d);
    arena_reset(&arena);
    return 0;
}
