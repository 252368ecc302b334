// SPDX-License-Identifier: Apache-2.0
// certificate_names: which hosts a certificate is for. Only the alternative names count (RFC 9525 2: the
// common name is no host name).
#include "gateway/certificate.h"
#include <openssl/x509v3.h>

#define NAME_MAX_BYTES 253 // of a host name

static bool is_host_name(const GENERAL_NAME *name)
{
    if (name->type != GEN_DNS)
        return false;
    int length = ASN1_STRING_length(name->d.dNSName);
    return length > 0 && length <= NAME_MAX_BYTES;
}

static bool keep_name(struct certificate *c, const GENERAL_NAME *name, struct arena *arena)
{
    size_t               length = (size_t)ASN1_STRING_length(name->d.dNSName);
    const unsigned char *from = ASN1_STRING_get0_data(name->d.dNSName);
    char                *lower = arena_alloc(arena, length);
    if (lower == NULL)
        return false;
    for (size_t i = 0; i < length; i++)
        lower[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] + ('a' - 'A') : from[i]);
    c->names[c->name_count++] = (struct bytes){lower, length};
    return true;
}

bool certificate_read_names(struct certificate *c, const X509 *leaf, struct arena *arena)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    int            count = sk_GENERAL_NAME_num(all); // -1: none
    bool           fine = true;
    c->name_count = 0;
    if (count > 0)
        fine = (c->names = arena_alloc(arena, (size_t)count * sizeof *c->names)) != NULL;
    for (int i = 0; fine && i < count; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
        fine = !is_host_name(name) || keep_name(c, name, arena);
    }
    GENERAL_NAMES_free(all);
    return fine;
}

static bool has_name(const struct certificate *c, struct bytes name)
{
    for (size_t i = 0; i < c->name_count; i++)
        if (bytes_equal(c->names[i], name))
            return true;
    return false;
}

static bool has_wildcard(const struct certificate *c, struct bytes host)
{
    const char *dot = memchr(host.at, '.', host.len);
    if (dot == NULL || dot == host.at)
        return false;
    struct bytes above = bytes_after(host, (size_t)(dot - host.at));
    for (size_t i = 0; i < c->name_count; i++)
        if (c->names[i].at[0] == '*' && bytes_equal(bytes_after(c->names[i], 1), above))
            return true;
    return false;
}

bool certificate_covers(const struct certificate *c, struct bytes host)
{
    return host.len > 0 && (has_name(c, host) || has_wildcard(c, host));
}

bool certificate_covers_all(const struct certificate *c, const struct certificate *other)
{
    for (size_t i = 0; i < other->name_count; i++)
        if (!has_name(c, other->names[i]) && !has_wildcard(c, other->names[i]))
            return false;
    return true;
}

const struct certificate *certificate_for(const struct certificate *const *all, size_t count,
                                          struct bytes host)
{
    for (size_t i = 0; host.len > 0 && i < count; i++)
        if (has_name(all[i], host))
            return all[i];
    for (size_t i = 0; host.len > 0 && i < count; i++)
        if (has_wildcard(all[i], host))
            return all[i];
    return NULL;
}
