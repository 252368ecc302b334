// SPDX-License-Identifier: Apache-2.0
// The journal of bans: what is read is what was written, however it was cut, and it stays small.
#include "gateway/ban_journal.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MINUTE UINT64_C(60000)
#define BEFORE ((struct ban_time){.now_ms = 500 * MINUTE, .wall_ms = 1800000000000})
// Another process, another monotonic clock, a minute later.
#define LATER ((struct ban_time){.now_ms = 7 * MINUTE, .wall_ms = 1800000000000 + 60000})

static const uint64_t      seed[2] = {0x9e3779b97f4a7c15, 0xd1b54a32d192ed03};
static const struct ladder ladder = {
    .half_life_ms = 600000, .rungs = {{100, RUNG_BAN, 60000, 1}}, .count = 1};

static char directory[] = "/tmp/portcullis-bans-XXXXXX";

static void make_directory(void)
{
    cr_assert_not_null(mkdtemp(directory));
}

static const char *path_of(const char *name)
{
    static char path[sizeof directory + 32];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void remove_directory(void)
{
    unlink(path_of("bans"));
    unlink(path_of("bans.new"));
    rmdir(directory);
}

TestSuite(ban_journal, .init = make_directory, .fini = remove_directory);

static struct ban ban_of(const char *prefix, uint64_t until_ms, uint32_t step, const char *why)
{
    struct ban ban = {.until_ms = until_ms, .step = step, .by_operator = step == 0};
    cr_assert_null(prefix_parse(bytes_of(prefix), &ban.prefix), "%s", prefix);
    (void)snprintf(ban.why, sizeof ban.why, "%s", why);
    return ban;
}

static struct ban_journal *open_journal(struct reputation *r, struct ban_time t)
{
    const char         *why;
    struct ban_journal *j = ban_journal_open(bytes_of(directory), r, &ladder, t, &why);
    cr_assert_not_null(j, "%s", why);
    return j;
}

// How long an address is still banned.
static uint64_t left_of(struct reputation *r, const char *address, struct ban_time t)
{
    struct ip ip;
    cr_assert(ip_parse(bytes_of(address), &ip));
    uint64_t until_ms = reputation_standing(r, &ladder, &ip, t.now_ms).until_ms;
    return until_ms > 0 ? until_ms - t.now_ms : 0;
}

static size_t size_of(const char *name)
{
    struct stat s;
    return stat(path_of(name), &s) == 0 ? (size_t)s.st_size : 0;
}

static void write_file(struct bytes text)
{
    FILE *f = fopen(path_of("bans"), "w");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(text.at, 1, text.len, f), text.len);
    fclose(f);
}

// Three bans, one of them lifted.
static void write_three(void)
{
    struct reputation  *r = reputation_new(64, seed);
    struct ban_journal *j = open_journal(r, BEFORE);
    struct ban          bans[] = {ban_of("192.0.2.1", BEFORE.now_ms + 10 * MINUTE, 3, "too many points"),
                                  ban_of("203.0.113.0/24", BEFORE.now_ms + 90 * MINUTE, 0, "scanners, again"),
                                  ban_of("2001:db8::/48", BEFORE.now_ms + 20 * MINUTE, 1, "")};
    for (size_t i = 0; i < 3; i++)
        ban_journal_note(j, &bans[i], BEFORE);
    bans[2].until_ms = 0;
    ban_journal_note(j, &bans[2], BEFORE);
    cr_assert(ban_journal_settle(j, BEFORE));
    ban_journal_close(&j);
    reputation_free(&r);
}

Test(ban_journal, bans_outlive_the_process)
{
    write_three();
    struct reputation  *r = reputation_new(64, seed);
    struct ban_journal *j = open_journal(r, LATER);
    cr_expect_eq(ban_journal_damaged(j), 0);
    cr_expect_eq(left_of(r, "192.0.2.1", LATER), 9 * MINUTE, "a minute has gone by");
    cr_expect_eq(left_of(r, "203.0.113.77", LATER), 89 * MINUTE);
    cr_expect_eq(left_of(r, "2001:db8::1", LATER), 0, "lifted");
    size_t     place = 0, count = 0;
    struct ban ban;
    while (reputation_next_ban(r, BANS_NOW, LATER.now_ms, &place, &ban)) {
        cr_expect_eq(ban.by_operator, ban.prefix.bits != PREFIX_BITS);
        cr_expect_str_eq(ban.why, ban.by_operator ? "scanners, again" : "too many points");
        cr_expect_eq(ban.step, ban.by_operator ? 0 : 3);
        count++;
    }
    cr_expect_eq(count, 2);
    ban_journal_close(&j);
    reputation_free(&r);
}

Test(ban_journal, a_torn_write_is_harmless)
{
    write_three();
    struct bytes_out whole = {.at = malloc(4096), .cap = 4096};
    int              fd = open(path_of("bans"), O_RDONLY);
    whole.len = (size_t)read(fd, whole.at, whole.cap);
    close(fd);
    size_t seen = 0;
    for (size_t cut = 0; cut <= whole.len; cut++) {
        struct reputation *r = reputation_new(64, seed);
        write_file((struct bytes){whole.at, cut});
        struct ban_journal *j = open_journal(r, LATER);
        size_t              now = left_of(r, "192.0.2.1", LATER) > 0 ? 1 : 0;
        now += left_of(r, "203.0.113.7", LATER) > 0 ? 1 : 0;
        cr_expect_geq(now, seen, "cut at %zu", cut);
        cr_expect_leq(ban_journal_damaged(j), 1, "cut at %zu", cut);
        seen = now;
        ban_journal_close(&j);
        reputation_free(&r);
    }
    cr_expect_eq(seen, 2);
    free(whole.at);
}

Test(ban_journal, a_garbled_line_takes_no_other_with_it)
{
    write_three();
    char             memory[4096];
    struct bytes_out whole = {.at = memory, .cap = sizeof memory};
    int              fd = open(path_of("bans"), O_RDONLY);
    whole.len = (size_t)read(fd, whole.at, whole.cap);
    close(fd);
    char *first = memmem(memory, whole.len, "192.0.2.1", 9);
    cr_assert_not_null(first);
    first[8] = '2'; // another address: its checksum says so
    write_file(out_written(&whole));
    struct reputation  *r = reputation_new(64, seed);
    struct ban_journal *j = open_journal(r, LATER);
    cr_expect_eq(ban_journal_damaged(j), 1);
    cr_expect_eq(left_of(r, "192.0.2.2", LATER), 0);
    cr_expect_eq(left_of(r, "203.0.113.7", LATER), 89 * MINUTE);
    ban_journal_close(&j);
    reputation_free(&r);
}

Test(ban_journal, what_is_over_is_left_out_at_start)
{
    write_three();
    struct ban_time     much_later = {.now_ms = MINUTE, .wall_ms = BEFORE.wall_ms + 24 * 3600 * 1000};
    struct reputation  *r = reputation_new(64, seed);
    struct ban_journal *j = open_journal(r, much_later);
    cr_expect_eq(size_of("bans"), strlen("portcullis bans 1\n"));
    ban_journal_close(&j);
    reputation_free(&r);
}

Test(ban_journal, the_step_of_a_ban_that_ended_is_kept)
{
    write_three();
    struct ban_time     soon = {.now_ms = 100 * MINUTE, .wall_ms = BEFORE.wall_ms + 15 * 60000};
    struct reputation  *r = reputation_new(64, seed);
    struct ban_journal *j = open_journal(r, soon);
    struct ip           ip;
    struct ban          ban;
    cr_expect_eq(left_of(r, "192.0.2.1", soon), 0);
    cr_assert(ip_parse(BYTES("192.0.2.1"), &ip));
    for (unsigned i = 0; i < 20; i++)
        (void)reputation_hit(r, &ladder, &ip, OFFENCE_FAULT, soon.now_ms, &ban);
    cr_expect_eq(left_of(r, "192.0.2.1", soon), 8 * MINUTE, "the fourth");
    ban_journal_close(&j);
    reputation_free(&r);
}

Test(ban_journal, a_clock_that_was_set_back_bans_nobody_for_years)
{
    write_three();
    struct ban_time     wrong = {.now_ms = MINUTE, .wall_ms = 0};
    struct reputation  *r = reputation_new(64, seed);
    struct ban_journal *j = open_journal(r, wrong);
    cr_expect_eq(left_of(r, "192.0.2.1", wrong), BAN_MS_MAX);
    ban_journal_close(&j);
    reputation_free(&r);
}

Test(ban_journal, stays_small)
{
    struct reputation  *r = reputation_new(64, seed);
    struct ban_journal *j = open_journal(r, BEFORE);
    struct ban          ban = ban_of("192.0.2.1", BEFORE.now_ms + 10 * MINUTE, 3, "again and again");
    cr_assert(reputation_ban(r, &ladder, &ban, BEFORE.now_ms));
    size_t most = 0;
    for (unsigned i = 0; i < 300; i++) {
        for (unsigned k = 0; k < 1000; k++)
            ban_journal_note(j, &ban, BEFORE);
        cr_assert(ban_journal_settle(j, BEFORE));
        most = size_of("bans") > most ? size_of("bans") : most;
    }
    cr_expect_leq(most, BAN_JOURNAL_BYTES_MAX);
    cr_expect_gt(most, BAN_JOURNAL_BYTES_MAX / 2);
    ban_journal_close(&j);
    reputation_free(&r);
}

// The disk is full: nothing is lost that is still in the table when there is room again.
Test(ban_journal, a_full_disk_is_made_up_for)
{
    struct reputation  *r = reputation_new(64, seed);
    struct ban_journal *j = open_journal(r, BEFORE);
    struct ban          ban = ban_of("192.0.2.1", BEFORE.now_ms + 10 * MINUTE, 3, "");
    struct rlimit       none = {.rlim_cur = 20, .rlim_max = RLIM_INFINITY}, was;
    cr_assert(reputation_ban(r, &ladder, &ban, BEFORE.now_ms));
    getrlimit(RLIMIT_FSIZE, &was);
    none.rlim_max = was.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    ban_journal_note(j, &ban, BEFORE);
    cr_expect_not(ban_journal_settle(j, BEFORE));
    cr_expect_not(ban_journal_settle(j, BEFORE), "still full");
    setrlimit(RLIMIT_FSIZE, &was);
    cr_expect(ban_journal_settle(j, BEFORE));
    ban_journal_close(&j);
    reputation_free(&r);

    r = reputation_new(64, seed);
    j = open_journal(r, LATER);
    cr_expect_eq(left_of(r, "192.0.2.1", LATER), 9 * MINUTE);
    ban_journal_close(&j);
    reputation_free(&r);
}

Test(ban_journal, a_directory_that_is_missing_is_an_error)
{
    struct reputation *r = reputation_new(64, seed);
    const char        *why;
    cr_expect_null(ban_journal_open(BYTES("/nowhere/at/all"), r, &ladder, BEFORE, &why));
    cr_expect_str_eq(why, "no such file or directory");
    reputation_free(&r);
}

Test(ban_journal, a_directory_is_for_one_gateway)
{
    struct reputation  *r = reputation_new(64, seed);
    struct ban_journal *j = open_journal(r, BEFORE);
    const char         *why;
    cr_expect_null(ban_journal_open(bytes_of(directory), r, &ladder, BEFORE, &why));
    cr_expect_str_eq(why, "another gateway keeps its bans there");
    ban_journal_close(&j);
    j = open_journal(r, BEFORE);
    ban_journal_close(&j);
    reputation_free(&r);
}
