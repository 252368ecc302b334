// SPDX-License-Identifier: Apache-2.0
// tls: one TLS connection over memory that the loop lends. Knows OpenSSL, no socket. All SSLs of a loop share
// one tls_io: only one is at work at a time, and it always takes everything it is given.
#pragma once
#include "parser/bytes.h"
#include <openssl/ssl.h>

// Output on its way to one peer, in the order of writing.
struct staging {
    char  *at;
    size_t len;
    size_t cap;
};

struct tls_io {
    struct bytes    in;  // ciphertext not yet read by the SSL
    struct staging *out; // where ciphertext goes; the caller makes room before it asks for any
    BIO_METHOD     *method;
};

#define TLS_OVERHEAD_BYTES 4096u // more than all records of one LOOP_RECEIVE_BYTES piece add to it

enum tls_step {
    TLS_DONE,   // the handshake is complete
    TLS_MORE,   // needs more of the peer's bytes
    TLS_CLOSED, // close_notify: an orderly end
    TLS_BROKEN  // anything else: the connection is of no further use
};

MUST_USE bool tls_io_init(struct tls_io *io, struct staging *out);
void          tls_io_free(struct tls_io *io);

// A server's end. NULL when memory is exhausted.
MUST_USE SSL *tls_new(SSL_CTX *context, struct tls_io *io);
void          tls_free(SSL **ssl);

// One step of the handshake with what is in io->in.
MUST_USE enum tls_step tls_handshake(SSL *ssl);
// Decrypts all of io->in into `plain`, which has room for it (see LOOP_PLAIN_BYTES).
//   returns  TLS_MORE, or TLS_CLOSED / TLS_BROKEN after the bytes that came before
MUST_USE enum tls_step tls_open(SSL *ssl, struct tls_io *io, struct bytes_out *plain);
// Encrypts into io->out, in as few records as it takes.
MUST_USE bool tls_seal(SSL *ssl, struct bytes plain);
// Says that nothing follows (close_notify), when the handshake is complete.
void tls_goodbye(SSL *ssl);
