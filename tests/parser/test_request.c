// SPDX-License-Identifier: Apache-2.0
// test_request: methods and fields by name.
#include "parser/request.h"
#include <criterion/criterion.h>
#include <ctype.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

TestSuite(request);

Test(request, every_method_is_found_by_its_name)
{
    for (enum method m = 0; m < METHOD_COUNT; m++)
        cr_expect(method_of(bytes_of(method_name(m))) == m, "%s", method_name(m));
    const struct bytes unknown[] = {BYTES("get"), BYTES("GE"), BYTES("GETS"), BYTES(""), BYTES("GET\0")};
    for (size_t i = 0; i < ROWS(unknown); i++)
        cr_expect(method_of(unknown[i]) == METHOD_COUNT, "%.*s", (int)unknown[i].len, unknown[i].at);
}

Test(request, what_may_be_sent_twice)
{
    cr_expect(method_is_safe(METHOD_GET));
    cr_expect(method_is_safe(METHOD_OPTIONS));
    cr_expect_not(method_is_safe(METHOD_POST));
    cr_expect_not(method_is_safe(METHOD_PUT));
    cr_expect(method_is_idempotent(METHOD_GET));
    cr_expect(method_is_idempotent(METHOD_PUT));
    cr_expect(method_is_idempotent(METHOD_DELETE));
    cr_expect_not(method_is_idempotent(METHOD_POST));
    cr_expect_not(method_is_idempotent(METHOD_PATCH));
    cr_expect_not(method_is_idempotent(METHOD_LOCK));
}

Test(request, every_field_is_found_by_its_name_in_any_case)
{
    for (enum field_id id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
        char   upper[64] = "";
        size_t len = strlen(field_name(id));
        cr_assert(len < sizeof upper);
        for (size_t i = 0; i < len; i++)
            upper[i] = (char)toupper((unsigned char)field_name(id)[i]);
        cr_expect(field_id_of(bytes_of(field_name(id))) == id, "%s", field_name(id));
        cr_expect(field_id_of((struct bytes){upper, len}) == id, "%s", upper);
        bool variant;
        cr_expect(field_look_up((struct bytes){upper, len}, &variant) == id && !variant, "%s", upper);
        cr_expect(field_id_of((struct bytes){upper, len - 1}) != id, "%s, cut", upper);
        upper[len] = 'S';
        cr_expect(field_id_of((struct bytes){upper, len + 1}) != id, "%s", upper);
    }
}

// Another byte anywhere in a name makes it another name, but for the case of letters.
Test(request, one_byte_makes_another_name)
{
    for (enum field_id id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
        char   name[64];
        size_t len = strlen(field_name(id));
        memcpy(name, field_name(id), len);
        for (size_t i = 0; i < len; i++) {
            char right = name[i];
            for (int byte = 0; byte < 256; byte++) {
                bool variant, is_letter = right >= 'a' && right <= 'z';
                bool same = byte == right || (is_letter && byte == right - 0x20);
                name[i] = (char)byte;
                enum field_id found = field_look_up((struct bytes){name, len}, &variant);
                cr_expect_eq(found == id, same, "%s, byte %zu: %02x", field_name(id), i, byte);
            }
            name[i] = right;
        }
    }
}

Test(request, kinds)
{
    cr_expect(field_kind_of(FIELD_OTHER) == FIELD_KIND_PLAIN);
    cr_expect(field_kind_of(FIELD_HOST) == FIELD_KIND_ROUTING);
    cr_expect(field_kind_of(FIELD_CONTENT_LENGTH) == FIELD_KIND_FRAMING);
    cr_expect(field_kind_of(FIELD_CONNECTION) == FIELD_KIND_HOP);
    cr_expect(field_kind_of(FIELD_COOKIE) == FIELD_KIND_GUARDED);
    cr_expect(field_kind_of(FIELD_ACCEPT) == FIELD_KIND_PLAIN);
    cr_expect_not(field_kind_is_protected(FIELD_KIND_PLAIN));
    cr_expect_not(field_kind_is_protected(FIELD_KIND_HOP));
    cr_expect(field_kind_is_protected(FIELD_KIND_ROUTING));
}

Test(request, spelling_variants_of_protected_names)
{
    const struct {
        const char  *label;
        struct bytes name;
        bool         variant;
    } rows[] = {
        {"underscores", BYTES("X_Forwarded_For"), true},
        {"dots", BYTES("X.Forwarded.For"), true},
        {"one underscore", BYTES("x-forwarded_for"), true},
        {"every other mark of a token", BYTES("x!forwarded~for"), true},
        {"a framing field", BYTES("Content_Length"), true},
        {"another framing field", BYTES("transfer.encoding"), true},
        {"a guarded field", BYTES("Content_Type"), true},
        {"the name itself", BYTES("X-Forwarded-For"), false},
        {"a name without a hyphen has no variants", BYTES("Cookie"), false},
        {"a hop-by-hop field is not protected", BYTES("Keep_Alive"), false},
        {"a plain field is not protected", BYTES("User_Agent"), false},
        {"one letter more", BYTES("X_Real_IPs"), false},
        {"another letter", BYTES("X_Real_IQ"), false},
        {"one of the X-Forwarded family that is not known", BYTES("X-Forwarded-Ssl"), true},
        {"a longer one", BYTES("x_forwarded_client_certificate_chain"), true},
        {"its bare name", BYTES("X-Forwarded"), true},
        {"a client certificate, as some proxies name it", BYTES("X-Client-Cert"), true},
        {"one of its family", BYTES("x-client-certificate-dn"), true},
        {"another name for it", BYTES("X-SSL-Client-Verify"), true},
        {"as nginx and Apache name its variables", BYTES("SSL_CLIENT_S_DN"), true},
        {"the same with hyphens", BYTES("Ssl-Client-Cert"), true},
        {"a neighbour", BYTES("X-Client-Version"), false},
        {"another neighbour", BYTES("Ssl-Session-Id"), false},
        {"almost its name", BYTES("X-Forward"), false},
        {"an underscore too many", BYTES("X__Real_IP"), false},
        {"an underscore for a letter", BYTES("H_st"), false},
        {"nothing", BYTES(""), false},
        {"longer than any known name", BYTES("a_name_that_is_longer_than_any_that_we_know"), false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        bool          variant = !rows[i].variant;
        enum field_id id = field_look_up(rows[i].name, &variant);
        cr_expect(variant == rows[i].variant, "%s", rows[i].label);
        cr_expect(id == field_id_of(rows[i].name), "%s", rows[i].label);
        cr_expect_not(variant && id != FIELD_OTHER, "%s: taken for the field", rows[i].label);
    }
}

Test(request, find_gives_the_first)
{
    const struct field  at[] = {{.id = FIELD_ACCEPT}, {.id = FIELD_COOKIE}, {.id = FIELD_COOKIE}};
    const struct fields fields = {at, ROWS(at)};
    cr_expect(fields_find(&fields, FIELD_COOKIE) == &at[1]);
    cr_expect(fields_find(&fields, FIELD_HOST) == NULL);
}
