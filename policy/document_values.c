// SPDX-License-Identifier: Apache-2.0
// document_values: reading one value as what it must be. Quantities are always written with their unit.
#include "parser/cursor.h"
#include "policy/document_inside.h"
#include <stdio.h>

struct unit {
    const char *name;
    uint64_t    factor;
};

static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000}, {NULL, 0}};
static const struct unit sizes[] = {
    {"B", 1},          {"KB", 1000},       {"KiB", 1u << 10}, {"MB", 1000 * 1000},
    {"MiB", 1u << 20}, {"GB", 1000000000}, {"GiB", 1u << 30}, {NULL, 0}};
static const struct unit byte_rates[] = {
    {"B/s", 1}, {"KB/s", 1000}, {"KiB/s", 1u << 10}, {"MB/s", 1000 * 1000}, {"MiB/s", 1u << 20}, {NULL, 0}};
static const struct unit periods[] = {
    {"s", 1000}, {"min", 60 * 1000}, {"h", 3600 * 1000}, {"day", 24 * 3600 * 1000}, {NULL, 0}};

static const char duration_hint[] = "write it with a unit: \"30s\", \"500ms\", \"2m\", \"1h\", \"7d\"";
static const char size_hint[] = "write it with a unit: \"512B\", \"16KiB\", \"10MiB\", \"10MB\"";
static const char byte_rate_hint[] = "write it as bytes per second: \"500B/s\", \"16KiB/s\", \"1MB/s\"";
static const char rate_hint[] = "write it as events per time: \"5/s\", \"30/min\", \"1000/h\", \"100/day\"";

static struct bytes text_of(struct node n)
{
    return bytes_of(n.item->valuestring);
}

static bool fail(struct node n, const char *hint, const char *what)
{
    const struct cJSON *item = n.item;
    const char         *found = cJSON_IsObject(item)   ? "an object"
                                : cJSON_IsArray(item)  ? "an array"
                                : cJSON_IsString(item) ? "text"
                                : cJSON_IsNumber(item) ? "a number"
                                : cJSON_IsBool(item)   ? "true or false"
                                                       : "null";
    node_problem(n, hint, "%s is needed here, not %s", what, found);
    return false;
}

bool node_is_object(struct node n)
{
    return cJSON_IsObject(n.item);
}

bool node_is_array(struct node n)
{
    return cJSON_IsArray(n.item);
}

bool node_is_text(struct node n)
{
    return cJSON_IsString(n.item);
}

bool node_expect_object(struct node n)
{
    return n.item != NULL && (node_is_object(n) || fail(n, NULL, "an object"));
}

bool node_expect_array(struct node n)
{
    return n.item != NULL &&
           (node_is_array(n) || fail(n, node_is_text(n) ? "write it as [\"...\"]" : NULL, "an array"));
}

bool node_text(struct node n, struct bytes *text_r)
{
    if (n.item == NULL)
        return false;
    if (!node_is_text(n))
        return fail(n, NULL, "text");
    *text_r = text_of(n);
    return true;
}

bool node_bool(struct node n, bool *value_r)
{
    if (n.item == NULL)
        return false;
    if (!cJSON_IsBool(n.item))
        return fail(n, NULL, "true or false");
    *value_r = cJSON_IsTrue(n.item);
    return true;
}

bool node_count(struct node n, uint64_t min, uint64_t max, uint64_t *value_r)
{
    if (n.item == NULL)
        return false;
    if (!cJSON_IsNumber(n.item))
        return fail(n, NULL, "a number");
    double value = n.item->valuedouble; // the scanner keeps it within 2^53 on either side
    if (value < 0 || value != (double)(uint64_t)value) {
        node_problem(n, NULL, "a whole number is needed here, not %g", value);
        return false;
    }
    if ((uint64_t)value < min || (uint64_t)value > max) {
        char hint[PROBLEM_HINT_MAX];
        (void)snprintf(hint, sizeof hint, "between %ju and %ju", (uintmax_t)min, (uintmax_t)max);
        node_problem(n, hint, "%ju is out of range", (uintmax_t)value);
        return false;
    }
    *value_r = (uint64_t)value;
    return true;
}

// Reads a number and its unit, nothing else.
static bool read_quantity(struct cursor *c, const struct unit *units, uint64_t *value_r)
{
    uint64_t number;
    if (!cursor_decimal(c, UINT64_MAX, &number))
        return false;
    for (; units->name != NULL; units++)
        if (bytes_equal(cursor_rest(c), bytes_of(units->name)))
            return !__builtin_mul_overflow(number, units->factor, value_r);
    return false;
}

// In the largest unit that leaves a whole number.
static void print_quantity(uint64_t value, const struct unit *units, struct bytes_out *out)
{
    const struct unit *best = units;
    for (; units->name != NULL; units++)
        if (units->factor > best->factor && value > 0 && value % units->factor == 0)
            best = units;
    out_uint(out, value / best->factor);
    out_text(out, best->name);
}

static bool in_range(struct node n, const struct unit *units, uint64_t min, uint64_t max, uint64_t value)
{
    if (value >= min && value <= max)
        return true;
    char             hint[PROBLEM_HINT_MAX];
    struct bytes_out out = {.at = hint, .cap = sizeof hint};
    out_text(&out, "between ");
    print_quantity(min, units, &out);
    out_text(&out, " and ");
    print_quantity(max, units, &out);
    out_char(&out, '\0');
    node_problem(n, hint, "\"%.*s\" is out of range", SHOW(text_of(n)));
    return false;
}

static bool quantity(struct node n, const struct unit *units, const char *what, const char *hint,
                     uint64_t min, uint64_t max, uint64_t *value_r)
{
    uint64_t value;
    if (n.item == NULL)
        return false;
    if (!node_is_text(n))
        return fail(n, hint, what);
    struct bytes  text = text_of(n);
    struct cursor c = cursor_over(text);
    if (!read_quantity(&c, units, &value)) {
        node_problem(n, hint, "\"%.*s\" is not %s", SHOW(text), what);
        return false;
    }
    if (!in_range(n, units, min, max, value))
        return false;
    *value_r = value;
    return true;
}

bool node_duration(struct node n, uint64_t min_ms, uint64_t max_ms, uint64_t *ms_r)
{
    return quantity(n, durations, "a duration", duration_hint, min_ms, max_ms, ms_r);
}

bool node_size(struct node n, uint64_t min, uint64_t max, uint64_t *bytes_r)
{
    return quantity(n, sizes, "a size", size_hint, min, max, bytes_r);
}

bool node_byte_rate(struct node n, uint64_t min, uint64_t max, uint64_t *bytes_r)
{
    return quantity(n, byte_rates, "a byte rate", byte_rate_hint, min, max, bytes_r);
}

bool node_rate(struct node n, uint64_t *events_r, uint64_t *period_ms_r)
{
    if (n.item == NULL)
        return false;
    if (!node_is_text(n))
        return fail(n, rate_hint, "a rate");
    struct bytes  text = text_of(n);
    struct cursor c = cursor_over(text);
    uint64_t      events;
    if (cursor_decimal(&c, UINT32_MAX, &events) && events > 0 && cursor_char(&c, '/'))
        for (const struct unit *unit = periods; unit->name != NULL; unit++)
            if (bytes_equal(cursor_rest(&c), bytes_of(unit->name))) {
                *events_r = events;
                *period_ms_r = unit->factor;
                return true;
            }
    node_problem(n, rate_hint, "\"%.*s\" is not a rate", SHOW(text));
    return false;
}

// "one of: a, b, c"
static void print_choices(const char *const names[], struct bytes_out *out)
{
    out_text(out, "one of: ");
    for (size_t i = 0; names[i] != NULL; i++) {
        out_text(out, i > 0 ? ", " : "");
        out_text(out, names[i]);
    }
    out_char(out, '\0');
}

bool node_choice(struct node n, const char *const names[], size_t *index_r)
{
    struct bytes text;
    if (!node_text(n, &text))
        return false;
    for (size_t i = 0; names[i] != NULL; i++)
        if (bytes_equal(text, bytes_of(names[i]))) {
            *index_r = i;
            return true;
        }
    char             hint[PROBLEM_HINT_MAX] = "";
    struct bytes_out out = {.at = hint, .cap = sizeof hint - 1};
    const char      *nearest = nearest_name(text, names);
    if (nearest != NULL)
        (void)snprintf(hint, sizeof hint, "did you mean \"%s\"?", nearest);
    else
        print_choices(names, &out);
    node_problem(n, hint, "\"%.*s\" is not known here", SHOW(text));
    return false;
}
