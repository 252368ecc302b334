// SPDX-License-Identifier: Apache-2.0
// websocket: SHA-1 of the key and a constant. It guards nothing: it only tells a server that speaks WebSocket
// from one that does not.
#include "gateway/websocket.h"
#include <openssl/evp.h>

#define SHA1_BYTES 20

struct bytes websocket_accept(struct bytes key, char room[WEBSOCKET_ACCEPT_CHARS + 1])
{
    char             text[64];
    unsigned char    digest[SHA1_BYTES];
    struct bytes_out out = {.at = text, .cap = sizeof text};
    out_bytes(&out, key);
    out_bytes(&out, BYTES("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    ASSERT(!out.overflowed); // the key was judged
    if (EVP_Digest(text, out.len, digest, NULL, EVP_sha1(), NULL) != 1)
        return (struct bytes){0};
    int len = EVP_EncodeBlock((unsigned char *)room, digest, SHA1_BYTES);
    ASSERT(len == WEBSOCKET_ACCEPT_CHARS);
    return (struct bytes){room, WEBSOCKET_ACCEPT_CHARS};
}
