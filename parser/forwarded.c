// SPDX-License-Identifier: Apache-2.0
// forwarded: walks X-Forwarded-For from the right. The client owns everything to the left of the entry that
// the first trusted proxy wrote, so nothing there is looked at.
#include "parser/forwarded.h"
#include "parser/cursor.h"

// The list, read backwards: over the lines from the last to the first, in each over its entries.
struct entries {
    const struct fields *fields;
    size_t               line;   // lines before this one are still to come
    struct bytes         rest;   // of the current line
    bool                 inside; // `rest` holds at least one more entry
};

static bool next_line(struct entries *e)
{
    while (e->line > 0) {
        const struct field *field = &e->fields->at[--e->line];
        if (field->id != FIELD_X_FORWARDED_FOR)
            continue;
        e->rest = field->value;
        e->inside = true;
        return true;
    }
    return false;
}

static bool next_entry(struct entries *e, struct bytes *entry_r)
{
    if (!e->inside && !next_line(e))
        return false;
    size_t start = e->rest.len;
    while (start > 0 && e->rest.at[start - 1] != ',')
        start--;
    *entry_r = bytes_trim((struct bytes){&e->rest.at[start], e->rest.len - start});
    e->inside = start > 0;
    e->rest.len = start > 0 ? start - 1 : 0;
    return true;
}

// Some proxies write the port behind the address, Azure's among them.
static bool is_port_or_nothing(struct cursor *c)
{
    uint64_t port;
    return cursor_done(c) || (cursor_char(c, ':') && cursor_decimal(c, UINT16_MAX, &port) && cursor_done(c));
}

// "[" IPv6 "]" [":" port] / IPv6 / IPv4 [":" port]
static bool read_entry(struct bytes entry, struct ip *ip_r)
{
    struct cursor c = cursor_over(entry);
    struct bytes  address;
    if (cursor_char(&c, '['))
        return cursor_until(&c, ']', &address) && cursor_char(&c, ']') && is_port_or_nothing(&c) &&
               memchr(address.at, ':', address.len) != NULL && ip_parse(address, ip_r);
    if (ip_parse(entry, ip_r))
        return true;
    return cursor_until(&c, ':', &address) && is_port_or_nothing(&c) && ip_parse(address, ip_r);
}

struct ip forwarded_client(const struct ip *sender, const struct fields *fields, forwarded_trusts *trusts,
                           const void *trusted)
{
    struct entries entries = {.fields = fields, .line = fields->count};
    struct ip      client = *sender;
    struct bytes   entry;
    for (unsigned hop = 0; hop < FORWARDED_HOPS_MAX && trusts(trusted, &client); hop++) {
        struct ip reported;
        if (!next_entry(&entries, &entry) || !read_entry(entry, &reported))
            break;
        client = reported;
    }
    return client;
}
