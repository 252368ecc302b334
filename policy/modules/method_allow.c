// SPDX-License-Identifier: Apache-2.0
// method_allow: only the methods that the operator names; the usual seven when there are none. The same holds
// for the method that a field asks the app to put in the place of the one in the request line.
#include "policy/methods.h"
#include "policy/policy.h"

#define USUAL                                                                                                \
    (METHOD_BIT(METHOD_GET) | METHOD_BIT(METHOD_HEAD) | METHOD_BIT(METHOD_POST) | METHOD_BIT(METHOD_PUT) |   \
     METHOD_BIT(METHOD_DELETE) | METHOD_BIT(METHOD_PATCH) | METHOD_BIT(METHOD_OPTIONS))
#define ALLOW_MAX 256      // all names of METHODS
#define METHOD_TEXT_MAX 16 // one of them

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

// "X_HTTP_Method" is "X-HTTP-Method" for CGI and WSGI.
static bool is_spelled(struct bytes name, struct bytes wanted)
{
    for (size_t i = 0; i < wanted.len; i++) {
        char c = name.at[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if ((letter ? (c | 0x20) : '-') != wanted.at[i])
            return false;
    }
    return true;
}

static bool is_override(struct bytes name)
{
    static const struct bytes names[] = {BYTES("x-http-method-override"), BYTES("x-http-method"),
                                         BYTES("x-method-override")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (name.len == names[i].len && is_spelled(name, names[i]))
            return true;
    return false;
}

// Frameworks turn the value into capitals.
static enum method method_meant(struct bytes value)
{
    char             memory[METHOD_TEXT_MAX];
    struct bytes_out text = {.at = memory, .cap = sizeof memory};
    for (size_t i = 0; i < value.len && !text.overflowed; i++)
        out_char(&text, value.at[i] >= 'a' && value.at[i] <= 'z' ? (char)(value.at[i] - 0x20) : value.at[i]);
    return text.overflowed ? METHOD_COUNT : method_of(out_written(&text));
}

static bool is_allowed(const struct rules *r, enum method m)
{
    return m != METHOD_COUNT && (r->allowed & METHOD_BIT(m)) != 0;
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct rules  *r = rules;
    const struct fields *fields = &s->request->fields;
    bool                 allowed = is_allowed(r, s->request->method);
    for (size_t i = 0; i < fields->count && allowed; i++)
        if (fields->at[i].id == FIELD_OTHER && is_override(fields->at[i].name))
            allowed = is_allowed(r, method_meant(fields->at[i].value));
    return allowed ? PASS : DENY(REASON_METHOD, r->allow);
}

const struct policy policy_method_allow = {.name = "method_allow", .load = load, .on_head = on_head};
