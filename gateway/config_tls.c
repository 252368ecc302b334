// SPDX-License-Identifier: Apache-2.0
// config_tls: "tls" of a listener: its certificates, and what it asks of clients.
#include "gateway/config_parts.h"

#define CERT_HINT "name a PEM file; portcullis cert dev makes one to try"

// "cert", "key" and "ocsp" of an object: "tls" itself, or an element of its "more".
static const struct certificate *read_certificate(struct config *c, struct node n)
{
    struct node  cert;
    struct node  key = config_child(n, "key");
    struct node  ocsp = config_child(n, "ocsp");
    struct bytes cert_text;
    struct bytes key_text = BYTES("");
    struct bytes ocsp_text;
    if (!node_find(n, "cert", &cert)) {
        node_problem(n, CERT_HINT, "\"cert\" is missing");
        return NULL;
    }
    if (!node_text(cert, &cert_text) || (key.item != NULL && !node_text(key, &key_text)))
        return NULL;
    char                why[CERTIFICATE_WHY_MAX];
    bool                of_key;
    struct certificate *loaded = certificate_load(cert_text, key_text, &c->arena, why, &of_key);
    if (loaded == NULL)
        node_problem(of_key && key.item != NULL ? key : cert, NULL, "%s", why);
    else if (node_text(ocsp, &ocsp_text) && !certificate_add_staple(loaded, ocsp_text, &c->arena, why))
        node_problem(ocsp, NULL, "%s", why);
    return loaded;
}

static void read_more(struct config *c, struct config_tls *t, struct node more)
{
    static const char *const keys[] = {"cert", "key", "ocsp", NULL};
    if (more.item == NULL || !node_expect_array(more))
        return;
    if (node_length(more) >= CONFIG_CERTIFICATES_MAX) {
        node_problem(more, NULL, "at most %u certificates are possible", CONFIG_CERTIFICATES_MAX);
        return;
    }
    for (size_t i = 0; i < node_length(more); i++) {
        struct node n = node_at(more, i);
        if (!node_expect_object(n))
            continue;
        node_keys(n, keys);
        const struct certificate *one = read_certificate(c, n);
        if (one == NULL)
            continue;
        if (one->name_count == 0)
            node_problem(n, NULL, "this certificate names no host: it would never be chosen");
        t->certificates[t->certificate_count++] = one;
    }
}

static void read_clients(struct config *c, struct config_tls *t, struct node tls)
{
    static const char *const kinds[] = {"request", "require", NULL};
    struct node              auth = config_child(tls, "client_auth");
    struct node              crl = config_child(tls, "client_crl");
    struct node              ca = config_child(tls, "client_ca");
    struct bytes             text;
    char                     why[CERTIFICATE_WHY_MAX];
    size_t                   kind = 1;
    if (ca.item == NULL) {
        if (auth.item != NULL || crl.item != NULL)
            node_problem(auth.item != NULL ? auth : crl, "name the PEM file of the authority",
                         "this needs a \"client_ca\"");
        return;
    }
    (void)node_choice(auth, kinds, &kind);
    t->client_auth = kind == 0 ? CLIENT_AUTH_REQUEST : CLIENT_AUTH_REQUIRE;
    if (node_text(ca, &text)) {
        t->client_ca_pem = certificate_authorities(text, &c->arena, why);
        if (t->client_ca_pem.at == NULL)
            node_problem(ca, NULL, "%s", why);
    }
    if (node_text(crl, &text)) {
        t->client_crl_pem = certificate_revocations(text, &c->arena, why);
        if (t->client_crl_pem.at == NULL)
            node_problem(crl, NULL, "%s", why);
    }
}

const struct config_tls *config_read_tls(struct config *c, struct node tls)
{
    static const char *const keys[] = {"cert",      "key",         "ocsp",       "more", "min_version",
                                       "client_ca", "client_auth", "client_crl", NULL};
    static const char *const versions[] = {"1.2", "1.3", NULL};
    if (!node_expect_object(tls))
        return NULL;
    node_keys(tls, keys);
    struct node        more = config_child(tls, "more");
    struct config_tls *t = arena_zalloc(&c->arena, sizeof *t);
    if (t == NULL)
        return NULL;
    t->certificates = arena_zalloc(&c->arena, CONFIG_CERTIFICATES_MAX * sizeof *t->certificates);
    if (t->certificates == NULL)
        return NULL;
    size_t                    version = 0;
    const struct certificate *first = read_certificate(c, tls);
    if (first != NULL)
        t->certificates[t->certificate_count++] = first;
    (void)node_choice(config_child(tls, "min_version"), versions, &version);
    t->only_1_3 = version == 1;
    read_more(c, t, more);
    read_clients(c, t, tls);
    return first != NULL ? t : NULL;
}
