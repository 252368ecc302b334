// SPDX-License-Identifier: Apache-2.0
// tls_context: what the TLS connections of one listener on one loop share. Each loop has its own, with its
// own OSSL_LIB_CTX: sharing one costs 10 to 18 % of the handshakes in locks at two threads already. Only the
// ticket keys are common, so that a session resumes on any loop.
//
// There is one SSL_CTX a certificate: that certificate, and of each other kind of key the first one that is
// for all of its names, between which OpenSSL chooses by what the client can verify. The name the client asks
// for picks the SSL_CTX, before anything else of its hello is looked at.
#pragma once
#include "gateway/config.h"
#include "gateway/tls_tickets.h"
#include <openssl/ssl.h>

struct tls_context;

// Borrows config and tickets.
//   fails  NULL; why_r says why
MUST_USE struct tls_context *tls_context_new(const struct config_tls  *config,
                                             const struct tls_tickets *tickets,
                                             char                      why_r[CERTIFICATE_WHY_MAX]);
void                         tls_context_free(struct tls_context **t);
// The one that connections begin with.
SSL_CTX *tls_context_ssl(const struct tls_context *t);
// The certificate that a connection was picked for.
const struct certificate *tls_context_certificate(const SSL *ssl);
