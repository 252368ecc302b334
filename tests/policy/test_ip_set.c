// SPDX-License-Identifier: Apache-2.0
// Prefixes: what is in, what is not, what is refused.
#include "policy/ip_set.h"
#include <criterion/criterion.h>

static struct arena arena;

static struct ip_set *load(const char *json, struct document **d_r)
{
    *d_r = document_parse(bytes_of(json), "f");
    arena_init(&arena, NULL, 16u << 20);
    return ip_set_load(document_root(*d_r), &arena);
}

struct row {
    const char *label, *set, *address;
    bool        in;
};

static const struct row rows[] = {
    {"one IPv4 address", "[\"192.0.2.7\"]", "192.0.2.7", true},
    {"its neighbour below", "[\"192.0.2.7\"]", "192.0.2.6", false},
    {"its neighbour above", "[\"192.0.2.7\"]", "192.0.2.8", false},
    {"the first of a prefix", "[\"192.0.2.0/24\"]", "192.0.2.0", true},
    {"the last of a prefix", "[\"192.0.2.0/24\"]", "192.0.2.255", true},
    {"behind a prefix", "[\"192.0.2.0/24\"]", "192.0.3.0", false},
    {"before a prefix", "[\"192.0.2.0/24\"]", "192.0.1.255", false},
    {"a prefix inside a byte", "[\"10.0.0.128/25\"]", "10.0.0.200", true},
    {"outside of it", "[\"10.0.0.128/25\"]", "10.0.0.127", false},
    {"all of IPv4", "[\"0.0.0.0/0\"]", "203.0.113.9", true},
    {"all of IPv4 has no IPv6", "[\"0.0.0.0/0\"]", "2001:db8::1", false},
    {"all of IPv6", "[\"::/0\"]", "2001:db8::1", true},
    {"all of IPv6 has no IPv4", "[\"::/0\"]", "203.0.113.9", false},
    {"one IPv6 address", "[\"2001:db8::1\"]", "2001:db8::1", true},
    {"an IPv6 prefix", "[\"2001:db8:42::/48\"]", "2001:db8:42:ffff::9", true},
    {"outside of an IPv6 prefix", "[\"2001:db8:42::/48\"]", "2001:db8:43::", false},
    {"a v4-mapped address is its IPv4 address", "[\"192.0.2.0/24\"]", "::ffff:192.0.2.9", true},
    {"a v4-mapped prefix is an IPv4 prefix", "[\"::ffff:192.0.2.0/120\"]", "192.0.2.9", true},
    {"overlapping prefixes, the smaller first", "[\"10.1.0.0/16\", \"10.0.0.0/8\"]", "10.255.0.1", true},
    {"overlapping prefixes, behind the smaller", "[\"10.0.0.0/8\", \"10.1.0.0/16\"]", "10.200.0.1", true},
    {"prefixes with one beginning, the smaller first", "[\"10.0.0.0/16\", \"10.0.0.0/8\"]", "10.200.0.1",
     true},
    {"prefixes with one beginning, the larger first", "[\"10.0.0.0/8\", \"10.0.0.0/16\"]", "10.200.0.1",
     true},
    {"unsorted prefixes", "[\"192.0.2.0/24\", \"10.0.0.0/8\", \"172.16.0.0/12\"]", "172.31.255.255", true},
    {"between sorted prefixes", "[\"192.0.2.0/24\", \"10.0.0.0/8\", \"172.16.0.0/12\"]", "11.0.0.0", false},
    {"the same twice", "[\"10.0.0.1\", \"10.0.0.1\"]", "10.0.0.1", true},
    {"an empty set", "[]", "10.0.0.1", false},
};

Test(ip_set, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        struct document *d;
        struct ip        ip;
        struct ip_set   *set = load(row->set, &d);
        cr_assert_not_null(set, "%s", row->label);
        cr_assert(ip_parse(bytes_of(row->address), &ip), "%s", row->label);
        cr_expect_eq(ip_set_has(set, &ip), row->in, "%s", row->label);
        cr_expect_eq(ip_set_trusts(set, &ip), row->in, "%s", row->label);
        arena_reset(&arena);
        document_free(&d);
    }
}

struct refusal {
    const char *label, *set, *problem, *hint;
};

static const struct refusal refusals[] = {
    {"no address", "[\"example.com\"]", "\"example.com\" is not an address or prefix (/0)", "written as"},
    {"empty", "[\"\"]", "\"\" is not an address", NULL},
    {"three numbers", "[\"10.0.0\"]", "\"10.0.0\" is not an address", NULL},
    {"a leading zero", "[\"10.0.0.010\"]", "is not an address", NULL},
    {"no bits behind the slash", "[\"10.0.0.0/\"]", "is not an address", NULL},
    {"too many bits for IPv4", "[\"10.0.0.0/33\"]", "is not an address", NULL},
    {"too many bits for IPv6", "[\"::/129\"]", "is not an address", NULL},
    {"a leading zero in the bits", "[\"10.0.0.0/08\"]", "is not an address", NULL},
    {"a mask", "[\"10.0.0.0/255.0.0.0\"]", "is not an address", NULL},
    {"something behind the bits", "[\"10.0.0.0/8 \"]", "is not an address", NULL},
    {"a zone", "[\"fe80::1%eth0\"]", "is not an address", NULL},
    {"brackets", "[\"[::1]\"]", "is not an address", NULL},
    {"IPv4 bits behind the prefix", "[\"10.0.0.1/8\"]", "\"10.0.0.1/8\" has bits set behind its prefix",
     "did you mean \"10.0.0.0/8\"?"},
    {"IPv6 bits behind the prefix", "[\"2001:db8::1/32\"]", "has bits set behind its prefix",
     "did you mean \"2001:db8::/32\"?"},
    {"a number", "[10]", "text is needed here, not a number", NULL},
    {"no array", "\"10.0.0.0/8\"", "an array is needed here, not text", NULL},
    {"two wrong ones", "[\"a\", \"10.0.0.0/8\", \"b\"]", "2 problems", NULL},
};

Test(ip_set, refusals)
{
    for (const struct refusal *row = refusals; row < refusals + sizeof refusals / sizeof *refusals; row++) {
        char             printed[4096];
        struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
        struct document *d;
        cr_expect_null(load(row->set, &d), "%s", row->label);
        document_print(d, &out);
        printed[out.len] = '\0';
        cr_expect_not_null(strstr(printed, row->problem), "%s: %s", row->label, printed);
        cr_expect(row->hint == NULL || strstr(printed, row->hint) != NULL, "%s: %s", row->label, printed);
        arena_reset(&arena);
        document_free(&d);
    }
}

Test(ip_set, an_absent_node_is_an_empty_set)
{
    struct ip ip;
    arena_init(&arena, NULL, 1u << 16);
    struct ip_set *set = ip_set_load((struct node){NULL, NULL}, &arena);
    cr_assert_not_null(set);
    cr_assert(ip_parse(BYTES("127.0.0.1"), &ip));
    cr_expect_not(ip_set_has(set, &ip));
    arena_reset(&arena);
}

// An array of n addresses.
static struct ip_set *load_many(size_t n, struct document **d_r)
{
    struct bytes_out out = {.at = malloc(32 * n), .cap = 32 * n};
    out_text(&out, "[");
    for (size_t i = 0; i < n; i++) {
        out_text(&out, i == 0 ? "\"10." : ",\"10.");
        out_uint(&out, i >> 16 & 255);
        out_char(&out, '.');
        out_uint(&out, i >> 8 & 255);
        out_char(&out, '.');
        out_uint(&out, i & 255);
        out_char(&out, '"');
    }
    out_text(&out, "]");
    out_char(&out, '\0');
    cr_assert_not(out.overflowed);
    struct ip_set *set = load(out.at, d_r);
    free(out.at);
    return set;
}

Test(ip_set, the_number_of_addresses_is_bounded)
{
    struct document *d;
    struct ip        last;
    cr_assert(ip_parse(BYTES("10.0.255.255"), &last));
    struct ip_set *set = load_many(65536, &d);
    cr_assert_not_null(set);
    cr_expect(ip_set_has(set, &last));
    arena_reset(&arena);
    document_free(&d);
    cr_expect_null(load_many(65537, &d));
    cr_expect(document_has_problems(d));
    arena_reset(&arena);
    document_free(&d);
}
