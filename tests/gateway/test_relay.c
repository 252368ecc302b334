// SPDX-License-Identifier: Apache-2.0
// test_relay: what each framing looks like on the wire.
#include "gateway/relay.h"
#include "tests/support/expect_text.h"
#include "tests/support/wire_script.h"
#include <stdio.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

static struct wire   wire;
static struct actor *reader;
static struct side   side;

static void begin(void)
{
    static const struct wire_events none = {0};
    cr_assert(wire_accept(&wire, NULL, -1, NULL, &none, NULL));
    reader = wire_script_actor(0);
}

static void forget(struct wire *w)
{
    *w = (struct wire){0};
}

static void end(void)
{
    wire_close(&wire, forget);
    wire_script_settle();
    wire_script_clear();
}

TestSuite(relay, .init = begin, .fini = end);

static const struct {
    const char  *label;
    enum framing framing;
    const char  *pieces[3];
    const char  *sent;
} rows[] = {
    {"no body", FRAMING_NONE, {NULL}, "HEAD\r\n\r\n"},
    {"a length of nothing", FRAMING_LENGTH, {NULL}, "HEAD\r\n\r\n"},
    {"a length: the head shares the first piece", FRAMING_LENGTH, {"ab", "cde"}, "HEAD\r\n\r\nabcde"},
    {"until close", FRAMING_UNTIL_CLOSE, {"ab", "cde"}, "HEAD\r\n\r\nabcde"},
    {"no chunks: the head shares the last one", FRAMING_CHUNKED, {NULL}, "HEAD\r\n\r\n0\r\n\r\n"},
    {"chunks",
     FRAMING_CHUNKED,
     {"ab", "0123456789abcdef"},
     "HEAD\r\n\r\n2\r\nab\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"},
    {"an empty piece is not the last chunk",
     FRAMING_CHUNKED,
     {"ab", "", "c"},
     "HEAD\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"},
};

Test(relay, each_framing)
{
    for (size_t i = 0; i < ROWS(rows); i++) {
        size_t total = 0;
        for (size_t p = 0; p < 3 && rows[i].pieces[p]; p++)
            total += strlen(rows[i].pieces[p]);
        relay_begin(&side, &wire, BYTES("HEAD\r\n\r\n"), rows[i].framing, total);
        cr_expect_eq(reader->sends, 0, "%s: the head waits", rows[i].label);
        for (size_t p = 0; p < 3 && rows[i].pieces[p]; p++)
            relay_piece(&side, bytes_of(rows[i].pieces[p]));
        relay_end(&side);
        cr_expect_str_eq(actor_has(reader), rows[i].sent, "%s: <%s>", rows[i].label, actor_has(reader));
        cr_expect_eq(side.passed, total, "%s", rows[i].label);
        cr_expect(side.ended, "%s", rows[i].label);
        actor_forgets(reader);
    }
}

Test(relay, a_head_that_waits_is_sent_once)
{
    relay_begin(&side, &wire, BYTES("HEAD\r\n\r\n"), FRAMING_LENGTH, 1);
    relay_flush(&side);
    relay_flush(&side);
    cr_expect_str_eq(actor_has(reader), "HEAD\r\n\r\n");
    relay_piece(&side, BYTES("a"));
    relay_end(&side);
    cr_expect_str_eq(actor_has(reader), "HEAD\r\n\r\na");
}

Test(relay, chunks_of_every_size_are_framed_alike)
{
    static char         much[70000];
    static const size_t sizes[] = {1, 15, 16, 255, 256, 4095, 4096, 65535, 65536, 70000};
    memset(much, 'm', sizeof much);
    for (size_t i = 0; i < ROWS(sizes); i++) {
        char start[64];
        relay_begin(&side, &wire, BYTES("HEAD\r\n\r\n"), FRAMING_CHUNKED, 0);
        relay_piece(&side, (struct bytes){much, sizes[i]});
        relay_end(&side);
        int n = snprintf(start, sizeof start, "HEAD\r\n\r\n%zx\r\nmm", sizes[i]);
        EXPECT_STARTS(actor_has(reader), sizes[i] == 1 ? "HEAD\r\n\r\n1\r\nm\r\n" : start);
        cr_expect_eq(reader->sent.len, (size_t)n - 2 + sizes[i] + strlen("\r\n0\r\n\r\n"), "%zu", sizes[i]);
        cr_expect_str_eq(actor_has(reader) + reader->sent.len - 8, "m\r\n0\r\n\r\n", "%zu", sizes[i]);
        actor_forgets(reader);
    }
}

Test(relay, trailers_go_between_the_last_chunk_and_the_end)
{
    relay_begin(&side, &wire, BYTES("HEAD\r\n\r\n"), FRAMING_CHUNKED, 0);
    relay_piece(&side, BYTES("ab"));
    relay_trailers(&side, BYTES("A: 1\r\nB: 2\r\n"));
    relay_end(&side);
    cr_expect_str_eq(actor_has(reader), "HEAD\r\n\r\n2\r\nab\r\n0\r\nA: 1\r\nB: 2\r\n\r\n");
}

Test(relay, it_is_full_while_its_reader_does_not_keep_up)
{
    relay_begin(&side, &wire, BYTES("HEAD\r\n\r\n"), FRAMING_UNTIL_CLOSE, 0);
    actor_stops_reading(reader);
    cr_expect(!relay_is_full(&side), "nothing was sent yet");
    relay_piece(&side, BYTES("a"));
    relay_flush(&side);
    cr_expect(relay_is_full(&side));
    reader->queued = 0; // what actor_reads_on does, without an owner to tell
    cr_expect(!relay_is_full(&side));
}
