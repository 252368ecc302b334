// SPDX-License-Identifier: Apache-2.0
// certificate_staple: an OCSP response from a file, for clients that ask for one (RFC 6066 8).
#include "gateway/certificate.h"
#include "gateway/file.h"
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>

#define CLOCK_SKEW_S 300

static X509 *leaf_of(const struct certificate *c)
{
    BIO  *bio = BIO_new_mem_buf(c->chain_pem.at, (int)c->chain_pem.len);
    X509 *leaf = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return leaf;
}

// RFC 6960 4.1.1: a certificate is named by its serial number and hashes of its issuer's name and key. The
// issuer may be missing in the chain, so its key is not asked for.
static bool is_about(const OCSP_CERTID *id, const X509 *leaf)
{
    ASN1_OCTET_STRING *name_hash;
    ASN1_OBJECT       *digest_id;
    ASN1_INTEGER      *serial;
    (void)OCSP_id_get0_info(&name_hash, &digest_id, NULL, &serial, (OCSP_CERTID *)(uintptr_t)id);
    const EVP_MD *digest = EVP_get_digestbyobj(digest_id);
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned      length = 0;
    return digest != NULL && ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) == 0 &&
           X509_NAME_digest(X509_get_issuer_name(leaf), digest, hash, &length) == 1 &&
           ASN1_STRING_length(name_hash) == (int)length &&
           memcmp(ASN1_STRING_get0_data(name_hash), hash, length) == 0;
}

static bool read_time(const ASN1_GENERALIZEDTIME *from, int64_t *seconds_r)
{
    struct tm when;
    if (from == NULL || ASN1_TIME_to_tm(from, &when) != 1)
        return false;
    *seconds_r = (int64_t)timegm(&when);
    return true;
}

// Returns what is wrong with the response, NULL when nothing is.
static const char *judge(OCSP_BASICRESP *basic, const X509 *leaf, int64_t *until_r)
{
    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP      *one = OCSP_resp_get0(basic, i);
        ASN1_GENERALIZEDTIME *from, *until;
        if (!is_about(OCSP_SINGLERESP_get0_id(one), leaf))
            continue;
        int status = OCSP_single_get0_status(one, NULL, NULL, &from, &until);
        if (status != V_OCSP_CERTSTATUS_GOOD)
            return status == V_OCSP_CERTSTATUS_REVOKED ? "the certificate has been revoked"
                                                       : "the certificate is not known to its issuer";
        if (!read_time(until, until_r)) // without an end nobody knows when to replace it
            return "the OCSP response does not say until when it is valid";
        return OCSP_check_validity(from, until, CLOCK_SKEW_S, -1) == 1
                   ? NULL
                   : "the OCSP response has expired, or is not valid yet";
    }
    return "the OCSP response is about another certificate";
}

static const char *read_response(struct certificate *c, struct bytes der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    OCSP_RESPONSE       *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
    OCSP_BASICRESP      *basic = NULL;
    X509                *leaf = leaf_of(c);
    const char          *wrong = "there is no OCSP response (DER) in the file";
    if (response != NULL && OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        wrong = "the OCSP response is an error message";
    else if (response != NULL && leaf != NULL && (basic = OCSP_response_get1_basic(response)) != NULL)
        wrong = judge(basic, leaf, &c->staple_until_s);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    X509_free(leaf);
    ERR_clear_error();
    return wrong;
}

bool certificate_add_staple(struct certificate *c, struct bytes path, struct arena *arena,
                            char why_r[CERTIFICATE_WHY_MAX])
{
    char             name[PATH_MAX];
    struct bytes_out der = {.at = arena_alloc(arena, CERTIFICATE_STAPLE_MAX), .cap = CERTIFICATE_STAPLE_MAX};
    const char      *wrong = der.at == NULL ? "no memory" : "this is no path";
    int              length = snprintf(name, sizeof name, "%.*s", (int)path.len, path.at);
    if (der.at != NULL && length > 0 && (size_t)length < sizeof name)
        wrong = file_read(name, &der);
    if (wrong == NULL)
        wrong = read_response(c, out_written(&der));
    if (wrong != NULL) {
        (void)snprintf(why_r, CERTIFICATE_WHY_MAX, "%s", wrong);
        return false;
    }
    c->staple = out_written(&der);
    return true;
}
