// SPDX-License-Identifier: Apache-2.0
// test_config_admin: where operators reach the gateway, and where it keeps what outlives it.
#include "gateway/config.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define LONG_20 "/23456789/123456789/"
#define LONG_100 LONG_20 LONG_20 LONG_20 LONG_20 LONG_20

static struct config *load(const char *members)
{
    char json[2048];
    (void)snprintf(json, sizeof json, "{\"listen\": \":8080\", \"upstream\": \"http://127.0.0.1:9000\"%s}",
                   members);
    struct config *c = config_load(bytes_of(json), "f");
    cr_assert_not_null(c);
    return c;
}

Test(config_admin, there_is_none_by_default)
{
    struct config *c = load("");
    cr_expect_not(config_has_problems(c));
    cr_expect_eq(c->admin.socket.len, 0);
    cr_expect_eq(c->state_directory.len, 0);
    cr_expect_eq(c->state_keys.len, 0);
    cr_expect_null(snapshot_ladder(c->snapshot));
    config_free(&c);
}

Test(config_admin, is_read)
{
    struct config *c = load(", \"admin\": {\"socket\": \"./a.sock\", \"access\": \"group\"}, \"state\": "
                            "{\"directory\": \"/var/lib/x\", \"keys\": \"/run/k\"}, \"reputation\": {}");
    cr_assert_not(config_has_problems(c));
    cr_expect(bytes_equal(c->admin.socket, BYTES("./a.sock")));
    cr_expect(c->admin.is_for_group);
    cr_expect(bytes_equal(c->state_directory, BYTES("/var/lib/x")));
    cr_expect(bytes_equal(c->state_keys, BYTES("/run/k")));
    cr_expect_not_null(snapshot_ladder(c->snapshot));
    cr_expect_not(snapshot_ladder_is_shadow(c->snapshot));
    config_free(&c);
}

Test(config_admin, the_mode_of_the_ladder_is_that_of_the_file_unless_it_says_one)
{
    static const struct {
        const char *members;
        bool        is_there, is_shadow;
    } rows[] = {{", \"mode\": \"shadow\", \"reputation\": {}", true, true},
                {", \"mode\": \"shadow\", \"reputation\": {\"mode\": \"enforce\"}", true, false},
                {", \"reputation\": {\"mode\": \"shadow\"}", true, true},
                {", \"mode\": \"off\", \"reputation\": {}", false, false},
                {", \"reputation\": {\"mode\": \"off\"}", false, false},
                {", \"reputation\": null", false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct config *c = load(rows[i].members);
        cr_assert_not(config_has_problems(c), "%s", rows[i].members);
        cr_expect_eq(snapshot_ladder(c->snapshot) != NULL, rows[i].is_there, "%s", rows[i].members);
        cr_expect_eq(snapshot_ladder_is_shadow(c->snapshot), rows[i].is_shadow, "%s", rows[i].members);
        config_free(&c);
    }
}

static const struct row {
    const char *label, *members, *problem;
} rows[] = {
    {"an admin without a socket", ", \"admin\": {}", "\"socket\" is missing (/admin)"},
    {"an admin that is no object", ", \"admin\": \"/run/x\"", "an object is needed here"},
    {"a socket that is no path", ", \"admin\": {\"socket\": \"x\"}", "this is no path (/admin/socket)"},
    {"a socket longer than the kernel's name", ", \"admin\": {\"socket\": \"" LONG_100 LONG_20 "\"}",
     "a path of more than 107 bytes"},
    {"an unknown key", ", \"admin\": {\"sockets\": \"/x\"}", "did you mean \"socket\"?"},
    {"access for all", ", \"admin\": {\"socket\": \"/x\", \"access\": \"all\"}", "owner"},
    {"a directory that is no path", ", \"state\": {\"directory\": \"x\"}",
     "this is no path (/state/directory)"},
    {"keys that are no path", ", \"state\": {\"keys\": \"x\"}", "this is no path (/state/keys)"},
    {"an unknown key of state", ", \"state\": {\"dir\": \"/x\"}", "unknown key \"dir\""},
    {"a ladder that is wrong", ", \"reputation\": {\"steps\": []}", "between 1 and 8 steps"},
    {"a ladder among the policies", ", \"policies\": {\"r\": {\"type\": \"reputation\"}}",
     "reputation is no policy of a route"},
};

Test(config_admin, refuses)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        struct config   *c = load(row->members);
        char             memory[8192];
        struct bytes_out out = {.at = memory, .cap = sizeof memory - 1};
        document_print(c->document, &out);
        memory[out.len] = '\0';
        cr_expect(config_has_problems(c), "%s", row->label);
        cr_expect_not_null(strstr(memory, row->problem), "%s: %s", row->label, memory);
        config_free(&c);
    }
}
