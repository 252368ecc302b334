// SPDX-License-Identifier: Apache-2.0
// Reading one value as what it must be.
#include "policy/document.h"
#include <criterion/criterion.h>

static const char *const fruits[] = {"apple", "pear", "quince", NULL};

static bool read_text(struct node n, uint64_t *value_r)
{
    struct bytes text;
    if (!node_text(n, &text))
        return false;
    *value_r = text.len;
    return true;
}

static bool read_bool(struct node n, uint64_t *value_r)
{
    bool value;
    if (!node_bool(n, &value))
        return false;
    *value_r = value;
    return true;
}

static bool read_count(struct node n, uint64_t *value_r)
{
    return node_count(n, 1, 1000, value_r);
}

static bool read_duration(struct node n, uint64_t *value_r)
{
    return node_duration(n, 100, 7 * 24 * 3600 * 1000, value_r);
}

static bool read_size(struct node n, uint64_t *value_r)
{
    return node_size(n, 1, UINT64_C(1) << 40, value_r);
}

static bool read_byte_rate(struct node n, uint64_t *value_r)
{
    return node_byte_rate(n, 0, 1000000, value_r);
}

static bool read_rate(struct node n, uint64_t *value_r)
{
    uint64_t events, period_ms;
    if (!node_rate(n, &events, &period_ms))
        return false;
    *value_r = events * 10000000 + period_ms;
    return true;
}

static bool read_choice(struct node n, uint64_t *value_r)
{
    size_t index;
    if (!node_choice(n, fruits, &index))
        return false;
    *value_r = index;
    return true;
}

static bool read_object(struct node n, uint64_t *value_r)
{
    *value_r = 1;
    return node_expect_object(n);
}

static bool read_array(struct node n, uint64_t *value_r)
{
    *value_r = 1;
    return node_expect_array(n);
}

struct row {
    const char *label;
    bool (*read)(struct node n, uint64_t *value_r);
    const char *text;
    uint64_t    value;
    const char *problem; // NULL: it is read
    const char *hint;
};

#define BARE_DURATION "write it with a unit: \"30s\", \"500ms\", \"2m\", \"1h\""
#define BARE_SIZE "write it with a unit: \"512B\", \"16KiB\""
#define BARE_BYTE_RATE "write it as bytes per second: \"500B/s\""
#define BARE_RATE "write it as events per time: \"5/s\", \"30/min\""

static const struct row rows[] = {
    {"text", read_text, "\"abc\"", 3, NULL, NULL},
    {"empty text", read_text, "\"\"", 0, NULL, NULL},
    {"a number is no text", read_text, "5", 0, "text is needed here, not a number", NULL},
    {"an object is no text", read_text, "{}", 0, "text is needed here, not an object", NULL},

    {"true", read_bool, "true", 1, NULL, NULL},
    {"false", read_bool, "false", 0, NULL, NULL},
    {"text is no truth", read_bool, "\"true\"", 0, "true or false is needed here, not text", NULL},
    {"null is no truth", read_bool, "null", 0, "true or false is needed here, not null", NULL},

    {"the least count", read_count, "1", 1, NULL, NULL},
    {"the largest count", read_count, "1000", 1000, NULL, NULL},
    {"below the least", read_count, "0", 0, "0 is out of range", "between 1 and 1000"},
    {"above the largest", read_count, "1001", 0, "1001 is out of range", "between 1 and 1000"},
    {"a negative count", read_count, "-1", 0, "a whole number is needed here, not -1", NULL},
    {"half a thing", read_count, "1.5", 0, "a whole number is needed here, not 1.5", NULL},
    {"digits in a text", read_count, "\"5\"", 0, "a number is needed here, not text", NULL},

    {"milliseconds", read_duration, "\"500ms\"", 500, NULL, NULL},
    {"seconds", read_duration, "\"30s\"", 30000, NULL, NULL},
    {"minutes", read_duration, "\"2m\"", 120000, NULL, NULL},
    {"hours", read_duration, "\"1h\"", 3600000, NULL, NULL},
    {"days", read_duration, "\"7d\"", 604800000, NULL, NULL},
    {"a bare number as duration", read_duration, "30", 0, "a duration is needed here, not a number",
     BARE_DURATION},
    {"a number in quotes as duration", read_duration, "\"30\"", 0, "\"30\" is not a duration", BARE_DURATION},
    {"a blank before the unit", read_duration, "\"30 s\"", 0, "\"30 s\" is not a duration", BARE_DURATION},
    {"a unit in words", read_duration, "\"30sec\"", 0, "\"30sec\" is not a duration", BARE_DURATION},
    {"two units", read_duration, "\"1h30m\"", 0, "\"1h30m\" is not a duration", BARE_DURATION},
    {"a fraction", read_duration, "\"1.5h\"", 0, "\"1.5h\" is not a duration", BARE_DURATION},
    {"a negative duration", read_duration, "\"-1s\"", 0, "\"-1s\" is not a duration", BARE_DURATION},
    {"a unit alone", read_duration, "\"s\"", 0, "\"s\" is not a duration", BARE_DURATION},
    {"too short", read_duration, "\"99ms\"", 0, "\"99ms\" is out of range", "between 100ms and 7d"},
    {"too long", read_duration, "\"8d\"", 0, "\"8d\" is out of range", "between 100ms and 7d"},
    {"more than 64 bits", read_duration, "\"18446744073709551616ms\"", 0, "is not a duration", NULL},
    {"more than 64 bits with its unit", read_duration, "\"18446744073709551615d\"", 0, "is not a duration",
     NULL},

    {"bytes", read_size, "\"512B\"", 512, NULL, NULL},
    {"kibibytes", read_size, "\"16KiB\"", 16384, NULL, NULL},
    {"kilobytes", read_size, "\"10KB\"", 10000, NULL, NULL},
    {"mebibytes", read_size, "\"1MiB\"", 1048576, NULL, NULL},
    {"megabytes", read_size, "\"1MB\"", 1000000, NULL, NULL},
    {"gibibytes", read_size, "\"2GiB\"", 2147483648, NULL, NULL},
    {"gigabytes", read_size, "\"2GB\"", 2000000000, NULL, NULL},
    {"a bare number as size", read_size, "1024", 0, "a size is needed here, not a number", BARE_SIZE},
    {"a number in quotes as size", read_size, "\"1024\"", 0, "\"1024\" is not a size", BARE_SIZE},
    {"nginx's m", read_size, "\"10m\"", 0, "\"10m\" is not a size", BARE_SIZE},
    {"units are case-sensitive", read_size, "\"1mib\"", 0, "\"1mib\" is not a size", BARE_SIZE},
    {"nothing at all", read_size, "\"0B\"", 0, "\"0B\" is out of range", "between 1B and 1024GiB"},

    {"bytes per second", read_byte_rate, "\"500B/s\"", 500, NULL, NULL},
    {"kibibytes per second", read_byte_rate, "\"2KiB/s\"", 2048, NULL, NULL},
    {"no bytes per second", read_byte_rate, "\"0B/s\"", 0, NULL, NULL},
    {"the most bytes per second", read_byte_rate, "\"1MB/s\"", 1000000, NULL, NULL},
    {"too many bytes per second", read_byte_rate, "\"2MB/s\"", 0, "\"2MB/s\" is out of range",
     "between 0B/s and 1MB/s"},
    {"a size is no byte rate", read_byte_rate, "\"500B\"", 0, "\"500B\" is not a byte rate", BARE_BYTE_RATE},
    {"bytes per minute", read_byte_rate, "\"500B/min\"", 0, "\"500B/min\" is not a byte rate",
     BARE_BYTE_RATE},
    {"a bare number as byte rate", read_byte_rate, "500", 0, "a byte rate is needed here, not a number",
     BARE_BYTE_RATE},

    {"per second", read_rate, "\"5/s\"", 50001000, NULL, NULL},
    {"per minute", read_rate, "\"30/min\"", 300060000, NULL, NULL},
    {"per hour", read_rate, "\"1000/h\"", 10003600000, NULL, NULL},
    {"a bare number as rate", read_rate, "5", 0, "a rate is needed here, not a number", BARE_RATE},
    {"a number in quotes as rate", read_rate, "\"5\"", 0, "\"5\" is not a rate", BARE_RATE},
    {"never", read_rate, "\"0/s\"", 0, "\"0/s\" is not a rate", BARE_RATE},
    {"m could be a month", read_rate, "\"5/m\"", 0, "\"5/m\" is not a rate", BARE_RATE},
    {"a period with a number", read_rate, "\"5/2s\"", 0, "\"5/2s\" is not a rate", BARE_RATE},

    {"the first choice", read_choice, "\"apple\"", 0, NULL, NULL},
    {"the last choice", read_choice, "\"quince\"", 2, NULL, NULL},
    {"nearly a choice", read_choice, "\"peer\"", 0, "\"peer\" is not known here", "did you mean \"pear\"?"},
    {"no choice", read_choice, "\"plum\"", 0, "\"plum\" is not known here", "one of: apple, pear, quince"},
    {"a choice is text", read_choice, "1", 0, "text is needed here, not a number", NULL},

    {"an object", read_object, "{}", 1, NULL, NULL},
    {"an array is no object", read_object, "[]", 0, "an object is needed here, not an array", NULL},
    {"an array", read_array, "[]", 1, NULL, NULL},
    {"a single text is no array", read_array, "\"GET\"", 0, "an array is needed here, not text",
     "write it as [\"...\"]"},
};

static void check(const struct row *row)
{
    char             printed[4096];
    struct bytes_out out = {.at = printed, .cap = sizeof printed - 1};
    struct document *d = document_parse(bytes_of(row->text), "f");
    uint64_t         value = UINT64_MAX;
    bool             done = row->read(document_root(d), &value);
    document_print(d, &out);
    printed[out.len] = '\0';
    cr_expect_eq(done, row->problem == NULL, "%s: %s", row->label, printed);
    cr_expect_eq(document_has_problems(d), row->problem != NULL, "%s", row->label);
    cr_expect(!done || value == row->value, "%s: %ju instead of %ju", row->label, (uintmax_t)value,
              (uintmax_t)row->value);
    cr_expect(row->problem == NULL || strstr(printed, row->problem) != NULL, "%s: %s", row->label, printed);
    cr_expect(row->hint == NULL || strstr(printed, row->hint) != NULL, "%s: no hint \"%s\" in\n%s",
              row->label, row->hint, printed);
    document_free(&d);
}

Test(document_values, rows)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&rows[i]);
}

Test(document_values, an_absent_value_is_silent)
{
    struct document *d = document_parse(BYTES("{}"), "f");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t value;
        cr_expect_not(rows[i].read((struct node){d, NULL}, &value), "%s", rows[i].label);
    }
    cr_expect_not(document_has_problems(d));
    document_free(&d);
}
