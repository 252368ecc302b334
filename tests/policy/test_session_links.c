// SPDX-License-Identifier: Apache-2.0
// test_session_links: ids in addresses are found wherever some app would look for them, and taken out.
#include "policy/session_links.h"
#include "tests/support/request_of.h"
#include <criterion/criterion.h>

static const struct session_names names = {.at = {BYTES("JSESSIONID"), BYTES("app_sess")}, .count = 2};

#define TEN_BLANKS "%20+%20+%20+%20+%20+"
#define BLANKS TEN_BLANKS TEN_BLANKS TEN_BLANKS TEN_BLANKS TEN_BLANKS TEN_BLANKS TEN_BLANKS

static const struct {
    const char     *label, *target;
    enum link_check check;
    const char     *clean;
} rows[] = {
    {"nothing", "/a/b;x=1?y=2", LINK_CLEAN, NULL},
    {"Tomcat's", "/a;jsessionid=1F.node1", LINK_CLEANED, "/a"},
    {"with a query", "/a;jsessionid=1F?x=1&y", LINK_CLEANED, "/a?x=1&y"},
    {"in the middle, beside another", "/a;v=1;JSESSIONID=2;w=3/b", LINK_CLEANED, "/a;v=1;w=3/b"},
    {"without a value", "/a;jsessionid/b", LINK_CLEANED, "/a/b"},
    {"twice", "/a;jsessionid=1/b;jsessionid=2", LINK_CLEANED, "/a/b"},
    {"in the root", "/;jsessionid=1", LINK_CLEANED, "/"},
    {"a longer name", "/a;jsessionids=1", LINK_CLEAN, NULL},
    {"a name in the path is none", "/jsessionid=1", LINK_CLEAN, NULL},
    {"escaped letters of the name", "/a;j%73essionid=1", LINK_CLEANED, "/a"},
    {"hidden behind an escaped semicolon", "/a%3bjsessionid=1", LINK_REFUSED, NULL},
    {"PHP's, in the query", "/a?x=1&APP_SESS=7&y=2", LINK_CLEANED, "/a?x=1&y=2"},
    {"alone", "/a?app_sess=7", LINK_CLEANED, "/a"},
    {"without a value in the query", "/a?app_sess&x", LINK_CLEANED, "/a?x"},
    {"as PHP folds it", "/a?app.sess=7", LINK_CLEANED, "/a"},
    {"with a blank before it", "/a?+app%5Fsess=7", LINK_CLEANED, "/a"},
    {"as an array", "/a?app_sess[0]=7", LINK_CLEANED, "/a"},
    {"behind many blanks", "/a?" BLANKS "app_sess=7&x", LINK_CLEANED, "/a?x"},
    {"cut by a zero byte", "/a?app_sess%00x=7&x", LINK_CLEANED, "/a?x"},
    {"behind a semicolon of the query", "/a?x=1;app_sess=7", LINK_REFUSED, NULL},
    {"a semicolon of the query", "/a?x=1;y=app_sess", LINK_CLEAN, NULL},
    {"as a value it is none", "/a?x=app_sess", LINK_CLEAN, NULL},
    {"both", "/a;jsessionid=1?app_sess=2", LINK_CLEANED, "/a"},
    {"what would lead to another host", "//a.example;jsessionid=1", LINK_REFUSED, NULL},
};

Test(session_links, requests)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        struct bytes clean = {0};
        arena_init(&arena, NULL, 1u << 20);
        struct request q = request_for(&arena, "GET", NULL, rows[i].target);
        cr_expect_eq(links_check(&names, &q, &arena, &clean), rows[i].check, "%s", rows[i].label);
        if (rows[i].check == LINK_CLEANED)
            cr_expect(bytes_equal(clean, bytes_of(rows[i].clean)), "%s: <%.*s>", rows[i].label, SHOW(clean));
        arena_reset(&arena);
    }
}

static const struct {
    const char *location, *clean;
} locations[] = {
    {"/home", "/home"},
    {"/home;jsessionid=12.n1?x=;jsessionid=3#;jsessionid=4", "/home?x=;jsessionid=3#;jsessionid=4"},
    {"https://a.example/b;JSESSIONID=1/c;d=e", "https://a.example/b/c;d=e"},
    {"", ""},
    {";jsessionid=1", ""},
};

Test(session_links, locations)
{
    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 1u << 20);
        struct bytes clean = links_clean_location(&names, bytes_of(locations[i].location), &arena);
        cr_expect(bytes_equal(clean, bytes_of(locations[i].clean)), "%s: <%.*s>", locations[i].location,
                  SHOW(clean));
        arena_reset(&arena);
    }
}

Test(session_links, no_room_is_no_pass)
{
    struct arena arena, full;
    struct bytes clean;
    arena_init(&arena, NULL, 1u << 20);
    arena_init(&full, NULL, 0);
    struct request q = request_for(&arena, "GET", NULL, "/a;jsessionid=1");
    cr_expect_eq(links_check(&names, &q, &full, &clean), LINK_REFUSED);
    cr_expect_null(links_clean_location(&names, BYTES("/a;jsessionid=1"), &full).at);
    arena_reset(&arena);
}
