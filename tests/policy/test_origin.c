// SPDX-License-Identifier: Apache-2.0
// Origins: what is one, and what stands behind it. Who is whose, tests/policy/modules/test_fetch_metadata.c
// asks.
#include "policy/origin.h"
#include <criterion/criterion.h>

Test(origin, reading)
{
    static const struct {
        const char *text, *host; // host NULL: it is none
        bool        https;
        uint16_t    port;
        const char *rest;
    } rows[] = {
        {"https://a.example", "a.example", true, 443, ""},
        {"http://a.example", "a.example", false, 80, ""},
        {"HTTP://A.Example:8080", "a.example", false, 8080, ""},
        {"https://a.example/b?c#d", "a.example", true, 443, "/b?c#d"},
        {"https://a.example?b", "a.example", true, 443, "?b"},
        {"https://a.example#b", "a.example", true, 443, "#b"},
        {"https://a.example\\b", "a.example", true, 443, "\\b"},
        {"https://[2001:DB8::7]:443/", "2001:db8::7", true, 443, "/"},
        {"https://192.0.2.7", "192.0.2.7", true, 443, ""},
        {"https://", NULL, false, 0, ""},
        {"https:a.example", NULL, false, 0, ""},
        {"https:/a.example", NULL, false, 0, ""},
        {"//a.example", NULL, false, 0, ""},
        {"a.example", NULL, false, 0, ""},
        {"null", NULL, false, 0, ""},
        {"", NULL, false, 0, ""},
        {"wss://a.example", NULL, false, 0, ""},
        {"https://a.example:0", NULL, false, 0, ""},
        {"https://a.example:65536", NULL, false, 0, ""},
        {"https://u@a.example", NULL, false, 0, ""},
        {"https://a..example", NULL, false, 0, ""},
        {" https://a.example", NULL, false, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena  arena;
        struct origin origin;
        struct bytes  rest = {NULL, 0};
        arena_init(&arena, NULL, 1u << 16);
        bool read = origin_read(bytes_of(rows[i].text), &arena, &rest, &origin);
        cr_expect_eq(read, rows[i].host != NULL, "%s", rows[i].text);
        if (read && rows[i].host != NULL) {
            cr_expect(bytes_equal(origin.host, bytes_of(rows[i].host)), "%s: %.*s", rows[i].text,
                      SHOW(origin.host));
            cr_expect_eq(origin.https, rows[i].https, "%s", rows[i].text);
            cr_expect_eq(origin.port, rows[i].port, "%s: %u", rows[i].text, origin.port);
            cr_expect(bytes_equal(rest, bytes_of(rows[i].rest)), "%s: %.*s", rows[i].text, SHOW(rest));
            cr_expect_eq(origin_read(bytes_of(rows[i].text), &arena, NULL, &origin), rest.len == 0, "%s",
                         rows[i].text);
        }
        arena_reset(&arena);
    }
}

Test(origin, a_request_without_a_host_has_none)
{
    struct request request = {0};
    struct arena   arena;
    struct origin  own;
    arena_init(&arena, NULL, 1u << 16);
    cr_expect_not(origin_own(&(struct subject){.request = &request, .arena = &arena}, &own));
    arena_reset(&arena);
}
