// SPDX-License-Identifier: Apache-2.0
// test_certificate_names: which hosts a certificate is for, and which of several is chosen.
#include "gateway/certificate.h"
#include <criterion/criterion.h>
#include <openssl/x509v3.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

static struct bytes shop_names[] = {{"shop.example", 12}, {"www.shop.example", 16}};
static struct bytes wild_names[] = {{"*.shop.example", 14}, {"*.example", 9}};
static struct bytes sub_names[] = {{"a.shop.example", 14}};

static const struct certificate shop = {.names = shop_names, .name_count = 2};
static const struct certificate wild = {.names = wild_names, .name_count = 2};
static const struct certificate sub = {.names = sub_names, .name_count = 1};
static const struct certificate nobody = {.name_count = 0};

Test(certificate_names, covers)
{
    static const struct {
        const char               *label;
        const struct certificate *of;
        const char               *host;
        bool                      covers;
    } rows[] = {
        {"the name itself", &shop, "shop.example", true},
        {"another of its names", &shop, "www.shop.example", true},
        {"a name below", &shop, "a.shop.example", false},
        {"a name that ends so", &shop, "myshop.example", false},
        {"no name", &shop, "", false},
        {"one label for the wildcard", &wild, "b.shop.example", true},
        {"two labels", &wild, "a.b.shop.example", false},
        {"none, but another wildcard", &wild, "shop.example", true},
        {"none at all", &wild, "example", false},
        {"an empty label", &wild, ".example", false},
        {"the wildcard's own text is a name like any other", &wild, "*.example", true},
        {"no names", &nobody, "shop.example", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        cr_expect_eq(certificate_covers(rows[i].of, bytes_of(rows[i].host)), rows[i].covers, "%s: %s",
                     rows[i].label, rows[i].host);
}

Test(certificate_names, covers_all)
{
    cr_expect(certificate_covers_all(&shop, &shop));
    cr_expect(certificate_covers_all(&wild, &sub), "a wildcard for a name");
    cr_expect_not(certificate_covers_all(&sub, &wild), "a name for a wildcard");
    cr_expect(certificate_covers_all(&wild, &shop));
    cr_expect_not(certificate_covers_all(&shop, &sub));
}

Test(certificate_names, the_name_itself_goes_before_a_wildcard)
{
    const struct certificate *const all[] = {&nobody, &wild, &shop, &sub, &shop};
    static const struct {
        const char               *host;
        const struct certificate *chosen;
    } rows[] = {
        {"shop.example", &shop},
        {"www.shop.example", &shop},
        {"a.shop.example", &sub},
        {"b.shop.example", &wild},
        {"other.example", &wild},
        {"a.b.shop.example", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        cr_expect_eq(certificate_for(all, ROWS(all), bytes_of(rows[i].host)), rows[i].chosen, "%s",
                     rows[i].host);
}

static void expect_names(const char *label, const char *alternative, const char *const wanted[], size_t count)
{
    struct arena       arena;
    struct certificate c = {0};
    X509              *x = X509_new();
    X509_EXTENSION    *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternative);
    arena_init(&arena, NULL, ARENA_BLOCK);
    cr_assert(x && names && X509_add_ext(x, names, -1) == 1);
    cr_assert(certificate_read_names(&c, x, &arena), "%s", label);
    cr_assert_eq(c.name_count, count, "%s: %zu", label, c.name_count);
    for (size_t i = 0; i < count; i++)
        cr_expect(bytes_equal(c.names[i], bytes_of(wanted[i])), "%s: %s", label, wanted[i]);
    X509_EXTENSION_free(names);
    X509_free(x);
    arena_reset(&arena);
}

Test(certificate_names, only_host_names_are_read_and_in_lower_case)
{
    expect_names("letters", "DNS:Shop.EXAMPLE,DNS:*.Shop.example",
                 (const char *[]){"shop.example", "*.shop.example"}, 2);
    expect_names("other kinds", "IP:192.0.2.1,email:a@b.example,DNS:c.example,URI:https://d.example/",
                 (const char *[]){"c.example"}, 1);
    expect_names("none of them", "IP:192.0.2.1", NULL, 0);
}

Test(certificate_names, without_alternative_names_there_are_none)
{
    struct arena       arena;
    struct certificate c = {0};
    X509              *x = X509_new();
    arena_init(&arena, NULL, ARENA_BLOCK);
    cr_assert(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                         (const unsigned char *)"shop.example", -1, -1, 0));
    cr_expect(certificate_read_names(&c, x, &arena));
    cr_expect_eq(c.name_count, 0, "a common name is no host name");
    X509_free(x);
    arena_reset(&arena);
}
