// SPDX-License-Identifier: Apache-2.0
// path_traversal: what is left to the operator after parser/target.h has refused every ambiguous path:
// encoded slashes, depth, and files that no outsider should see. All of it is judged on the decision reading.
#include "policy/detail.h"
#include "policy/glob_set.h"
#include "policy/policy.h"

#define DEPTH 64u
#define DEPTH_MAX 4096u

// What version control, shells and servers leave lying about. /.well-known/ (RFC 8615) stays open.
static const struct bytes usual[] = {
    BYTES("*/.git/*"), BYTES("*/.svn/*"), BYTES("*/.hg/*"),  BYTES("*/.bzr/*"), BYTES("*/.env"),
    BYTES("*/.env.*"), BYTES("*/.ht*"),   BYTES("*/.aws/*"), BYTES("*/.ssh/*"),
};

struct rules {
    bool                   encoded_slash; // allowed
    uint64_t               depth;         // segments
    const struct glob_set *denied;
};

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

static const struct glob_set *load_denied(struct node list, struct arena *arena)
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

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {"type", "mode", "encoded_slash", "max_depth", "deny", NULL};
    static const char *const answers[] = {"deny", "allow", NULL};
    struct rules            *r = arena_alloc(scope->arena, sizeof *r);
    struct node              n;
    size_t                   answer = 0;
    bool                     good = true;
    if (r == NULL)
        return NULL;
    *r = (struct rules){.depth = DEPTH};
    node_keys(settings, keys);
    if (node_find(settings, "encoded_slash", &n))
        good = node_choice(n, answers, &answer);
    r->encoded_slash = answer == 1;
    if (node_find(settings, "max_depth", &n))
        good = node_count(n, 1, DEPTH_MAX, &r->depth) && good;
    r->denied = node_find(settings, "deny", &n)
                    ? load_denied(n, scope->arena)
                    : glob_set_new(usual, sizeof usual / sizeof *usual, scope->arena);
    return good && r->denied != NULL ? r : NULL;
}

static size_t depth_of(struct bytes path)
{
    size_t depth = 0;
    for (size_t i = 0; i < path.len; i++)
        depth += path.at[i] == '/';
    return depth;
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct rules  *r = rules;
    const struct target *t = &s->request->target;
    size_t               depth = depth_of(t->decision);
    if (t->encoded_slash && !r->encoded_slash)
        return DENY(REASON_ENCODED_SLASH, BYTES("%2F"));
    if (depth > r->depth)
        return DENY(REASON_PATH_DEPTH, detail_excess(s->arena, depth, "segments", r->depth));
    struct bytes glob = glob_set_match(r->denied, t->decision);
    return glob.at == NULL ? PASS : DENY(REASON_PATH_DENIED, glob);
}

const struct policy policy_path_traversal = {.name = "path_traversal", .load = load, .on_head = on_head};
