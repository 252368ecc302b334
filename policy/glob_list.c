// SPDX-License-Identifier: Apache-2.0
// glob_list: reading, within the bounds of glob_set.
#include "policy/glob_list.h"

static bool load_glob(struct node n, struct bytes *glob_r)
{
    if (!node_text(n, glob_r))
        return false;
    if (glob_r->len == 0 || (glob_r->at[0] != '/' && glob_r->at[0] != '*')) {
        node_problem(n, NULL, "a pattern begins with \"/\" or \"*\", otherwise it matches nothing");
        return false;
    }
    if (glob_r->len > GLOB_BYTES_MAX)
        node_problem(n, NULL, "a pattern longer than %u bytes", GLOB_BYTES_MAX);
    return glob_r->len <= GLOB_BYTES_MAX;
}

const struct glob_set *glob_list_load(struct node list, struct arena *arena)
{
    size_t count = node_length(list), total = 0;
    bool   good = node_expect_array(list);
    if (good && count > GLOBS_MAX)
        node_problem(list, NULL, "more than %u patterns", GLOBS_MAX);
    struct bytes *globs = good && count <= GLOBS_MAX ? arena_alloc(arena, count * sizeof *globs) : NULL;
    if (globs == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        globs[i] = BYTES("");
        good = load_glob(node_at(list, i), &globs[i]) && good;
        total += globs[i].len;
    }
    if (good && total > GLOB_SET_BYTES_MAX)
        node_problem(list, NULL, "these patterns have more than %u bytes together", GLOB_SET_BYTES_MAX);
    return good && total <= GLOB_SET_BYTES_MAX ? glob_set_new(globs, count, arena) : NULL;
}
