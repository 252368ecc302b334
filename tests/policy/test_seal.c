// SPDX-License-Identifier: Apache-2.0
// The seal: what it writes is what XAES-256-GCM says, and nothing else opens. The known tokens were computed
// with another implementation (Python, cryptography), itself checked with the vectors of C2SP.
#include "policy/seal.h"
#include "parser/base64.h"
#include <criterion/criterion.h>
#include <openssl/err.h>

// 00 01 … 1f, and 20 21 … 3f; then 32 times 01, 02.
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define SID_KEY "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define ONES "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define TWOS "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define SID_LINE "sid " SID_KEY "\n"
#define PLAIN BYTES("PHPSESSID=0123456789abcdef")
#define AAD BYTES("example.com __Host-PHPSESSID")
#define TOKEN "AQfw8fLz9PX29_j5-vv8_f7_QX5TsPt77L_X4bOt-AtzITEZuhXzf_Rv3kqAyGtFJbFmudG5OeW0U2_o"

static const unsigned char salt[SEAL_SALT_BYTES] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
                                                    0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};

static struct key_ring *ring_of(const char *text)
{
    struct key_ring_problem problem;
    struct key_ring        *ring = key_ring_read(bytes_of(text), &problem);
    cr_assert_not_null(ring, "line %u: %s", problem.line, problem.why);
    cr_expect_null(problem.why);
    return ring;
}

struct room {
    char             memory[2 * SEAL_TOKEN_MAX];
    struct bytes_out out;
};

static struct bytes_out *empty(struct room *room)
{
    memset(room->memory, '.', sizeof room->memory);
    room->out = (struct bytes_out){.at = room->memory, .cap = sizeof room->memory};
    return &room->out;
}

static struct bytes seal(struct key_ring *ring, struct bytes aad, struct bytes plain, struct room *room)
{
    cr_assert(seal_write(ring, salt, aad, plain, empty(room)));
    cr_expect_eq(room->out.len, seal_length(plain.len));
    return out_written(&room->out);
}

static bool opens(struct key_ring *ring, struct bytes aad, struct bytes token)
{
    struct room room;
    bool        opened = seal_open(ring, aad, token, empty(&room));
    for (size_t i = room.out.len; i < sizeof room.memory; i++) // what was not authentic is wiped
        cr_assert(room.memory[i] == '.' || room.memory[i] == '\0');
    cr_assert(opened || room.out.len == 0);
    cr_assert_eq(ERR_peek_error(), 0, "the thread's queue of errors is not ours");
    return opened;
}

static const struct {
    const char *ring, *aad, *plain, *token;
} known[] = {
    {"7 " KEY "\n" SID_LINE, "example.com __Host-PHPSESSID", "PHPSESSID=0123456789abcdef", TOKEN},
    {"7 " KEY "\n" SID_LINE, "", "", "AQfw8fLz9PX29_j5-vv8_f7_3MkBLIMX0Am_pbVPhVptoQ"},
    // The first subkey of CMAC has two ways to be made: the one above, and that of 32 times 01.
    {"1 " ONES "\n" SID_LINE, "", "abc", "AQHw8fLz9PX29_j5-vv8_f7_K3Ydgf2JtDh0dkorIj9AyIJmmw"},
    {"1 " TWOS "\n" SID_LINE, "", "abc", "AQHw8fLz9PX29_j5-vv8_f7_l1J4hvDCMN8HKvdtv0__NVtIZQ"},
};

Test(seal, known_tokens)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct key_ring *ring = ring_of(known[i].ring);
        struct room      room;
        struct bytes     aad = bytes_of(known[i].aad), plain = bytes_of(known[i].plain);
        struct bytes     token = bytes_of(known[i].token);
        cr_expect(bytes_equal(seal(ring, aad, plain, &room), token), "%.*s", (int)room.out.len, room.memory);
        cr_expect(seal_open(ring, aad, token, empty(&room)), "%s", known[i].token);
        cr_expect(bytes_equal(out_written(&room.out), plain), "%s", known[i].token);
        key_ring_free(&ring);
        cr_expect_null(ring);
    }
}

Test(seal, every_length_comes_back)
{
    struct key_ring *ring = ring_of("1 " KEY "\n" SID_LINE);
    struct room      sealed, opened;
    char             plain[SEAL_PLAIN_MAX];
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (char)(i * 7);
    for (size_t n = 0; n <= SEAL_PLAIN_MAX; n = n < 80 ? n + 1 : n == 80 ? SEAL_PLAIN_MAX - 4 : n + 1) {
        struct bytes token = seal(ring, AAD, (struct bytes){plain, n}, &sealed);
        cr_assert(seal_open(ring, AAD, token, empty(&opened)), "%zu bytes", n);
        cr_assert(bytes_equal(out_written(&opened.out), (struct bytes){plain, n}), "%zu bytes", n);
    }
    key_ring_free(&ring);
}

Test(seal, no_token_is_longer_than_a_cookie_may_be)
{
    static const char plain[SEAL_PLAIN_MAX + 1], aad[SEAL_AAD_MAX + 1];
    struct key_ring  *ring = ring_of("1 " KEY "\n" SID_LINE);
    struct room       room;
    cr_expect_eq(seal_length(SEAL_PLAIN_MAX), SEAL_TOKEN_MAX);
    cr_expect(seal_write(ring, salt, AAD, (struct bytes){plain, SEAL_PLAIN_MAX}, empty(&room)));
    cr_expect_not(seal_write(ring, salt, AAD, (struct bytes){plain, SEAL_PLAIN_MAX + 1}, empty(&room)));
    cr_expect_not(seal_write(ring, salt, (struct bytes){aad, sizeof aad}, PLAIN, empty(&room)));
    cr_expect_eq(room.out.len, 0);
    key_ring_free(&ring);
}

Test(seal, without_room_nothing_is_written)
{
    struct key_ring *ring = ring_of("7 " KEY "\n" SID_LINE);
    struct room      room;
    empty(&room)->cap = seal_length(PLAIN.len) - 1;
    cr_expect_not(seal_write(ring, salt, AAD, PLAIN, &room.out));
    cr_expect_eq(room.out.len, 0);
    room.out.cap++;
    cr_expect(seal_write(ring, salt, AAD, PLAIN, &room.out));
    empty(&room)->cap = PLAIN.len - 1;
    cr_expect_not(seal_open(ring, AAD, BYTES(TOKEN), &room.out));
    cr_expect_eq(room.memory[0], '.');
    room.out.cap++;
    cr_expect(seal_open(ring, AAD, BYTES(TOKEN), &room.out));
    key_ring_free(&ring);
}

Test(seal, no_changed_character_opens)
{
    struct key_ring *ring = ring_of("7 " KEY "\n6 " ONES "\n" SID_LINE);
    char             token[] = TOKEN;
    for (size_t i = 0; i < sizeof token - 1; i++) {
        for (unsigned c = 0; c < 256; c++) {
            token[i] = (char)c;
            bool same = token[i] == TOKEN[i];
            cr_assert_eq(opens(ring, AAD, bytes_of(token)) && strlen(token) == sizeof token - 1, same,
                         "character %zu as 0x%02x", i, c);
        }
        token[i] = TOKEN[i];
    }
    key_ring_free(&ring);
}

Test(seal, no_cut_and_no_lengthened_token_opens)
{
    struct key_ring *ring = ring_of("7 " KEY "\n" SID_LINE);
    char             token[SEAL_TOKEN_MAX + 8] = TOKEN;
    for (size_t n = 0; n < sizeof TOKEN - 1; n++)
        cr_expect_not(opens(ring, AAD, (struct bytes){TOKEN, n}), "%zu characters", n);
    cr_expect(opens(ring, AAD, BYTES(TOKEN)));
    memset(token + sizeof TOKEN - 1, 'A', sizeof token - (sizeof TOKEN - 1));
    for (size_t n = sizeof TOKEN; n <= sizeof token; n++)
        cr_expect_not(opens(ring, AAD, (struct bytes){token, n}), "%zu characters", n);
    cr_expect_not(opens(ring, AAD, (struct bytes){NULL, 0}));
    cr_expect_not(opens(ring, AAD, BYTES(TOKEN "=")));
    key_ring_free(&ring);
}

Test(seal, other_associated_data_does_not_open)
{
    static const char *const others[] = {"", "example.com __Host-PHPSESSIE", "example.com __Host-PHPSESSI",
                                         "example.com __Host-PHPSESSIDx", "xxample.com __Host-PHPSESSID"};
    struct key_ring         *ring = ring_of("7 " KEY "\n" SID_LINE);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(opens(ring, bytes_of(others[i]), BYTES(TOKEN)), "%s", others[i]);
    key_ring_free(&ring);
}

Test(seal, the_first_key_seals_and_all_open)
{
    struct key_ring *before = ring_of("1 " KEY "\n" SID_LINE);
    struct key_ring *between = ring_of("2 " ONES "\n1 " KEY "\n" SID_LINE);
    struct key_ring *after = ring_of("2 " ONES "\n" SID_LINE);
    struct room      old, new;
    struct bytes     by_old = seal(before, AAD, PLAIN, &old), by_new = seal(between, AAD, PLAIN, &new);
    cr_expect(opens(between, AAD, by_old));
    cr_expect(opens(between, AAD, by_new));
    cr_expect_not(opens(before, AAD, by_new));
    cr_expect_not(opens(after, AAD, by_old));
    cr_expect(opens(after, AAD, by_new), "the new key sealed");
    key_ring_free(&before);
    key_ring_free(&between);
    key_ring_free(&after);
}

Test(seal, the_id_belongs_to_the_token)
{
    struct key_ring *one = ring_of("1 " KEY "\n" SID_LINE), *two = ring_of("2 " KEY "\n" SID_LINE);
    struct room      room;
    struct bytes     token = seal(one, AAD, PLAIN, &room);
    room.memory[2] = 'L'; // "AQH" begins 01 01, "AQL" 01 02; two bits are the salt's
    cr_expect_not(opens(two, AAD, token));
    key_ring_free(&one);
    key_ring_free(&two);
}

Test(seal, another_salt_gives_another_token)
{
    struct key_ring *ring = ring_of("1 " KEY "\n" SID_LINE);
    struct room      room, other;
    struct bytes     token = seal(ring, AAD, PLAIN, &room);
    for (unsigned i = 0; i < SEAL_SALT_BYTES; i++) {
        unsigned char changed[SEAL_SALT_BYTES];
        memcpy(changed, salt, sizeof changed);
        changed[i] ^= 1;
        cr_assert(seal_write(ring, changed, AAD, PLAIN, empty(&other)));
        // The ciphertext begins behind 18 bytes, 24 characters.
        cr_expect_neq(memcmp(token.at + 24, other.memory + 24, token.len - 24), 0, "byte %u", i);
    }
    key_ring_free(&ring);
}

// --- the ring ---

static const struct {
    const char *label, *text;
    unsigned    line;
    const char *why;
} refusals[] = {
    {"empty", "", 0, "no key"},
    {"only a comment", "# keys\n", 0, "no key"},
    {"no sid key", "1 " KEY "\n", 0, "no sid key"},
    {"no key beside the sid's", SID_LINE, 0, "no key"},
    {"two sid keys", "1 " KEY "\n" SID_LINE SID_LINE, 3, "one sid key"},
    {"id 0", "0 " KEY "\n", 1, "from 1 to 255"},
    {"id 256", "256 " KEY "\n", 1, "from 1 to 255"},
    {"id 01", "01 " KEY "\n", 1, "from 1 to 255"},
    {"a negative id", "-1 " KEY "\n", 1, "from 1 to 255"},
    {"no id", KEY "\n", 1, "from 1 to 255"},
    {"another word", "SID " KEY "\n", 1, "from 1 to 255"},
    {"no key behind the id", "\n\n1\n", 3, "32 bytes"},
    {"31 bytes", "1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==\n", 1, "32 bytes"},
    {"33 bytes", "1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n", 1, "32 bytes"},
    {"not filled up", "1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", 1, "32 bytes"},
    {"something behind the key", "1 " KEY " x\n", 1, "32 bytes"},
    {"a comment behind the key", "1 " KEY " # mine\n", 1, "32 bytes"},
    {"lines of another system", "1 " KEY "\r\n", 1, "32 bytes"},
    {"an id twice", "# c\n1 " KEY "\n1 " ONES "\n" SID_LINE, 3, "the id of a key above"},
    {"a key twice", "1 " KEY "\n2 " KEY "\n" SID_LINE, 2, "the same key"},
    {"a control", "\x01\n", 1, "a line is"},
};

Test(key_ring, refusals)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct key_ring_problem problem;
        cr_expect_null(key_ring_read(bytes_of(refusals[i].text), &problem), "%s", refusals[i].label);
        cr_assert_not_null(problem.why, "%s", refusals[i].label);
        cr_expect_not_null(strstr(problem.why, refusals[i].why), "%s: %s", refusals[i].label, problem.why);
        cr_expect_eq(problem.line, refusals[i].line, "%s: line %u", refusals[i].label, problem.line);
    }
}

Test(key_ring, blanks_comments_and_a_last_line_without_an_end)
{
    struct key_ring *ring = ring_of("\n  # keys\n\t 200 \t " KEY "  \n#\n  sid   " SID_KEY);
    struct room      room;
    seal(ring, AAD, PLAIN, &room);
    key_ring_free(&ring);
}

// `count` keys, each of bytes of its id.
static struct bytes many_keys(unsigned count, struct bytes_out *out)
{
    for (unsigned id = 1; id <= count; id++) {
        char key[KEY_BYTES];
        memset(key, (int)id, sizeof key);
        out_uint(out, id);
        out_char(out, ' ');
        base64_write((struct bytes){key, sizeof key}, BASE64_STANDARD, out);
        out_char(out, '\n');
    }
    out_text(out, SID_LINE);
    return out_written(out);
}

Test(key_ring, the_number_of_keys_is_bounded)
{
    struct room             room;
    struct key_ring_problem problem;
    struct key_ring        *ring = key_ring_read(many_keys(KEY_RING_KEYS_MAX, empty(&room)), &problem);
    cr_assert_not_null(ring);
    for (unsigned id = 1; id <= KEY_RING_KEYS_MAX; id++) { // a token of each of them opens
        struct key_ring *one;
        struct room      line, token;
        struct bytes     all = many_keys(id, empty(&line));
        size_t           last = all.len - sizeof SID_LINE + 1 - (id < 10 ? 47 : 48);
        one = key_ring_read(bytes_after(all, last), &problem);
        cr_assert_not_null(one, "%s", problem.why);
        cr_expect(opens(ring, AAD, seal(one, AAD, PLAIN, &token)), "key %u", id);
        key_ring_free(&one);
    }
    key_ring_free(&ring);
    cr_expect_null(key_ring_read(many_keys(KEY_RING_KEYS_MAX + 1, empty(&room)), &problem));
    cr_expect_eq(problem.line, KEY_RING_KEYS_MAX + 1);
}

Test(key_ring, the_text_is_bounded)
{
    static char             text[KEY_RING_BYTES_MAX + 1];
    struct key_ring_problem problem;
    memset(text, '\n', sizeof text);
    cr_expect_null(key_ring_read((struct bytes){text, sizeof text}, &problem));
    cr_expect_not_null(strstr(problem.why, "longer"));
}

Test(key_ring, a_generated_ring_is_read)
{
    unsigned char random[KEY_RING_RANDOM_BYTES];
    struct room   room, sealed;
    for (unsigned i = 0; i < sizeof random; i++)
        random[i] = (unsigned char)i;
    cr_assert(key_ring_generate(random, empty(&room)));
    cr_expect_lt(room.out.len, KEY_RING_BYTES_MAX);
    room.memory[room.out.len] = '\0';
    struct key_ring *ring = ring_of(room.memory), *same = ring_of("1 " KEY "\n" SID_LINE);
    cr_expect(opens(same, AAD, seal(ring, AAD, PLAIN, &sealed)));
    key_ring_free(&ring);
    key_ring_free(&same);
    room.out = (struct bytes_out){.at = room.memory, .cap = 40};
    cr_expect_not(key_ring_generate(random, &room.out));
}

// --- hashes and secrets ---

static bool hashes_to(struct key_ring *ring, const char *label, const struct bytes *parts, size_t count,
                      const unsigned char expected[KEYED_HASH_BYTES])
{
    unsigned char hash[KEYED_HASH_BYTES];
    cr_assert(keyed_hash(ring, label, parts, count, hash));
    return memcmp(hash, expected, sizeof hash) == 0;
}

Test(keyed_hash, known_and_the_same_whatever_key_seals)
{
    static const unsigned char expected[KEYED_HASH_BYTES] = {0xcb, 0x31, 0xb0, 0x34, 0xb5, 0xa9, 0x8e, 0x65,
                                                             0xdd, 0xc4, 0x22, 0xb8, 0x25, 0xd5, 0x2a, 0xc7};
    const struct bytes         parts[] = {BYTES("app"), BYTES("0123456789abcdef")};
    struct key_ring           *ring = ring_of("1 " KEY "\n" SID_LINE), *rotated = ring_of(SID_LINE "2 " ONES);
    for (int i = 0; i < 3; i++)
        cr_expect(hashes_to(ring, "sid", parts, 2, expected));
    cr_expect(hashes_to(rotated, "sid", parts, 2, expected));
    key_ring_free(&ring);
    key_ring_free(&rotated);
}

Test(keyed_hash, other_parts_another_label_and_another_key_give_another_hash)
{
    const struct bytes parts[] = {BYTES("app"), BYTES("inner")}, moved[] = {BYTES("appi"), BYTES("nner")},
                       joined[] = {BYTES("appinner")}, more[] = {BYTES("app"), BYTES("inner"), BYTES("")};
    struct key_ring *ring = ring_of("1 " KEY "\n" SID_LINE), *other = ring_of("1 " KEY "\nsid " ONES);
    unsigned char    hash[KEYED_HASH_BYTES];
    cr_assert(keyed_hash(ring, "sid", parts, 2, hash));
    cr_expect(hashes_to(ring, "sid", parts, 2, hash));
    cr_expect_not(hashes_to(ring, "sid", moved, 2, hash));
    cr_expect_not(hashes_to(ring, "sid", joined, 1, hash));
    cr_expect_not(hashes_to(ring, "sid", more, 3, hash));
    cr_expect_not(hashes_to(ring, "user", parts, 2, hash));
    cr_expect_not(hashes_to(other, "sid", parts, 2, hash));
    key_ring_free(&ring);
    key_ring_free(&other);
}

Test(equal_secret, rows)
{
    static const struct {
        const char *secret, *given;
        bool        equal;
    } rows[] = {
        {"", "", true},
        {"a", "a", true},
        {"secret", "secret", true},
        {"secret", "", false},
        {"", "secret", false},
        {"secret", "secre", false},
        {"secret", "Secret", false},
        {"secret", "secrets", false},
        {"secret", "secretsecret", false},
        {"aa", "a", false},
        {"a", "aa", false},
        {"secret", "secreT", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(equal_secret(bytes_of(rows[i].secret), bytes_of(rows[i].given)), rows[i].equal,
                     "\"%s\" and \"%s\"", rows[i].secret, rows[i].given);
    cr_expect(equal_secret((struct bytes){NULL, 0}, (struct bytes){NULL, 0}));
}
