// SPDX-License-Identifier: Apache-2.0
// certificate: a certificate chain and its private key as PEM, checked to fit together; and the making of
// self-signed ones for development.
#pragma once
#include "parser/arena.h"

struct certificate {
    struct bytes chain_pem; // leaf first
    struct bytes key_pem;
};

#define CERTIFICATE_PEM_MAX (256u * 1024u)
#define CERTIFICATE_WHY_MAX 256

// Loads what a configuration names: each value is a path, or the PEM text itself when it begins with
// "-----BEGIN". An empty `key` says: the key is in the chain's file too.
//   returns  a certificate in the arena
//   fails    NULL; why_r then says what is wrong in words (not readable, no certificate in it, the key does
//            not belong to the certificate, expired, …) and key_r whether it is wrong with the key
//   never    puts a value into why_r: what should be a path may be a secret
MUST_USE const struct certificate *certificate_load(struct bytes chain, struct bytes key, struct arena *arena,
                                                    char why_r[CERTIFICATE_WHY_MAX], bool *key_r);

// Makes a self-signed ECDSA P-256 certificate for the hosts (names or addresses), valid for 90 days, and
// writes key and certificate into one file (mode 0600, never overwriting).
//   fails    false; why_r says why
MUST_USE bool certificate_make_dev(const char *const hosts[], size_t host_count, const char *path,
                                   char why_r[CERTIFICATE_WHY_MAX]);
