// SPDX-License-Identifier: Apache-2.0
// certificate_clients: whose certificates clients may show: authorities, and their revocation lists.
#include "gateway/certificate.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

// Each says what is wrong with the next object of a PEM text, NULL when nothing is; *end_r when there is
// none.
typedef const char *judge_next(BIO *pem, bool *end_r);

static const char *judge_authority(BIO *pem, bool *end_r)
{
    X509 *one = PEM_read_bio_X509(pem, NULL, NULL, "");
    if ((*end_r = one == NULL))
        return NULL;
    const char *wrong = NULL;
    if (X509_check_ca(one) == 0)
        wrong = "one of the certificates may not sign others: it is none of an authority";
    else if (X509_cmp_current_time(X509_get0_notAfter(one)) < 0)
        wrong = "one of the certificates has expired";
    X509_free(one);
    return wrong;
}

static const char *judge_revocations(BIO *pem, bool *end_r)
{
    X509_CRL *one = PEM_read_bio_X509_CRL(pem, NULL, NULL, "");
    if ((*end_r = one == NULL))
        return NULL;
    const ASN1_TIME *until = X509_CRL_get0_nextUpdate(one);
    bool             expired = until != NULL && X509_cmp_current_time(until) < 0;
    X509_CRL_free(one);
    return expired ? "one of the revocation lists has expired: it would refuse everybody" : NULL;
}

static struct bytes load(struct bytes value, struct arena *arena, char why_r[CERTIFICATE_WHY_MAX],
                         judge_next *judge, const char *nothing)
{
    struct bytes text = certificate_pem(value, arena, why_r);
    if (text.at == NULL)
        return text;
    BIO        *pem = BIO_new_mem_buf(text.at, (int)text.len);
    const char *wrong = pem == NULL ? "no memory" : NULL;
    bool        at_end = false;
    size_t      count = 0;
    ERR_clear_error();
    while (wrong == NULL && !at_end) {
        wrong = judge(pem, &at_end);
        count += !at_end;
    }
    if (wrong == NULL && (count == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE))
        wrong = count == 0 ? nothing : "what is behind the first one cannot be read";
    BIO_free(pem);
    ERR_clear_error();
    if (wrong != NULL)
        (void)snprintf(why_r, CERTIFICATE_WHY_MAX, "%s", wrong);
    return wrong == NULL ? text : (struct bytes){NULL, 0};
}

struct bytes certificate_authorities(struct bytes value, struct arena *arena, char why_r[CERTIFICATE_WHY_MAX])
{
    return load(value, arena, why_r, judge_authority, "there is no certificate in the file");
}

struct bytes certificate_revocations(struct bytes value, struct arena *arena, char why_r[CERTIFICATE_WHY_MAX])
{
    return load(value, arena, why_r, judge_revocations, "there is no revocation list in the file");
}
