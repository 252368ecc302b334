// SPDX-License-Identifier: Apache-2.0
// Syntax: what is refused and where, and what cJSON would have let through.
#include "policy/document.h"
#include <criterion/criterion.h>
#include <stdio.h>

struct row {
    const char *label;
    const char *text;
    const char *expect; // of the first line that is printed, behind the file name; NULL: no problem
    const char *hint;   // NULL: none is looked for
};

static const struct row rows[] = {
    {"a plain object", "{\"a\": [1, true, null, \"x\"]}", NULL, NULL},
    {"any value may be the root", "-0.5e-3", NULL, NULL},
    {"a line comment is blanked", "{ // \"a\": 1,\n}", NULL, NULL},
    {"a block comment is blanked", "{ /* } \n */ }", NULL, NULL},
    {"a comment may end the file", "{} // the end", NULL, NULL},
    {"stars and slashes in a block comment", "/* ** / // */ {}", NULL, NULL},
    {"comment marks inside a text are text", "[\"// no\", \"/* no */\"]", NULL, NULL},
    {"a trailing comma in an object", "{\"a\": 1, }", NULL, NULL},
    {"a trailing comma in an array, with a comment behind", "[1, /* x */ ]", NULL, NULL},
    {"escapes of JSON", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"", NULL, NULL},
    {"UTF-8 of every length", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"", NULL, NULL},
    {"the largest whole number", "9007199254740991", NULL, NULL},

    // What cJSON 1.7.15 accepts.
    {"cJSON keeps both of two equal keys", "{\"a\": 1,\n \"a\": 2}", "2:2: error: duplicate key \"a\" (root)",
     "the one before is in line 1"},
    {"equal keys in different spelling", "{\"b\": {\"a\": 1, \"\\u0061\": 2}}",
     "1:16: error: duplicate key \"a\" (/b)", NULL},
    {"equal keys in different objects are fine", "[{\"a\": 1}, {\"a\": {\"a\": 1}}]", NULL, NULL},
    {"keys that differ only in case are two keys", "{\"a\": 1, \"A\": 2}", NULL, NULL},
    {"cJSON loses the last digit", "[9007199254740993]", "1:2: error: this number is out of range (/0)",
     NULL},
    {"one above the largest whole number", "[9007199254740992]",
     "1:2: error: this number is out of range (/0)", NULL},
    {"an exponent out of range", "{\"n\": 1e20}", "1:7: error: this number is out of range (/n)", NULL},
    {"infinity", "-1e999", "1:1: error: this number is out of range (root)", NULL},
    {"a number with too many digits", "0.1234567890123456789012345678901234567890",
     "1:1: error: this number is out of range (root)", NULL},
    {"leading zero", "{\"n\": 0123}", "1:7: error: a number with a leading zero (/n)", NULL},
    {"negative leading zero", "-01", "1:1: error: a number with a leading zero (root)", NULL},
    {"a point without digits", "[1.]", "1:2: error: this is not a number of JSON (/0)", NULL},
    {"a point without a whole part", "[.5]", "1:2: error: this is not a number of JSON (/0)", NULL},
    {"an exponent without digits", "[1e]", "1:2: error: this is not a number of JSON (/0)", NULL},
    {"a plus sign", "[+1]", "1:2: error: this is not a number of JSON (/0)", NULL},
    {"a minus alone", "[-]", "1:2: error: this is not a number of JSON (/0)", NULL},
    {"hexadecimal", "[0x10]", "1:2: error: this is not a number of JSON (/0)", NULL},
    {"a unit without quotes", "{\"idle\": 30s}", "1:10: error: this is not a number of JSON (/idle)",
     "a value with a unit is text: \"30s\""},
    {"a raw line end in a text", "{\"a\": \"x\ny\"}", "1:7: error: this text is not closed on its line (/a)",
     NULL},
    {"a raw tab in a text", "[\"x\ty\"]", "1:4: error: a control character inside a text (/0)", NULL},
    {"invalid UTF-8 in a text", "[\"\xFF\"]", "1:3: error: this is not UTF-8 (/0)", "save the file as UTF-8"},
    {"overlong UTF-8", "[\"\xC0\xAF\"]", "1:3: error: this is not UTF-8 (/0)", NULL},
    {"a surrogate in UTF-8", "[\"\xED\xA0\x80\"]", "1:3: error: this is not UTF-8 (/0)", NULL},
    {"beyond Unicode", "[\"\xF4\x90\x80\x80\"]", "1:3: error: this is not UTF-8 (/0)", NULL},
    {"a cut UTF-8 sequence", "[\"\xE2\x82\"]", "1:3: error: this is not UTF-8 (/0)", NULL},
    {"invalid UTF-8 in a comment", "[ /* \xE9 */ ]", "1:6: error: this is not UTF-8 (root)", NULL},
    {"a byte order mark", "\xEF\xBB\xBF{}", "1:1: error: the file begins with a byte order mark (root)",
     "without one"},
    {"\\u0000 would cut the text", "[\"x\\u0000y\"]", "1:4: error: \\u0000 would cut this text short (/0)",
     NULL},
    {"\\u0000 in a key", "{\"x\\u0000y\": 1}", "1:4: error: \\u0000 would cut this text short (root)", NULL},
    {"a vertical tab is no blank", "{\v}", "1:2: error: a key is needed here (root)", NULL},

    // What no reader accepts.
    {"an empty file", "", "1:1: error: the file is empty (root)", NULL},
    {"only a comment", "// nothing\n", "2:1: error: the file is empty (root)", NULL},
    {"an object that is never closed", "{\"a\": {\"b\": 1}", "1:1: error: this is never closed (root)", NULL},
    {"an array that is never closed", "{\"a\": [1,", "1:7: error: this is never closed (/a)", NULL},
    {"a key and nothing else", "{\"a\"", "1:5: error: a \":\" is missing before this (root)", NULL},
    {"a missing value", "{\"a\": }", "1:7: error: a value is missing here (/a)", NULL},
    {"a missing comma", "{\"a\": 1\n  \"b\": 2}", "2:3: error: a comma is missing before this (root)", NULL},
    {"a missing colon", "{\"a\" 1}", "1:6: error: a \":\" is missing before this (root)", NULL},
    {"two commas", "[1,,2]", "1:4: error: a value is missing here (/1)", NULL},
    {"a comma alone", "[,]", "1:2: error: a value is missing here (/0)", NULL},
    {"the wrong bracket", "[1}", "1:3: error: a comma is missing before this (root)", NULL},
    {"a key without quotes", "{listen: 1}", "1:2: error: a key is needed here (root)",
     "keys are written in double quotes"},
    {"single quotes", "{\"a\": 'x'}", "1:7: error: this is not a value (/a)", "double quotes"},
    {"a word without quotes", "{\"a\": on}", "1:7: error: this is not a value (/a)", NULL},
    {"True of another language", "[True]", "1:2: error: this is not a value (/0)", NULL},
    {"an unknown escape", "[\"C:\\dir\"]", "1:5: error: this is not an escape of JSON (/0)",
     "a backslash is written \\\\"},
    {"\\u with three digits", "[\"\\u12\"]", "1:3: error: \\u needs four hexadecimal digits (/0)", NULL},
    {"half a surrogate pair", "[\"\\ud800x\"]", "1:3: error: half of a surrogate pair (/0)", NULL},
    {"the second half first", "[\"\\udc00\"]", "1:3: error: half of a surrogate pair (/0)", NULL},
    {"a text that is never closed", "[\"abc", "1:2: error: this text is not closed on its line (/0)", NULL},
    {"a text that ends in a backslash", "[\"abc\\", "1:6: error: this is not an escape of JSON (/0)", NULL},
    {"a comment that is never closed", "{} /* x", "1:4: error: this comment is never closed (root)", NULL},
    {"a slash alone", "{} /", "1:4: error: something follows the end of the configuration (root)", NULL},
    {"two roots", "{} {}", "1:4: error: something follows the end of the configuration (root)", NULL},
    {"columns count characters, not bytes", "[\"\xC3\xA9\", x]", "1:7: error: this is not a value (/1)",
     NULL},
    {"a pointer is escaped", "{\"a/b~c\": x}", "1:11: error: this is not a value (/a~1b~0c)", NULL},
};

static void check(const struct row *row, struct bytes text)
{
    char             printed[32 * 1024], expect[256];
    struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
    struct document *d = document_parse(text, "f");
    cr_assert_not_null(d, "%s", row->label);
    document_print(d, &out);
    printed[out.len] = '\0';
    cr_expect_eq(document_has_problems(d), row->expect != NULL, "%s: %s", row->label, printed);
    (void)snprintf(expect, sizeof expect, "f:%s\n", row->expect == NULL ? "" : row->expect);
    if (row->expect != NULL)
        cr_expect(strncmp(printed, expect, strlen(expect)) == 0, "%s:\nexpected %sgot      %s", row->label,
                  expect, printed);
    cr_expect(row->hint == NULL || strstr(printed, row->hint) != NULL, "%s: no hint \"%s\" in\n%s",
              row->label, row->hint, printed);
    document_free(&d);
}

Test(document_scan, rows)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i], bytes_of(rows[i].text));
}

Test(document_scan, a_nul_byte_is_no_end)
{
    const struct row row = {"NUL between values", NULL, "1:4: error: a comma is missing before this (root)",
                            NULL};
    check(&row, BYTES("[1 \0, 2]"));
}

// An array in an array in an array ...
static struct bytes nest(char *text, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        text[i] = '[';
        text[2 * depth - 1 - i] = ']';
    }
    return (struct bytes){text, 2 * depth};
}

Test(document_scan, depth_is_bounded)
{
    char             text[4096];
    const struct row deepest = {"as deep as allowed", NULL, NULL, NULL};
    check(&deepest, nest(text, DOCUMENT_DEPTH_MAX));

    struct document *d = document_parse(nest(text, DOCUMENT_DEPTH_MAX + 1), "f");
    cr_expect(document_has_problems(d), "one deeper than allowed");
    cr_expect_null(document_root(d).item);
    document_free(&d);
    d = document_parse(nest(text, 2000), "f");
    cr_expect(document_has_problems(d), "deeper than cJSON goes");
    document_free(&d);
}

Test(document_scan, size_is_bounded)
{
    struct bytes text = {calloc(1, DOCUMENT_BYTES_MAX + 1), DOCUMENT_BYTES_MAX};
    memset((char *)text.at, ' ', DOCUMENT_BYTES_MAX + 1);
    ((char *)text.at)[0] = '7';
    const struct row largest = {"as large as allowed", NULL, NULL, NULL};
    check(&largest, text);
    text.len++;
    const struct row larger = {"one byte more", NULL, "1:1: error: the file is larger than 4 MiB (root)",
                               NULL};
    check(&larger, text);
    free((char *)text.at);
}

Test(document_scan, wrong_words_do_not_end_the_reading)
{
    char             printed[4096];
    struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
    struct document *d =
        document_parse(BYTES("{\"a\": 01, \"b\": on,\n \"c\": 30s, \"a\": 1, \"d\": \"x\ty\"}"), "f");
    document_print(d, &out);
    printed[out.len] = '\0';
    cr_expect_not_null(strstr(printed, "f:1:7: error: a number with a leading zero (/a)"), "%s", printed);
    cr_expect_not_null(strstr(printed, "f:1:16: error: this is not a value (/b)"), "%s", printed);
    cr_expect_not_null(strstr(printed, "f:2:7: error: this is not a number of JSON (/c)"), "%s", printed);
    cr_expect_not_null(strstr(printed, "f:2:12: error: duplicate key \"a\" (root)"), "%s", printed);
    cr_expect_not_null(strstr(printed, "f:2:27: error: a control character inside a text (/d)"), "%s",
                       printed);
    cr_expect_not_null(strstr(printed, "5 problems: nothing was loaded\n"), "%s", printed);
    cr_expect_not_null(document_root(d).item, "its values can still be read");
    document_free(&d);
}

Test(document_scan, a_file_in_latin_1_is_one_problem)
{
    char             printed[4096];
    struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
    struct document *d = document_parse(BYTES("[\"\xE9\", \"\xE9\", \"\xE9\"]"), "f");
    document_print(d, &out);
    printed[out.len] = '\0';
    cr_expect_not_null(strstr(printed, "1 problem: nothing was loaded"), "%s", printed);
    document_free(&d);
}
