// SPDX-License-Identifier: Apache-2.0
// ladder: its steps rise, and only the last one bans.
#include "policy/ladder.h"

#define HALF_LIFE_MIN_MS 1000u
#define HALF_LIFE_MAX_MS (24u * 3600 * 1000)

static const char *const acts[] = {"delay", "tarpit", "ban", NULL};

static const struct {
    uint32_t usual_ms, max_ms; // of "for"
} times[] = {
    [RUNG_DELAY] = {250, LADDER_DELAY_MS_MAX},
    [RUNG_TARPIT] = {20000, LADDER_TARPIT_MS_MAX},
    [RUNG_BAN] = {60000, BAN_MS_MAX},
};

static const struct ladder usual = {
    .half_life_ms = 600000,
    .rungs = {{20, RUNG_DELAY, 250, 1},
              {40, RUNG_DELAY, 1000, 2},
              {60, RUNG_TARPIT, 20000, 2},
              {100, RUNG_BAN, 60000, 1}},
    .count = 4,
};

// A wanted member.
static bool need(struct node object, const char *key, const char *hint, struct node *child_r)
{
    if (node_find(object, key, child_r))
        return true;
    node_problem(object, hint, "a step without \"%s\"", key);
    return false;
}

static bool load_rung(struct node n, struct rung *rung)
{
    static const char *const keys[] = {"at", "do", "for", "cost", NULL};
    struct node              at, act, time, cost;
    uint64_t                 points = 0, ms, times_each = 1;
    size_t                   index = RUNG_DELAY;
    if (!node_expect_object(n))
        return false;
    node_keys(n, keys);
    bool good = need(n, "at", "\"at\": 20 says with how many points it begins", &at) &&
                node_count(at, 1, POINTS_MAX, &points);
    bool acts_good =
        need(n, "do", "\"do\" is \"delay\", \"tarpit\" or \"ban\"", &act) && node_choice(act, acts, &index);
    ms = times[index].usual_ms;
    if (acts_good && node_find(n, "for", &time))
        good = node_duration(time, 1, times[index].max_ms, &ms) && good;
    if (node_find(n, "cost", &cost))
        good = node_count(cost, 1, LADDER_COST_MAX, &times_each) && good;
    *rung = (struct rung){.at = (uint32_t)points,
                          .act = (enum rung_act)index,
                          .ms = (uint32_t)ms,
                          .cost = (uint32_t)times_each};
    return good && acts_good;
}

static bool load_rungs(struct node steps, struct ladder *l)
{
    bool good = node_expect_array(steps);
    l->count = good ? node_length(steps) : 0;
    if (good && (l->count == 0 || l->count > RUNGS_MAX)) {
        node_problem(steps, NULL, "between 1 and %u steps are possible", RUNGS_MAX);
        return false;
    }
    for (size_t i = 0; good && i < l->count; i++) {
        struct node n = node_at(steps, i);
        good = load_rung(n, &l->rungs[i]);
        if (good && i > 0 && l->rungs[i].at <= l->rungs[i - 1].at) {
            node_problem(n, NULL, "each step needs more points than the one before, which begins at %u",
                         l->rungs[i - 1].at);
            good = false;
        }
        if (good && l->rungs[i].act == RUNG_BAN && i + 1 < l->count) {
            node_problem(n, "put it last", "nothing comes behind a ban");
            good = false;
        }
    }
    return good;
}

const struct ladder *ladder_load(struct node object, struct arena *arena)
{
    static const char *const keys[] = {"mode", "never", "half_life", "steps", NULL};
    struct ladder           *l = arena_alloc(arena, sizeof *l);
    struct node              child;
    uint64_t                 half_life_ms;
    if (!node_expect_object(object))
        return NULL;
    node_keys(object, keys);
    if (l == NULL) {
        node_problem(object, NULL, "there is no memory for the rules");
        return NULL;
    }
    *l = usual;
    (void)node_find(object, "never", &child);
    bool good = (l->never = ip_set_load(child, arena)) != NULL;
    if (node_find(object, "half_life", &child)) {
        if (node_duration(child, HALF_LIFE_MIN_MS, HALF_LIFE_MAX_MS, &half_life_ms))
            l->half_life_ms = (uint32_t)half_life_ms;
        else
            good = false;
    }
    if (node_find(object, "steps", &child))
        good = load_rungs(child, l) && good;
    return good ? l : NULL;
}
