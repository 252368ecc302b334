// SPDX-License-Identifier: Apache-2.0
// ip_set: prefixes as ranges of addresses, sorted and merged, found by halving. IPv4 and IPv6 are two lists:
// "::/0" means all of IPv6, not the IPv4 addresses that we keep inside it.
#include "policy/ip_set.h"
#include "parser/cursor.h"
#include <stdio.h>
#include <stdlib.h>

#define IP_SET_MAX 65536u // elements
#define V4_BITS 32u
#define V6_BITS 128u

struct range {
    struct ip first, last;
};

struct ranges {
    struct range *at; // sorted, disjoint
    size_t        count;
};

struct ip_set {
    struct ranges v4, v6;
};

static int compare(const struct ip *a, const struct ip *b)
{
    return memcmp(a->octet, b->octet, sizeof a->octet);
}

static int by_first(const void *a, const void *b)
{
    return compare(&((const struct range *)a)->first, &((const struct range *)b)->first);
}

// The first and last address that share their first `bits` bits with ip.
static struct range range_of(const struct ip *ip, unsigned bits)
{
    struct range r = {*ip, *ip};
    for (unsigned i = 0; i < sizeof ip->octet; i++) {
        unsigned fixed = bits > 8 * i ? bits - 8 * i : 0;
        uint8_t  host = (uint8_t)(fixed >= 8 ? 0 : 0xff >> fixed);
        r.first.octet[i] = (uint8_t)(ip->octet[i] & ~host);
        r.last.octet[i] = ip->octet[i] | host;
    }
    return r;
}

// address [ "/" bits ]. `bits_r` counts within the family that was written.
static bool read_prefix(struct bytes text, struct ip *ip_r, bool *v4_r, uint64_t *bits_r)
{
    struct cursor c = cursor_over(text);
    struct bytes  address = text;
    bool          has_bits = cursor_until(&c, '/', &address) && cursor_char(&c, '/');
    if (!ip_parse(address, ip_r))
        return false;
    *v4_r = memchr(address.at, ':', address.len) == NULL;
    *bits_r = *v4_r ? V4_BITS : V6_BITS;
    if (!has_bits)
        return true;
    struct bytes digits = cursor_rest(&c);
    bool         leading_zero = digits.len > 1 && digits.at[0] == '0';
    return !leading_zero && cursor_decimal(&c, *bits_r, bits_r) && cursor_done(&c);
}

static bool load_element(struct node n, struct ip_set *set)
{
    struct bytes text;
    struct ip    ip;
    uint64_t     bits;
    bool         v4;
    if (!node_text(n, &text))
        return false;
    if (!read_prefix(text, &ip, &v4, &bits)) {
        node_problem(n, "written as \"192.0.2.7\", \"192.0.2.0/24\", \"2001:db8::/32\"",
                     "\"%.*s\" is not an address or prefix", SHOW(text));
        return false;
    }
    struct range r = range_of(&ip, (unsigned)(v4 ? V6_BITS - V4_BITS + bits : bits));
    if (compare(&r.first, &ip) != 0) {
        char             first[IP_TEXT_MAX], hint[IP_TEXT_MAX + 32];
        struct bytes_out out = {.at = first, .cap = sizeof first};
        ip_print(&r.first, &out);
        (void)snprintf(hint, sizeof hint, "did you mean \"%.*s/%u\"?", (int)out.len, first, (unsigned)bits);
        node_problem(n, hint, "\"%.*s\" has bits set behind its prefix", SHOW(text));
        return false;
    }
    // "::ffff:192.0.2.0/120" is IPv4, whatever it is written in.
    struct ranges *family = ip_is_v4(&r.first) && ip_is_v4(&r.last) ? &set->v4 : &set->v6;
    family->at[family->count++] = r;
    return true;
}

static void sort_and_merge(struct ranges *ranges)
{
    size_t kept = 0;
    qsort(ranges->at, ranges->count, sizeof *ranges->at, by_first);
    for (size_t i = 0; i < ranges->count; i++) {
        struct range *before = kept > 0 ? &ranges->at[kept - 1] : NULL;
        if (before == NULL || compare(&ranges->at[i].first, &before->last) > 0)
            ranges->at[kept++] = ranges->at[i];
        else if (compare(&ranges->at[i].last, &before->last) > 0)
            before->last = ranges->at[i].last;
    }
    ranges->count = kept;
}

struct ip_set *ip_set_load(struct node array, struct arena *arena)
{
    size_t count = node_length(array);
    if (array.item != NULL && !node_expect_array(array))
        return NULL;
    if (count > IP_SET_MAX) {
        node_problem(array, NULL, "more than %u addresses", IP_SET_MAX);
        return NULL;
    }
    struct ip_set *set = arena_zalloc(arena, sizeof *set);
    if (set == NULL || (set->v4.at = arena_alloc(arena, count * sizeof(struct range))) == NULL ||
        (set->v6.at = arena_alloc(arena, count * sizeof(struct range))) == NULL) {
        node_problem(array, NULL, "there is no memory for these addresses");
        return NULL;
    }
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good = load_element(node_at(array, i), set) && good;
    sort_and_merge(&set->v4);
    sort_and_merge(&set->v6);
    return good ? set : NULL;
}

bool ip_set_has(const struct ip_set *set, const struct ip *address)
{
    const struct ranges *ranges = ip_is_v4(address) ? &set->v4 : &set->v6;
    size_t               low = 0, high = ranges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&ranges->at[middle].last, address) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ranges->count && compare(&ranges->at[low].first, address) <= 0;
}

bool ip_set_trusts(const void *set, const struct ip *address)
{
    return ip_set_has(set, address);
}
