// SPDX-License-Identifier: Apache-2.0
// test_forwarded: who the client is, whatever it says about itself.
#include "parser/forwarded.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define LINES_MAX 3

TestSuite(forwarded);

// 10.0.0.0/8 and ::1 are our proxies.
static bool trusts_ten(const void *trusted, const struct ip *address)
{
    struct ip one;
    (void)trusted;
    cr_assert(ip_parse(BYTES("::1"), &one));
    return (ip_is_v4(address) && address->octet[12] == 10) || memcmp(address, &one, sizeof one) == 0;
}

static bool trusts_all(const void *trusted, const struct ip *address)
{
    (void)trusted;
    (void)address;
    return true;
}

static void expect_client(const char *label, struct ip client, const char *wanted)
{
    char             room[IP_TEXT_MAX];
    struct bytes_out out = {.at = room, .cap = sizeof room};
    ip_print(&client, &out);
    cr_expect(bytes_equal(out_written(&out), bytes_of(wanted)), "%s: the client is %.*s, not %s", label,
              (int)out.len, out.at, wanted);
}

static struct ip client_of(const char *sender, const char *const lines[LINES_MAX], forwarded_trusts *trusts)
{
    struct field fields[LINES_MAX + 1] = {{.name = BYTES("Host"), .value = BYTES("a"), .id = FIELD_HOST}};
    size_t       count = 1;
    struct ip    ip;
    for (size_t i = 0; i < LINES_MAX && lines[i] != NULL; i++)
        fields[count++] = (struct field){
            .name = BYTES("X-Forwarded-For"), .value = bytes_of(lines[i]), .id = FIELD_X_FORWARDED_FOR};
    cr_assert(ip_parse(bytes_of(sender), &ip));
    return forwarded_client(&ip, &(struct fields){fields, count}, trusts, NULL);
}

Test(forwarded, the_list_is_walked_from_the_right)
{
    static const struct {
        const char *label, *sender, *lines[LINES_MAX], *client;
    } rows[] = {
        {"no field: the sender", "10.0.0.1", {NULL}, "10.0.0.1"},
        {"an untrusted sender is not believed", "192.0.2.9", {"1.1.1.1"}, "192.0.2.9"},
        {"an untrusted sender cannot claim our address", "192.0.2.9", {"10.0.0.5"}, "192.0.2.9"},
        {"one entry of a trusted sender", "10.0.0.1", {"192.0.2.1"}, "192.0.2.1"},
        {"what the client wrote itself is not believed", "10.0.0.1", {"1.1.1.1, 192.0.2.1"}, "192.0.2.1"},
        {"a trusted address the client claims", "10.0.0.1", {"10.9.9.9, 192.0.2.1"}, "192.0.2.1"},
        {"two proxies", "10.0.0.1", {"1.1.1.1, 192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
        {"all are trusted: the first", "10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
        {"several lines are one list", "10.0.0.1", {"1.1.1.1", "192.0.2.1", "10.0.0.2"}, "192.0.2.1"},
        {"lines with lists", "10.0.0.1", {"1.1.1.1, 192.0.2.1", "10.0.0.3,10.0.0.2"}, "192.0.2.1"},
        {"blanks and tabs around entries", "10.0.0.1", {"1.1.1.1 ,\t192.0.2.1\t, 10.0.0.2 "}, "192.0.2.1"},
        {"no blanks", "10.0.0.1", {"192.0.2.1,10.0.0.2"}, "192.0.2.1"},
        {"an IPv6 client", "10.0.0.1", {"2001:db8::7"}, "2001:db8::7"},
        {"an IPv6 proxy", "::1", {"192.0.2.1"}, "192.0.2.1"},
        {"a v4-mapped proxy is the v4 one", "::ffff:10.0.0.1", {"192.0.2.1"}, "192.0.2.1"},
        {"a v4-mapped entry is the v4 one", "10.0.0.1", {"192.0.2.1, ::ffff:10.0.0.2"}, "192.0.2.1"},
        {"rubbish to the left does no harm", "10.0.0.1", {"<script>,,\x01, 192.0.2.1"}, "192.0.2.1"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        expect_client(rows[i].label, client_of(rows[i].sender, rows[i].lines, trusts_ten), rows[i].client);
}

Test(forwarded, ports_are_accepted_and_dropped)
{
    static const struct {
        const char *label, *line, *client;
    } rows[] = {
        {"IPv4 with a port", "192.0.2.1:4711", "192.0.2.1"},
        {"IPv6 in brackets", "[2001:db8::7]", "2001:db8::7"},
        {"IPv6 with a port", "[2001:db8::7]:4711", "2001:db8::7"},
        {"a proxy with a port", "192.0.2.1, 10.0.0.2:80", "192.0.2.1"},
        {"port 0, as a proxy without one writes it", "192.0.2.1:0", "192.0.2.1"},
        {"the highest port", "192.0.2.1:65535", "192.0.2.1"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *lines[LINES_MAX] = {rows[i].line};
        expect_client(rows[i].label, client_of("10.0.0.1", lines, trusts_ten), rows[i].client);
    }
}

Test(forwarded, an_entry_that_is_no_address_ends_the_walk)
{
    static const struct {
        const char *label, *line, *client;
    } rows[] = {
        {"an empty field", "", "10.0.0.1"},
        {"only commas", ",,", "10.0.0.1"},
        {"a final comma", "192.0.2.1,", "10.0.0.1"},
        {"unknown", "192.0.2.1, unknown", "10.0.0.1"},
        {"a name", "localhost", "10.0.0.1"},
        {"rubbish behind a trusted proxy", "192.0.2.1, junk, 10.0.0.2", "10.0.0.2"},
        {"a port that is too high", "192.0.2.1:65536", "10.0.0.1"},
        {"an empty port", "192.0.2.1:", "10.0.0.1"},
        {"a port with letters", "192.0.2.1:80x", "10.0.0.1"},
        {"an open bracket", "[2001:db8::7", "10.0.0.1"},
        {"text behind the brackets", "[2001:db8::7]x", "10.0.0.1"},
        {"IPv4 in brackets", "[192.0.2.1]", "10.0.0.1"},
        {"a zone", "fe80::1%eth0", "10.0.0.1"},
        {"a quoted entry belongs to Forwarded", "\"192.0.2.1\"", "10.0.0.1"},
        {"leading zeros", "192.0.2.01", "10.0.0.1"},
        {"a network", "192.0.2.0/24", "10.0.0.1"},
        {"two addresses without a comma", "192.0.2.1 192.0.2.2", "10.0.0.1"},
        {"semicolons are no commas", "192.0.2.1; 192.0.2.2", "10.0.0.1"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *lines[LINES_MAX] = {rows[i].line};
        expect_client(rows[i].label, client_of("10.0.0.1", lines, trusts_ten), rows[i].client);
    }
}

Test(forwarded, other_fields_are_not_looked_at)
{
    const struct field fields[] = {
        {.name = BYTES("X-Forwarded-For"), .value = BYTES("192.0.2.1"), .id = FIELD_X_FORWARDED_FOR},
        {.name = BYTES("X-Real-IP"), .value = BYTES("1.1.1.1"), .id = FIELD_X_REAL_IP},
        {.name = BYTES("Forwarded"), .value = BYTES("for=1.1.1.1"), .id = FIELD_FORWARDED},
        {.name = BYTES("X_Forwarded_For"), .value = BYTES("1.1.1.1"), .id = FIELD_OTHER, .dropped = true},
    };
    struct ip sender;
    cr_assert(ip_parse(BYTES("10.0.0.1"), &sender));
    expect_client("only X-Forwarded-For counts",
                  forwarded_client(&sender, &(struct fields){fields, ROWS(fields)}, trusts_ten, NULL),
                  "192.0.2.1");
    expect_client("no fields at all", forwarded_client(&sender, &(struct fields){NULL, 0}, trusts_ten, NULL),
                  "10.0.0.1");
}

Test(forwarded, only_so_many_entries_are_believed)
{
    char             room[4096];
    struct bytes_out out = {.at = room, .cap = sizeof room - 1};
    for (unsigned i = FORWARDED_HOPS_MAX + 1; i > 0; i--) {
        out_text(&out, "10.0.1.");
        out_uint(&out, i);
        out_text(&out, i > 1 ? ", " : "");
    }
    room[out.len] = '\0';
    const char *lines[LINES_MAX] = {room};
    expect_client("one entry too many", client_of("10.0.0.1", lines, trusts_all), "10.0.1.32");
    lines[0] = strchr(room, ' ') + 1;
    expect_client("exactly as many as allowed", client_of("10.0.0.1", lines, trusts_all), "10.0.1.32");
    lines[0] = strchr(lines[0], ' ') + 1;
    expect_client("one fewer", client_of("10.0.0.1", lines, trusts_all), "10.0.1.31");
}
