// SPDX-License-Identifier: Apache-2.0
// host_allow: only requests for the hosts that the operator names. Whatever else points here (an address, a
// forgotten name, a rebound one) is not for the app, which would build its links from it. The same holds for
// the host that a trusted proxy reports: many pass on what their client wrote there.
#include "policy/host_pattern.h"
#include "policy/policy.h"

#define HOSTS_MAX 1024u

struct rules {
    size_t        count;
    struct bytes *hosts;     // patterns
    bool          addresses; // allowed, besides those that are named
    bool          missing;   // allowed
};

static bool load_hosts(struct node list, struct arena *arena, struct rules *r)
{
    bool good = node_expect_array(list);
    if (good && (node_length(list) == 0 || node_length(list) > HOSTS_MAX)) {
        node_problem(list, NULL,
                     node_length(list) == 0 ? "without hosts nothing is served" : "more than %u hosts",
                     HOSTS_MAX);
        good = false;
    }
    r->count = good ? node_length(list) : 0;
    r->hosts = arena_zalloc(arena, r->count * sizeof *r->hosts);
    for (size_t i = 0; r->hosts != NULL && i < r->count; i++)
        good = host_pattern_load(node_at(list, i), arena, &r->hosts[i]) && good;
    return good && r->hosts != NULL;
}

// "deny" or "allow"
static bool load_answer(struct node settings, const char *key, bool *allowed_r)
{
    static const char *const answers[] = {"deny", "allow", NULL};
    struct node              n;
    size_t                   answer = 0;
    bool                     good = !node_find(settings, key, &n) || node_choice(n, answers, &answer);
    *allowed_r = answer == 1;
    return good;
}

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {"type", "mode", "hosts", "addresses", "missing", NULL};
    struct rules            *r = arena_zalloc(scope->arena, sizeof *r);
    struct node              hosts;
    if (r == NULL)
        return NULL;
    node_keys(settings, keys);
    bool good = load_answer(settings, "addresses", &r->addresses);
    good = load_answer(settings, "missing", &r->missing) && good;
    if (!node_find(settings, "hosts", &hosts)) {
        node_problem(settings, "\"hosts\": [\"erp.example.com\", \"*.example.com\"]",
                     "a host_allow without \"hosts\"");
        return NULL;
    }
    return load_hosts(hosts, scope->arena, r) && good ? r : NULL;
}

static bool is_address(const struct host *host)
{
    struct ip ignored;
    return host->is_v6 || ip_parse(host->name, &ignored);
}

static bool is_allowed(const struct rules *r, const struct host *host)
{
    for (size_t i = 0; i < r->count; i++)
        if (host_pattern_matches(r->hosts[i], host->name))
            return true;
    return r->addresses && is_address(host);
}

// X-Forwarded-Host as forward believes it; a chain of proxies makes a list of it.
static struct verdict judge_reported(const struct rules *r, const struct subject *s)
{
    bool                trusted = s->peer != NULL && s->peer->trusted;
    const struct field *f = trusted ? fields_find(&s->request->fields, FIELD_X_FORWARDED_HOST) : NULL;
    struct bytes        rest = f == NULL || f->dropped ? (struct bytes){NULL, 0} : f->value;
    while (rest.len > 0) {
        const char  *comma = memchr(rest.at, ',', rest.len);
        struct bytes one = {rest.at, comma == NULL ? rest.len : (size_t)(comma - rest.at)};
        struct host  host;
        rest = bytes_after(rest, comma == NULL ? one.len : one.len + 1);
        one = bytes_trim(one);
        if (host_parse(one, s->arena, &host) != FAULT_NONE || !is_allowed(r, &host))
            return DENY(REASON_HOST, one);
    }
    return PASS;
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct rules *r = rules;
    const struct host  *host = &s->request->host;
    if (host->name.len == 0)
        return r->missing ? PASS : DENY(REASON_HOST, BYTES("none"));
    return is_allowed(r, host) ? judge_reported(r, s) : DENY(REASON_HOST, host->name);
}

const struct policy policy_host_allow = {.name = "host_allow", .load = load, .on_head = on_head};
