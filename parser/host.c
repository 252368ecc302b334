// SPDX-License-Identifier: Apache-2.0
// host: names, literals, ports and addresses, read strictly: one text has one reading.
#include "parser/host.h"
#include "parser/cursor.h"
#include <arpa/inet.h>

#define HOST_NAME_MAX_LEN 253 // RFC 1035 3.1: 255 octets with the length octets and the root
#define HOST_LABEL_MAX_LEN 63

static const uint8_t v4_prefix[12] = {[10] = 0xFF, [11] = 0xFF};

bool ip_is_v4(const struct ip *ip)
{
    return memcmp(ip->octet, v4_prefix, sizeof v4_prefix) == 0;
}

bool ip_parse(struct bytes text, struct ip *ip_r)
{
    char             room[IP_TEXT_MAX] = {0};
    struct bytes_out copy = {.at = room, .cap = sizeof room - 1};
    out_bytes(&copy, text);
    if (copy.overflowed || strlen(room) != text.len)
        return false;

    struct in6_addr v6;
    struct in_addr  v4;
    if (inet_pton(AF_INET6, room, &v6) == 1) {
        for (size_t i = 0; i < sizeof ip_r->octet; i++)
            ip_r->octet[i] = v6.s6_addr[i];
        return true;
    }
    if (inet_pton(AF_INET, room, &v4) != 1)
        return false;
    uint32_t number = ntohl(v4.s_addr);
    for (size_t i = 0; i < sizeof v4_prefix; i++)
        ip_r->octet[i] = v4_prefix[i];
    for (size_t i = 0; i < 4; i++)
        ip_r->octet[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    return true;
}

static unsigned group_at(const struct ip *ip, unsigned i)
{
    return (unsigned)ip->octet[2 * i] << 8 | ip->octet[2 * i + 1];
}

// RFC 5952 4.2: the longest run of at least two zero groups, the first of equals.
static void longest_zero_run(const struct ip *ip, unsigned *start_r, unsigned *length_r)
{
    *start_r = 8;
    *length_r = 1;
    for (unsigned i = 0, run = 0; i < 8; i++) {
        run = group_at(ip, i) == 0 ? run + 1 : 0;
        if (run > *length_r) {
            *length_r = run;
            *start_r = i + 1 - run;
        }
    }
}

static void print_v4(const uint8_t octet[4], struct bytes_out *out)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            out_char(out, '.');
        out_uint(out, octet[i]);
    }
}

static void print_group(unsigned group, struct bytes_out *out)
{
    unsigned digits = group > 0xFFF ? 4 : group > 0xFF ? 3 : group > 0xF ? 2 : 1;
    out_hex(out, group, digits);
}

void ip_print(const struct ip *ip, struct bytes_out *out)
{
    if (ip_is_v4(ip)) {
        print_v4(&ip->octet[12], out);
        return;
    }
    unsigned start, length;
    longest_zero_run(ip, &start, &length);
    for (unsigned i = 0; i < 8; i++) {
        if (i == start) {
            out_text(out, "::");
            i += length - 1;
            continue;
        }
        if (i > 0 && i != start + length)
            out_char(out, ':');
        print_group(group_at(ip, i), out);
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

// Letters, digits, "-" and "_".
static bool is_label_char(char c)
{
    return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

// "127.1", "017700000001" and "0x7f.1" are addresses for inet_aton and names for others: a name whose last
// label is a number must be a whole IPv4 address.
static bool is_number(struct bytes label)
{
    struct cursor c = cursor_over(label);
    bool          hex = cursor_text(&c, BYTES("0x")) || cursor_text(&c, BYTES("0X"));
    struct bytes  digits = cursor_rest(&c);
    for (size_t i = 0; i < digits.len; i++)
        if (!(hex ? is_hex_digit(digits.at[i]) : is_digit(digits.at[i])))
            return false;
    return true;
}

// name = label *( "." label )
static bool is_name(struct bytes name)
{
    if (name.len > HOST_NAME_MAX_LEN)
        return false;
    size_t label = 0;
    for (size_t i = 0; i <= name.len; i++) {
        if (i < name.len && is_label_char(name.at[i]))
            continue;
        if ((i < name.len && name.at[i] != '.') || i == label || i - label > HOST_LABEL_MAX_LEN)
            return false;
        if (i < name.len)
            label = i + 1;
    }
    struct ip ip;
    return !is_number((struct bytes){&name.at[label], name.len - label}) || ip_parse(name, &ip);
}

// IP-literal = "[" IPv6address "]" (RFC 3986 3.2.2); IPvFuture has no future, zones have no meaning
// elsewhere.
static bool read_literal(struct cursor *c, struct bytes *name_r)
{
    struct ip ip;
    return cursor_char(c, '[') && cursor_until(c, ']', name_r) && cursor_char(c, ']') &&
           memchr(name_r->at, ':', name_r->len) != NULL && ip_parse(*name_r, &ip);
}

// reg-name / IPv4address; a final dot only says that the name is absolute.
static bool read_name(struct cursor *c, struct bytes *name_r)
{
    if (!cursor_until(c, ':', name_r)) {
        *name_r = cursor_rest(c);
        c->at = c->end;
    }
    if (name_r->len > 1 && name_r->at[name_r->len - 1] == '.')
        name_r->len--;
    return is_name(*name_r);
}

// RFC 3986 3.2.3 allows an empty port and leading zeros; nobody honest sends them.
static bool read_port(struct cursor *c, uint16_t *port_r)
{
    uint64_t port = 0;
    if (cursor_done(c))
        return true;
    if (!cursor_char(c, ':') || cursor_char(c, '0') || !cursor_decimal(c, UINT16_MAX, &port))
        return false;
    *port_r = (uint16_t)port;
    return cursor_done(c);
}

static bool to_lower(struct bytes *name, struct arena *arena)
{
    size_t upper = 0;
    while (upper < name->len && !is_upper(name->at[upper]))
        upper++;
    if (upper == name->len)
        return true;
    char *lower = arena_alloc(arena, name->len);
    if (lower == NULL)
        return false;
    for (size_t i = 0; i < name->len; i++)
        lower[i] = is_upper(name->at[i]) ? (char)(name->at[i] | 0x20) : name->at[i];
    name->at = lower;
    return true;
}

enum fault host_parse(struct bytes text, struct arena *arena, struct host *host_r)
{
    // RFC 9110 4.2.4: user information in an http target is an error, and a known way to hide the host.
    if (text.len > 0 && memchr(text.at, '@', text.len) != NULL)
        return FAULT_USERINFO;
    *host_r = (struct host){.received = text, .is_v6 = text.len > 0 && text.at[0] == '['};
    struct cursor c = cursor_over(text);
    bool          valid = host_r->is_v6 ? read_literal(&c, &host_r->name) : read_name(&c, &host_r->name);
    if (!valid || !read_port(&c, &host_r->port))
        return FAULT_HOST_SYNTAX;
    return to_lower(&host_r->name, arena) ? FAULT_NONE : FAULT_NO_MEMORY;
}
