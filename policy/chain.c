// SPDX-License-Identifier: Apache-2.0
// chain: links in the order of the catalogue, walked from the first to the one that denies.
//
// (1) No link with MODE_OFF is asked. (2) A link in shadow never ends a walk, delays it or changes a message;
// what it takes is its own account. (3) Only admit() makes an admission, and only after every link passed.
// (4) A claim is open from the on_admit that took something to its on_end, and an admission or a WAIT is the
// only thing that leaves claims open behind a call. (5) Who is delayed takes no place in the app meanwhile.
#include "policy/chain.h"
#include "policy/catalog.h"
#include "policy/chain_rules.h"

#define CHAIN_NAMES_MAX 64u
#define POLICIES_MAX 1024u

const char *const mode_names[] = {"enforce", "shadow", "off", NULL};

struct chain {
    size_t      count;
    struct link links[];
};

struct admission {
    const struct request *request;
};

enum mode mode_load(struct node object, enum mode inherited)
{
    struct node n;
    size_t      index = inherited;
    if (node_find(object, "mode", &n))
        (void)node_choice(n, mode_names, &index);
    return (enum mode)index;
}

// Reads one member of "policies".
static bool load_link(struct node member, enum mode inherited, const struct policy_scope *scope,
                      struct link *link_r)
{
    struct node type;
    size_t      row;
    if (!node_expect_object(member))
        return false;
    if (!node_find(member, "type", &type)) {
        node_problem(member, "its \"type\" says which policy it is", "a policy without a \"type\"");
        return false;
    }
    if (!node_choice(type, catalog_names, &row))
        return false;
    *link_r = (struct link){.policy = catalog[row].policy,
                            .rules = chain_rules_load(catalog[row].policy, member, scope),
                            .name = node_key(member),
                            .mode = mode_load(member, inherited),
                            .line = node_line(member)};
    return link_r->rules != NULL;
}

bool chain_check_policies(struct node policies, const struct policy_scope *scope)
{
    struct link link;
    bool        good = true;
    if (policies.item == NULL)
        return true;
    if (!node_expect_object(policies))
        return false;
    if (node_length(policies) > POLICIES_MAX) {
        node_problem(policies, NULL, "more than %u policies", POLICIES_MAX);
        return false;
    }
    for (struct node n = node_at(policies, 0); n.item != NULL; n = node_next(n))
        good = load_link(n, MODE_ENFORCE, scope, &link) && good;
    return good;
}

// Reports that no policy has this name.
static void unknown_policy(struct node name, struct node policies)
{
    struct bytes known[POLICIES_MAX];
    size_t       count = 0;
    for (; count < node_length(policies) && count < POLICIES_MAX; count++)
        known[count] = node_key(node_at(policies, count));
    node_unknown(name, "policy", known, count);
}

static bool find_policy(struct node policies, struct node name, struct node *member_r)
{
    struct bytes wanted;
    if (!node_text(name, &wanted))
        return false;
    for (*member_r = policies.item == NULL ? policies : node_at(policies, 0); member_r->item != NULL;
         *member_r = node_next(*member_r))
        if (bytes_equal(node_key(*member_r), wanted))
            return true;
    unknown_policy(name, policies);
    return false;
}

static bool has_name(const struct chain *c, struct bytes name)
{
    for (size_t i = 0; i < c->count; i++)
        if (bytes_equal(c->links[i].name, name))
            return true;
    return false;
}

static bool has_policy(const struct chain *c, const struct policy *policy)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->links[i].policy == policy)
            return true;
    return false;
}

// Puts a link behind all of its row and of the rows before.
static void insert(struct chain *c, const struct link *link)
{
    size_t i = c->count++, row = catalog_find(bytes_of(link->policy->name));
    for (; i > 0 && catalog_find(bytes_of(c->links[i - 1].policy->name)) > row; i--)
        c->links[i] = c->links[i - 1];
    c->links[i] = *link;
}

static bool add_named(struct chain *c, struct node policies, struct node name, enum mode inherited,
                      const struct policy_scope *scope)
{
    struct node member;
    struct link link;
    if (!find_policy(policies, name, &member))
        return false;
    if (has_name(c, node_key(member))) {
        node_problem(name, NULL, "this policy is named twice");
        return false;
    }
    if (!load_link(member, inherited, scope, &link))
        return false;
    insert(c, &link);
    return true;
}

static bool add_defaults(struct chain *c, struct node policies, enum mode inherited,
                         const struct policy_scope *scope)
{
    for (size_t row = 0; row < catalog_count; row++) {
        const struct policy *policy = catalog[row].policy;
        if (!catalog[row].by_default || has_policy(c, policy))
            continue;
        struct link link = {.policy = policy,
                            .rules = chain_rules_load(policy, (struct node){policies.document, NULL}, scope),
                            .name = bytes_of(policy->name),
                            .mode = inherited};
        if (link.rules == NULL)
            return false;
        insert(c, &link);
    }
    return true;
}

// The ladder of the file is part of every chain.
static void add_ladder(struct chain *c, enum mode inherited, const struct policy_scope *scope)
{
    static const struct node absent = {NULL, NULL};
    if (scope->ladder == NULL)
        return;
    size_t row = catalog_find(BYTES("reputation"));
    ASSERT(row < catalog_count);
    const struct policy *policy = catalog[row].policy;
    struct link          link = {.policy = policy,
                                 .rules = policy->load(absent, scope),
                                 .name = bytes_of(policy->name),
                                 .mode = mode_load(scope->reputation, inherited),
                                 .line = node_line(scope->reputation)};
    insert(c, &link);
}

struct chain *chain_load(struct node policies, struct node names, enum mode inherited,
                         const struct policy_scope *scope)
{
    size_t count = node_length(names);
    bool   good = true;
    if (names.item != NULL && !node_expect_array(names))
        return NULL;
    if (count > CHAIN_NAMES_MAX) {
        node_problem(names, NULL, "more than %u policies for one route", CHAIN_NAMES_MAX);
        return NULL;
    }
    struct chain *c = arena_alloc(scope->arena, sizeof *c + (count + catalog_count) * sizeof *c->links);
    if (c == NULL)
        return NULL;
    c->count = 0;
    add_ladder(c, inherited, scope);
    struct node name = count == 0 ? names : node_at(names, 0);
    for (size_t i = 0; i < count; i++, name = node_next(name))
        good = add_named(c, policies, name, inherited, scope) && good;
    return good && add_defaults(c, policies, inherited, scope) ? c : NULL;
}

// Notes a denial. Returns true when it ends the walk.
static bool note(const struct link *link, struct verdict verdict, struct ruling *ruling)
{
    if (link->mode == MODE_ENFORCE) {
        ruling->verdict = verdict;
        ruling->by = link;
        return true;
    }
    if (ruling->shadow == NULL) {
        ruling->shadow = link;
        ruling->shadow_verdict = verdict;
    }
    return false;
}

static void *held_by(const struct ruling *ruling, size_t i)
{
    return ruling->claims == NULL ? NULL : ruling->claims[i].held;
}

void chain_end(const struct chain *c, const struct subject *s, struct ruling *ruling, enum ending ending)
{
    for (size_t i = 0; ruling->claims != NULL && i < c->count; i++) {
        const struct link *link = &c->links[i];
        if (ruling->claims[i].open && link->policy->on_end != NULL)
            link->policy->on_end(link->rules, s, ruling->claims[i].held, ending);
        ruling->claims[i].open = false;
    }
}

// Asks one link for its share.
//   returns  false when the walk ends or is interrupted here
static bool claim(const struct link *link, const struct subject *s, struct claim *claim,
                  struct ruling *ruling)
{
    bool           counts = link->mode == MODE_ENFORCE;
    struct subject told = *s;
    told.is_shadow = !counts;
    struct verdict verdict = link->policy->on_admit(link->rules, &told, &claim->held);
    claim->open = verdict.kind != VERDICT_DENY;
    if (verdict.kind == VERDICT_PASS)
        return true;
    if (verdict.kind == VERDICT_DELAY && counts) {
        ruling->delay_ms = verdict.ms > ruling->delay_ms ? verdict.ms : ruling->delay_ms;
        return true;
    }
    if (verdict.kind == VERDICT_WAIT && !counts) { // it would have stood in a queue: it leaves that at once
        claim->open = false;
        if (link->policy->on_end != NULL)
            link->policy->on_end(link->rules, s, claim->held, ENDING_WITHDRAWN);
    }
    return !note(link, verdict, ruling);
}

// The delay comes before the next link instead of behind the last: as a WAIT of that link.
static void wait_out_delay(const struct link *link, struct ruling *ruling)
{
    ruling->verdict = (struct verdict){.kind = VERDICT_WAIT, .reason = REASON_SLOWED, .ms = ruling->delay_ms};
    ruling->by = link;
    ruling->delay_ms = 0;
}

static const struct admission *admit(const struct chain *c, const struct subject *s, struct ruling *ruling)
{
    struct admission *a = arena_alloc(s->arena, sizeof *a);
    for (; a != NULL && s->state != NULL && ruling->next < c->count; ruling->next++) {
        const struct link *link = &c->links[ruling->next];
        if (link->mode == MODE_OFF || link->policy->on_admit == NULL)
            continue;
        if (link->policy->takes_a_place && ruling->delay_ms > 0) {
            wait_out_delay(link, ruling);
            a = NULL;
            break;
        }
        if (ruling->claims == NULL)
            ruling->claims = arena_zalloc(s->arena, c->count * sizeof *ruling->claims);
        if (ruling->claims != NULL && claim(link, s, &ruling->claims[ruling->next], ruling))
            continue;
        a = NULL;
        break;
    }
    if (a == NULL && ruling->verdict.kind != VERDICT_WAIT)
        chain_end(c, s, ruling, ENDING_WITHDRAWN);
    if (a != NULL)
        a->request = s->request;
    return a;
}

const struct admission *chain_on_head(const struct chain *c, const struct subject *s, struct ruling *ruling_r)
{
    *ruling_r = (struct ruling){.verdict = PASS};
    for (const struct link *link = c->links; link < c->links + c->count; link++) {
        if (link->mode == MODE_OFF || link->policy->on_head == NULL)
            continue;
        struct verdict verdict = link->policy->on_head(link->rules, s);
        if (verdict.kind == VERDICT_DENY && note(link, verdict, ruling_r))
            return NULL;
    }
    return admit(c, s, ruling_r);
}

const struct admission *chain_go_on(const struct chain *c, const struct subject *s, struct ruling *ruling)
{
    ASSERT(ruling->verdict.kind == VERDICT_WAIT);
    ruling->verdict = PASS;
    ruling->by = NULL;
    return admit(c, s, ruling);
}

void chain_on_request(const struct chain *c, const struct subject *s, struct ruling *ruling,
                      struct edits *edits)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct link *link = &c->links[i];
        if (link->mode != MODE_OFF && link->policy->on_request != NULL)
            link->policy->on_request(link->rules, s, held_by(ruling, i),
                                     link->mode == MODE_ENFORCE ? edits : NULL);
    }
}

void chain_on_reply(const struct chain *c, const struct subject *s, struct ruling *ruling,
                    const struct answer *a, struct edits *edits)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct link *link = &c->links[i];
        if (link->mode != MODE_OFF && link->policy->on_reply != NULL)
            link->policy->on_reply(link->rules, s, a, held_by(ruling, i),
                                   link->mode == MODE_ENFORCE ? edits : NULL);
    }
}

bool chain_watches(const struct chain *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->links[i].mode == MODE_ENFORCE && c->links[i].policy->still_admits != NULL)
            return true;
    return false;
}

bool chain_still_admits(const struct chain *c, const struct subject *s, const struct ruling *ruling)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct link *link = &c->links[i];
        if (link->mode == MODE_ENFORCE && link->policy->still_admits != NULL &&
            !link->policy->still_admits(link->rules, s, held_by(ruling, i)))
            return false;
    }
    return true;
}

const struct request *admission_request(const struct admission *a)
{
    return a->request;
}

bool chain_on_body(const struct chain *c, const struct subject *s, struct ruling *ruling)
{
    for (const struct link *link = c->links; link < c->links + c->count; link++) {
        // Only the first finding of a shadow is kept: once there is one, asking again would be for nothing.
        bool silent = link->mode == MODE_OFF || (link->mode == MODE_SHADOW && ruling->shadow != NULL);
        if (silent || link->policy->on_body == NULL)
            continue;
        struct verdict verdict =
            link->policy->on_body(link->rules, s, held_by(ruling, (size_t)(link - c->links)));
        if (verdict.kind == VERDICT_DENY && note(link, verdict, ruling))
            return false;
    }
    return true;
}

bool chain_wants_body(const struct chain *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->links[i].mode != MODE_OFF && c->links[i].policy->on_body != NULL)
            return true;
    return false;
}

size_t chain_length(const struct chain *c)
{
    return c->count;
}

const struct link *chain_link(const struct chain *c, size_t i)
{
    ASSERT(i < c->count);
    return &c->links[i];
}

struct verdict chain_ask(const struct chain *c, size_t i, const struct subject *s)
{
    const struct link *link = chain_link(c, i);
    return link->policy->on_head == NULL ? PASS : link->policy->on_head(link->rules, s);
}
