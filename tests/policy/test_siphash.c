// SPDX-License-Identifier: Apache-2.0
// test_siphash: the same numbers as libcrypto's, however the text is cut.
#include "policy/siphash.h"
#include <criterion/criterion.h>

// openssl mac -macopt hexkey:000102…0f -macopt size:8 -macopt c-rounds:1 -macopt d-rounds:3 SipHash, over the
// bytes 0, 1, 2, …
static const struct row {
    size_t   length;
    uint64_t hash; // its first byte is the lowest
} rows[] = {
    {0, 0xabac0158050fc4dc}, {1, 0xc9f49bf37d57ca93},  {7, 0xd3927d989bb11140},  {8, 0x369095118d299a8e},
    {9, 0x25a48eb36c063de4}, {15, 0xd320d86d2a519956}, {16, 0xcc4fdd1a7d908b66}, {31, 0x2370dd1f8c21d1bc},
};

static const uint64_t seed[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

Test(siphash, is_the_one_of_the_paper_however_it_is_cut)
{
    char text[32];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)i;
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++)
        for (size_t cut = 0; cut <= row->length; cut++) {
            struct siphash h;
            siphash_begin(&h, seed);
            siphash_bytes(&h, (struct bytes){text, cut});
            siphash_bytes(&h, (struct bytes){text + cut, row->length - cut});
            cr_expect_eq(siphash_end(&h), row->hash, "%zu bytes, cut at %zu", row->length, cut);
        }
}

Test(siphash, a_word_is_its_eight_bytes)
{
    struct siphash whole, parts;
    for (size_t before = 0; before < 9; before++) {
        siphash_begin(&whole, seed);
        siphash_begin(&parts, seed);
        siphash_bytes(&whole, (struct bytes){"before it", before});
        siphash_bytes(&parts, (struct bytes){"before it", before});
        siphash_word(&whole, 0x0807060504030201);
        siphash_bytes(&parts, BYTES("\1\2\3\4\5\6\7\10"));
        cr_expect_eq(siphash_end(&whole), siphash_end(&parts), "behind %zu bytes", before);
    }
}

static uint64_t hash_of_fields(struct bytes a, struct bytes b)
{
    struct siphash h;
    siphash_begin(&h, seed);
    siphash_field(&h, a);
    siphash_field(&h, b);
    return siphash_end(&h);
}

Test(siphash, fields_do_not_run_into_each_other)
{
    cr_expect_neq(hash_of_fields(BYTES("ab"), BYTES("c")), hash_of_fields(BYTES("a"), BYTES("bc")));
    cr_expect_neq(hash_of_fields(BYTES(""), BYTES("a")), hash_of_fields(BYTES("a"), BYTES("")));
    cr_expect_eq(hash_of_fields(BYTES("ab"), BYTES("c")), hash_of_fields(BYTES("ab"), BYTES("c")));
}
