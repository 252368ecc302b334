// SPDX-License-Identifier: Apache-2.0
// rules_of: loading with the limits that a configuration without any has.
#include "tests/support/rules_of.h"

#define JSON_MAX (128u * 1024u)

static const char *read_file(const char *path, struct bytes_out *out)
{
    static const char *const files[][2] = {{"/prefixes", "192.0.2.0/24 # one\n2001:db8::/32\n"},
                                           {"/none", ""},
                                           {"/wrong", "192.0.2.0/24\n\tnonsense\n"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(path, files[i][0]) == 0) {
            out_text(out, files[i][1]);
            return NULL;
        }
    return "no such file or directory";
}

void rules_load(struct rules *rules, const char *json, size_t upstream_count)
{
    static const struct bytes   upstreams[] = {BYTES("erp"), BYTES("wiki")};
    const struct snapshot_scope scope = {.upstreams = upstreams,
                                         .upstream_count = upstream_count,
                                         .read_file = read_file,
                                         .body_bytes = 10u * 1024u * 1024u,
                                         .fields_max = LIMITS_FIELDS,
                                         .target_bytes_max = LIMITS_TARGET_BYTES};
    *rules = (struct rules){.document = document_parse(bytes_of(json), "test.json")};
    ASSERT(rules->document != NULL);
    rules->snapshot = snapshot_load(document_root(rules->document), &scope);
    struct bytes_out out = {.at = rules->problems, .cap = sizeof rules->problems - 1};
    document_print(rules->document, &out);
    ASSERT(!out.overflowed);
}

void rules_free(struct rules *rules)
{
    snapshot_free(&rules->snapshot);
    document_free(&rules->document);
}

void rules_load_policy(struct rules *rules, const char *policy_json)
{
    static char      json[JSON_MAX];
    struct bytes_out out = {.at = json, .cap = sizeof json};
    out_text(&out, "{\"policies\": {\"asked\": ");
    out_text(&out, policy_json);
    out_text(&out, "}, \"routes\": [{\"name\": \"all\", \"policies\": [\"asked\"]}]}");
    out_char(&out, '\0');
    ASSERT(!out.overflowed);
    rules_load(rules, json, 1);
}

// The place of the policy in the chain.
static size_t asked(const struct chain *chain)
{
    size_t i = 0;
    while (!bytes_equal(chain_link(chain, i)->name, BYTES("asked")))
        i++;
    return i;
}

struct verdict rules_ask(const struct rules *rules, const struct request *request, struct arena *arena)
{
    const struct chain  *chain = snapshot_route_at(rules->snapshot, 0)->chain;
    const struct subject subject = {.request = request, .arena = arena};
    return chain_ask(chain, asked(chain), &subject);
}

struct verdict rules_ask_from(const struct rules *rules, const char *address, const struct request *request,
                              struct arena *arena)
{
    const struct chain  *chain = snapshot_route_at(rules->snapshot, 0)->chain;
    struct peer          peer = {.port = 1};
    const struct subject subject = {.peer = &peer, .request = request, .arena = arena};
    bool                 read = ip_parse(bytes_of(address), &peer.address);
    ASSERT(read);
    return chain_ask(chain, asked(chain), &subject);
}

struct verdict rules_ask_body(const struct rules *rules, const struct request *request, uint64_t body_bytes,
                              struct arena *arena)
{
    const struct chain  *chain = snapshot_route_at(rules->snapshot, 0)->chain;
    const struct subject subject = {.request = request, .body_bytes = body_bytes, .arena = arena};
    struct ruling        ruling = {.verdict = PASS};
    bool                 passed = chain_on_body(chain, &subject, &ruling);
    ASSERT(passed == (ruling.verdict.kind == VERDICT_PASS));
    return ruling.verdict;
}
