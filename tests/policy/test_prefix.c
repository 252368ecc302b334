// SPDX-License-Identifier: Apache-2.0
// Prefixes: what is read, what is refused, and that what is written reads the same.
#include "policy/prefix.h"
#include <criterion/criterion.h>

static const struct row {
    const char *label, *text, *written; // NULL: refused
} rows[] = {
    {"an IPv4 address", "192.0.2.7", "192.0.2.7"},
    {"an IPv4 prefix", "192.0.2.0/24", "192.0.2.0/24"},
    {"all bits of IPv4 are an address", "192.0.2.7/32", "192.0.2.7"},
    {"all of IPv4", "0.0.0.0/0", "0.0.0.0/0"},
    {"an IPv6 address", "2001:DB8::1", "2001:db8::1"},
    {"an IPv6 prefix", "2001:db8::/32", "2001:db8::/32"},
    {"all of IPv6", "::/0", "::/0"},
    {"an IPv4 prefix inside IPv6 is IPv4", "::ffff:192.0.2.0/120", "192.0.2.0/24"},
    {"host bits", "192.0.2.7/24", NULL},
    {"too many bits of IPv4", "192.0.2.0/33", NULL},
    {"too many bits of IPv6", "2001:db8::/129", NULL},
    {"no bits behind the slash", "192.0.2.0/", NULL},
    {"a leading zero", "192.0.2.0/024", NULL},
    {"a sign", "192.0.2.0/+24", NULL},
    {"text behind the bits", "192.0.2.0/24x", NULL},
    {"a name", "example.com", NULL},
    {"nothing", "", NULL},
};

Test(prefix, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        struct prefix    p;
        char             memory[PREFIX_TEXT_MAX];
        struct bytes_out out = {.at = memory, .cap = sizeof memory};
        const char      *wrong = prefix_parse(bytes_of(row->text), &p);
        cr_expect_eq(wrong == NULL, row->written != NULL, "%s", row->label);
        if (wrong != NULL || row->written == NULL)
            continue;
        prefix_print(&p, &out);
        cr_expect(bytes_equal(out_written(&out), bytes_of(row->written)), "%s: %.*s", row->label,
                  (int)out.len, out.at);
    }
}

Test(prefix, has_what_begins_with_it)
{
    struct prefix p;
    struct ip     in, out;
    cr_assert_null(prefix_parse(BYTES("192.0.2.128/25"), &p));
    cr_assert(ip_parse(BYTES("192.0.2.200"), &in) && ip_parse(BYTES("192.0.2.127"), &out));
    cr_expect(prefix_has(&p, &in));
    cr_expect_not(prefix_has(&p, &out));
}
