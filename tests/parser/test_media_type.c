// SPDX-License-Identifier: Apache-2.0
// test_media_type: what is a Content-Type, and what only some readers take for one.
#include "parser/media_type.h"
#include <criterion/criterion.h>

#define ROWS(rows) (sizeof(rows) / sizeof *(rows))

TestSuite(media_type);

// "type/subtype name=value name=value", or "" for what is none.
static struct bytes read_all(const char *text, struct bytes_out *out)
{
    struct media_type      type;
    struct media_parameter p;
    if (!media_type_read(bytes_of(text), &type))
        return BYTES("");
    out_bytes(out, type.type);
    out_char(out, '/');
    out_bytes(out, type.subtype);
    while (media_parameter_next(&type.parameters, &p)) {
        out_char(out, ' ');
        out_bytes(out, p.name);
        out_char(out, '=');
        out_bytes(out, p.value);
    }
    cr_expect_not(media_parameter_next(&type.parameters, &p), "the end stays the end");
    return out_written(out);
}

Test(media_type, reading)
{
    static const struct {
        const char *label, *text, *read;
    } rows[] = {
        {"a type alone", "text/html", "text/html"},
        {"a parameter", "text/html;charset=utf-8", "text/html charset=utf-8"},
        {"blanks around the semicolon", "text/html \t; charset=utf-8", "text/html charset=utf-8"},
        {"a quoted value", "multipart/form-data; boundary=\"a b;c\"", "multipart/form-data boundary=a b;c"},
        {"an escaped quote in it", "a/b; c=\"d\\\"e\"", "a/b c=d\\\"e"},
        {"an empty quoted value", "a/b; c=\"\"", "a/b c="},
        {"two parameters", "a/b; c=d; e=f", "a/b c=d e=f"},
        {"without a blank", "a/b;c=d;e=f", "a/b c=d e=f"},
        {"semicolons with nothing behind", "a/b;; ;c=d;", "a/b c=d"},
        {"a suffix", "application/vnd.api+json", "application/vnd.api+json"},
        {"either case stays", "Text/HTML", "Text/HTML"},
        {"a range is a type of stars", "*/*", "*/*"},

        {"nothing", "", ""},
        {"no subtype", "text", ""},
        {"an empty subtype", "text/", ""},
        {"an empty type", "/html", ""},
        {"two slashes", "a/b/c", ""},
        {"a blank in front", " text/html", ""},
        {"a blank around the slash", "text /html", ""},
        {"a list", "text/html, text/plain", ""},
        {"a list behind a parameter", "text/html; a=b, text/plain", ""},
        {"two types with a blank", "text/html text/plain", ""},
        {"a parameter without a semicolon", "text/html charset=utf-8", ""},
        {"a parameter without a value", "text/html; charset=", ""},
        {"a parameter without an equals sign", "text/html; charset", ""},
        {"a blank before the equals sign", "text/html; charset =utf-8", ""},
        {"a blank behind it", "text/html; charset= utf-8", ""},
        {"a quote that never ends", "a/b; c=\"d", ""},
        {"a backslash at the end", "a/b; c=\"d\\", ""},
        {"text behind a quoted value", "a/b; c=\"d\"e", ""},
        {"a single quote is a token", "a/b; c='d'", "a/b c='d'"},
        {"a control character in a quoted value", "a/b; c=\"\x01\"", ""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char             room[128];
        struct bytes_out out = {.at = room, .cap = sizeof room};
        struct bytes     found = read_all(rows[i].text, &out);
        cr_expect(bytes_equal(found, bytes_of(rows[i].read)), "%s: %.*s", rows[i].label, (int)found.len,
                  found.at);
    }
}
