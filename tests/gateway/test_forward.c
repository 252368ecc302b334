// SPDX-License-Identifier: Apache-2.0
// test_forward: heads on their way onward, to the byte.
#include "gateway/forward.h"
#include "parser/head.h"
#include "tests/support/expect_text.h"
#include "tests/support/request_of.h"
#include "tests/support/rules_of.h"

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))
#define ARENA_MAX (4u * 1024u * 1024u)
#define ID BYTES("cafe")
#define HOST_A "Host: a\r\n"
#define ORIGIN_A                                                                                             \
    "X-Forwarded-For: 198.51.100.7\r\nX-Real-IP: 198.51.100.7\r\nX-Forwarded-Proto: "                        \
    "http\r\nX-Forwarded-Host: a\r\n"                                                                        \
    "X-Forwarded-Port: 8080\r\nX-Request-Id: cafe\r\nVia: 1.1 portcullis\r\n\r\n"

static struct rules   rules;
static struct arena   arena;
static struct peer    peer;
static struct request request;

static void begin(void)
{
    arena_init(&arena, NULL, ARENA_MAX);
    rules_load(&rules,
               "{\"policies\": {\"all\": {\"type\": \"method_allow\", \"methods\": [\"GET\", \"POST\", "
               "\"OPTIONS\"]}},"
               " \"routes\": [{\"name\": \"all\", \"policies\": [\"all\"]}]}",
               1);
    cr_assert_not_null(rules.snapshot, "%s", rules.problems);
    peer = (struct peer){.port = 50000};
    cr_assert(ip_parse(BYTES("198.51.100.7"), &peer.sender));
    peer.address = peer.sender;
}

static void end(void)
{
    rules_free(&rules);
    arena_reset(&arena);
}

TestSuite(forward, .init = begin, .fini = end);

static const char *terminated(struct bytes text)
{
    cr_assert_not_null(text.at);
    struct bytes_out out = {.at = arena_alloc(&arena, text.len + 1), .cap = text.len + 1};
    out_bytes(&out, text);
    out_char(&out, '\0');
    return out.at;
}

static const struct admission *admit(const char *head)
{
    struct ruling ruling = {0};
    request = request_of(&arena, head);
    struct subject          subject = {.peer = &peer, .request = &request, .arena = &arena};
    const struct admission *a = chain_on_head(snapshot_route_at(rules.snapshot, 0)->chain, &subject, &ruling);
    cr_assert_not_null(a, "%s", head);
    return a;
}

static const char *forwarded(const char *head)
{
    struct forward_origin origin = {.peer = &peer, .id = ID, .port = 8080};
    return terminated(forward_request(admit(head), &origin, NULL, &arena));
}

// --- requests ---

static const struct {
    const char *label, *head, *line_and_fields;
} requests[] = {
    {"the smallest", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n" HOST_A},
    {"the target that was judged is the one that is sent", "GET /x/%7e/./b?q=%2e HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET /x/~/b?q=%2e HTTP/1.1\r\n" HOST_A},
    {"an empty query stays", "GET /x? HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x? HTTP/1.1\r\n" HOST_A},
    {"an absolute target becomes a path", "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET /x HTTP/1.1\r\n" HOST_A},
    {"the server as a whole", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\n" HOST_A},
    {"fields keep their order and their letters", "GET / HTTP/1.1\r\nb: 1\r\nHost: a\r\nA: 2\r\nb: 3\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST_A "b: 1\r\nA: 2\r\nb: 3\r\n"},
    {"an empty value stays", "GET / HTTP/1.1\r\nHost: a\r\nA:\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST_A "A: \r\n"},
    {"what is for this connection only goes no further",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: "
     "trailers\r\n"
     "Trailer: x\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nProxy-Authorization: x\r\nProxy-Connection: x\r\n"
     "Expect: 100-continue\r\nX-Stays: 1\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST_A "X-Stays: 1\r\n"},
    {"Connection cannot take away what the server relies on",
     "GET / HTTP/1.1\r\nHost: a\r\nConnection: cookie, host, x-forwarded-for\r\nCookie: s=1\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST_A "Cookie: s=1\r\n"},
    {"a length is written anew", "POST / HTTP/1.1\r\nContent-Length: 0005\r\nHost: a\r\n\r\n",
     "POST / HTTP/1.1\r\n" HOST_A "Content-Length: 5\r\n"},
    {"chunks too", "POST / HTTP/1.1\r\nTransfer-Encoding: CHUNKED\r\nHost: a\r\n\r\n",
     "POST / HTTP/1.1\r\n" HOST_A "Transfer-Encoding: chunked\r\n"},
    {"nobody but us says where a request came from",
     "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: "
     "evil\r\nX-Forwarded-Proto: https\r\n"
     "X-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /p\r\nX-Forwarded-Server: s\r\nX-Real-IP: 127.0.0.1\r\n"
     "Forwarded: for=127.0.0.1\r\nX-Request-Id: mine\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST_A},
    {"nor by another spelling",
     "GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 127.0.0.1\r\nX.Real-IP: 1\r\n\r\n",
     "GET / HTTP/1.1\r\n" HOST_A},
};

Test(forward, requests)
{
    for (size_t i = 0; i < ROWS(requests); i++) {
        const char *sent = forwarded(requests[i].head);
        size_t      n = strlen(requests[i].line_and_fields);
        cr_expect_eq(strncmp(sent, requests[i].line_and_fields, n), 0, "%s: %s", requests[i].label, sent);
        cr_expect_str_eq(sent + n, ORIGIN_A, "%s: %s", requests[i].label, sent);
    }
}

Test(forward, the_way_of_a_request_is_continued)
{
    EXPECT_ENDS(forwarded("GET / HTTP/1.0\r\nHost: a\r\nVia: 1.1 cdn\r\n\r\n"),
                "Via: 1.0 portcullis\r\n\r\n");
    EXPECT_HAS(forwarded("GET / HTTP/1.0\r\nHost: a\r\nVia: 1.1 cdn\r\n\r\n"), "\r\nVia: 1.1 cdn\r\n");
}

Test(forward, a_1_0_request_without_a_host_gets_an_empty_one)
{
    const char *sent = forwarded("GET / HTTP/1.0\r\n\r\n");
    EXPECT_STARTS(sent, "GET / HTTP/1.1\r\nHost: \r\n");
    EXPECT_LACKS(sent, "X-Forwarded-Host");
}

Test(forward, a_host_keeps_its_port)
{
    const char *sent = forwarded("GET / HTTP/1.1\r\nHost: Shop.example:8443\r\n\r\n");
    EXPECT_HAS(sent, "\r\nHost: Shop.example:8443\r\n");
    EXPECT_HAS(sent, "\r\nX-Forwarded-Host: Shop.example:8443\r\n");
}

Test(forward, a_client_on_tls_is_https)
{
    struct forward_origin origin = {.peer = &peer, .id = ID, .https = true, .port = 443};
    const char           *sent =
        terminated(forward_request(admit("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &origin, NULL, &arena));
    EXPECT_HAS(sent, "X-Forwarded-Proto: https\r\n");
    EXPECT_HAS(sent, "X-Forwarded-Port: 443\r\n");
}

Test(forward, a_trusted_sender_is_believed_and_added_to)
{
    peer.trusted = true;
    const char *sent =
        forwarded("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.1, "
                  "192.0.2.2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop\r\n"
                  "X-Forwarded-Port: 443\r\nForwarded: for=x\r\nX-Real-IP: 1.2.3.4\r\n\r\n");
    EXPECT_HAS(sent, "\r\nX-Forwarded-For: 203.0.113.9, 192.0.2.1, 192.0.2.2, 198.51.100.7\r\n");
    EXPECT_HAS(sent, "\r\nX-Forwarded-Proto: https\r\n");
    EXPECT_HAS(sent, "\r\nX-Forwarded-Host: shop\r\n");
    EXPECT_HAS(sent, "\r\nX-Forwarded-Port: 443\r\n");
    EXPECT_LACKS(sent, "for=x");
    EXPECT_LACKS(sent, "1.2.3.4");
}

Test(forward, what_a_trusted_sender_leaves_out_is_ours)
{
    peer.trusted = true;
    EXPECT_ENDS(forwarded("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto:\r\nX-Forwarded-For:\r\n\r\n"),
                ORIGIN_A);
}

static struct bytes_out repeated(const char *start, const char *part, size_t times)
{
    size_t           cap = strlen(start) + times * strlen(part) + 3;
    struct bytes_out out = {.at = arena_alloc(&arena, cap), .cap = cap};
    out_text(&out, start);
    for (size_t i = 0; i < times; i++)
        out_text(&out, part);
    out_text(&out, "\r\n");
    out_char(&out, '\0');
    return out;
}

Test(forward, an_edited_path_is_sent_with_the_query)
{
    struct forward_origin   origin = {.peer = &peer, .id = ID, .port = 8080};
    struct edits            edits;
    const struct admission *a = admit("GET /x//y?q=//z HTTP/1.1\r\nHost: a\r\n\r\n");
    edits_init(&edits, request.fields.count, &arena);
    edits_path(&edits, BYTES("/x/y"));
    EXPECT_STARTS(terminated(forward_request(a, &origin, &edits, &arena)),
                  "GET /x/y?q=//z HTTP/1.1\r\n" HOST_A);
    edits_path(&edits, (struct bytes){NULL, 0});
    cr_expect_null(forward_request(a, &origin, &edits, &arena).at,
                   "a path that found no memory is not guessed");
}

// forward_request ASSERTs that its room was enough.
Test(forward, the_largest_heads_fit)
{
    static const char *const parts[] = {"X-Forwarded-For: 1\r\n", "X-Forwarded-For:\r\n", "a:\r\n",
                                        "Via: 1.1 a\r\n"};
    for (size_t i = 0; i < 2 * ROWS(parts); i++) {
        peer.trusted = i % 2 == 0;
        struct bytes_out head = repeated("GET / HTTP/1.1\r\nHost: a\r\n", parts[i / 2], LIMITS_FIELDS - 1);
        cr_expect_gt(strlen(forwarded(head.at)), 100);
    }
    struct bytes_out host = repeated("GET / HTTP/1.1\r\nHost: ", "abcdefg.", 31);
    memcpy(host.at + host.len - 3, "\r\n", 3); // the fields end here
    const char      *twice = terminated((struct bytes){host.at, host.len - 1});
    struct bytes_out whole = {.at = arena_alloc(&arena, 1024), .cap = 1024};
    out_text(&whole, twice);
    out_text(&whole, "\r\n");
    out_char(&whole, '\0');
    EXPECT_HAS(forwarded(whole.at), "abcdefg.\r\nX-Forwarded-Port");
}

Test(forward, a_full_arena_gives_nothing)
{
    const struct admission *a = admit("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct forward_origin   origin = {.peer = &peer, .id = ID, .port = 8080};
    struct arena            full;
    arena_init(&full, NULL, 64);
    cr_expect_null(forward_request(a, &origin, NULL, &full).at);
}

Test(forward, a_websocket_is_asked_for_anew)
{
    const char *sent =
        forwarded("GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    EXPECT_STARTS(sent, "GET /chat HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    EXPECT_ENDS(sent, ORIGIN_A);
}

// --- responses ---

static const char *answered(const char *head, enum method method, unsigned minor, bool keep)
{
    struct response response;
    request = request_for(&arena, "GET", NULL, "/");
    request.minor = minor;
    struct limits limits = LIMITS_DEFAULT;
    cr_assert_eq(head_response(bytes_of(head), method, &limits, &arena, &response), FAULT_NONE, "%s", head);
    enum framing framing = forward_framing(&response, minor);
    return terminated(forward_response(&response, &request, framing, keep, NULL, &arena));
}

static const struct {
    const char *label, *head;
    enum method method;
    unsigned    minor;
    bool        keep;
    const char *sent;
} responses[] = {
    {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", METHOD_GET, 1, true,
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"},
    {"a server of 1.0 is answered for by us", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", METHOD_GET, 1,
     true, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"},
    {"a reason of its own", "HTTP/1.1 299 Tea, maybe\r\nContent-Length: 0\r\n\r\n", METHOD_GET, 1, true,
     "HTTP/1.1 299 Tea, maybe\r\nContent-Length: 0\r\n\r\n"},
    {"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", METHOD_GET, 1, true,
     "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"},
    {"until close becomes chunks", "HTTP/1.1 200 OK\r\n\r\n", METHOD_GET, 1, true,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"never for 1.0", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", METHOD_GET, 0, false,
     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
    {"1.0 is told that it is kept", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", METHOD_GET, 0, true,
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n"},
    {"what is for this connection only goes no further",
     "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nUpgrade: h2c\r\n"
     "Proxy-Authenticate: x\r\nTrailer: x\r\nX: 1\r\nContent-Length: 0\r\n\r\n",
     METHOD_GET, 1, true, "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 0\r\n\r\n"},
    {"cookies stay apart",
     "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n", METHOD_GET, 1,
     true, "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"},
    {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", METHOD_HEAD, 1, true,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
    {"204 has no length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", METHOD_GET, 1, true,
     "HTTP/1.1 204 No Content\r\n\r\n"},
    {"304 without one", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", METHOD_GET, 1, true,
     "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"},
    {"the last one says so", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", METHOD_GET, 1, false,
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"},
};

Test(forward, responses)
{
    for (size_t i = 0; i < ROWS(responses); i++) {
        const char *sent =
            answered(responses[i].head, responses[i].method, responses[i].minor, responses[i].keep);
        cr_expect_str_eq(sent, responses[i].sent, "%s: %s", responses[i].label, sent);
    }
}

static struct response response_of(const char *head)
{
    struct response response;
    struct limits   limits = LIMITS_DEFAULT;
    cr_assert_eq(head_response(bytes_of(head), METHOD_GET, &limits, &arena, &response), FAULT_NONE, "%s",
                 head);
    return response;
}

Test(forward, interim_answers)
{
    static const struct {
        const char *label, *head, *sent;
    } interim[] = {
        {"hints", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nLink: </y>\r\n\r\n",
         "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nLink: </y>\r\n\r\n"},
        {"nothing of framing and of this connection",
         "HTTP/1.1 102 P\r\nContent-Length: 5\r\nConnection: close, X\r\nX: 1\r\nUpgrade: h2c\r\n\r\n",
         "HTTP/1.1 102 P\r\n\r\n"},
        {"nothing that the policies would have a say in",
         "HTTP/1.1 103 E\r\nServer: A/1\r\nlink: </x>\r\nSet-Cookie: id=1\r\nX-Powered-By: P\r\n\r\n",
         "HTTP/1.1 103 E\r\nlink: </x>\r\n\r\n"},
        {"a link that the connection says is not for us",
         "HTTP/1.1 103 E\r\nConnection: Link\r\nLink: </x>\r\n\r\n", "HTTP/1.1 103 E\r\n\r\n"},
        {"the way out of HTTP is written anew",
         "HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\nConnection: upgrade, "
         "close\r\nSec-WebSocket-Accept: x\r\n"
         "Sec-WebSocket-Protocol: chat\r\n\r\n",
         "HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\n"
         "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"},
    };
    for (size_t i = 0; i < ROWS(interim); i++) {
        struct response response = response_of(interim[i].head);
        const char     *sent = terminated(forward_interim(&response, NULL, &arena));
        cr_expect_str_eq(sent, interim[i].sent, "%s: %s", interim[i].label, sent);
    }
}

Test(forward, trailers)
{
    struct fields trailers;
    struct limits limits = LIMITS_DEFAULT;
    cr_assert_eq(head_trailers(BYTES("A:1\r\nb:  2 \r\n"), &limits, &arena, &trailers), FAULT_NONE);
    cr_expect_str_eq(terminated(forward_trailers(&trailers, &arena)), "A: 1\r\nb: 2\r\n");
}

Test(forward, no_head_is_written_into_a_full_arena)
{
    struct response response = response_of("HTTP/1.1 103 Early Hints\r\nA: 1\r\n\r\n");
    struct arena    full;
    arena_init(&full, NULL, 16);
    cr_expect_null(forward_interim(&response, NULL, &full).at);
    cr_expect_null(forward_trailers(&response.fields, &full).at);
}
