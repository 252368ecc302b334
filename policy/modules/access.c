// SPDX-License-Identifier: Apache-2.0
// access: who may come at all, by address. A list of those who may, a list of those who may not, or both:
// then "deny" wins, whatever is more specific, so that a blocklist is never opened by accident.
#include "policy/ip_set.h"
#include "policy/policy.h"

struct rules {
    const struct ip_set *allow; // NULL: everybody
    const struct ip_set *deny;
};

// Reads one of the lists.
static bool load_list(struct node list, const struct policy_scope *scope, const struct ip_set **set_r,
                      size_t *count_r)
{
    *set_r = ip_set_load_files(list, scope->read_file, scope->arena, count_r);
    return *set_r != NULL;
}

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {"type", "mode", "allow", "deny", NULL};
    struct rules            *r = arena_zalloc(scope->arena, sizeof *r);
    struct node              allow, deny;
    size_t                   count;
    if (r == NULL)
        return NULL;
    node_keys(settings, keys);
    bool has_allow = node_find(settings, "allow", &allow), has_deny = node_find(settings, "deny", &deny);
    if (!has_allow && !has_deny) {
        node_problem(settings, "say who may not come with \"deny\", or who alone may with \"allow\"",
                     "without a list nobody is kept out");
        return NULL;
    }
    bool good = load_list(deny, scope, &r->deny, &count);
    if (!has_allow)
        return good ? r : NULL;
    bool read = load_list(allow, scope, &r->allow, &count);
    if (read && count == 0)
        node_problem(allow, "leave it out to allow everybody", "nobody is on this list: nobody could come");
    return good && read && count > 0 ? r : NULL;
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct rules *r = rules;
    if (ip_set_has(r->deny, &s->peer->address))
        return DENY(REASON_ADDRESS, BYTES("on the deny list"));
    if (r->allow != NULL && !ip_set_has(r->allow, &s->peer->address))
        return DENY(REASON_ADDRESS, BYTES("not on the allow list"));
    return PASS;
}

const struct policy policy_access = {.name = "access", .load = load, .on_head = on_head};
