// SPDX-License-Identifier: Apache-2.0
// test_websocket: the proof that a server has read the key.
#include "gateway/websocket.h"
#include <criterion/criterion.h>

Test(websocket_key, the_example_of_rfc_6455)
{
    char         room[WEBSOCKET_ACCEPT_CHARS + 1];
    struct bytes accept = websocket_accept(BYTES("dGhlIHNhbXBsZSBub25jZQ=="), room);
    cr_expect(bytes_equal(accept, BYTES("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
}

Test(websocket_key, another_key_has_another_proof)
{
    char         room[WEBSOCKET_ACCEPT_CHARS + 1];
    struct bytes accept = websocket_accept(BYTES("AAAAAAAAAAAAAAAAAAAAAA=="), room);
    cr_expect(bytes_equal(accept, BYTES("ICX+Yqv66kxgM0FcWaLWlFLwTAI=")), "%.*s", (int)accept.len, accept.at);
}
