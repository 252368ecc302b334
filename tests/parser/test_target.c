// SPDX-License-Identifier: Apache-2.0
// test_target: what a target becomes, and what it must never become.
#include "parser/target.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define TEXT(b) (int)(b).len, (b).at

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena, NULL, 1024 * 1024);
}

static void close_arena(void)
{
    arena_reset(&arena);
}

TestSuite(target, .init = open_arena, .fini = close_arena);

static void expect_text(const char *label, const char *what, struct bytes seen, const char *wanted)
{
    cr_expect(bytes_equal(seen, bytes_of(wanted)), "%s: %s is \"%.*s\", not \"%s\"", label, what, TEXT(seen),
              wanted);
}

// A reading that is its own canonical form must be read in the same way.
static void expect_stable(const char *label, const struct target *first)
{
    struct target again;
    enum fault    fault = target_parse(first->path, &arena, &again);
    cr_expect_eq(fault, FAULT_NONE, "%s: its canonical form is refused: %s", label, fault_token(fault));
    if (fault != FAULT_NONE)
        return;
    cr_expect(bytes_equal(again.path, first->path), "%s: the canonical form changes again", label);
    cr_expect(bytes_equal(again.decision, first->decision), "%s: the decision changes", label);
}

struct reading {
    const char *label, *raw, *path, *decision;
};

static void expect_readings(const struct reading *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct reading *row = &rows[i];
        struct target         target;
        enum fault            fault = target_parse(bytes_of(row->raw), &arena, &target);
        cr_expect_eq(fault, FAULT_NONE, "%s: %s is refused: %s", row->label, row->raw, fault_token(fault));
        if (fault != FAULT_NONE)
            continue;
        expect_text(row->label, "the path", target.path, row->path);
        expect_text(row->label, "the decision", target.decision, row->decision);
        if (target.form != TARGET_ASTERISK)
            expect_stable(row->label, &target);
    }
}

struct refusal {
    const char *label, *raw;
    enum fault  fault;
};

static void expect_refusals(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct target target;
        enum fault    fault = target_parse(bytes_of(rows[i].raw), &arena, &target);
        cr_expect_eq(fault, rows[i].fault, "%s: %s gives %s, not %s", rows[i].label, rows[i].raw,
                     fault_token(fault), fault_token(rows[i].fault));
    }
}

Test(target, what_ordinary_clients_send_stays_as_it_is)
{
    static const struct reading rows[] = {
        {"the root", "/", "/", "/"},
        {"a plain path", "/shop/items/list", "/shop/items/list", "/shop/items/list"},
        {"a trailing slash is kept", "/shop/", "/shop/", "/shop/"},
        {"every unreserved mark and sub-delimiter", "/-._~!$&'()*+,=:@", "/-._~!$&'()*+,=:@",
         "/-._~!$&'()*+,=:@"},
        {"two dots inside a name", "/a..b", "/a..b", "/a..b"},
        {"a name that ends in dots", "/a../b", "/a../b", "/a../b"},
        {"a name that begins with two dots", "/..a/b", "/..a/b", "/..a/b"},
        {"three dots inside a name", "/file...txt", "/file...txt", "/file...txt"},
        {"three dots are a name", "/...", "/...", "/..."},
        {"a hidden file", "/.well-known/acme", "/.well-known/acme", "/.well-known/acme"},
        {"a percent sign", "/100%25", "/100%25", "/100%"},
        {"a percent sign and a word", "/100%25off", "/100%25off", "/100%off"},
        {"a blank", "/a%20b", "/a%20b", "/a b"},
        {"a question mark in a name", "/what%3F", "/what%3F", "/what?"},
        {"a UTF-8 name", "/caf%C3%A9", "/caf%C3%A9", "/caf\xC3\xA9"},
        {"three and four byte characters", "/%E4%B8%AD/%F0%9F%98%80", "/%E4%B8%AD/%F0%9F%98%80",
         "/\xE4\xB8\xAD/\xF0\x9F\x98\x80"},
        {"the ends of the UTF-8 ranges", "/%C2%80%DF%BF%E0%A0%80%ED%9F%BF%EE%80%80%F4%8F%BF%BF",
         "/%C2%80%DF%BF%E0%A0%80%ED%9F%BF%EE%80%80%F4%8F%BF%BF",
         "/\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"},
    };
    expect_readings(rows, ROWS(rows));
}

Test(target, some_end_the_path_at_an_encoded_query)
{
    static const char *const rows[][2] = {
        {"/a/b", "/a/b"},    {"/a%3Fb", "/a"},          {"/a%23b", "/a"},
        {"/a%253Fb", "/a"},  {"/a/b%3F/c%3Fd", "/a/b"}, {"/%3F", "/"},
        {"/a?b%3Fc", "/a"},  {"/a%20b", "/a b"},        {"*", "*"},
        {"http://h?x", "/"}, {"/a;b%3Fc", "/a"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct target target;
        cr_expect_eq(target_parse(bytes_of(rows[i][0]), &arena, &target), FAULT_NONE, "%s", rows[i][0]);
        expect_text(rows[i][0], "the shorter path", target_before_query(&target), rows[i][1]);
    }
}

Test(target, different_spellings_become_one)
{
    static const struct reading rows[] = {
        {"an unreserved character is decoded", "/%61dmin", "/admin", "/admin"},
        {"an encoded tilde is decoded", "/%7Euser", "/~user", "/~user"},
        {"escapes get upper case", "/caf%c3%a9", "/caf%C3%A9", "/caf\xC3\xA9"},
        {"a reserved character stays encoded", "/a%2bb%40c", "/a%2Bb%40c", "/a+b@c"},
        {"an encoded slash stays, the decision sees a slash", "/a%2fb", "/a%2Fb", "/a/b"},
        {"a double slash stays, the decision merges it", "//admin", "//admin", "/admin"},
        {"many slashes", "///a////b//", "///a////b//", "/a/b/"},
        {"encoded slashes are merged with plain ones", "/a/%2F/b", "/a/%2F/b", "/a/b"},
        {"one dot", "/./admin", "/admin", "/admin"},
        {"an encoded dot", "/%2e/admin", "/admin", "/admin"},
        {"two dots", "/x/../admin", "/admin", "/admin"},
        {"encoded dots", "/x/%2e%2E/admin", "/admin", "/admin"},
        {"half-encoded dots", "/x/.%2e/y/%2e./admin", "/admin", "/admin"},
        {"a final dot leaves a slash", "/a/b/.", "/a/b/", "/a/b/"},
        {"final dots leave a slash", "/a/b/..", "/a/", "/a/"},
        {"all gone", "/a/..", "/", "/"},
        {"only a dot", "/.", "/", "/"},
        {"dots take away an empty segment", "/a//../b", "/a/b", "/a/b"},
        {"dots leave a double slash", "/a/..//b", "//b", "/b"},
        {"dots take away a parameter", "/x;/../admin", "/admin", "/admin"},
        {"dots take away a segment with an encoded slash", "/a%2Fb/../c", "/c", "/c"},
        {"the RFC 3986 5.2.4 example", "/a/b/c/./../../g", "/a/g", "/a/g"},
        {"a dot behind an encoded slash", "/a%2F./b", "/a%2F./b", "/a/b"},
        {"a final dot behind an encoded slash", "/a%2F.", "/a%2F.", "/a/"},
    };
    expect_readings(rows, ROWS(rows));
}

Test(target, the_decision_sees_through_parameters_and_layers)
{
    static const struct reading rows[] = {
        {"a parameter", "/admin;x=1", "/admin;x=1", "/admin"},
        {"a parameter in every segment", "/a;1/b;2/c", "/a;1/b;2/c", "/a/b/c"},
        {"a segment that is only a parameter", "/;/admin", "/;/admin", "/admin"},
        {"a final segment that is only a parameter", "/admin/;x", "/admin/;x", "/admin/"},
        {"nothing but a parameter", "/;x", "/;x", "/"},
        {"an encoded semicolon", "/admin%3bx", "/admin%3Bx", "/admin"},
        {"a semicolon encoded twice", "/admin%253Bx", "/admin%253Bx", "/admin"},
        {"a letter encoded twice", "/%2561dmin", "/%2561dmin", "/admin"},
        {"a letter encoded four times", "/%25252561dmin", "/%25252561dmin", "/admin"},
        {"a percent sign encoded twice", "/100%2525", "/100%2525", "/100%"},
        {"a blank encoded twice", "/a%2520b", "/a%2520b", "/a b"},
    };
    expect_readings(rows, ROWS(rows));
}

Test(target, what_the_path_holds_is_flagged)
{
    static const struct {
        const char *label, *raw;
        bool        encoded_slash, parameters;
    } rows[] = {
        {"nothing special", "/a/b.c", false, false},
        {"an encoded slash", "/a%2fb", true, false},
        {"a parameter", "/a;b", false, true},
        {"an empty parameter", "/a;", false, true},
        {"an encoded semicolon", "/a%3Bb", false, true},
        {"both", "/a%2Fb;c", true, true},
        {"a slash behind an encoded semicolon", "/a%3Bb%2Fc", true, true},
        {"both gone with the dot segment", "/a%2Fb;c/../d", false, false},
        {"only in the query", "/a?b%2F;c", false, false},
        {"an escape that is no slash", "/a%20b", false, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct target target;
        cr_assert_eq(target_parse(bytes_of(rows[i].raw), &arena, &target), FAULT_NONE, "%s", rows[i].label);
        cr_expect_eq(target.encoded_slash, rows[i].encoded_slash, "%s: encoded_slash", rows[i].label);
        cr_expect_eq(target.parameters, rows[i].parameters, "%s: parameters", rows[i].label);
    }
}

Test(target, characters_that_have_no_place_in_a_path)
{
    static const struct refusal rows[] = {
        {"a blank", "/a b", FAULT_TARGET_CHARACTER},
        {"a tab", "/a\tb", FAULT_TARGET_CHARACTER},
        {"a line end", "/a\r\nb", FAULT_TARGET_CHARACTER},
        {"DEL", "/a\x7F", FAULT_TARGET_CHARACTER},
        {"a quote", "/a\"b", FAULT_TARGET_CHARACTER},
        {"less than", "/<script", FAULT_TARGET_CHARACTER},
        {"greater than", "/a>b", FAULT_TARGET_CHARACTER},
        {"a bar", "/a|b", FAULT_TARGET_CHARACTER},
        {"a caret", "/a^b", FAULT_TARGET_CHARACTER},
        {"a backtick", "/a`b", FAULT_TARGET_CHARACTER},
        {"braces", "/{a}", FAULT_TARGET_CHARACTER},
        {"brackets", "/[a]", FAULT_TARGET_CHARACTER},
        {"raw UTF-8", "/caf\xC3\xA9", FAULT_TARGET_CHARACTER},
        {"a raw high byte", "/\xFF", FAULT_TARGET_CHARACTER},
        {"a fragment behind the path", "/a#b", FAULT_TARGET_FRAGMENT},
        {"a fragment behind the query", "/a?b#c", FAULT_TARGET_FRAGMENT},
        {"a fragment right behind the root", "/#", FAULT_TARGET_FRAGMENT},
        {"a backslash", "/a\\b", FAULT_TARGET_BACKSLASH},
        {"backslash dots", "/..\\..\\etc", FAULT_TARGET_BACKSLASH},
        {"an encoded backslash", "/a%5cb", FAULT_TARGET_BACKSLASH},
        {"an encoded backslash behind dots", "/a/..%5C..%5Cwin.ini", FAULT_TARGET_BACKSLASH},
    };
    expect_refusals(rows, ROWS(rows));
    struct target target;
    cr_expect_eq(target_parse(BYTES("/a\0b"), &arena, &target), FAULT_TARGET_CHARACTER,
                 "a raw NUL in a path");
    cr_expect_eq(target_parse(BYTES("/a%\0?b"), &arena, &target), FAULT_TARGET_PERCENT,
                 "a raw NUL in an escape");
    cr_expect_eq(target_parse(BYTES("/a?\0"), &arena, &target), FAULT_TARGET_CHARACTER,
                 "a raw NUL in a query");
}

Test(target, broken_escapes_and_control_characters)
{
    static const struct refusal rows[] = {
        {"a percent sign alone", "/100%", FAULT_TARGET_PERCENT},
        {"one digit", "/a%4", FAULT_TARGET_PERCENT},
        {"one digit before a slash", "/a%4/b", FAULT_TARGET_PERCENT},
        {"no hexadecimal digit", "/a%zz", FAULT_TARGET_PERCENT},
        {"a wide escape", "/%u002e%u002e/", FAULT_TARGET_PERCENT},
        {"an escape cut by the query", "/a%2?e", FAULT_TARGET_PERCENT},
        {"an encoded NUL", "/a%00.jpg", FAULT_TARGET_NUL},
        {"an encoded CR LF", "/a%0d%0aSet-Cookie:x", FAULT_TARGET_NUL},
        {"an encoded tab", "/a%09", FAULT_TARGET_NUL},
        {"the last control character", "/a%1f", FAULT_TARGET_NUL},
        {"an encoded DEL", "/a%7F", FAULT_TARGET_NUL},
        {"a NUL encoded twice", "/a%2500.jpg", FAULT_TARGET_NUL},
        {"a NUL in a segment that dots take away", "/%00/../a", FAULT_TARGET_NUL},
    };
    expect_refusals(rows, ROWS(rows));
}

Test(target, bytes_that_are_not_utf8)
{
    static const struct refusal rows[] = {
        {"an overlong dot", "/%c0%ae%c0%ae/", FAULT_TARGET_UTF8},
        {"an overlong slash", "/..%c0%af..", FAULT_TARGET_UTF8},
        {"an overlong slash of three bytes", "/%e0%80%af", FAULT_TARGET_UTF8},
        {"an overlong slash of four bytes", "/%f0%80%80%af", FAULT_TARGET_UTF8},
        {"the longest overlong two bytes", "/%c1%bf", FAULT_TARGET_UTF8},
        {"a surrogate", "/%ed%a0%80", FAULT_TARGET_UTF8},
        {"above U+10FFFF", "/%f4%90%80%80", FAULT_TARGET_UTF8},
        {"a lead byte that is none", "/%f5%80%80%80", FAULT_TARGET_UTF8},
        {"a continuation alone", "/%80", FAULT_TARGET_UTF8},
        {"a character cut by the end", "/%e4%b8", FAULT_TARGET_UTF8},
        {"a character cut by a slash", "/%c3/%a9", FAULT_TARGET_UTF8},
        {"Latin-1", "/caf%e9", FAULT_TARGET_UTF8},
        {"overlong, encoded twice", "/%25c0%25ae", FAULT_TARGET_UTF8},
        {"a character half encoded twice", "/%c3%25a9", FAULT_TARGET_UTF8},
        {"in a segment that dots take away", "/%ff/../a", FAULT_TARGET_UTF8},
    };
    expect_refusals(rows, ROWS(rows));
}

Test(target, structure_encoded_more_than_once)
{
    static const struct refusal rows[] = {
        {"a dot encoded twice", "/%252e", FAULT_TARGET_DOUBLE},
        {"dots encoded twice", "/%252e%252e/admin", FAULT_TARGET_DOUBLE},
        {"a slash encoded twice", "/..%252f", FAULT_TARGET_DOUBLE},
        {"a backslash encoded twice", "/..%255c", FAULT_TARGET_DOUBLE},
        {"a dot whose digits are encoded", "/%25%32%65", FAULT_TARGET_DOUBLE},
        {"three times", "/%25252e", FAULT_TARGET_DOUBLE},
        {"four times", "/%2525252e", FAULT_TARGET_DOUBLE},
        {"a letter five times: no end in four rounds", "/%2525252561", FAULT_TARGET_DOUBLE},
        {"a dot inside a name, encoded twice", "/a%252etxt", FAULT_TARGET_DOUBLE},
        {"a wide escape, encoded", "/%25u002e%25u002e/", FAULT_TARGET_DOUBLE},
        {"in a segment that dots take away", "/%252e/../a", FAULT_TARGET_DOUBLE},
    };
    expect_refusals(rows, ROWS(rows));
}

Test(target, dot_segments_that_only_some_readers_see)
{
    static const struct refusal rows[] = {
        {"dots with an empty parameter", "/..;/admin", FAULT_TARGET_DOT_PARAMETER},
        {"dots with a parameter", "/a/..;x=1/b", FAULT_TARGET_DOT_PARAMETER},
        {"one dot with a parameter", "/.;/admin", FAULT_TARGET_DOT_PARAMETER},
        {"encoded dots with a parameter", "/a/%2e%2e;/b", FAULT_TARGET_DOT_PARAMETER},
        {"dots with an encoded parameter", "/a/..%3Bx/b", FAULT_TARGET_DOT_PARAMETER},
        {"dots with a parameter at the end", "/a/..;", FAULT_TARGET_DOT_PARAMETER},
        {"dots before an encoded query", "/a/..%3Fb", FAULT_TARGET_DOT_PARAMETER},
        {"dots before an encoded fragment", "/a/..%23", FAULT_TARGET_DOT_PARAMETER},
        {"in a segment that dots take away", "/a/..;/../b", FAULT_TARGET_DOT_PARAMETER},
        {"dots before an encoded slash", "/a/..%2fb", FAULT_TARGET_TWO_READINGS},
        {"dots behind an encoded slash", "/a%2f../b", FAULT_TARGET_TWO_READINGS},
        {"dots between encoded slashes", "/a%2F..%2Fb", FAULT_TARGET_TWO_READINGS},
        {"encoded dots and slashes", "/a/%2e%2e%2f%2e%2e%2fb", FAULT_TARGET_TWO_READINGS},
        {"hidden and shown dots together", "/a/../b/..%2fc", FAULT_TARGET_TWO_READINGS},
        {"an encoded slash in a parameter", "/admin;x%2Fy/secret", FAULT_TARGET_TWO_READINGS},
        {"an encoded slash right behind the semicolon", "/admin;%2fy", FAULT_TARGET_TWO_READINGS},
        {"hidden in a segment that dots take away", "/a/..%2fb/../c", FAULT_TARGET_TWO_READINGS},
    };
    expect_refusals(rows, ROWS(rows));
}

Test(target, climbing_above_the_root)
{
    static const struct refusal rows[] = {
        {"at once", "/..", FAULT_TARGET_ABOVE_ROOT},
        {"with a slash", "/../", FAULT_TARGET_ABOVE_ROOT},
        {"encoded", "/%2e%2e", FAULT_TARGET_ABOVE_ROOT},
        {"half encoded", "/.%2E/etc/passwd", FAULT_TARGET_ABOVE_ROOT},
        {"later", "/a/../../b", FAULT_TARGET_ABOVE_ROOT},
        {"behind a dot", "/./..", FAULT_TARGET_ABOVE_ROOT},
        {"and down again", "/a/../../a", FAULT_TARGET_ABOVE_ROOT},
        {"in absolute form", "http://a/..", FAULT_TARGET_ABOVE_ROOT},
    };
    expect_refusals(rows, ROWS(rows));
}

Test(target, the_query_is_left_alone)
{
    static const struct {
        const char *label, *raw, *path, *query; // NULL: absent
    } rows[] = {
        {"none", "/a", "/a", NULL},
        {"empty", "/a?", "/a", ""},
        {"ordinary", "/shop?page=3&x=%20", "/shop", "page=3&x=%20"},
        {"a second question mark belongs to it", "/a?b?c", "/a", "b?c"},
        {"dots and slashes mean nothing", "/a?/../..;/%2e%2e//", "/a", "/../..;/%2e%2e//"},
        {"what browsers leave unencoded", "/a?[]|^{}`", "/a", "[]|^{}`"},
        {"quotes, angles and backslashes", "/a?\"<>\\'", "/a", "\"<>\\'"},
        {"a percent sign without digits", "/a?100%", "/a", "100%"},
        {"encoded bytes stay as they are", "/a?%c0%ae%00%61", "/a", "%c0%ae%00%61"},
        {"behind a path that changed", "/%61/./b?c", "/a/b", "c"},
        {"behind the root", "/?a", "/", "a"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct target target;
        cr_assert_eq(target_parse(bytes_of(rows[i].raw), &arena, &target), FAULT_NONE, "%s", rows[i].label);
        expect_text(rows[i].label, "the path", target.path, rows[i].path);
        cr_expect_eq(target.query.at == NULL, rows[i].query == NULL, "%s: presence", rows[i].label);
        expect_text(rows[i].label, "the query", target.query, rows[i].query ? rows[i].query : "");
    }
    static const struct refusal refused[] = {
        {"a blank", "/a?b c", FAULT_TARGET_CHARACTER},
        {"a tab", "/a?\t", FAULT_TARGET_CHARACTER},
        {"DEL", "/a?\x7F", FAULT_TARGET_CHARACTER},
        {"raw UTF-8", "/a?\xC3\xA9", FAULT_TARGET_CHARACTER},
    };
    expect_refusals(refused, ROWS(refused));
}

Test(target, absolute_form)
{
    static const struct {
        const char *label, *raw, *host, *path;
        uint16_t    port;
        bool        https;
    } rows[] = {
        {"http", "http://example.com/a", "example.com", "/a", 0, false},
        {"https", "https://example.com/a", "example.com", "/a", 0, true},
        {"schemes in any case", "HTTPS://Example.COM/a", "example.com", "/a", 0, true},
        {"mixed case", "hTTp://a/", "a", "/", 0, false},
        {"a port", "http://a:8080/b", "a", "/b", 8080, false},
        {"an IPv6 literal", "http://[::1]:80/b", "::1", "/b", 80, false},
        {"an empty path is the root", "http://a", "a", "/", 0, false},
        {"an empty path before a query", "http://a?b", "a", "/", 0, false},
        {"the path is made canonical", "http://a/x/../%61dmin", "a", "/admin", 0, false},
        {"a host that is named like a scheme", "http://http//x", "http", "//x", 0, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct target target;
        enum fault    fault = target_parse(bytes_of(rows[i].raw), &arena, &target);
        cr_assert_eq(fault, FAULT_NONE, "%s: %s", rows[i].label, fault_token(fault));
        cr_expect_eq(target.form, TARGET_ABSOLUTE, "%s: form", rows[i].label);
        expect_text(rows[i].label, "the host", target.authority.name, rows[i].host);
        expect_text(rows[i].label, "the path", target.path, rows[i].path);
        cr_expect_eq(target.authority.port, rows[i].port, "%s: port", rows[i].label);
        cr_expect_eq(target.https, rows[i].https, "%s: https", rows[i].label);
    }
}

Test(target, forms_that_are_refused)
{
    static const struct refusal rows[] = {
        {"nothing", "", FAULT_TARGET_FORM},
        {"authority form", "example.com:443", FAULT_TARGET_FORM},
        {"a name alone", "example.com", FAULT_TARGET_FORM},
        {"a path without its slash", "admin/x", FAULT_TARGET_FORM},
        {"dots without a slash", "../admin", FAULT_TARGET_FORM},
        {"a query alone", "?a", FAULT_TARGET_FORM},
        {"an encoded slash first", "%2Fadmin", FAULT_TARGET_FORM},
        {"a backslash first", "\\admin", FAULT_TARGET_FORM},
        {"an asterisk and more", "*/admin", FAULT_TARGET_FORM},
        {"an opaque target", "http:http://example.com/", FAULT_TARGET_FORM},
        {"a scheme and a path", "http:/admin", FAULT_TARGET_FORM},
        {"a scheme and a name", "http:admin", FAULT_TARGET_FORM},
        {"a scheme alone", "http:", FAULT_TARGET_FORM},
        {"a file", "file:///etc/passwd", FAULT_TARGET_SCHEME},
        {"ftp", "ftp://a/", FAULT_TARGET_SCHEME},
        {"a WebSocket scheme", "wss://a/", FAULT_TARGET_SCHEME},
        {"no scheme", "://a/", FAULT_TARGET_SCHEME},
        {"a blank before the scheme", " http://a/", FAULT_TARGET_SCHEME},
        {"no authority", "http:///admin", FAULT_HOST_SYNTAX},
        {"no authority, only a port", "http://:80/", FAULT_HOST_SYNTAX},
        {"a bad port", "http://a:99999/", FAULT_HOST_SYNTAX},
        {"a backslash in the authority", "http://a\\b/", FAULT_HOST_SYNTAX},
        {"user information", "http://user@a/", FAULT_USERINFO},
        {"user information and a password", "http://a:80@evil/", FAULT_USERINFO},
        {"a fragment behind the authority", "http://a#@b/", FAULT_TARGET_FRAGMENT},
        {"a blank in an absolute path", "http://a/b c", FAULT_TARGET_CHARACTER},
    };
    expect_refusals(rows, ROWS(rows));
    struct target target;
    cr_expect_eq(target_parse((struct bytes){NULL, 0}, &arena, &target), FAULT_TARGET_FORM,
                 "an absent target");
}

Test(target, asterisk_form)
{
    struct target target;
    cr_assert_eq(target_parse(BYTES("*"), &arena, &target), FAULT_NONE);
    cr_expect_eq(target.form, TARGET_ASTERISK);
    expect_text("asterisk", "the path", target.path, "*");
    expect_text("asterisk", "the decision", target.decision, "*");
}

Test(target, a_plain_target_takes_no_memory_and_points_into_the_text)
{
    struct bytes  raw = BYTES("/shop/items/list?page=3");
    struct target target;
    cr_assert_eq(target_parse(raw, &arena, &target), FAULT_NONE);
    cr_expect_eq(target.path.at, raw.at);
    cr_expect_eq(target.decision.at, raw.at);
    cr_expect_eq(target.query.at, &raw.at[17]);
    cr_expect_eq(arena.taken, 0);
}

Test(target, a_path_that_did_not_change_points_into_the_text)
{
    struct bytes  raw = BYTES("/a;b//c%2Fd");
    struct target target;
    cr_assert_eq(target_parse(raw, &arena, &target), FAULT_NONE);
    cr_expect_eq(target.path.at, raw.at);
    cr_expect_eq(target.path.len, raw.len);
}

Test(target, nothing_behind_the_end_is_read)
{
    static const struct {
        const char *label, *text;
        size_t      length;
        enum fault  fault;
    } rows[] = {
        {"an escape cut after one digit", "/a%41", 4, FAULT_TARGET_PERCENT},
        {"an escape cut after the percent sign", "/a%41", 3, FAULT_TARGET_PERCENT},
        {"a character cut by the end", "/%E4%B8%AD", 7, FAULT_TARGET_UTF8},
        {"dots that are none yet", "/..a", 3, FAULT_TARGET_ABOVE_ROOT},
        {"a query that is none yet", "/a?\x01", 2, FAULT_NONE},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct target target;
        enum fault    fault = target_parse((struct bytes){rows[i].text, rows[i].length}, &arena, &target);
        cr_expect_eq(fault, rows[i].fault, "%s: %s", rows[i].label, fault_token(fault));
    }
}

Test(target, a_full_arena_is_a_fault)
{
    struct arena  full;
    struct target target;
    arena_init(&full, NULL, 0);
    cr_expect_eq(target_parse(BYTES("/%61"), &full, &target), FAULT_NO_MEMORY, "a path that must change");
    cr_expect_eq(target_parse(BYTES("http://A/"), &full, &target), FAULT_NO_MEMORY,
                 "a host that must change");
    cr_expect_eq(target_parse(BYTES("/a"), &full, &target), FAULT_NONE, "a plain path needs no memory");
    arena_reset(&full);
}
