// SPDX-License-Identifier: Apache-2.0
// tls_clients: certificates that clients show: asking for them, and what policies may know of them.
#pragma once
#include "gateway/config.h"
#include "policy/policy.h"
#include <openssl/ssl.h>

#define TLS_SUBJECT_MAX 1024u

// Makes the connections of an SSL_CTX ask for a certificate as the configuration says.
//   fails  false; OpenSSL's error queue says why
MUST_USE bool tls_clients_ask(SSL_CTX *ssl, OSSL_LIB_CTX *library, const struct config_tls *config);

// What is known after the handshake. Borrows from ssl.
//   returns  *kept_r: what the client's facts point into, NULL without a certificate; the caller frees it
//   fails    false when memory is exhausted
MUST_USE bool tls_facts_of(const SSL *ssl, struct tls_facts *facts_r, char **kept_r);
