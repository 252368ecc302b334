// SPDX-License-Identifier: Apache-2.0
// chain_rules: a hash table whose lists grow at their front.
#include "policy/chain_rules.h"

#define LISTS 1024u

struct entry {
    struct entry        *next;
    const struct policy *policy;
    const struct cJSON  *settings;   // NULL: the defaults
    uint64_t             body_bytes; // of the scope; the rest of it is the same for a whole file
    const void          *rules;
};

struct chain_rules {
    struct entry *lists[LISTS];
};

struct chain_rules *chain_rules_new(struct arena *arena)
{
    return arena_zalloc(arena, sizeof(struct chain_rules));
}

static struct entry **list_of(struct chain_rules *known, const struct policy *policy, const void *settings,
                              uint64_t body_bytes)
{
    uint64_t h = (uint64_t)(uintptr_t)(settings == NULL ? (const void *)policy : settings);
    h = (h ^ body_bytes * UINT64_C(0xC4CEB9FE1A85EC53)) * UINT64_C(0xFF51AFD7ED558CCD);
    return &known->lists[(h >> 32) % LISTS];
}

const void *chain_rules_load(const struct policy *policy, struct node settings,
                             const struct policy_scope *scope)
{
    if (scope->known == NULL)
        return policy->load(settings, scope);
    struct policy_scope own = *scope;
    if (!policy->by_body_limit)
        own.body_bytes = 0;
    struct entry **list = list_of(scope->known, policy, settings.item, own.body_bytes);
    for (const struct entry *e = *list; e != NULL; e = e->next)
        if (e->policy == policy && e->settings == settings.item && e->body_bytes == own.body_bytes)
            return e->rules;
    struct entry *e = arena_alloc(scope->arena, sizeof *e);
    if (e == NULL)
        return NULL;
    *e = (struct entry){.next = *list,
                        .policy = policy,
                        .settings = settings.item,
                        .body_bytes = own.body_bytes,
                        .rules = policy->load(settings, &own)};
    *list = e;
    return e->rules;
}
