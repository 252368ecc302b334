// SPDX-License-Identifier: Apache-2.0
// path_traversal: what is left to the operator after parser/target.h has refused every ambiguous path:
// encoded slashes, parameters, depth, files that no outsider should see, and what the stack behind makes of a
// path. All of it is judged on the decision reading, which merged slashes do not change.
#include "policy/backend_paths.h"
#include "policy/detail.h"
#include "policy/glob_list.h"
#include "policy/policy.h"
#include "policy/query_climb.h"
#include "parser/cursor.h"

#define DEPTH 64u
#define DEPTH_MAX 4096u
#define SCRIPTS_MAX 4u // "/a.php/b.php/...": each could be the one that is run

// What version control, shells, servers and editors leave lying about.
static const struct bytes usual[] = {
    BYTES("*/.git/*"), BYTES("*/.svn/*"), BYTES("*/.hg/*"),  BYTES("*/.bzr/*"), BYTES("*/.env"),
    BYTES("*/.env.*"), BYTES("*/.ht*"),   BYTES("*/.aws/*"), BYTES("*/.ssh/*"), BYTES("*.bak"),
    BYTES("*.old"),    BYTES("*.orig"),   BYTES("*.swp"),    BYTES("*.swo"),    BYTES("*~"),
};

struct rules {
    bool                   encoded_slash; // allowed
    bool                   parameters;    // allowed
    bool                   dotfiles;      // allowed
    bool                   merge_slashes;
    bool                   inspect_query;
    enum backend           backend;
    uint64_t               depth; // segments
    const struct glob_set *denied;
    const struct glob_set *closed; // by the backend's profile; NULL: nothing
};

// "deny" or "allow"; untouched when the key is absent.
static bool load_answer(struct node settings, const char *key, bool *allowed_r)
{
    static const char *const answers[] = {"deny", "allow", NULL};
    struct node              n;
    size_t                   answer = *allowed_r;
    if (node_find(settings, key, &n) && !node_choice(n, answers, &answer))
        return false;
    *allowed_r = answer == 1;
    return true;
}

static bool load_flag(struct node settings, const char *key, bool *flag_r)
{
    struct node n;
    return !node_find(settings, key, &n) || node_bool(n, flag_r);
}

static bool load_backend(struct node settings, struct arena *arena, struct rules *r)
{
    struct node         n;
    size_t              backend = BACKEND_GENERIC, count;
    bool                good = !node_find(settings, "backend", &n) || node_choice(n, backend_names, &backend);
    const struct bytes *closed = backend_closed((enum backend)backend, &count);
    r->backend = (enum backend)backend;
    r->closed = count > 0 ? glob_set_new(closed, count, arena) : NULL;
    return good && (count == 0 || r->closed != NULL);
}

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {
        "type",     "mode",      "encoded_slash", "path_parameters", "merge_slashes",
        "dotfiles", "max_depth", "deny",          "backend",         "inspect_query",
        NULL};
    struct rules *r = arena_alloc(scope->arena, sizeof *r);
    struct node   n;
    if (r == NULL)
        return NULL;
    *r = (struct rules){.depth = DEPTH};
    node_keys(settings, keys);
    bool good = load_backend(settings, scope->arena, r);
    r->parameters = r->backend != BACKEND_IIS;
    good = load_answer(settings, "encoded_slash", &r->encoded_slash) && good;
    good = load_answer(settings, "path_parameters", &r->parameters) && good;
    good = load_answer(settings, "dotfiles", &r->dotfiles) && good;
    good = load_flag(settings, "merge_slashes", &r->merge_slashes) && good;
    good = load_flag(settings, "inspect_query", &r->inspect_query) && good;
    if (node_find(settings, "max_depth", &n))
        good = node_count(n, 1, DEPTH_MAX, &r->depth) && good;
    r->denied = node_find(settings, "deny", &n)
                    ? glob_list_load(n, scope->arena)
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

static bool is_dotfile(struct bytes segment)
{
    size_t dots = 0;
    while (dots < segment.len && segment.at[dots] == '.')
        dots++;
    return dots < segment.len && !bytes_equal(segment, BYTES(".well-known")); // RFC 8615
}

// The first segment that begins with a dot and is more than dots.
static struct bytes dotfile_in(struct bytes path)
{
    static const char dot[] = "/.";
    for (const char *end = path.at + path.len, *at = path.at; at < end; at++) {
        at = memmem(at, (size_t)(end - at), dot, 2);
        if (at == NULL)
            break;
        struct bytes rest = {at + 1, (size_t)(end - at) - 1};
        const char  *slash = memchr(rest.at, '/', rest.len);
        struct bytes segment = {rest.at, slash == NULL ? rest.len : (size_t)(slash - rest.at)};
        if (is_dotfile(segment))
            return segment;
    }
    return (struct bytes){NULL, 0};
}

// The pattern that closes this path.
static struct bytes closed_by(const struct rules *r, struct bytes path)
{
    struct bytes glob = glob_set_match(r->denied, path);
    return glob.at == NULL && r->closed != NULL ? glob_set_match(r->closed, path) : glob;
}

// The path with its parameters: for a reader that knows none they are part of the name.
static struct bytes with_parameters(struct bytes path, struct arena *arena)
{
    struct bytes_out out = {.at = arena_alloc(arena, path.len), .cap = path.len};
    for (size_t i = 0; out.at != NULL && i < path.len; i++) {
        char c = path.at[i];
        if (c == '%' && path.len - i >= 3 && is_hex_digit(path.at[i + 1]) && is_hex_digit(path.at[i + 2])) {
            c = (char)(hex_value(path.at[i + 1]) << 4 | hex_value(path.at[i + 2]));
            i += 2;
        }
        if (c != '/' || out.len == 0 || out.at[out.len - 1] != '/')
            out_char(&out, c);
    }
    return out_written(&out);
}

static struct verdict judge_closed(const struct rules *r, const struct subject *s)
{
    const struct target *t = &s->request->target;
    struct bytes         path = t->decision, shorter = target_before_query(t), glob = closed_by(r, path);
    size_t               end = 0;
    unsigned             scripts = 0;
    if (glob.at == NULL && shorter.len < path.len)
        glob = closed_by(r, shorter);
    for (; glob.at == NULL && backend_script(r->backend, path, &end); scripts++) {
        if (scripts == SCRIPTS_MAX)
            return DENY(REASON_PATH_MISREAD, BYTES("many scripts in one path"));
        glob = closed_by(r, (struct bytes){path.at, end});
    }
    if (glob.at == NULL && t->parameters) {
        path = with_parameters(t->path, s->arena);
        if (path.at == NULL)
            return DENY(REASON_PATH_MISREAD, BYTES("no memory to read it in every way"));
        glob = closed_by(r, path);
    }
    return glob.at == NULL ? PASS : DENY(REASON_PATH_DENIED, glob);
}

static struct verdict judge_query(const struct subject *s)
{
    bool         full;
    struct bytes name = query_climb(s->request->target.query, s->arena, &full);
    if (full)
        return DENY(REASON_QUERY_CLIMBS, BYTES("no memory to decode it"));
    return name.at == NULL ? PASS : DENY(REASON_QUERY_CLIMBS, name);
}

static struct verdict on_head(const void *rules, const struct subject *s)
{
    const struct rules  *r = rules;
    const struct target *t = &s->request->target;
    size_t               depth = depth_of(t->decision);
    bool                 plain = t->path.at == t->decision.at; // no dot behind a slash, among others
    if (t->encoded_slash && !r->encoded_slash)
        return DENY(REASON_ENCODED_SLASH, BYTES("%2F"));
    if (t->parameters && !r->parameters)
        return DENY(REASON_PATH_PARAMETERS, BYTES(";"));
    if (depth > r->depth)
        return DENY(REASON_PATH_DEPTH, detail_excess(s->arena, depth, "segments", r->depth));
    struct verdict verdict = judge_closed(r, s);
    if (verdict.kind != VERDICT_PASS)
        return verdict;
    struct bytes found = plain || r->dotfiles ? (struct bytes){NULL, 0} : dotfile_in(t->decision);
    if (found.at != NULL)
        return DENY(REASON_PATH_DENIED, found);
    found = backend_quirk(r->backend, t->decision);
    if (found.at != NULL)
        return DENY(REASON_PATH_MISREAD, found);
    return r->inspect_query ? judge_query(s) : PASS;
}

// Empty segments are no part of the decision reading: without them the path falls under the same rules.
static void on_request(const void *rules, const struct subject *s, void *held, struct edits *edits)
{
    const struct rules *r = rules;
    struct bytes        path = s->request->target.path;
    (void)held;
    if (!r->merge_slashes || edits == NULL || memmem(path.at, path.len, "//", 2) == NULL)
        return;
    struct bytes_out merged = {.at = arena_alloc(s->arena, path.len), .cap = path.len};
    for (size_t i = 0; merged.at != NULL && i < path.len; i++)
        if (path.at[i] != '/' || i == 0 || path.at[i - 1] != '/')
            out_char(&merged, path.at[i]);
    edits_path(edits, out_written(&merged));
}

const struct policy policy_path_traversal = {
    .name = "path_traversal", .load = load, .on_head = on_head, .on_request = on_request};
