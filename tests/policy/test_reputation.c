// SPDX-License-Identifier: Apache-2.0
// Reputation: points that decay, steps, bans that double, who is forgotten, and that no offence is lost.
#include "policy/reputation.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define MINUTE UINT64_C(60000)
#define HOUR (60 * MINUTE)
#define START (100 * HOUR)

static const uint64_t seed[2] = {0x9e3779b97f4a7c15, 0xd1b54a32d192ed03};

static const struct ladder usual = {.half_life_ms = 600000,
                                    .rungs = {{20, RUNG_DELAY, 250, 1},
                                              {40, RUNG_DELAY, 1000, 2},
                                              {60, RUNG_TARPIT, 20000, 2},
                                              {100, RUNG_BAN, 60000, 1}},
                                    .count = 4};

static struct ip ip_of(const char *text)
{
    struct ip ip;
    cr_assert(ip_parse(bytes_of(text), &ip), "%s", text);
    return ip;
}

static struct prefix prefix_from(const char *text)
{
    struct prefix p;
    cr_assert_null(prefix_parse(bytes_of(text), &p), "%s", text);
    return p;
}

static bool hit(struct reputation *r, const char *who, enum offence what, unsigned times, uint64_t now_ms)
{
    struct ip  ip = ip_of(who);
    struct ban ban;
    bool       begins = false;
    for (unsigned i = 0; i < times; i++)
        begins = reputation_hit(r, &usual, &ip, what, now_ms, &ban) || begins;
    return begins;
}

static struct standing standing(struct reputation *r, const char *who, uint64_t now_ms)
{
    struct ip ip = ip_of(who);
    return reputation_standing(r, &usual, &ip, now_ms);
}

static uint64_t ban_of(struct reputation *r, const char *who, uint64_t now_ms)
{
    uint64_t until_ms = standing(r, who, now_ms).until_ms;
    return until_ms > 0 ? until_ms - now_ms : 0;
}

static bool ban(struct reputation *r, const char *prefix, uint64_t until_ms, uint64_t now_ms)
{
    struct ban ban = {.prefix = prefix_from(prefix), .until_ms = until_ms, .by_operator = true};
    return reputation_ban(r, &usual, &ban, now_ms);
}

static size_t count_bans(struct reputation *r, enum ban_filter filter, uint64_t now_ms)
{
    size_t     place = 0, count = 0;
    struct ban ban;
    while (reputation_next_ban(r, filter, now_ms, &place, &ban))
        count++;
    return count;
}

Test(reputation, offences_have_their_points)
{
    static const struct {
        enum offence what;
        uint32_t     points;
    } rows[] = {{OFFENCE_FAULT, 5},  {OFFENCE_SLOW, 5},      {OFFENCE_LOGIN, 4},
                {OFFENCE_DENIAL, 3}, {OFFENCE_NOT_FOUND, 1}, {OFFENCE_LIMIT, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reputation *r = reputation_new(64, seed);
        hit(r, "192.0.2.1", rows[i].what, 1, START);
        cr_expect_eq(standing(r, "192.0.2.1", START).points, rows[i].points, "%s",
                     offence_token(rows[i].what));
        cr_expect_gt(strlen(offence_says(rows[i].what)), 0);
        reputation_free(&r);
    }
}

Test(reputation, points_decay_by_half_lives)
{
    static const struct {
        const char *label;
        uint64_t    after_ms;
        uint32_t    points;
    } rows[] = {{"at once", 0, 80},
                {"half of a half life: a root of two", 5 * MINUTE, 57},
                {"a half life", 10 * MINUTE, 40},
                {"two", 20 * MINUTE, 20},
                {"seven: what is left is rounded", 70 * MINUTE, 1},
                {"eight", 80 * MINUTE, 0},
                {"a clock that is behind", UINT64_MAX, 80},
                {"a year", 365 * 24 * HOUR, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reputation *r = reputation_new(64, seed);
        hit(r, "192.0.2.1", OFFENCE_NOT_FOUND, 80, START);
        cr_expect_eq(standing(r, "192.0.2.1", START + rows[i].after_ms).points, rows[i].points, "%s: %u",
                     rows[i].label, standing(r, "192.0.2.1", START + rows[i].after_ms).points);
        reputation_free(&r);
    }
}

Test(reputation, steady_offences_settle_where_decay_takes_as_much)
{
    struct reputation *r = reputation_new(64, seed);
    // One point a minute: 1 / (1 - 2^(-1/10)) = 14.9 points in the long run.
    for (uint64_t minute = 0; minute < 600; minute++)
        hit(r, "192.0.2.1", OFFENCE_NOT_FOUND, 1, START + minute * MINUTE);
    cr_expect_eq(standing(r, "192.0.2.1", START + 599 * MINUTE).points, 15);
    reputation_free(&r);
}

Test(reputation, rungs_are_reached_with_their_points)
{
    static const struct {
        unsigned points;
        int      rung; // -1: none
        bool     banned;
    } rows[] = {{19, -1, false}, {20, 0, false}, {39, 0, false}, {40, 1, false},
                {60, 2, false},  {99, 2, false}, {100, 2, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reputation *r = reputation_new(64, seed);
        bool               begins = hit(r, "192.0.2.1", OFFENCE_NOT_FOUND, rows[i].points, START);
        struct standing    s = standing(r, "192.0.2.1", START);
        cr_expect_eq(s.rung, rows[i].rung < 0 ? NULL : &usual.rungs[rows[i].rung], "%u", rows[i].points);
        cr_expect_eq(s.until_ms > 0, rows[i].banned, "%u", rows[i].points);
        cr_expect_eq(begins, rows[i].banned, "%u", rows[i].points);
        cr_expect_eq(standing_cost(&s), rows[i].rung > 0 ? 2 : 1, "%u", rows[i].points);
        reputation_free(&r);
    }
}

Test(reputation, twenty_faults_in_two_seconds_ban)
{
    struct reputation *r = reputation_new(64, seed);
    for (uint64_t i = 0; i < 19; i++)
        cr_expect_not(hit(r, "192.0.2.1", OFFENCE_FAULT, 1, START + 100 * i));
    cr_expect(hit(r, "192.0.2.1", OFFENCE_FAULT, 1, START + 1900));
    reputation_free(&r);
}

static const struct same_row {
    const char *label, *one, *other;
    uint32_t    points; // of the other, when the one has 64
} same_rows[] = {
    {"an address", "192.0.2.1", "192.0.2.1", 64},
    {"its neighbour", "192.0.2.1", "192.0.2.2", 0},
    {"IPv4 inside IPv6", "192.0.2.1", "::ffff:192.0.2.1", 64},
    {"one /64", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", 64},
    {"the next /64 of its /48: a sixteenth", "2001:db8:0:1::1", "2001:db8:0:2::1", 4},
    {"the next /48", "2001:db8:0:1::1", "2001:db8:1:1::1", 0},
    {"the /64 of zeros is not IPv4", "::1", "0.0.0.1", 0},
};

Test(reputation, prefixes_share_an_account)
{
    for (size_t i = 0; i < sizeof same_rows / sizeof *same_rows; i++) {
        const struct same_row *row = &same_rows[i];
        struct reputation     *r = reputation_new(64, seed);
        hit(r, row->one, OFFENCE_NOT_FOUND, 64, START);
        cr_expect_eq(standing(r, row->other, START).points, row->points, "%s: %u", row->label,
                     standing(r, row->other, START).points);
        reputation_free(&r);
    }
}

Test(reputation, a_site_with_many_networks_is_banned_as_one)
{
    struct reputation *r = reputation_new(1024, seed);
    char               who[64];
    for (unsigned i = 0; i < 40; i++) {
        (void)snprintf(who, sizeof who, "2001:db8:0:%x::1", i);
        hit(r, who, OFFENCE_NOT_FOUND, 40, START);
    }
    cr_expect_gt(ban_of(r, "2001:db8:0:ffff::1", START), 0, "who was never seen, from the same /48");
    cr_expect_eq(ban_of(r, "2001:db8:1::1", START), 0);
    reputation_free(&r);
}

Test(reputation, bans_double_and_shrink_with_clean_hours)
{
    struct reputation *r = reputation_new(64, seed);
    uint64_t           now = START, expected = MINUTE;
    for (unsigned i = 0; i < 14; i++, expected = expected * 2 < BAN_MS_MAX ? expected * 2 : BAN_MS_MAX) {
        cr_assert(hit(r, "192.0.2.1", OFFENCE_FAULT, 20, now), "ban %u", i);
        cr_assert_eq(ban_of(r, "192.0.2.1", now), expected, "ban %u", i);
        cr_expect_not(hit(r, "192.0.2.1", OFFENCE_FAULT, 20, now), "no ban begins while one lasts");
        now += expected + 1;
    }
    now += 12 * HOUR; // of 14 steps two are left: the next is the third
    cr_assert(hit(r, "192.0.2.1", OFFENCE_FAULT, 20, now));
    cr_expect_eq(ban_of(r, "192.0.2.1", now), 4 * MINUTE);
    reputation_free(&r);
}

Test(reputation, an_offence_ends_the_clean_hour)
{
    struct reputation *r = reputation_new(64, seed);
    hit(r, "192.0.2.1", OFFENCE_FAULT, 20, START);
    uint64_t now = START + MINUTE;
    for (unsigned i = 0; i < 10; i++) // half an hour each
        hit(r, "192.0.2.1", OFFENCE_NOT_FOUND, 1, now += HOUR / 2);
    cr_assert(hit(r, "192.0.2.1", OFFENCE_FAULT, 20, now));
    cr_expect_eq(ban_of(r, "192.0.2.1", now), 2 * MINUTE, "no hour was clean");
    reputation_free(&r);
}

Test(reputation, points_end_somewhere)
{
    struct reputation *r = reputation_new(64, seed);
    hit(r, "192.0.2.1", OFFENCE_FAULT, 100000, START);
    cr_expect_eq(standing(r, "192.0.2.1", START).points, 200, "twice the highest rung");
    reputation_free(&r);
}

Test(reputation, who_is_exempt_has_no_account)
{
    struct arena     arena;
    struct document *d = document_parse(BYTES("[\"192.0.2.0/24\"]"), "f");
    arena_init(&arena, NULL, 1u << 20);
    struct ladder l = usual;
    l.never = ip_set_load(document_root(d), &arena);
    struct reputation *r = reputation_new(64, seed);
    struct ip          never = ip_of("192.0.2.1"), other = ip_of("203.0.113.1");
    struct ban         ban;
    for (unsigned i = 0; i < 1000; i++)
        cr_expect_not(reputation_hit(r, &l, &never, OFFENCE_FAULT, START, &ban));
    cr_expect_eq(standing(r, "192.0.2.1", START).points, 0, "not even with another ladder");
    hit(r, "192.0.2.1", OFFENCE_FAULT, 20, START);
    cr_expect_eq(reputation_standing(r, &l, &never, START).until_ms, 0, "a ban from before does not hold");
    cr_expect_not(reputation_hit(r, &l, &other, OFFENCE_FAULT, START, &ban));
    cr_expect_eq(reputation_standing(r, &l, &other, START).points, 5);
    reputation_free(&r);
    arena_reset(&arena);
    document_free(&d);
}

Test(reputation, operators_ban_any_prefix)
{
    struct reputation *r = reputation_new(64, seed);
    cr_assert(ban(r, "203.0.113.0/24", START + HOUR, START));
    cr_assert(ban(r, "2001:db8:42::7", START + HOUR, START));
    cr_expect_eq(ban_of(r, "203.0.113.9", START), HOUR);
    cr_expect_eq(ban_of(r, "203.0.114.9", START), 0);
    cr_expect_eq(ban_of(r, "2001:db8:42::7", START), HOUR);
    cr_expect_eq(ban_of(r, "2001:db8:42::8", START), 0, "one address, not its /64");
    cr_expect_eq(ban_of(r, "203.0.113.9", START + HOUR), 0, "over");
    cr_expect_eq(count_bans(r, BANS_NOW, START), 2);
    struct prefix p = prefix_from("203.0.113.0/24"), other = prefix_from("203.0.113.0/25");
    cr_expect_not(reputation_pardon(r, &other, START), "exactly this prefix");
    cr_expect(reputation_pardon(r, &p, START));
    cr_expect_not(reputation_pardon(r, &p, START), "once");
    cr_expect_eq(ban_of(r, "203.0.113.9", START), 0);
    cr_expect_eq(count_bans(r, BANS_NOW, START), 1);
    cr_expect_eq(count_bans(r, BANS_NOW, START + HOUR), 0);
    reputation_free(&r);
}

Test(reputation, a_pardon_is_a_new_beginning)
{
    struct reputation *r = reputation_new(64, seed);
    struct prefix      p = prefix_from("192.0.2.1");
    hit(r, "192.0.2.1", OFFENCE_FAULT, 20, START);
    cr_assert(reputation_pardon(r, &p, START));
    cr_expect_eq(standing(r, "192.0.2.1", START).points, 0);
    hit(r, "192.0.2.1", OFFENCE_FAULT, 20, START);
    cr_expect_eq(ban_of(r, "192.0.2.1", START), MINUTE, "the first again");
    reputation_free(&r);
}

Test(reputation, news_are_told_once)
{
    struct reputation *r = reputation_new(64, seed);
    cr_expect_eq(count_bans(r, BANS_NEWS, START), 0);
    hit(r, "192.0.2.1", OFFENCE_FAULT, 20, START);
    hit(r, "192.0.2.2", OFFENCE_FAULT, 19, START);
    cr_expect_eq(reputation_ban_count(r), 1);
    cr_expect_eq(count_bans(r, BANS_NEWS, START), 1);
    cr_expect_eq(count_bans(r, BANS_NEWS, START), 0);
    cr_expect_eq(count_bans(r, BANS_NOW, START + 2 * MINUTE), 0);
    cr_expect_eq(count_bans(r, BANS_REMEMBER, START + 2 * MINUTE), 1, "the next would be longer");
    cr_expect_eq(count_bans(r, BANS_REMEMBER, START + 2 * HOUR), 0, "by now it would not");
    reputation_free(&r);
}

Test(reputation, a_ban_that_ended_is_remembered)
{
    struct reputation *r = reputation_new(64, seed);
    struct ban         old = {.prefix = prefix_from("192.0.2.1"), .until_ms = START - HOUR, .step = 3};
    cr_assert(reputation_ban(r, &usual, &old, START));
    hit(r, "192.0.2.1", OFFENCE_FAULT, 20, START);
    cr_expect_eq(ban_of(r, "192.0.2.1", START), 4 * MINUTE, "three, less one for a clean hour");
    reputation_free(&r);
}

// The table of 512 places: flooding it takes nobody who has more points, and no ban.
Test(reputation, a_flood_forgets_no_ban_and_not_the_worst)
{
    struct reputation *r = reputation_new(512, seed);
    char               who[64];
    hit(r, "192.0.2.1", OFFENCE_FAULT, 20, START);
    hit(r, "192.0.2.2", OFFENCE_FAULT, 10, START);
    for (unsigned i = 0; i < 100000; i++) {
        (void)snprintf(who, sizeof who, "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        hit(r, who, OFFENCE_NOT_FOUND, 1, START);
    }
    cr_expect_eq(ban_of(r, "192.0.2.1", START), MINUTE);
    cr_expect_eq(standing(r, "192.0.2.2", START).points, 50);
    reputation_free(&r);
}

Test(reputation, bans_fill_the_table_and_an_operator_still_bans)
{
    struct reputation *r = reputation_new(512, seed);
    char               who[64];
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(who, sizeof who, "10.0.%u.%u", i >> 8, i & 255);
        hit(r, who, OFFENCE_FAULT, 20, START);
    }
    size_t full = count_bans(r, BANS_NOW, START);
    cr_expect_leq(full, 512);
    cr_expect_geq(full, 500, "%zu", full);
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(who, sizeof who, "172.16.%u.0/24", i);
        (void)ban(r, who, START + 24 * HOUR, START);
    }
    cr_expect_gt(ban_of(r, "172.16.7.1", START), 0);
    cr_expect_leq(count_bans(r, BANS_NOW, START), 512);
    hit(r, "192.0.2.9", OFFENCE_FAULT, 1, START); // no ban goes for it
    cr_expect_eq(count_bans(r, BANS_NOW, START), full);
    reputation_free(&r);
}

Test(reputation, bans_of_operators_go_for_nobody)
{
    struct reputation *r = reputation_new(512, seed);
    char               who[64];
    size_t             taken = 0, refused = 0;
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(who, sizeof who, "172.%u.%u.0/24", 16 + i / 256, i % 256);
        if (ban(r, who, START + HOUR + i, START))
            taken++;
        else
            refused++;
    }
    cr_expect_eq(count_bans(r, BANS_NOW, START), taken, "who was told that it holds, holds");
    cr_expect_gt(refused, 400);
    reputation_free(&r);
}

Test(reputation, the_ban_of_an_operator_does_not_make_the_next_one_shorter)
{
    struct reputation *r = reputation_new(64, seed);
    hit(r, "192.0.2.1", OFFENCE_FAULT, 20, START);
    cr_assert(ban(r, "192.0.2.1", START + 1, START));
    hit(r, "192.0.2.1", OFFENCE_FAULT, 20, START + 1);
    cr_expect_eq(ban_of(r, "192.0.2.1", START + 1), 2 * MINUTE);
    reputation_free(&r);
}

Test(reputation, the_tarpit_has_places)
{
    struct reputation *r = reputation_new(64, seed);
    cr_expect_not(reputation_hold(r, 0));
    cr_expect(reputation_hold(r, 2));
    cr_expect(reputation_hold(r, 2));
    cr_expect_not(reputation_hold(r, 2));
    reputation_let_go(r);
    cr_expect(reputation_hold(r, 2));
    reputation_free(&r);
}
