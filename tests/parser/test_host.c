// SPDX-License-Identifier: Apache-2.0
// test_host: hosts and addresses, one reading each.
#include "parser/host.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

#define LABEL_63 "a23456789b23456789c23456789d23456789e23456789f23456789g23456789"
#define NAME_253                                                                                             \
    LABEL_63 "." LABEL_63 "." LABEL_63 ".a23456789b23456789c23456789d23456789e23456789f23456789g234567"

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena, NULL, 64 * 1024);
}

static void close_arena(void)
{
    arena_reset(&arena);
}

TestSuite(host, .init = open_arena, .fini = close_arena);
TestSuite(ip);

Test(host, names_literals_and_ports)
{
    static const struct {
        const char *label, *text, *name;
        uint16_t    port;
        bool        is_v6;
    } rows[] = {
        {"a name", "example.com", "example.com", 0, false},
        {"a single label", "localhost", "localhost", 0, false},
        {"one letter", "a", "a", 0, false},
        {"upper case becomes lower", "Example.COM", "example.com", 0, false},
        {"a port", "example.com:8443", "example.com", 8443, false},
        {"the lowest port", "a:1", "a", 1, false},
        {"the highest port", "a:65535", "a", 65535, false},
        {"a final dot says nothing", "example.com.", "example.com", 0, false},
        {"a final dot before a port", "example.com.:80", "example.com", 80, false},
        {"an underscore, as old intranets have it", "app_1.intra", "app_1.intra", 0, false},
        {"a hyphen", "my-app", "my-app", 0, false},
        {"an internationalised name", "xn--bcher-kva.example", "xn--bcher-kva.example", 0, false},
        {"digits before a name", "1.2.3.4.example", "1.2.3.4.example", 0, false},
        {"a label that begins with a digit", "3com", "3com", 0, false},
        {"a label that only looks hexadecimal", "a.0xyz", "a.0xyz", 0, false},
        {"a label of 63", LABEL_63, LABEL_63, 0, false},
        {"a name of 253", NAME_253, NAME_253, 0, false},
        {"a name of 253 and a final dot", NAME_253 ".", NAME_253, 0, false},
        {"IPv4", "127.0.0.1", "127.0.0.1", 0, false},
        {"IPv4 and a port", "127.0.0.1:80", "127.0.0.1", 80, false},
        {"IPv6", "[::1]", "::1", 0, true},
        {"IPv6 and a port", "[2001:db8::1]:443", "2001:db8::1", 443, true},
        {"IPv6 in upper case", "[2001:DB8::A]", "2001:db8::a", 0, true},
        {"IPv6 with an IPv4 end", "[::ffff:1.2.3.4]", "::ffff:1.2.3.4", 0, true},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct host  host;
        struct bytes text = bytes_of(rows[i].text);
        enum fault   fault = host_parse(text, &arena, &host);
        cr_expect_eq(fault, FAULT_NONE, "%s: %s is refused: %s", rows[i].label, rows[i].text,
                     fault_token(fault));
        if (fault != FAULT_NONE)
            continue;
        cr_expect(bytes_equal(host.name, bytes_of(rows[i].name)), "%s: the name is \"%.*s\"", rows[i].label,
                  (int)host.name.len, host.name.at);
        cr_expect(bytes_equal(host.received, text), "%s: received", rows[i].label);
        cr_expect_eq(host.port, rows[i].port, "%s: the port is %u", rows[i].label, host.port);
        cr_expect_eq(host.is_v6, rows[i].is_v6, "%s: is_v6", rows[i].label);
    }
}

Test(host, what_is_no_host)
{
    static const struct {
        const char *label, *text;
        enum fault  fault;
    } rows[] = {
        {"nothing", "", FAULT_HOST_SYNTAX},
        {"a dot", ".", FAULT_HOST_SYNTAX},
        {"two final dots", "a..", FAULT_HOST_SYNTAX},
        {"an empty first label", ".a", FAULT_HOST_SYNTAX},
        {"an empty label inside", "a..b", FAULT_HOST_SYNTAX},
        {"a label of 64", LABEL_63 "x", FAULT_HOST_SYNTAX},
        {"a label of 64 before another", LABEL_63 "x.a", FAULT_HOST_SYNTAX},
        {"a name of 254", NAME_253 "x", FAULT_HOST_SYNTAX},
        {"only a port", ":80", FAULT_HOST_SYNTAX},
        {"an empty port", "a:", FAULT_HOST_SYNTAX},
        {"port 0", "a:0", FAULT_HOST_SYNTAX},
        {"port 65536", "a:65536", FAULT_HOST_SYNTAX},
        {"a port that overflows", "a:18446744073709551697", FAULT_HOST_SYNTAX},
        {"a port with a leading zero", "a:080", FAULT_HOST_SYNTAX},
        {"a positive sign", "a:+80", FAULT_HOST_SYNTAX},
        {"a negative sign", "a:-80", FAULT_HOST_SYNTAX},
        {"a blank before the port", "a: 80", FAULT_HOST_SYNTAX},
        {"a blank behind the port", "a:80 ", FAULT_HOST_SYNTAX},
        {"letters behind the port", "a:80x", FAULT_HOST_SYNTAX},
        {"a hexadecimal port", "a:0x50", FAULT_HOST_SYNTAX},
        {"two ports", "a:80:81", FAULT_HOST_SYNTAX},
        {"a blank", "a b", FAULT_HOST_SYNTAX},
        {"a blank at the front", " a", FAULT_HOST_SYNTAX},
        {"a slash", "a/b", FAULT_HOST_SYNTAX},
        {"a backslash", "a\\b", FAULT_HOST_SYNTAX},
        {"a question mark", "a?b", FAULT_HOST_SYNTAX},
        {"a fragment", "a#b", FAULT_HOST_SYNTAX},
        {"a list", "a,b", FAULT_HOST_SYNTAX},
        {"a semicolon", "a;b", FAULT_HOST_SYNTAX},
        {"a quote", "a\"b", FAULT_HOST_SYNTAX},
        {"markup", "<a>", FAULT_HOST_SYNTAX},
        {"an asterisk", "*.a", FAULT_HOST_SYNTAX},
        {"percent-encoding", "a%2eb", FAULT_HOST_SYNTAX},
        {"an encoded NUL", "a%00", FAULT_HOST_SYNTAX},
        {"a control character", "a\x01", FAULT_HOST_SYNTAX},
        {"a line end", "a\r\nb", FAULT_HOST_SYNTAX},
        {"raw UTF-8",
         "b\xC3\xBC"
         "cher",
         FAULT_HOST_SYNTAX},
        {"a whole URL", "http://a", FAULT_HOST_SYNTAX},
        {"IPv4 of three parts", "127.0.1", FAULT_HOST_SYNTAX},
        {"IPv4 as one number", "2130706433", FAULT_HOST_SYNTAX},
        {"IPv4 as one hexadecimal number", "0x7f000001", FAULT_HOST_SYNTAX},
        {"IPv4 with a hexadecimal end", "127.0.0.0x1", FAULT_HOST_SYNTAX},
        {"IPv4 with leading zeros", "127.0.0.01", FAULT_HOST_SYNTAX},
        {"IPv4 of five parts", "1.2.3.4.5", FAULT_HOST_SYNTAX},
        {"IPv4 above 255", "1.2.3.256", FAULT_HOST_SYNTAX},
        {"a number as top label", "example.1", FAULT_HOST_SYNTAX},
        {"IPv6 without brackets", "::1", FAULT_HOST_SYNTAX},
        {"an open bracket", "[::1", FAULT_HOST_SYNTAX},
        {"a closing bracket", "::1]", FAULT_HOST_SYNTAX},
        {"empty brackets", "[]", FAULT_HOST_SYNTAX},
        {"IPv4 in brackets", "[127.0.0.1]", FAULT_HOST_SYNTAX},
        {"a name in brackets", "[a]", FAULT_HOST_SYNTAX},
        {"text behind the brackets", "[::1]a", FAULT_HOST_SYNTAX},
        {"a dot behind the brackets", "[::1].", FAULT_HOST_SYNTAX},
        {"text before the brackets", "a[::1]", FAULT_HOST_SYNTAX},
        {"a zone", "[fe80::1%25eth0]", FAULT_HOST_SYNTAX},
        {"a zone, not encoded", "[fe80::1%eth0]", FAULT_HOST_SYNTAX},
        {"a future literal", "[v1.a:b]", FAULT_HOST_SYNTAX},
        {"IPv6 and port 0", "[::1]:0", FAULT_HOST_SYNTAX},
        {"user information", "user@a", FAULT_USERINFO},
        {"user information with a password", "user:pass@a:80", FAULT_USERINFO},
        {"an at sign alone", "@", FAULT_USERINFO},
        {"an at sign behind the host", "a@", FAULT_USERINFO},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct host host;
        enum fault  fault = host_parse(bytes_of(rows[i].text), &arena, &host);
        cr_expect_eq(fault, rows[i].fault, "%s: %s gives %s", rows[i].label, rows[i].text,
                     fault_token(fault));
    }
    struct host host;
    cr_expect_eq(host_parse(BYTES("a\0b"), &arena, &host), FAULT_HOST_SYNTAX, "a NUL in a name");
    cr_expect_eq(host_parse(BYTES("[::1\0]"), &arena, &host), FAULT_HOST_SYNTAX, "a NUL in a literal");
    cr_expect_eq(host_parse((struct bytes){"a:80", 2}, &arena, &host), FAULT_HOST_SYNTAX,
                 "a port behind the end");
    cr_expect_eq(host_parse((struct bytes){NULL, 0}, &arena, &host), FAULT_HOST_SYNTAX, "an absent host");
}

Test(host, a_name_in_lower_case_takes_no_memory)
{
    struct host  host;
    struct bytes text = BYTES("www.example.com:443");
    cr_assert_eq(host_parse(text, &arena, &host), FAULT_NONE);
    cr_expect_eq(host.name.at, text.at);
    cr_expect_eq(arena.taken, 0);
}

Test(host, a_full_arena_is_a_fault)
{
    struct arena full;
    struct host  host;
    arena_init(&full, NULL, 0);
    cr_expect_eq(host_parse(BYTES("A"), &full, &host), FAULT_NO_MEMORY);
    cr_expect_eq(host_parse(BYTES("a"), &full, &host), FAULT_NONE);
    arena_reset(&full);
}

Test(ip, addresses_are_read_and_printed_in_one_form)
{
    static const struct {
        const char *label, *text, *printed;
        bool        is_v4;
    } rows[] = {
        {"IPv4", "192.0.2.1", "192.0.2.1", true},
        {"the lowest IPv4", "0.0.0.0", "0.0.0.0", true},
        {"the highest IPv4", "255.255.255.255", "255.255.255.255", true},
        {"IPv4 in IPv6 is the same value", "::ffff:192.0.2.1", "192.0.2.1", true},
        {"the same in hexadecimal", "::FFFF:c000:0201", "192.0.2.1", true},
        {"the unspecified address", "::", "::", false},
        {"loopback", "::1", "::1", false},
        {"zeros at the end", "1::", "1::", false},
        {"no zeros", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", false},
        {"leading zeros go (RFC 5952 4.1)", "2001:0db8::0001", "2001:db8::1", false},
        {"zeros inside a group stay", "2001:db8::1000:a0", "2001:db8::1000:a0", false},
        {"one zero group is not shortened (4.2.2)", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", false},
        {"a text that shortens one group", "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1", false},
        {"the longest run is shortened (4.2.3)", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1", false},
        {"the first of two equal runs", "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", false},
        {"a run at the front", "0:0:0:1:0:0:1:1", "::1:0:0:1:1", false},
        {"a run at the end", "1:0:0:1:1:0:0:0", "1:0:0:1:1::", false},
        {"lower case (4.3)", "2001:DB8::ABCD", "2001:db8::abcd", false},
        {"an IPv4-compatible address is IPv6", "::1.2.3.4", "::102:304", false},
        {"a translated address is IPv6", "64:ff9b::1.2.3.4", "64:ff9b::102:304", false},
        {"the longest text", "1111:2222:3333:4444:5555:6666:255.255.255.255",
         "1111:2222:3333:4444:5555:6666:ffff:ffff", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ip ip, again;
        cr_assert(ip_parse(bytes_of(rows[i].text), &ip), "%s: %s is refused", rows[i].label, rows[i].text);
        cr_expect_eq(ip_is_v4(&ip), rows[i].is_v4, "%s: is_v4", rows[i].label);
        char             room[IP_TEXT_MAX];
        struct bytes_out out = {.at = room, .cap = sizeof room};
        ip_print(&ip, &out);
        cr_expect(bytes_equal(out_written(&out), bytes_of(rows[i].printed)), "%s: printed as \"%.*s\"",
                  rows[i].label, (int)out.len, out.at);
        cr_assert(ip_parse(out_written(&out), &again), "%s: its own text is refused", rows[i].label);
        cr_expect_arr_eq(again.octet, ip.octet, sizeof ip.octet, "%s: another value", rows[i].label);
    }
}

Test(ip, what_is_no_address)
{
    static const struct {
        const char *label, *text;
    } rows[] = {
        {"nothing", ""},
        {"a name", "localhost"},
        {"three parts", "1.2.3"},
        {"five parts", "1.2.3.4.5"},
        {"an empty part", "1..2.3"},
        {"a final dot", "1.2.3.4."},
        {"above 255", "1.2.3.256"},
        {"leading zeros", "1.2.3.04"},
        {"hexadecimal IPv4", "0x1.2.3.4"},
        {"a sign", "+1.2.3.4"},
        {"a blank in front", " 1.2.3.4"},
        {"a blank behind", "1.2.3.4 "},
        {"a port", "1.2.3.4:80"},
        {"a prefix length", "10.0.0.0/8"},
        {"brackets", "[::1]"},
        {"a zone", "fe80::1%eth0"},
        {"seven groups", "1:2:3:4:5:6:7"},
        {"nine groups", "1:2:3:4:5:6:7:8:9"},
        {"two gaps", "1::2::3"},
        {"three colons", ":::"},
        {"one colon", ":"},
        {"a group of five digits", "12345::"},
        {"a letter outside hexadecimal", "g::1"},
        {"IPv4 in the middle", "::1.2.3.4:5"},
        {"longer than any address", "1111:2222:3333:4444:5555:6666:255.255.255.2555"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ip ip;
        cr_expect_not(ip_parse(bytes_of(rows[i].text), &ip), "%s: %s is read", rows[i].label, rows[i].text);
    }
    struct ip ip;
    cr_expect_not(ip_parse(BYTES("1.2.3.4\0"), &ip), "a NUL behind an address");
    cr_expect_not(ip_parse(BYTES("1.2.3.4\0.example"), &ip), "a NUL inside");
}
