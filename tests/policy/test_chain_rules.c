// SPDX-License-Identifier: Apache-2.0
// What many routes name is read once.
#include "policy/chain_rules.h"
#include <criterion/criterion.h>

static unsigned loads;

static const void *load(struct node settings, const struct policy_scope *scope)
{
    bool fails = node_is_text(settings);
    loads++;
    return fails ? NULL : arena_alloc(scope->arena, 1);
}

static const struct policy one = {.name = "one", .load = load};
static const struct policy limited = {.name = "limited", .by_body_limit = true, .load = load};
static const struct policy other = {.name = "other", .load = load};

Test(chain_rules, the_same_is_read_once)
{
    struct arena     arena;
    struct document *d = document_parse(BYTES("[{}, {}, \"wrong\"]"), "f");
    struct node      root = document_root(d), defaults = {d, NULL};
    arena_init(&arena, NULL, 1u << 20);
    struct policy_scope scope = {.arena = &arena, .known = chain_rules_new(&arena), .body_bytes = 5};
    const void         *first = chain_rules_load(&one, node_at(root, 0), &scope);
    cr_expect_eq(chain_rules_load(&one, node_at(root, 0), &scope), first);
    cr_expect_eq(loads, 1u, "the same settings");
    cr_expect_neq(chain_rules_load(&one, node_at(root, 1), &scope), first, "other settings");
    const void *usual = chain_rules_load(&one, defaults, &scope);
    cr_expect_eq(chain_rules_load(&one, defaults, &scope), usual);
    cr_expect_neq(chain_rules_load(&other, defaults, &scope), usual, "another policy");
    cr_expect_eq(loads, 4u);
    const void *five = chain_rules_load(&limited, node_at(root, 0), &scope);
    scope.body_bytes = 6;
    cr_expect_eq(chain_rules_load(&one, node_at(root, 0), &scope), first, "a limit that is nothing to it");
    cr_expect_neq(chain_rules_load(&limited, node_at(root, 0), &scope), five, "a limit that is");
    scope.body_bytes = 5;
    cr_expect_eq(chain_rules_load(&limited, node_at(root, 0), &scope), five);
    cr_expect_eq(loads, 6u);
    cr_expect_null(chain_rules_load(&one, node_at(root, 2), &scope));
    cr_expect_null(chain_rules_load(&one, node_at(root, 2), &scope));
    cr_expect_eq(loads, 7u, "a failure is told once");
    scope.known = NULL;
    cr_expect_neq(chain_rules_load(&one, node_at(root, 0), &scope), first, "nothing is shared");
    cr_expect_eq(loads, 8u);
    arena_reset(&arena);
    document_free(&d);
}
