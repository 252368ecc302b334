// SPDX-License-Identifier: Apache-2.0
// test_reply: one answer, three forms, and nothing in it that does not belong there.
#include "gateway/reply.h"
#include "parser/faults.h"
#include "tests/support/expect_text.h"
#include "tests/support/request_of.h"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define ARENA_MAX (1024u * 1024u)

static struct arena       arena;
static const struct reply refusal = {
    .status = 403, .token = "path_denied", .says = "this path is <not> open", .id = BYTES("cafe")};

static void begin(void)
{
    arena_init(&arena, NULL, ARENA_MAX);
}

static void end(void)
{
    arena_reset(&arena);
}

TestSuite(reply, .init = begin, .fini = end);

static const char *written(const struct reply *r, const struct request *q)
{
    struct bytes text = reply_write(r, q, &arena);
    cr_assert_not_null(text.at);
    struct bytes_out out = {.at = arena_alloc(&arena, text.len + 1), .cap = text.len + 1};
    out_bytes(&out, text);
    out_char(&out, '\0');
    return out.at;
}

static const char *answer_to(const char *head)
{
    struct request q = request_of(&arena, head);
    return written(&refusal, &q);
}

static const char *body_of(const char *answer)
{
    const char *end_of_head = strstr(answer, "\r\n\r\n");
    cr_assert_not_null(end_of_head);
    return end_of_head + 4;
}

static void expect_length(const char *answer)
{
    const char *field = strstr(answer, "\r\nContent-Length: ");
    cr_assert_not_null(field);
    cr_expect_eq(strtoul(field + strlen("\r\nContent-Length: "), NULL, 10), strlen(body_of(answer)), "%s",
                 answer);
}

Test(reply, the_form_is_the_one_that_the_client_accepts)
{
    static const struct {
        const char *accept, *type;
    } rows[] = {
        {"", "text/plain"},
        {"Accept: */*\r\n", "text/plain"},
        {"Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n", "text/html"},
        {"Accept: application/json\r\n", "application/problem+json"},
        {"Accept: application/problem+json\r\n", "application/problem+json"},
        {"Accept: application/json, text/html\r\n", "text/html"},
        {"Accept: image/png\r\n", "text/plain"},
        {"Accept:\r\n", "text/plain"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char head[256], type[64];
        snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].accept);
        snprintf(type, sizeof type, "\r\nContent-Type: %s", rows[i].type);
        const char *answer = answer_to(head);
        EXPECT_STARTS(answer, "HTTP/1.1 403 Forbidden\r\nDate: ");
        EXPECT_HAS(answer, type);
        EXPECT_HAS(answer, "\r\nX-Request-Id: cafe\r\n");
        EXPECT_HAS(answer, "\r\nCache-Control: no-store\r\n");
        EXPECT_HAS(body_of(answer), "cafe");
        EXPECT_HAS(body_of(answer), "path_denied");
        EXPECT_LACKS(answer, "Portcullis");
        EXPECT_LACKS(answer, "Server:");
        expect_length(answer);
    }
}

Test(reply, the_json_form_is_json)
{
    const char *answer = answer_to("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n");
    cJSON      *json = cJSON_Parse(body_of(answer));
    cr_assert_not_null(json, "%s", answer);
    cr_expect_eq(cJSON_GetObjectItemCaseSensitive(json, "status")->valueint, 403);
    cr_expect_str_eq(cJSON_GetObjectItemCaseSensitive(json, "title")->valuestring, "Forbidden");
    cr_expect_str_eq(cJSON_GetObjectItemCaseSensitive(json, "detail")->valuestring, refusal.says);
    cr_expect_str_eq(cJSON_GetObjectItemCaseSensitive(json, "reason")->valuestring, "path_denied");
    cr_expect_str_eq(cJSON_GetObjectItemCaseSensitive(json, "request_id")->valuestring, "cafe");
    cJSON_Delete(json);
}

Test(reply, the_html_form_escapes)
{
    const char *answer = answer_to("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
    EXPECT_HAS(answer, "&lt;not&gt;");
    EXPECT_LACKS(answer, "<not>");
}

Test(reply, HEAD_gets_the_length_and_no_body)
{
    static const char length[] = "\r\nContent-Length: ";
    const char       *get = strstr(answer_to("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), length);
    const char       *head = strstr(answer_to("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), length);
    cr_expect_str_eq(body_of(head), "");
    cr_expect_eq(strtoul(head + strlen(length), NULL, 10), strtoul(get + strlen(length), NULL, 10));
}

Test(reply, an_unreadable_request_gets_text)
{
    const char *answer = written(&refusal, NULL);
    EXPECT_HAS(answer, "\r\nContent-Type: text/plain");
    expect_length(answer);
}

Test(reply, one_field_of_its_own)
{
    struct reply   r = refusal;
    struct request q = request_for(&arena, "GET", NULL, "/");
    r.field = "Allow";
    r.field_value = BYTES("GET, HEAD");
    EXPECT_HAS(written(&r, &q), "\r\nAllow: GET, HEAD\r\n");
    EXPECT_LACKS(written(&refusal, &q), "Allow");
}

Test(reply, the_last_one_says_so)
{
    struct reply r = refusal;
    EXPECT_LACKS(written(&r, NULL), "Connection:");
    r.close = true;
    EXPECT_HAS(written(&r, NULL), "\r\nConnection: close\r\n\r\n");
}

Test(reply, every_status_of_a_fault_has_a_phrase)
{
    for (enum fault f = FAULT_NONE + 1; f < FAULT_COUNT; f++)
        cr_expect_gt(strlen(reply_phrase(fault_status(f))), 0, "%s: %u", fault_token(f), fault_status(f));
    cr_expect_str_eq(reply_phrase(599), "");
}

// reply_write ASSERTs that its room was enough.
Test(reply, every_fault_fits_in_every_form_with_the_longest_id)
{
    static const char *const heads[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                        "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n",
                                        "GET / HTTP/1.1\r\nHost: a\r\nAccept: json\r\n\r\n"};
    char                     id[128];
    memset(id, 'i', sizeof id);
    for (size_t i = 0; i < ROWS(heads); i++) {
        for (enum fault f = FAULT_NONE + 1; f < FAULT_COUNT; f++) {
            struct reply   r = {.status = fault_status(f),
                                .token = fault_token(f),
                                .says = fault_says(f),
                                .id = {id, sizeof id},
                                .close = true};
            struct request q = request_of(&arena, heads[i]);
            expect_length(written(&r, &q));
            arena_reset(&arena);
        }
    }
}

Test(reply, it_takes_no_more_room_than_it_says)
{
    struct arena small;
    arena_init(&small, NULL, REPLY_ROOM);
    cr_expect_not_null(reply_write(&refusal, NULL, &small).at);
    arena_reset(&small);
    arena_init(&small, NULL, 64);
    cr_expect_null(reply_write(&refusal, NULL, &small).at);
    arena_reset(&small);
}
