// SPDX-License-Identifier: Apache-2.0
// catalog: what is judged first, and why.
#include "policy/catalog.h"

// clang-format off
//  policy          by default
#define CATALOG(ROW) \
    ROW(reputation,     false) /* who is banned learns nothing else; in the chain when the file has a ladder */ \
    ROW(access,         false) /* who may come at all, before anything that they sent */ \
    ROW(host_allow,     false) /* what is asked of another host is nobody's business here: no rule of the app's applies */ \
    ROW(method_allow,   true) /* one bit, and the answer that tells the client most */ \
    ROW(size_limit,     true) /* MUST precede whatever walks the target or the fields: it bounds them */ \
    ROW(path_traversal, true) /* before what depends on paths: exemptions, limits by route */ \
    ROW(content_type,   false) /* MUST precede whatever reads a body: it says with which parser */ \
    ROW(fetch_metadata, false) /* before what counts or holds: a page elsewhere must not spend its visitor's share */ \
    ROW(rate_limit,     false) /* behind what needs no memory: who is refused there costs no place in its table */ \
    ROW(concurrency,    false) /* behind all that may refuse: nobody holds a place, or waits for one, in vain */ \
    ROW(session,        false) /* judges little and changes cookies: behind all that may refuse */ \
    ROW(headers,        true) /* judges nothing: after all that may refuse */
// clang-format on

#define DECLARE(name, by_default) extern const struct policy policy_##name;
CATALOG(DECLARE)
#undef DECLARE

const struct catalog_row catalog[] = {
#define CATALOG_ROW(name, by_default) {&policy_##name, by_default},
    CATALOG(CATALOG_ROW)
#undef CATALOG_ROW
};

const size_t catalog_count = sizeof catalog / sizeof *catalog;

const char *const catalog_names[] = {
#define CATALOG_NAME(name, by_default) #name,
    CATALOG(CATALOG_NAME)
#undef CATALOG_NAME
        NULL};

size_t catalog_find(struct bytes name)
{
    size_t i = 0;
    while (i < catalog_count && !bytes_equal(name, bytes_of(catalog_names[i])))
        i++;
    return i;
}
