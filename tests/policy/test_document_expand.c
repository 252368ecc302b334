// SPDX-License-Identifier: Apache-2.0
// ${NAME} and its kin: what they become, and that it is never shown.
#include "policy/document.h"
#include <criterion/criterion.h>

#define SECRET "hunter2-is-the-secret"

static char large[80 * 1024];

static bool lookup(void *context, struct bytes name, struct bytes_out *value, const char **why_r)
{
    (void)context;
    static const struct {
        struct bytes name, value;
    } known[] = {
        {BYTES("HOME"), BYTES("/root")},           {BYTES("EMPTY"), BYTES("")},
        {BYTES("NESTED"), BYTES("${HOME}\"}, {")}, {BYTES("NUL"), BYTES("a\0b")},
        {BYTES("SECRET"), BYTES(SECRET)},          {BYTES("file:/run/secrets/key"), BYTES(SECRET)},
        {BYTES("file:/a:-b"), BYTES("colon")},     {BYTES("LARGE"), {large, sizeof large}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (bytes_equal(name, known[i].name)) {
            out_bytes(value, known[i].value);
            return true;
        }
    if (bytes_starts_with(name, BYTES("file:")))
        *why_r = "there is no such file";
    return false;
}

struct row {
    const char *label, *text;
    const char *value; // NULL: a problem
    const char *problem;
};

static const struct row rows[] = {
    {"nothing to expand", "plain $HOME $ { } $$", "plain $HOME $ { } $$", NULL},
    {"a variable", "${HOME}", "/root", NULL},
    {"between other text", "<${HOME}|${HOME}>", "</root|/root>", NULL},
    {"an empty variable", "a${EMPTY}b", "ab", NULL},
    {"a default that is not needed", "${HOME:-/x}", "/root", NULL},
    {"a default that is needed", "${NOPE:-/x:-y}", "/x:-y", NULL},
    {"a default for an empty variable", "${EMPTY:-d}", "d", NULL},
    {"an empty default", "a${NOPE:-}", "a", NULL},
    {"a file", "${file:/run/secrets/key}", SECRET, NULL},
    {"a path may look like a default", "${file:/a:-b}", "colon", NULL},
    {"a dollar that stays", "$${HOME}", "${HOME}", NULL},
    {"what comes out is not read again", "${NESTED}", "${HOME}\"}, {", NULL},
    {"unset", "${NOPE}", NULL, "${NOPE}: not set"},
    {"a file that is not there", "${file:/nope}", NULL, "${file:/nope}: there is no such file"},
    {"never closed", "${HOME", NULL, "\"${\" without \"}\""},
    {"no name", "${}", NULL, "\"${}\" is not the name of a variable"},
    {"no path", "${file:}", NULL, "\"${file:}\" is not the name of a variable"},
    {"a digit first", "${1A}", NULL, "\"${1A}\" is not the name of a variable"},
    {"a blank in the name", "${A B}", NULL, "\"${A B}\" is not the name of a variable"},
    {"a NUL would cut the value", "${NUL}", NULL, "${NUL}: it holds a NUL"},
    {"larger than any value may be", "${LARGE}", NULL, "${LARGE}: it is longer than 64 KiB"},
};

static char printed[8192];

static const char *print(const struct document *d)
{
    struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
    document_print(d, &out);
    printed[out.len] = '\0';
    return printed;
}

// A document that is an array of one text.
static struct document *expand(const char *text)
{
    char             json[256];
    struct bytes_out out = {.at = json, .cap = sizeof json};
    out_text(&out, "[\"");
    out_json(&out, bytes_of(text));
    out_text(&out, "\"]");
    struct document *d = document_parse(out_written(&out), "f");
    cr_assert_not(document_has_problems(d), "%s", print(d));
    document_expand(d, lookup, NULL);
    return d;
}

Test(document_expand, rows)
{
    memset(large, 'x', sizeof large);
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        struct document *d = expand(row->text);
        struct bytes     value = BYTES("");
        print(d);
        cr_expect_eq(document_has_problems(d), row->value == NULL, "%s: %s", row->label, printed);
        cr_expect(row->problem == NULL || strstr(printed, row->problem) != NULL, "%s: %s", row->label,
                  printed);
        cr_expect(node_text(node_at(document_root(d), 0), &value), "%s", row->label);
        cr_expect(row->value == NULL || bytes_equal(value, bytes_of(row->value)), "%s: %.*s", row->label,
                  SHOW(value));
        document_free(&d);
    }
}

Test(document_expand, keys_and_structure_stay_as_they_are)
{
    struct document *d = document_parse(BYTES("{\"${HOME}\": [\"${NESTED}\", 1]}"), "f");
    document_expand(d, lookup, NULL);
    struct node root = document_root(d);
    cr_expect(bytes_equal(node_key(node_at(root, 0)), BYTES("${HOME}")));
    cr_expect_eq(node_length(root), 1u);
    cr_expect_eq(node_length(node_at(root, 0)), 2u);
    document_free(&d);
}

Test(document_expand, what_came_out_is_never_shown)
{
    static const char *const  names[] = {"one", "two", NULL};
    static const struct bytes known[] = {BYTES("hunter2-is-the-secreT")};
    struct document          *d = expand("${SECRET}");
    struct node               n = node_at(document_root(d), 0);
    struct bytes              text;
    uint64_t                  number, period;
    size_t                    index;
    bool                      truth;
    cr_assert(node_text(n, &text) && bytes_equal(text, BYTES(SECRET)));
    cr_expect_not(node_duration(n, 0, 1, &number));
    cr_expect_not(node_size(n, 0, 1, &number));
    cr_expect_not(node_rate(n, &number, &period));
    cr_expect_not(node_choice(n, names, &index));
    cr_expect_not(node_bool(n, &truth));
    cr_expect_not(node_count(n, 0, 1, &number));
    cr_expect_not(node_expect_object(n));
    node_unknown(n, "upstream", known, 1);
    node_problem(n, SECRET, "\"%.*s\" of %s has %u bytes, %s", SHOW(text), "ours", 21u, SECRET);
    print(d);
    cr_expect_null(strstr(printed, "hunter2"), "%s", printed);
    cr_expect_not_null(strstr(printed, "\"...\" is not a duration"), "%s", printed);
    cr_expect_not_null(strstr(printed, "unknown upstream \"...\""), "%s", printed);
    cr_expect_not_null(strstr(printed, "an object is needed here, not text"), "%s", printed);
    cr_expect_not_null(strstr(printed, "\"...\" of ours has ... bytes, ..."), "%s", printed);
    cr_expect_not_null(strstr(printed, "    1 | [\"${SECRET}\"]\n"), "the source line is: %s", printed);
    document_free(&d);
}

Test(document_expand, a_failed_expansion_is_one_problem)
{
    struct document *d = expand("${NOPE}");
    uint64_t         number;
    cr_expect_not(node_duration(node_at(document_root(d), 0), 0, 1, &number));
    cr_expect_not_null(strstr(print(d), "1 problem: nothing was loaded"), "%s", printed);
    document_free(&d);
}
