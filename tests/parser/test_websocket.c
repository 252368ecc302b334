// SPDX-License-Identifier: Apache-2.0
// test_websocket: the opening handshake, field by field.
#include "parser/head.h"
#include "parser/websocket.h"

#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define GET "GET /chat HTTP/1.1\r\nHost: a\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n"
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static struct arena  arena;
static struct limits limits;

static void begin(void)
{
    limits = LIMITS_DEFAULT;
    arena_init(&arena, NULL, 1024u * 1024u);
}

static void end(void)
{
    arena_reset(&arena);
}

TestSuite(websocket, .init = begin, .fini = end);

Test(websocket, requests)
{
    static const struct {
        const char *label, *head;
        enum fault  fault;
        bool        asked;
    } rows[] = {
        {"as it should be", GET UPGRADE KEY VERSION "\r\n", FAULT_NONE, true},
        {"in other letters, among other options",
         GET "Upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n" KEY VERSION "\r\n", FAULT_NONE,
         true},
        {"a length of nothing is no body", GET UPGRADE KEY VERSION "Content-Length: 0\r\n\r\n", FAULT_NONE,
         true},
        {"nobody asks", GET KEY VERSION "\r\n", FAULT_NONE, false},
        {"another protocol may be ignored", GET "Upgrade: h2c\r\nConnection: upgrade\r\n" KEY VERSION "\r\n",
         FAULT_NONE, false},
        {"one whose name only begins like it",
         GET "Upgrade: websocket2, my/websocket\r\nConnection: upgrade\r\n\r\n", FAULT_NONE, false},
        {"1.0 knows no upgrade", "GET / HTTP/1.0\r\n" UPGRADE "\r\n", FAULT_NONE, false},
        {"no option in Connection", GET "Upgrade: websocket\r\n" KEY VERSION "\r\n", FAULT_WEBSOCKET, false},
        {"a choice of protocols", GET "Upgrade: websocket, h2c\r\nConnection: upgrade\r\n" KEY VERSION "\r\n",
         FAULT_WEBSOCKET, false},
        {"the other way round", GET "Upgrade: h2c,websocket\r\nConnection: upgrade\r\n" KEY VERSION "\r\n",
         FAULT_WEBSOCKET, false},
        {"in two fields", GET "Upgrade: h2c\r\n" UPGRADE KEY VERSION "\r\n", FAULT_WEBSOCKET, false},
        {"twice", GET "Upgrade: websocket\r\n" UPGRADE KEY VERSION "\r\n", FAULT_WEBSOCKET, false},
        {"with a version of its own",
         GET "Upgrade: websocket/13\r\nConnection: upgrade\r\n" KEY VERSION "\r\n", FAULT_WEBSOCKET, false},
        {"another method", "POST / HTTP/1.1\r\nHost: a\r\n" UPGRADE KEY VERSION "\r\n", FAULT_WEBSOCKET,
         false},
        {"a body", GET UPGRADE KEY VERSION "Content-Length: 1\r\n\r\n", FAULT_WEBSOCKET, false},
        {"chunks", GET UPGRADE KEY VERSION "Transfer-Encoding: chunked\r\n\r\n", FAULT_WEBSOCKET, false},
        {"no key", GET UPGRADE VERSION "\r\n", FAULT_WEBSOCKET, false},
        {"two keys", GET UPGRADE KEY KEY VERSION "\r\n", FAULT_WEBSOCKET, false},
        {"an empty key", GET UPGRADE "Sec-WebSocket-Key:\r\n" VERSION "\r\n", FAULT_WEBSOCKET, false},
        {"15 bytes", GET UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n" VERSION "\r\n",
         FAULT_WEBSOCKET, false},
        {"17 bytes", GET UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQA=\r\n" VERSION "\r\n",
         FAULT_WEBSOCKET, false},
        {"not base64", GET UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j-Q==\r\n" VERSION "\r\n",
         FAULT_WEBSOCKET, false},
        {"no version", GET UPGRADE KEY "\r\n", FAULT_WEBSOCKET, false},
        {"an old version", GET UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n", FAULT_WEBSOCKET, false},
        {"a choice of versions", GET UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n\r\n", FAULT_WEBSOCKET,
         false},
        {"two versions", GET UPGRADE KEY VERSION VERSION "\r\n", FAULT_WEBSOCKET, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct request request = {0};
        enum fault     fault = head_request(bytes_of(rows[i].head), &limits, &arena, &request);
        cr_expect_eq(fault, rows[i].fault, "%s: %s", rows[i].label, fault_token(fault));
        cr_expect_eq(request.websocket, rows[i].asked, "%s", rows[i].label);
    }
}

Test(websocket, connection_cannot_take_the_handshake_away)
{
    struct request request;
    cr_assert_eq(head_request(BYTES(GET "Upgrade: websocket\r\nConnection: upgrade, sec-websocket-key, "
                                        "sec-websocket-version\r\n" KEY VERSION "\r\n"),
                              &limits, &arena, &request),
                 FAULT_NONE);
    cr_expect_not(fields_find(&request.fields, FIELD_WEBSOCKET_KEY)->dropped);
    cr_expect_not(fields_find(&request.fields, FIELD_WEBSOCKET_VERSION)->dropped);
}

Test(websocket, answers)
{
    static const struct {
        const char *label, *head;
        bool        granted;
    } rows[] = {
        {"as it should be", SWITCHING UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", true},
        {"in other letters",
         SWITCHING "upgrade: WEBSOCKET\r\nconnection: UPGRADE\r\nsec-websocket-accept: " ACCEPT "\r\n\r\n",
         true},
        {"no proof", SWITCHING UPGRADE "\r\n", false},
        {"the proof of another key",
         SWITCHING UPGRADE "Sec-WebSocket-Accept: t3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", false},
        {"more than the proof", SWITCHING UPGRADE "Sec-WebSocket-Accept: " ACCEPT "=\r\n\r\n", false},
        {"two proofs",
         SWITCHING UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
         false},
        {"another protocol",
         SWITCHING "Upgrade: h2c\r\nConnection: upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n", false},
        {"no protocol", SWITCHING "Connection: upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n", false},
        {"no option in Connection",
         SWITCHING "Upgrade: websocket\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n", false},
        {"a server of 1.0", "HTTP/1.0 101 x\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", false},
        {"an ordinary answer", "HTTP/1.1 200 OK\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
         false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct response response = {0};
        cr_assert_eq(head_response(bytes_of(rows[i].head), METHOD_GET, &limits, &arena, &response),
                     FAULT_NONE, "%s", rows[i].label);
        cr_expect_eq(websocket_granted(&response, BYTES(ACCEPT)), rows[i].granted, "%s", rows[i].label);
    }
}
