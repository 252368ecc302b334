// SPDX-License-Identifier: Apache-2.0
// Prefixes: what is in, what is not, what is refused.
#include "policy/ip_set.h"
#include <criterion/criterion.h>
#include <stdlib.h>

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

// --- files ---

static char *many; // the file "/many"

static const char *read_file(const char *path, struct bytes_out *out)
{
    static const char *const files[][2] = {
        {"/good", "# of the week\n192.0.2.0/24\n\n  2001:db8::/32\t# a /32\r\n198.51.100.7 ; SBL1\n"},
        {"/no-line-end", "192.0.2.0/24"},
        {"/empty", ""},
        {"/wrong", "192.0.2.0/24\n  192.0.2.1/24\nnonsense\n"},
        {"/two", "192.0.2.1 192.0.2.2\n"},
    };
    if (strcmp(path, "/many") == 0)
        out_text(out, many);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(path, files[i][0]) == 0)
            out_text(out, files[i][1]);
    return strcmp(path, "/missing") == 0 ? "no such file or directory" : NULL;
}

static struct ip_set *load_files(const char *json, size_t *count_r, struct document **d_r)
{
    *d_r = document_parse(bytes_of(json), "f");
    arena_init(&arena, NULL, 64u << 20);
    return ip_set_load_files(document_root(*d_r), read_file, &arena, count_r);
}

struct file_row {
    const char *label, *set;
    size_t      count;
    const char *address;
    bool        in;
};

static const struct file_row file_rows[] = {
    {"a line", "[\"@/good\"]", 3, "192.0.2.9", true},
    {"a line with blanks and a comment behind it", "[\"@/good\"]", 3, "2001:db8::9", true},
    {"a line with the other comment", "[\"@/good\"]", 3, "198.51.100.7", true},
    {"no line", "[\"@/good\"]", 3, "198.51.100.8", false},
    {"the last line has no end", "[\"@/no-line-end\"]", 1, "192.0.2.9", true},
    {"an empty file", "[\"@/empty\"]", 0, "192.0.2.9", false},
    {"beside others", "[\"10.0.0.1\", \"@/no-line-end\", \"@/good\"]", 5, "10.0.0.1", true},
};

Test(ip_set, files)
{
    for (const struct file_row *row = file_rows; row < file_rows + sizeof file_rows / sizeof *file_rows;
         row++) {
        struct document *d;
        struct ip        ip;
        size_t           count;
        struct ip_set   *set = load_files(row->set, &count, &d);
        cr_assert_not_null(set, "%s", row->label);
        cr_expect_eq(count, row->count, "%s: %zu", row->label, count);
        cr_assert(ip_parse(bytes_of(row->address), &ip), "%s", row->label);
        cr_expect_eq(ip_set_has(set, &ip), row->in, "%s", row->label);
        arena_reset(&arena);
        document_free(&d);
    }
}

static const struct refusal file_refusals[] = {
    {"bits behind the prefix", "[\"@/wrong\"]",
     "f:1:2: error: /wrong:2:3: \"192.0.2.1/24\" has bits set behind its prefix (/0)",
     "did you mean \"192.0.2.0/24\"?"},
    {"every wrong line is told", "[\"@/wrong\"]", "/wrong:3:1: \"nonsense\" is not an address or prefix",
     NULL},
    {"two in a line", "[\"@/two\"]", "/two:1:1: \"192.0.2.1 192.0.2.2\" is not an address", NULL},
    {"no such file", "[\"@/missing\"]", "cannot read /missing: no such file or directory (/0)", NULL},
    {"no path", "[\"@\"]", "this is not a path (/0)", "\"@/etc/portcullis/blocklist.txt\""},
};

Test(ip_set, refusals_of_files)
{
    for (const struct refusal *row = file_refusals;
         row < file_refusals + sizeof file_refusals / sizeof *file_refusals; row++) {
        char             printed[4096];
        struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
        struct document *d;
        size_t           count;
        cr_expect_null(load_files(row->set, &count, &d), "%s", row->label);
        document_print(d, &out);
        printed[out.len] = '\0';
        cr_expect_not_null(strstr(printed, row->problem), "%s: %s", row->label, printed);
        cr_expect(row->hint == NULL || strstr(printed, row->hint) != NULL, "%s: %s", row->label, printed);
        arena_reset(&arena);
        document_free(&d);
    }
}

Test(ip_set, where_no_files_can_be_named_a_path_is_no_address)
{
    struct document *d;
    cr_expect_null(load("[\"@/good\"]", &d));
    cr_expect(document_has_problems(d));
    arena_reset(&arena);
    document_free(&d);
}

Test(ip_set, the_number_of_prefixes_is_bounded)
{
    struct bytes_out out = {.at = malloc(16u * (IP_SET_MAX + 2)), .cap = 16u * (IP_SET_MAX + 2)};
    struct ip        last = {{[10] = 0xff,
                              [11] = 0xff,
                              0,
                              (IP_SET_MAX - 1) >> 16,
                              ((IP_SET_MAX - 1) >> 8) & 255,
                              (IP_SET_MAX - 1) & 255}};
    for (uint32_t i = 0; i < IP_SET_MAX; i++) {
        out_text(&out, "0.");
        out_uint(&out, i >> 16);
        out_char(&out, '.');
        out_uint(&out, i >> 8 & 255);
        out_char(&out, '.');
        out_uint(&out, i & 255);
        out_char(&out, '\n');
    }
    struct bytes_out more = out;
    out_char(&out, '\0');
    many = out.at;
    size_t           count;
    struct document *d;
    struct ip_set   *set = load_files("[\"@/many\"]", &count, &d);
    cr_assert_not_null(set);
    cr_expect(ip_set_has(set, &last));
    last.octet[15]++;
    cr_expect_not(ip_set_has(set, &last));
    cr_expect_leq(arena.taken, 9u * IP_SET_MAX, "%zu bytes", arena.taken);
    arena_reset(&arena);
    document_free(&d);
    out_text(&more, "10.0.0.1\n");
    out_char(&more, '\0');
    cr_expect_null(load_files("[\"@/many\"]", &count, &d));
    cr_expect(document_has_problems(d));
    arena_reset(&arena);
    document_free(&d);
    free(out.at);
}

// --- the same as looking at one prefix after the other ---

static uint64_t seed;

static uint64_t draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 33;
}

static bool v4_of(const struct ip_prefix *p)
{
    return p->bits >= 96 && ip_is_v4(&p->address);
}

static bool lies_in(const struct ip_prefix *p, const struct ip *ip)
{
    if (v4_of(p) != ip_is_v4(ip))
        return false;
    for (unsigned bit = 0; bit < p->bits; bit++)
        if (((p->address.octet[bit / 8] ^ ip->octet[bit / 8]) >> (7 - bit % 8)) & 1)
            return false;
    return true;
}

// Addresses with few different bytes, so that they meet.
static struct ip draw_address(void)
{
    struct ip ip = {{0}};
    for (size_t i = 0; i < sizeof ip.octet; i++)
        ip.octet[i] = (uint8_t)(draw() % 4 == 0 ? draw() : draw() % 2 == 0 ? 0x20 : 0xff);
    if (draw() % 2 == 0) {
        for (size_t i = 0; i < 10; i++)
            ip.octet[i] = 0;
        ip.octet[10] = ip.octet[11] = 0xff;
    }
    return ip;
}

static struct ip_prefix draw_prefix(void)
{
    struct ip_prefix p = {.address = draw_address()};
    p.bits = (uint8_t)(ip_is_v4(&p.address) ? 96 + draw() % 33 : draw() % 129);
    for (unsigned bit = p.bits; bit < 128; bit++)
        p.address.octet[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return p;
}

Test(ip_set, agrees_with_a_plain_list)
{
    static struct ip_prefix prefixes[300];
    for (unsigned round = 0; round < 300; round++) {
        size_t count = round < 150 ? draw() % 5 : draw() % 300, found = 0;
        seed = round;
        for (size_t i = 0; i < count; i++)
            prefixes[i] = draw_prefix();
        arena_init(&arena, NULL, 16u << 20);
        const struct ip_set *set = ip_set_new(prefixes, count, &arena);
        cr_assert_not_null(set);
        for (unsigned asked = 0; asked < 300; asked++) {
            struct ip ip = asked % 2 == 0 || count == 0 ? draw_address() : prefixes[draw() % count].address;
            if (asked % 4 == 1)
                ip.octet[draw() % 16] ^= (uint8_t)(1u << draw() % 8);
            bool in = false;
            for (size_t i = 0; i < count; i++)
                in = in || lies_in(&prefixes[i], &ip);
            found += in;
            cr_assert_eq(ip_set_has(set, &ip), in, "round %u, address %u", round, asked);
        }
        cr_expect(count == 0 || found > 0, "round %u asked for nothing", round);
        arena_reset(&arena);
    }
}

Test(ip_set, a_full_arena_is_an_answer)
{
    static struct ip_prefix prefixes[300];
    for (size_t i = 0; i < 300; i++)
        prefixes[i] = draw_prefix();
    for (size_t room = 0; room < 6000; room += 500) {
        arena_init(&arena, NULL, room);
        cr_expect_null(ip_set_new(prefixes, 300, &arena));
        arena_reset(&arena);
    }
}
