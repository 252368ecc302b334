// SPDX-License-Identifier: Apache-2.0
// test_pairs: how a query falls into pairs, and what they decode to.
#include "parser/pairs.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

TestSuite(pairs);

// "name=value|name|=value": what was read, with "|" between the pairs.
static struct bytes read_all(struct bytes text, struct bytes_out *out)
{
    struct pairs pairs = pairs_over(text);
    struct pair  pair;
    while (pairs_next(&pairs, &pair)) {
        out_text(out, out->len > 0 ? "|" : "");
        out_bytes(out, pair.name);
        out_text(out, pair.value.at != NULL ? "=" : "");
        out_bytes(out, pair.value);
    }
    cr_expect_not(pairs_next(&pairs, &pair), "the end stays the end");
    return out_written(out);
}

Test(pairs, a_text_falls_into_pairs)
{
    static const struct {
        const char *label, *text, *pairs;
    } rows[] = {
        {"one pair", "a=1", "a=1"},
        {"two pairs", "a=1&b=2", "a=1|b=2"},
        {"nothing at all", "", ""},
        {"only ends", "&&&", ""},
        {"ends in front, between and behind", "&a=1&&b=2&", "a=1|b=2"},
        {"a name alone", "a", "a"},
        {"an empty value", "a=", "a="},
        {"an empty name", "=1", "=1"},
        {"nothing on both sides", "=", "="},
        {"only the first equals sign splits", "a=b=c", "a=b=c"},
        {"a second one right behind", "a==", "a=="},
        {"the same name twice", "a=1&a=2", "a=1|a=2"},
        {"a semicolon is part of a value", "a=1;b=2", "a=1;b=2"},
        {"what is encoded splits nothing", "a%3D1%26b=2", "a%3D1%26b=2"},
        {"a question mark is part of a value", "a=?&b=?", "a=?|b=?"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char             room[128];
        struct bytes_out out = {.at = room, .cap = sizeof room};
        struct bytes     found = read_all(bytes_of(rows[i].text), &out);
        cr_expect(bytes_equal(found, bytes_of(rows[i].pairs)), "%s: %.*s", rows[i].label, (int)found.len,
                  found.at);
    }
}

Test(pairs, an_absent_text_has_none)
{
    struct pairs pairs = pairs_over((struct bytes){NULL, 0});
    struct pair  pair;
    cr_expect_not(pairs_next(&pairs, &pair));
}

Test(pairs, name_and_value_are_told_apart)
{
    struct pairs pairs = pairs_over(BYTES("a&b=&=c&d=e=f"));
    struct pair  pair;
    cr_assert(pairs_next(&pairs, &pair));
    cr_expect(bytes_equal(pair.name, BYTES("a")) && pair.value.at == NULL, "no value");
    cr_assert(pairs_next(&pairs, &pair));
    cr_expect(bytes_equal(pair.name, BYTES("b")) && pair.value.at != NULL && pair.value.len == 0, "empty");
    cr_assert(pairs_next(&pairs, &pair));
    cr_expect(pair.name.len == 0 && bytes_equal(pair.value, BYTES("c")), "no name");
    cr_assert(pairs_next(&pairs, &pair));
    cr_expect(bytes_equal(pair.name, BYTES("d")) && bytes_equal(pair.value, BYTES("e=f")));
}

Test(pairs, decoding)
{
    static const struct {
        const char *label, *raw, *text;
        bool        good;
    } rows[] = {
        {"plain", "abc", "abc", true},
        {"nothing", "", "", true},
        {"a plus is a blank", "a+b", "a b", true},
        {"an encoded plus is one", "a%2Bb", "a+b", true},
        {"an escape", "%41", "A", true},
        {"either case", "%4a%4A", "JJ", true},
        {"an escape is decoded once", "%2541", "%41", true},
        {"what an escape leaves is not read again", "%25+", "% ", true},
        {"bytes beyond ASCII", "%C3%A9", "\xC3\xA9", true},
        {"a percent sign at the end", "100%", "100%", false},
        {"half an escape", "a%4", "a%4", false},
        {"no hexadecimal digits", "%zz", "%zz", false},
        {"one of them", "%4z", "%4z", false},
        {"a wide escape is none", "%u0041", "%u0041", false},
        {"an escape behind a bad one", "%%41", "%A", false},
        {"a bad one behind an escape", "%41%", "A%", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char             room[32];
        struct bytes_out out = {.at = room, .cap = strlen(rows[i].raw)};
        bool             good = pairs_decode(bytes_of(rows[i].raw), &out);
        cr_expect_eq(good, rows[i].good, "%s", rows[i].label);
        cr_expect(bytes_equal(out_written(&out), bytes_of(rows[i].text)), "%s: %.*s", rows[i].label,
                  (int)out.len, out.at);
        cr_expect_not(out.overflowed, "%s", rows[i].label);
    }
}

Test(pairs, a_nul_is_a_byte_like_others)
{
    char             room[8];
    struct bytes_out out = {.at = room, .cap = sizeof room};
    cr_expect(pairs_decode(BYTES("a%00b"), &out));
    cr_expect(bytes_equal(out_written(&out), BYTES("a\0b")));
}

Test(pairs, too_little_room_is_told)
{
    char             room[2];
    struct bytes_out out = {.at = room, .cap = sizeof room};
    cr_expect(pairs_decode(BYTES("abc"), &out));
    cr_expect(out.overflowed);
}
