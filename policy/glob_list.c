// SPDX-License-Identifier: Apache-2.0
// glob_list: reading, within the bounds of glob_set.
#include "policy/glob_list.h"

// What the patterns of a list come to.
struct tally {
    size_t bytes, inner, inner_bytes;
};

static bool load_pattern(struct node n, struct bytes *pattern_r, struct tally *tally)
{
    if (!node_text(n, pattern_r))
        return false;
    if (pattern_r->len == 0 || (pattern_r->at[0] != '/' && pattern_r->at[0] != '*')) {
        node_problem(n, NULL, "a pattern begins with \"/\" or \"*\", otherwise it matches nothing");
        return false;
    }
    if (pattern_r->len > GLOB_BYTES_MAX) {
        node_problem(n, NULL, "a pattern longer than %u bytes", GLOB_BYTES_MAX);
        return false;
    }
    bool inner = glob_is_inner(*pattern_r);
    tally->bytes += pattern_r->len;
    tally->inner += inner;
    tally->inner_bytes += inner ? pattern_r->len : 0;
    return true;
}

static bool within_bounds(struct node list, const struct tally *tally)
{
    if (tally->bytes > GLOB_SET_BYTES_MAX) {
        node_problem(list, NULL, "these patterns have more than %u bytes together", GLOB_SET_BYTES_MAX);
        return false;
    }
    if (tally->inner <= GLOB_INNER_MAX && tally->inner_bytes <= GLOB_INNER_BYTES_MAX)
        return true;
    node_problem(list, "any number may have stars at their ends only: \"/a/*\", \"*.bak\", \"*/.git/*\"",
                 "more than %u patterns, or %u bytes of them, with \"*\" or \"?\" in their middle",
                 GLOB_INNER_MAX, GLOB_INNER_BYTES_MAX);
    return false;
}

const struct glob_set *glob_list_load(struct node list, struct arena *arena)
{
    size_t       count = node_length(list);
    struct tally tally = {0};
    if (!node_expect_array(list))
        return NULL;
    if (count > GLOBS_MAX) {
        node_problem(list, NULL, "more than %u patterns", GLOBS_MAX);
        return NULL;
    }
    struct bytes *patterns = arena_alloc(arena, count * sizeof *patterns);
    bool          good = patterns != NULL;
    struct node   n = count > 0 ? node_at(list, 0) : list;
    for (size_t i = 0; patterns != NULL && i < count; i++, n = node_next(n))
        good = load_pattern(n, &patterns[i], &tally) && good;
    if (!good || !within_bounds(list, &tally))
        return NULL;
    const struct glob_set *set = glob_set_new(patterns, count, arena);
    if (set == NULL)
        node_problem(list, "shorter ones, or ones that begin alike", "these patterns need too much memory");
    return set;
}
