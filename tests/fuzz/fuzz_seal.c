// SPDX-License-Identifier: Apache-2.0
// fuzz_seal: nothing opens but what was sealed, and what was sealed opens however it was cut before. The
// input is taken as a token, as the token's bytes, and as a ring.
#include "parser/base64.h"
#include "policy/seal.h"

#define RING                                                                                                 \
    "1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nsid ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_closed(struct key_ring *ring, struct bytes token)
{
    char             memory[SEAL_TOKEN_MAX];
    struct bytes_out out = {.at = memory, .cap = sizeof memory};
    ASSERT(!seal_open(ring, BYTES("host"), token, &out) && out.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct key_ring *ring;
    struct key_ring_problem problem;
    char                    memory[2 * SEAL_TOKEN_MAX], plain[SEAL_TOKEN_MAX];
    struct bytes            given = {(const char *)data, size < SEAL_PLAIN_MAX ? size : SEAL_PLAIN_MAX};
    struct bytes_out        text = {.at = memory, .cap = sizeof memory};
    struct bytes_out        opened = {.at = plain, .cap = sizeof plain};
    if (!ring)
        ring = key_ring_read(BYTES(RING), &problem);
    expect_closed(ring, (struct bytes){(const char *)data, size});
    base64_write(given, BASE64_URL, &text);
    expect_closed(ring, out_written(&text));

    text.len = 0;
    ASSERT(seal_write(ring, (const unsigned char *)"0123456789abcdef", BYTES("host"), given, &text));
    ASSERT(seal_open(ring, BYTES("host"), out_written(&text), &opened));
    ASSERT(bytes_equal(out_written(&opened), given));
    expect_closed(ring, (struct bytes){text.at, size % text.len});

    struct key_ring *read = key_ring_read((struct bytes){(const char *)data, size}, &problem);
    ASSERT((read == NULL) == (problem.why != NULL));
    if (read)
        key_ring_free(&read);
    return 0;
}
