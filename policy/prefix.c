// SPDX-License-Identifier: Apache-2.0
// prefix: reading and writing what operators write.
#include "policy/prefix.h"
#include "parser/cursor.h"

#define V4_MAX 32u

// The first bits of a half, of which there are 64.
static uint64_t mask_of(unsigned bits)
{
    return bits == 0 ? 0 : bits < 64 ? htobe64(~UINT64_C(0) << (64 - bits)) : ~UINT64_C(0);
}

struct prefix prefix_of(const struct ip *ip, unsigned bits)
{
    struct prefix p = {.bits = (uint8_t)bits};
    uint64_t      half[2];
    ASSERT(bits <= PREFIX_BITS);
    memcpy(half, ip->octet, sizeof half);
    half[0] &= mask_of(bits);
    half[1] &= mask_of(bits > 64 ? bits - 64 : 0);
    memcpy(p.first.octet, half, sizeof half);
    return p;
}

bool prefix_has(const struct prefix *prefix, const struct ip *ip)
{
    struct prefix same = prefix_of(ip, prefix->bits);
    return memcmp(&same.first, &prefix->first, sizeof same.first) == 0;
}

const char *prefix_parse(struct bytes text, struct prefix *prefix_r)
{
    struct cursor c = cursor_over(text);
    struct bytes  address = text;
    struct ip     ip;
    bool          has_bits = cursor_until(&c, '/', &address) && cursor_char(&c, '/');
    if (!ip_parse(address, &ip))
        return "this is not an address or prefix: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32";
    bool         v4 = memchr(address.at, ':', address.len) == NULL;
    uint64_t     bits = v4 ? V4_MAX : PREFIX_BITS;
    struct bytes digits = cursor_rest(&c);
    bool         leading_zero = digits.len > 1 && digits.at[0] == '0';
    if (has_bits && (leading_zero || !cursor_decimal(&c, bits, &bits) || !cursor_done(&c)))
        return "the number behind the / is none, or more bits than an address has";
    *prefix_r = prefix_of(&ip, (unsigned)(v4 ? PREFIX_V4_BITS + bits : bits));
    if (memcmp(&prefix_r->first, &ip, sizeof ip) != 0)
        return "this address has bits set behind its prefix";
    return NULL;
}

void prefix_print(const struct prefix *prefix, struct bytes_out *out)
{
    bool v4 = ip_is_v4(&prefix->first) && prefix->bits >= PREFIX_V4_BITS;
    ip_print(&prefix->first, out);
    if (prefix->bits == PREFIX_BITS)
        return;
    out_char(out, '/');
    out_uint(out, v4 ? prefix->bits - PREFIX_V4_BITS : prefix->bits);
}
