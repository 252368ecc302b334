// SPDX-License-Identifier: Apache-2.0
// puppets: see the header.
#include "tests/support/puppets.h"
#include "policy/catalog.h"
#include <criterion/criterion.h>

struct puppet puppets[PUPPETS];

void puppets_reset(void)
{
    for (size_t i = 0; i < PUPPETS; i++)
        puppets[i] = (struct puppet){.drops = -1};
}

static struct verdict head(struct puppet *p)
{
    return p->head;
}

static struct verdict admit(struct puppet *p, const struct subject *s, void **held)
{
    cr_expect_not_null(s->state);
    cr_expect(*held == NULL || *held == p, "what is held stays between two calls");
    *held = p;
    p->waiter = s->waiter;
    p->is_shadow = s->is_shadow;
    unsigned call = p->admitted++;
    return call < sizeof p->admit / sizeof *p->admit ? p->admit[call] : PASS;
}

static void edit(const struct puppet *p, struct edits *edits)
{
    if (p->drops >= 0)
        edits_drop(edits, (size_t)p->drops);
    if (p->lines != NULL)
        edits_add_lines(edits, bytes_of(p->lines));
}

static void reply(struct puppet *p, const struct answer *a, struct edits *edits)
{
    p->replies++;
    p->status = a->status;
    p->own = a->own;
    if (p->drops < (int)a->fields->count)
        edit(p, edits);
}

static void end(struct puppet *p, const void *held, enum ending ending)
{
    cr_expect_eq(held, p);
    if (ending == ENDING_DONE)
        p->done++;
    else
        p->withdrawn++;
}

#define PUPPET(number, label)                                                                                \
    static const void *load_##label(struct node settings, const struct policy_scope *scope)                  \
    {                                                                                                        \
        static const char *const keys[] = {"type", "mode", NULL};                                            \
        (void)scope;                                                                                         \
        node_keys(settings, keys);                                                                           \
        return &puppets[number];                                                                             \
    }                                                                                                        \
    static struct verdict on_head_##label(const void *rules, const struct subject *s)                        \
    {                                                                                                        \
        (void)rules, (void)s;                                                                                \
        return head(&puppets[number]);                                                                       \
    }                                                                                                        \
    static struct verdict on_admit_##label(const void *rules, const struct subject *s, void **held)          \
    {                                                                                                        \
        (void)rules;                                                                                         \
        return admit(&puppets[number], s, held);                                                             \
    }                                                                                                        \
    static void on_request_##label(const void *rules, const struct subject *s, void *held,                   \
                                   struct edits *edits)                                                      \
    {                                                                                                        \
        (void)rules, (void)s, (void)held;                                                                    \
        edit(&puppets[number], edits);                                                                       \
    }                                                                                                        \
    static void on_reply_##label(const void *rules, const struct subject *s, const struct answer *a,         \
                                 void *held, struct edits *edits)                                            \
    {                                                                                                        \
        (void)rules, (void)s, (void)held;                                                                    \
        reply(&puppets[number], a, edits);                                                                   \
    }                                                                                                        \
    static bool still_admits_##label(const void *rules, const struct subject *s, void *held)                 \
    {                                                                                                        \
        (void)rules, (void)s, (void)held;                                                                    \
        return !puppets[number].is_over;                                                                     \
    }                                                                                                        \
    static void on_end_##label(const void *rules, const struct subject *s, void *held, enum ending ending)   \
    {                                                                                                        \
        (void)rules, (void)s;                                                                                \
        end(&puppets[number], held, ending);                                                                 \
    }                                                                                                        \
    static const struct policy puppet_##label = {.name = #label,                                             \
                                                 .load = load_##label,                                       \
                                                 .on_head = on_head_##label,                                 \
                                                 .on_admit = on_admit_##label,                               \
                                                 .on_request = on_request_##label,                           \
                                                 .on_reply = on_reply_##label,                               \
                                                 .still_admits = still_admits_##label,                       \
                                                 .on_end = on_end_##label};

PUPPET(0, first)
PUPPET(1, second)
PUPPET(2, third)

const struct catalog_row catalog[] = {
    {&puppet_first, false}, {&puppet_second, false}, {&puppet_third, false}};
const size_t      catalog_count = PUPPETS;
const char *const catalog_names[] = {"first", "second", "third", NULL};

size_t catalog_find(struct bytes name)
{
    size_t i = 0;
    while (i < catalog_count && !bytes_equal(name, bytes_of(catalog_names[i])))
        i++;
    return i;
}
