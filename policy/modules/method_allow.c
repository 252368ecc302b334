// SPDX-License-Identifier: Apache-2.0
// method_allow: only the methods that the operator names; the usual seven when there are none.
#include "policy/methods.h"
#include "policy/policy.h"

#define USUAL                                                                                                \
    (METHOD_BIT(METHOD_GET) | METHOD_BIT(METHOD_HEAD) | METHOD_BIT(METHOD_POST) | METHOD_BIT(METHOD_PUT) |   \
     METHOD_BIT(METHOD_DELETE) | METHOD_BIT(METHOD_PATCH) | METHOD_BIT(METHOD_OPTIONS))
#define ALLOW_MAX 256 // all names of METHODS

struct rules {
    uint32_t     allowed; // set of METHOD_BIT
    struct bytes allow;   // the same for the Allow field
};

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {"type", "mode", "methods", NULL};
    struct rules            *r = arena_alloc(scope->arena, sizeof *r);
    struct bytes_out         allow = {.at = arena_alloc(scope->arena, ALLOW_MAX), .cap = ALLOW_MAX};
    struct node              methods;
    if (r == NULL || allow.at == NULL)
        return NULL;
    r->allowed = USUAL;
    node_keys(settings, keys);
    if (node_find(settings, "methods", &methods) && !methods_load(methods, &r->allowed))
        return NULL;
    methods_print(r->allowed, &allow);
    ASSERT(!allow.overflowed);
    r->allow = out_written(&allow);
    return r;
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct rules *r = rules;
    return r->allowed & METHOD_BIT(s->request->method) ? PASS : DENY(REASON_METHOD, r->allow);
}

const struct policy policy_method_allow = {.name = "method_allow", .load = load, .on_head = on_head};
