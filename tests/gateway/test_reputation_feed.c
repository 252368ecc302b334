// SPDX-License-Identifier: Apache-2.0
// test_reputation_feed: which record is which offence.
#include "gateway/reputation_feed.h"
#include <criterion/criterion.h>

#define NONE OFFENCE_COUNT
#define ANSWERED 1000u // ns of the upstream

static const struct row {
    const char         *label;
    enum record_verdict verdict;
    unsigned            status;
    enum close_reason   close;
    const char         *policy;
    enum method         method;
    uint64_t            upstream_ns;
    enum offence        offence;
} rows[] = {
    {"a good answer", RECORD_PASS, 200, CLOSE_NONE, "", METHOD_POST, ANSWERED, NONE},
    {"a broken message", RECORD_FAULT, 400, CLOSE_REFUSED, "", METHOD_GET, 0, OFFENCE_FAULT},
    {"a denial", RECORD_DENY, 403, CLOSE_NONE, "path_traversal", METHOD_GET, 0, OFFENCE_DENIAL},
    {"a denial with another status", RECORD_DENY, 413, CLOSE_NONE, "size_limit", METHOD_POST, 0,
     OFFENCE_DENIAL},
    {"no route", RECORD_DENY, 404, CLOSE_NONE, "", METHOD_GET, 0, OFFENCE_NOT_FOUND},
    {"another host", RECORD_DENY, 421, CLOSE_NONE, "ours", METHOD_GET, 0, OFFENCE_DENIAL},
    {"beyond a rate", RECORD_DENY, 429, CLOSE_NONE, "everyone", METHOD_GET, 0, OFFENCE_LIMIT},
    {"too many at once", RECORD_DENY, 503, CLOSE_NONE, "one-at-a-time", METHOD_GET, 0, OFFENCE_LIMIT},
    {"banned already", RECORD_DENY, 403, CLOSE_NONE, "reputation", METHOD_GET, 0, NONE},
    {"the app does not know it", RECORD_PASS, 404, CLOSE_NONE, "", METHOD_GET, ANSWERED, OFFENCE_NOT_FOUND},
    {"a wrong password", RECORD_PASS, 401, CLOSE_NONE, "", METHOD_POST, ANSWERED, OFFENCE_LOGIN},
    {"a wrong password, said as forbidden", RECORD_PASS, 403, CLOSE_NONE, "", METHOD_POST, ANSWERED,
     OFFENCE_LOGIN},
    {"asked for a password", RECORD_PASS, 401, CLOSE_NONE, "", METHOD_GET, ANSWERED, NONE},
    {"a link that one may not follow", RECORD_PASS, 403, CLOSE_NONE, "", METHOD_GET, ANSWERED, NONE},
    {"a policy in shadow mode said no: nothing happened", RECORD_SHADOW, 200, CLOSE_NONE, "paths", METHOD_GET,
     ANSWERED, NONE},
    {"the same, and the app does not know it", RECORD_SHADOW, 404, CLOSE_NONE, "paths", METHOD_GET, ANSWERED,
     OFFENCE_NOT_FOUND},
    {"a redirect of ours", RECORD_PASS, 308, CLOSE_NONE, "", METHOD_GET, 0, NONE},
    {"a slow head", RECORD_ERROR, 408, CLOSE_HEAD_TIMEOUT, "", METHOD_GET, 0, OFFENCE_SLOW},
    {"a body that stalls", RECORD_ERROR, 408, CLOSE_BODY_TIMEOUT, "", METHOD_POST, 0, OFFENCE_SLOW},
    {"a body that drips", RECORD_ERROR, 408, CLOSE_CLIENT_TOO_SLOW, "", METHOD_POST, 0, OFFENCE_SLOW},
    {"a reader that stalls", RECORD_ERROR, 200, CLOSE_READER_TIMEOUT, "", METHOD_GET, ANSWERED, OFFENCE_SLOW},
    {"a reader that drips", RECORD_ERROR, 200, CLOSE_READER_TOO_SLOW, "", METHOD_GET, ANSWERED, OFFENCE_SLOW},
    {"the app is down", RECORD_ERROR, 502, CLOSE_UPSTREAM_CONNECT, "", METHOD_GET, 0, NONE},
    {"the client left", RECORD_ERROR, 0, CLOSE_CLIENT_GONE, "", METHOD_GET, 0, NONE},
    {"we end", RECORD_ERROR, 503, CLOSE_SHUTDOWN, "", METHOD_GET, 0, NONE},
};

Test(reputation_feed, rows)
{
    for (const struct row *row = rows; row < rows + sizeof rows / sizeof *rows; row++) {
        struct request request = {.method = row->method};
        struct record  r = {.verdict = row->verdict,
                            .status = row->status,
                            .close = row->close,
                            .policy = bytes_of(row->policy),
                            .request = &request,
                            .upstream_ns = row->upstream_ns};
        cr_expect_eq(reputation_offence(&r), row->offence, "%s", row->label);
    }
}

Test(reputation_feed, credentials_of_a_get_are_an_attempt)
{
    struct field authorization = {
        .name = BYTES("Authorization"), .value = BYTES("Basic x"), .id = FIELD_AUTHORIZATION};
    struct request request = {.method = METHOD_GET, .fields = {&authorization, 1}};
    struct record  r = {.status = 401, .request = &request, .upstream_ns = ANSWERED};
    cr_expect_eq(reputation_offence(&r), OFFENCE_LOGIN);
}

Test(reputation_feed, who_leaves_in_the_middle_of_an_upload_breaks_no_protocol)
{
    struct record r = {.verdict = RECORD_FAULT, .status = 400, .reason = fault_token(FAULT_TRUNCATED)};
    cr_expect_eq(reputation_offence(&r), NONE);
}

Test(reputation_feed, what_others_have_used_up_is_no_offence)
{
    static const struct {
        enum reason  why;
        bool         shared;
        enum offence offence;
    } refused[] = {
        {REASON_RATE, false, OFFENCE_LIMIT}, {REASON_FLIGHTS, false, OFFENCE_LIMIT},
        {REASON_RATE, true, NONE},           {REASON_FLIGHTS, true, NONE},
        {REASON_CROWDED, false, NONE},       {REASON_NO_ROOM, false, NONE},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct record r = {.verdict = RECORD_DENY,
                           .status = reason_status(refused[i].why),
                           .reason = reason_token(refused[i].why),
                           .shared = refused[i].shared};
        cr_expect_eq(reputation_offence(&r), refused[i].offence, "%s, %d", r.reason, refused[i].shared);
    }
}

Test(reputation_feed, who_uses_a_connection_for_another_host_does_what_browsers_do)
{
    struct record r = {.verdict = RECORD_DENY, .status = 421, .reason = reason_token(REASON_MISDIRECTED)};
    cr_expect_eq(reputation_offence(&r), NONE);
}
