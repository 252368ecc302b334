// SPDX-License-Identifier: Apache-2.0
// host_pattern: reading and comparing. Names are in lower case on both sides (parser/host.h).
#include "policy/host_pattern.h"

bool host_pattern_load(struct node n, struct arena *arena, struct bytes *pattern_r)
{
    struct bytes text;
    struct host  host;
    if (!node_text(n, &text))
        return false;
    bool         wild = bytes_starts_with(text, BYTES("*."));
    struct bytes name = {text.at + (wild ? 2 : 0), text.len - (wild ? 2 : 0)};
    if (host_parse(name, arena, &host) != FAULT_NONE || host.port != 0) {
        node_problem(n, "a name without a port: \"erp.example.com\", \"*.example.com\"",
                     "\"%.*s\" is not a host", SHOW(text));
        return false;
    }
    struct bytes_out out = {.at = arena_alloc(arena, host.name.len + 2), .cap = host.name.len + 2};
    if (out.at == NULL)
        return false;
    out_text(&out, wild ? "*." : "");
    out_bytes(&out, host.name);
    *pattern_r = out_written(&out);
    return true;
}

bool host_pattern_matches(struct bytes pattern, struct bytes name)
{
    if (pattern.len == 0)
        return true;
    if (pattern.at[0] != '*')
        return bytes_equal(pattern, name);
    struct bytes suffix = {pattern.at + 1, pattern.len - 1}; // ".example.com"
    return name.len > suffix.len && bytes_ends_with(name, suffix);
}

bool host_pattern_covers(struct bytes a, struct bytes b)
{
    if (a.len == 0 || b.len == 0)
        return a.len == 0;
    if (b.at[0] != '*')
        return host_pattern_matches(a, b);
    return a.at[0] == '*' && bytes_ends_with(b, (struct bytes){a.at + 1, a.len - 1});
}
