// SPDX-License-Identifier: Apache-2.0
// Nodes: finding values, their lines and problems.
#include "policy/document.h"
#include <criterion/criterion.h>

static char printed[64 * 1024];

static const char *print(const struct document *d)
{
    struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
    document_print(d, &out);
    cr_assert_not(out.overflowed);
    printed[out.len] = '\0';
    return printed;
}

static struct document *parse(const char *text)
{
    struct document *d = document_parse(bytes_of(text), "portcullis.json");
    cr_assert_not_null(d);
    return d;
}

Test(document, nothing_is_borrowed)
{
    char             text[] = "{\"a\": x}", file[] = "name";
    struct document *d = document_parse((struct bytes){text, strlen(text)}, file);
    memset(text, 'z', strlen(text));
    memset(file, 'z', strlen(file));
    cr_expect_str_eq(document_file(d), "name");
    cr_expect_not_null(strstr(print(d), "name:1:7"), "%s", printed);
    cr_expect_not_null(strstr(printed, "    1 | {\"a\": x}\n"), "%s", printed);
    document_free(&d);
    cr_expect_null(d);
    document_free(&d);
}

Test(document, a_broken_text_has_no_root)
{
    struct document *d = parse("{");
    struct node      root = document_root(d), child;
    struct bytes     text = BYTES("untouched");
    cr_expect_null(root.item);
    cr_expect_eq(node_length(root), 0u);
    cr_expect_not(node_find(root, "a", &child));
    cr_expect_not(node_text(child, &text));
    cr_expect(bytes_equal(text, BYTES("untouched")));
    cr_expect_not_null(strstr(print(d), "1 problem: nothing was loaded\n"), "absent values add none: %s",
                       printed);
    document_free(&d);
}

Test(document, keys_are_case_sensitive)
{
    struct document *d = parse("{\"Listen\": 1, \"listen\": 2}");
    struct node      n;
    uint64_t         number = 0;
    cr_assert(node_find(document_root(d), "listen", &n));
    cr_expect(node_count(n, 0, 9, &number));
    cr_expect_eq(number, 2u);
    cr_expect_not(node_find(document_root(d), "LISTEN", &n));
    cr_expect_null(n.item);
    document_free(&d);
}

Test(document, null_means_not_set)
{
    struct document *d = parse("{\"client_ca\": null}");
    struct node      n;
    cr_expect_not(node_find(document_root(d), "client_ca", &n));
    cr_expect_null(n.item);
    document_free(&d);
}

Test(document, elements_come_in_order_from_anywhere)
{
    struct document    *d = parse("{\"a\": [10, 11, 12], \"b\": 3}");
    struct node         root = document_root(d), list = node_at(root, 0);
    static const size_t order[] = {0, 1, 2, 0, 2, 1};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        uint64_t number = 0;
        cr_expect(node_count(node_at(list, order[i]), 0, 99, &number));
        cr_expect_eq(number, 10 + order[i]);
        cr_expect(bytes_equal(node_key(node_at(root, 1)), BYTES("b")));
    }
    cr_expect_null(node_at(list, 3).item);
    cr_expect_eq(node_length(list), 3u);
    cr_expect_null(node_key(node_at(list, 0)).at);
    document_free(&d);
}

Test(document, lines_are_those_of_the_values)
{
    struct document *d = parse("// one\n{ \"a\": /*\n\n*/\n 1,\n\"b\":\n[\n2]}");
    struct node      root = document_root(d);
    cr_expect_eq(node_line(root), 2u);
    cr_expect_eq(node_line(node_at(root, 0)), 5u);
    cr_expect_eq(node_line(node_at(root, 1)), 7u);
    cr_expect_eq(node_line(node_at(node_at(root, 1), 0)), 8u);
    cr_expect_eq(node_line((struct node){d, NULL}), 0u);
    document_free(&d);
}

Test(document, a_problem_shows_its_place)
{
    struct document *d = parse("{\n  \"routes\": [\n    {},\n    { \"a/b\": \"wrong\" }\n  ]\n}\n");
    struct node      route = node_at(node_at(document_root(d), 0), 1);
    node_problem(node_at(route, 0), "write something else", "this is %s", "wrong");
    cr_expect_str_eq(print(d), "portcullis.json:4:14: error: this is wrong (/routes/1/a~1b)\n"
                               "    4 |     { \"a/b\": \"wrong\" }\n"
                               "      |              ^^^^^^^ write something else\n"
                               "1 problem: nothing was loaded\n");
    document_free(&d);
}

Test(document, problems_are_sorted_and_said_once)
{
    struct document *d = parse("[1,\n2,\n3]");
    struct node      root = document_root(d);
    for (int twice = 0; twice < 2; twice++) {
        node_problem(node_at(root, 2), NULL, "third");
        node_problem(node_at(root, 0), NULL, "first");
        node_problem(node_at(root, 0), NULL, "also first");
    }
    const char *first = strstr(print(d), ": first"), *also = strstr(printed, "also first"),
               *third = strstr(printed, "third");
    cr_assert(first != NULL && also != NULL && third != NULL, "%s", printed);
    cr_expect(first < also && also < third, "%s", printed);
    cr_expect_not_null(strstr(printed, "3 problems: nothing was loaded\n"), "%s", printed);
    document_free(&d);
}

Test(document, problems_are_bounded)
{
    char             text[1024] = "[";
    struct bytes_out out = {.at = text, .len = 1, .cap = sizeof text};
    for (int i = 0; i < 50; i++)
        out_text(&out, "x,\n");
    out_text(&out, "]");
    struct document *d = document_parse(out_written(&out), "f");
    print(d);
    size_t lines = 0;
    for (const char *p = printed; (p = strstr(p, ": error: ")) != NULL; p++)
        lines++;
    cr_expect_eq(lines, (size_t)DOCUMENT_PROBLEMS_MAX);
    cr_expect_not_null(strstr(printed, "20 problems and more: nothing was loaded\n"), "%s", printed);
    document_free(&d);
}

Test(document, one_problem_for_one_wrong_value)
{
    struct document *d = parse("[012]");
    uint64_t         ms;
    cr_expect_not(node_duration(node_at(document_root(d), 0), 0, 10, &ms));
    cr_expect_not_null(strstr(print(d), "1 problem: nothing"), "%s", printed);
    document_free(&d);
}

Test(document, many_values_are_found_fast)
{
    const size_t     count = 200000;
    struct bytes_out out = {.at = malloc(4 * count), .cap = 4 * count};
    out_char(&out, '[');
    for (size_t i = 0; i < count; i++)
        out_text(&out, "1,\n");
    out_char(&out, ']');
    struct document *d = document_parse(out_written(&out), "f");
    struct node      root = document_root(d);
    cr_assert_eq(node_length(root), count);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(node_line(node_at(root, i)), i + 1);
    document_free(&d);
    free(out.at);
}
