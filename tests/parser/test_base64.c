// SPDX-License-Identifier: Apache-2.0
// base64: the rows of RFC 4648, and that each value has one text.
#include "parser/base64.h"
#include <criterion/criterion.h>

struct row {
    const char *plain, *standard, *url;
};

static const struct row rows[] = {
    {"", "", ""}, // RFC 4648 10
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/", "-_-_"},
    {"\xff\xff", "//8=", "__8"},
};

static void expect_both_ways(const char *plain, const char *text, enum base64 kind)
{
    char             memory[64], back[64];
    struct bytes_out out = {.at = memory, .cap = base64_length(strlen(plain), kind)};
    struct bytes_out read = {.at = back, .cap = strlen(plain)};
    base64_write(bytes_of(plain), kind, &out);
    cr_expect_not(out.overflowed, "\"%s\"", text);
    cr_expect(bytes_equal(out_written(&out), bytes_of(text)), "\"%s\"", text);
    cr_expect(base64_read(bytes_of(text), kind, &read), "\"%s\"", text);
    cr_expect(bytes_equal(out_written(&read), bytes_of(plain)), "\"%s\"", text);
}

Test(base64, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        expect_both_ways(row->plain, row->standard, BASE64_STANDARD);
        expect_both_ways(row->plain, row->url, BASE64_URL);
    }
}

static const struct {
    const char *label, *text;
    enum base64 kind;
} refusals[] = {
    {"a single character", "Z", BASE64_URL},
    {"five characters", "Zm9vY", BASE64_URL},
    {"bits beyond the first byte", "Zh", BASE64_URL},
    {"bits beyond the second byte", "Zm9", BASE64_URL},
    {"filled up", "Zg==", BASE64_URL},
    {"plus", "+_+_", BASE64_URL},
    {"slash", "-/-_", BASE64_URL},
    {"a blank", "Zm9v Zg", BASE64_URL},
    {"a line end", "Zm9v\n", BASE64_URL},
    {"a byte of 0x80", "Zm9\x80", BASE64_URL},
    {"a byte of 0xff",
     "\xff"
     "m9v",
     BASE64_URL},
    {"not filled up", "Zg", BASE64_STANDARD},
    {"filled up too little", "Zg=", BASE64_STANDARD},
    {"filled up too much", "Zg===", BASE64_STANDARD},
    {"only filling", "====", BASE64_STANDARD},
    {"three times =", "Z===", BASE64_STANDARD},
    {"= in the middle", "Zg==Zg==", BASE64_STANDARD},
    {"minus", "-/+/", BASE64_STANDARD},
    {"low line", "+_+/", BASE64_STANDARD},
    {"bits beyond the end", "Zh==", BASE64_STANDARD},
};

Test(base64, what_would_be_a_second_text_is_refused)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        char             memory[64];
        struct bytes_out out = {.at = memory, .cap = sizeof memory};
        cr_expect_not(base64_read(bytes_of(refusals[i].text), refusals[i].kind, &out), "%s",
                      refusals[i].label);
        cr_expect_eq(out.len, 0, "%s", refusals[i].label);
    }
}

Test(base64, every_pair_of_characters_is_one_byte_or_nothing)
{
    unsigned read = 0;
    for (unsigned pair = 0; pair < 65536; pair++) {
        char             text[2] = {(char)(pair >> 8), (char)pair}, byte, again[2];
        struct bytes_out out = {.at = &byte, .cap = 1}, back = {.at = again, .cap = 2};
        if (!base64_read((struct bytes){text, 2}, BASE64_URL, &out))
            continue;
        read++;
        base64_write(out_written(&out), BASE64_URL, &back);
        cr_expect(bytes_equal(out_written(&back), (struct bytes){text, 2}), "%04x", pair);
    }
    cr_expect_eq(read, 256);
}

Test(base64, the_room_is_looked_at_before_anything_is_written)
{
    char             memory[3] = "xy";
    struct bytes_out out = {.at = memory, .cap = 2};
    cr_expect_not(base64_read(BYTES("Zm9v"), BASE64_URL, &out));
    cr_expect_str_eq(memory, "xy");
    cr_expect(base64_read(BYTES("Zm8"), BASE64_URL, &out));
    cr_expect_not(base64_read(BYTES("Zg"), BASE64_URL, &out));
    cr_expect(base64_read(BYTES(""), BASE64_URL, &out), "nothing needs no room");
}
