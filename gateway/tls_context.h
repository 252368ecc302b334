// SPDX-License-Identifier: Apache-2.0
// tls_context: what the TLS connections of one listener on one loop share. Each loop has its own, with its
// own OSSL_LIB_CTX: sharing one costs 10 to 18 % of the handshakes in locks at two threads already. Only the
// ticket keys are common, so that a session resumes on any loop.
#pragma once
#include "gateway/certificate.h"
#include <openssl/ssl.h>

struct tls_context;

struct tls_ticket_keys {
    unsigned char bytes[80]; // name, HMAC key, AES key, as SSL_CTX_set_tlsext_ticket_keys takes them
};

MUST_USE bool tls_ticket_keys_make(struct tls_ticket_keys *keys);

// Borrows nothing after the call.
//   fails  NULL; why_r says why
MUST_USE struct tls_context *tls_context_new(const struct certificate     *certificate,
                                             const struct tls_ticket_keys *keys,
                                             char                          why_r[CERTIFICATE_WHY_MAX]);
void                         tls_context_free(struct tls_context **t);
SSL_CTX                     *tls_context_ssl(const struct tls_context *t);
