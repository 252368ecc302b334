// SPDX-License-Identifier: Apache-2.0
// certificate: a certificate chain and its private key as PEM, checked to fit together, with the names it is
// for; what else TLS is configured with (authorities, revocation lists, staples); and the making of
// self-signed ones for development.
#pragma once
#include "parser/arena.h"
#include <openssl/types.h>

struct certificate {
    struct bytes  chain_pem; // leaf first
    struct bytes  key_pem;
    int           key_kind; // as EVP_PKEY_get_base_id names it
    struct bytes *names;    // the host names it is for, in lower case; "*." in front stands for one label
    size_t        name_count;
    struct bytes  staple;         // an OCSP response, DER; empty: none
    int64_t       staple_until_s; // Unix time; after it the staple is worse than none
};

#define CERTIFICATE_PEM_MAX (256u * 1024u)
#define CERTIFICATE_STAPLE_MAX (64u * 1024u)
#define CERTIFICATE_WHY_MAX 256

// Loads what a configuration names: each value is a path, or the PEM text itself when it begins with
// "-----BEGIN". An empty `key` says: the key is in the chain's file too.
//   returns  a certificate in the arena
//   fails    NULL; why_r then says what is wrong in words (not readable, no certificate in it, the key does
//            not belong to the certificate, expired, …) and key_r whether it is wrong with the key
//   never    puts a value into why_r: what should be a path may be a secret
MUST_USE struct certificate *certificate_load(struct bytes chain, struct bytes key, struct arena *arena,
                                              char why_r[CERTIFICATE_WHY_MAX], bool *key_r);
// The PEM text that a value stands for, as a copy in the arena.
//   fails  absent bytes, and why_r
MUST_USE struct bytes certificate_pem(struct bytes value, struct arena *arena,
                                      char why_r[CERTIFICATE_WHY_MAX]);

// Adds the OCSP response in a file (DER) to the certificate, when it is about this one, says "good" and is
// not expired. Its signature is left to the clients, who check it anyway.
//   fails  false, and why_r
MUST_USE bool certificate_add_staple(struct certificate *c, struct bytes path, struct arena *arena,
                                     char why_r[CERTIFICATE_WHY_MAX]);

// Who may sign the certificates of clients, and which of those are withdrawn: PEM, read and checked.
//   fails  absent bytes, and why_r
MUST_USE struct bytes certificate_authorities(struct bytes value, struct arena *arena,
                                              char why_r[CERTIFICATE_WHY_MAX]);
MUST_USE struct bytes certificate_revocations(struct bytes value, struct arena *arena,
                                              char why_r[CERTIFICATE_WHY_MAX]);

// Reads the names of the leaf into the arena.
//   fails  false when the arena is full
MUST_USE bool certificate_read_names(struct certificate *c, const X509 *leaf, struct arena *arena);
// RFC 6125 6.4: letters in any case were lowered by the reader of `host`; a wildcard is one whole label.
bool certificate_covers(const struct certificate *c, struct bytes host);
// Whether a certificate is for all names of another one.
bool certificate_covers_all(const struct certificate *c, const struct certificate *other);
// The first one with that very name, or else the first with a wildcard for it, or NULL.
const struct certificate *certificate_for(const struct certificate *const *all, size_t count,
                                          struct bytes host);

// Makes a self-signed ECDSA P-256 certificate for the hosts (names or addresses), valid for 90 days, and
// writes key and certificate into one file (mode 0600, never overwriting).
//   fails    false; why_r says why
MUST_USE bool certificate_make_dev(const char *const hosts[], size_t host_count, const char *path,
                                   char why_r[CERTIFICATE_WHY_MAX]);
