// SPDX-License-Identifier: Apache-2.0
// test_access_log: every row is JSON whatever is in it, says no secrets, and never waits for its reader.
#include "gateway/access_log.h"
#include "tests/support/expect_text.h"
#include "tests/support/request_of.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_MAX (1024u * 1024u)
#define TEXT_MAX (4u * 1024u * 1024u)
#define MS UINT64_C(1000000)

static char                folder[] = "/tmp/portcullis-log-XXXXXX";
static struct arena        arena;
static struct access_log  *log_;
static struct access_feed *feed;
static struct peer         peer;
static struct request      request;
static struct route        route = {.name = BYTES("shop")};
static struct record       record;
static char                text[TEXT_MAX];

static void begin(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    arena_init(&arena, NULL, ARENA_MAX);
    peer = (struct peer){.port = 50000};
    cr_assert(ip_parse(BYTES("198.51.100.7"), &peer.address));
    request = request_of(
        &arena, "POST /login?password=hunter2 HTTP/1.1\r\nHost: Shop.example\r\nCookie: sid=secret\r\n"
                "Authorization: Basic c2VjcmV0\r\n\r\n");
    record = (struct record){.id = BYTES("cafe"),
                             .peer = &peer,
                             .request = &request,
                             .route = &route,
                             .status = 200,
                             .request_bytes = 5,
                             .response_bytes = UINT64_C(1) << 40,
                             .started_ns = 1000 * MS,
                             .upstream_ns = 1234567,
                             .upstream = BYTES("http://127.0.0.1:9001")};
}

static void end(void)
{
    arena_reset(&arena);
    (void)unlink("log");
    cr_expect_eq(rmdir(folder), 0);
}

TestSuite(access_log, .init = begin, .fini = end);

static void open_log(const char *target)
{
    log_ = access_log_open(bytes_of(target));
    cr_assert_not_null(log_);
    feed = access_feed_new(log_);
    cr_assert_not_null(feed);
}

static void write_record(void)
{
    access_feed_write(feed, &record, 1002 * MS + 3000);
}

// Closes the log and reads the file.
static const char *all_rows(void)
{
    access_feed_flush(feed);
    access_log_close(&log_);
    FILE *file = fopen("log", "r");
    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static cJSON *only_row(void)
{
    const char *rows = all_rows();
    cr_expect_eq(strchr(rows, '\n'), rows + strlen(rows) - 1, "one line: %s", rows);
    cJSON *row = cJSON_Parse(rows);
    cr_assert_not_null(row, "%s", rows);
    return row;
}

static const char *text_in(const cJSON *row, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, key);
    cr_assert_not_null(value, "%s is missing", key);
    return cJSON_IsNull(value) ? "(null)" : cJSON_GetStringValue(value);
}

static double number_in(const cJSON *row, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(row, key);
    cr_assert(value != NULL && cJSON_IsNumber(value), "%s is no number", key);
    return value->valuedouble;
}

Test(access_log, a_row_has_all_its_keys)
{
    open_log("log");
    write_record();
    cJSON *row = only_row();
    cr_expect_eq(strlen(text_in(row, "time")), strlen("1994-11-06T08:49:37.123Z"));
    cr_expect_str_eq(text_in(row, "id"), "cafe");
    cr_expect_str_eq(text_in(row, "peer"), "198.51.100.7");
    cr_expect_eq(number_in(row, "port"), 50000);
    cr_expect_str_eq(text_in(row, "method"), "POST");
    cr_expect_str_eq(text_in(row, "host"), "Shop.example");
    cr_expect_str_eq(text_in(row, "path"), "/login");
    cr_expect_eq(number_in(row, "status"), 200);
    cr_expect_eq(number_in(row, "request_bytes"), 5);
    cr_expect_eq(number_in(row, "response_bytes"), 1099511627776.0);
    cr_expect_float_eq(number_in(row, "duration_ms"), 2.003, 1e-9);
    cr_expect_float_eq(number_in(row, "upstream_ms"), 1.234, 1e-9);
    cr_expect_str_eq(text_in(row, "upstream"), "http://127.0.0.1:9001");
    cr_expect_str_eq(text_in(row, "route"), "shop");
    cr_expect_str_eq(text_in(row, "verdict"), "pass");
    cr_expect_str_eq(text_in(row, "policy"), "(null)");
    cr_expect_str_eq(text_in(row, "reason"), "(null)");
    cr_expect_str_eq(text_in(row, "close"), "(null)");
    cr_expect_str_eq(text_in(row, "tls"), "(null)");
    cr_expect_null(cJSON_GetObjectItemCaseSensitive(row, "dropped"));
    cJSON_Delete(row);
}

Test(access_log, secrets_are_not_in_it)
{
    open_log("log");
    write_record();
    const char *rows = all_rows();
    EXPECT_LACKS(rows, "hunter2");
    EXPECT_LACKS(rows, "secret");
    EXPECT_LACKS(rows, "c2VjcmV0");
}

Test(access_log, a_message_that_could_not_be_read_has_a_row)
{
    static const struct tls_facts tls = {.version = "TLSv1.3"};
    record = (struct record){.id = BYTES("cafe"),
                             .peer = &peer,
                             .tls = &tls,
                             .verdict = RECORD_FAULT,
                             .reason = "head_syntax",
                             .status = 400,
                             .close = CLOSE_REFUSED};
    open_log("log");
    write_record();
    cJSON *row = only_row();
    cr_expect_str_eq(text_in(row, "method"), "(null)");
    cr_expect_str_eq(text_in(row, "path"), "(null)");
    cr_expect_str_eq(text_in(row, "upstream"), "(null)");
    cr_expect_str_eq(text_in(row, "verdict"), "fault");
    cr_expect_str_eq(text_in(row, "close"), "refused");
    cr_expect_str_eq(text_in(row, "tls"), "TLSv1.3");
    cJSON_Delete(row);
}

Test(access_log, a_row_is_json_whatever_it_is_about)
{
    static char long_text[8000];
    memset(long_text, '"', sizeof long_text);
    static const struct bytes rows[] = {BYTES("\"},{\"a\":\""), BYTES("\n{\"verdict\":\"pass\"}\n"),
                                        BYTES("\xff\xfe\x80"),  BYTES("\xe2\x82\xac and a cut \xe2\x82"),
                                        BYTES("a\0b"),          BYTES("\\u0000\\")};
    for (size_t i = 0; i <= sizeof rows / sizeof *rows; i++) {
        record.detail =
            i < sizeof rows / sizeof *rows ? rows[i] : (struct bytes){long_text, sizeof long_text};
        open_log("log");
        write_record();
        cJSON *row = only_row();
        cr_expect_str_eq(text_in(row, "verdict"), "pass", "%zu", i);
        cr_expect_leq(strlen(text_in(row, "detail")), 2048, "%zu", i);
        cJSON_Delete(row);
        cr_assert_eq(unlink("log"), 0);
    }
}

Test(access_log, rows_are_appended_and_the_file_is_not_for_everybody)
{
    for (int i = 0; i < 2; i++) {
        open_log("log");
        write_record();
        (void)all_rows();
    }
    struct stat s;
    cr_assert_eq(stat("log", &s), 0);
    cr_expect_eq(s.st_mode & 07, 0);
    cr_expect_neq(strchr(text, '\n'), strrchr(text, '\n'));
}

Test(access_log, the_rows_of_several_feeds_do_not_mix)
{
    open_log("log");
    struct access_feed *other = access_feed_new(log_);
    cr_assert_not_null(other);
    for (int i = 0; i < 2000; i++)
        access_feed_write(i % 2 ? feed : other, &record, 1002 * MS);
    access_feed_flush(other);
    size_t count = 0;
    for (char *row = (char *)all_rows(), *next; *row != '\0'; row = next) {
        next = strchr(row, '\n');
        cr_assert_not_null(next);
        *next++ = '\0';
        cJSON *json = cJSON_Parse(row);
        cr_assert_not_null(json, "%s", row);
        cJSON_Delete(json);
        count++;
    }
    cr_expect_gt(count, 500);
}

// One more read of the pipe; false at its end.
static bool read_on(int reader, size_t *have)
{
    ssize_t n = read(reader, text + *have, sizeof text - 1 - *have);
    cr_assert_geq(n, 0);
    *have += (size_t)n;
    text[*have] = '\0';
    return n > 0;
}

// A pipe that nobody reads: the writer gets stuck in it, the loop never.
Test(access_log, rows_are_dropped_and_counted_when_nobody_reads)
{
    static const char key[] = "\"dropped\":";
    uint64_t          tried = 0, arrived = 0, dropped = 0;
    size_t            have = 0;
    cr_assert_eq(mkfifo("log", 0600), 0);
    int reader = open("log", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    cr_assert_geq(reader, 0);
    open_log("log");
    for (; tried < 4000; tried++) // far more than a pipe and four buffers hold
        write_record();
    access_feed_flush(feed);

    // Now somebody reads: what had not been dropped arrives, and the first row behind it says how many had.
    cr_assert_eq(fcntl(reader, F_SETFL, 0), 0);
    for (; strstr(text, key) == NULL; tried++) {
        cr_assert(read_on(reader, &have));
        write_record();
        access_feed_flush(feed);
    }
    access_log_close(&log_);
    while (read_on(reader, &have))
        ;
    for (const char *c = text; (c = strchr(c, '\n')) != NULL; c++)
        arrived++;
    for (const char *c = text; (c = strstr(c, key)) != NULL; c++)
        dropped += strtoull(c + strlen(key), NULL, 10);
    cr_expect_gt(dropped, 1000);
    cr_expect_eq(arrived + dropped, tried, "each row either arrived or was counted, once");
    close(reader);
}

Test(access_log, a_place_that_cannot_be_written_is_told)
{
    errno = 0;
    cr_expect_null(access_log_open(BYTES("missing/log")));
    cr_expect_eq(errno, ENOENT);
}
