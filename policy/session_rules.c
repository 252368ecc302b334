// SPDX-License-Identifier: Apache-2.0
// session_rules: settings → rules.
#include "policy/session_rules.h"
#include "parser/cursor.h"
#include "parser/date.h"

#define SECOND_MS UINT64_C(1000)
#define DAY_MS (UINT64_C(24) * 3600 * SECOND_MS)

static char folded(char c)
{
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return plain ? c : '_';
}

bool session_is_named(struct bytes name, struct bytes cookie)
{
    if (name.len != cookie.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (folded(name.at[i]) != folded(cookie.at[i]))
            return false;
    return true;
}

size_t session_name_find(const struct session_names *names, struct bytes name)
{
    size_t i = 0;
    while (i < names->count && !session_is_named(name, names->at[i]))
        i++;
    return i;
}

static bool check_name(struct node n, struct bytes name)
{
    bool good = name.len > 0 && name.len <= SESSION_NAME_MAX;
    for (size_t i = 0; i < name.len; i++)
        good = good && is_token_char(name.at[i]);
    if (!good)
        node_problem(n, "\"JSESSIONID\"", "this is no name of a cookie");
    if (good && (bytes_starts_with(name, BYTES("__Host-")) || bytes_starts_with(name, BYTES("__Secure-")))) {
        node_problem(n, NULL,
                     "browsers guard names that begin so, and the gateway's own cookie takes one: "
                     "the app must use another");
        good = false;
    }
    return good;
}

static bool load_names(struct node list, struct session_names *names)
{
    bool good = node_expect_array(list);
    if (good && node_length(list) > SESSION_NAMES_MAX) {
        node_problem(list, NULL, "more than %u cookies", SESSION_NAMES_MAX);
        return false;
    }
    for (size_t i = 0; good && i < node_length(list); i++) {
        struct node  n = node_at(list, i);
        struct bytes name;
        good = node_text(n, &name) && check_name(n, name);
        if (good && session_name_find(names, name) < names->count) {
            node_problem(n, NULL, "some backend takes this name for another one in the list");
            good = false;
        }
        if (good)
            names->at[names->count++] = name;
    }
    return good;
}

static bool load_cookies(struct node settings, struct session_rules *r)
{
    struct node list;
    if (node_find(settings, "cookies", &list) && !load_names(list, &r->cookies))
        return false;
    if (r->cookies.count == 0)
        node_problem(settings, "\"cookies\": [\"JSESSIONID\"]",
                     "the names of the app's session cookies are missing");
    return r->cookies.count > 0 && (!node_find(settings, "expose", &list) || load_names(list, &r->expose));
}

static bool load_seconds(struct node settings, const char *key, uint64_t min_ms, uint64_t max_ms,
                         uint32_t *seconds_r)
{
    struct node n;
    uint64_t    ms;
    if (!node_find(settings, key, &n))
        return true;
    if (!node_duration(n, min_ms, max_ms, &ms))
        return false;
    *seconds_r = (uint32_t)(ms / 1000);
    return true;
}

// "2026-12-31": until the end of that day, UTC.
static bool load_date(struct node n, int64_t *until_r)
{
    struct bytes  text;
    uint64_t      year, month, day;
    struct cursor c;
    if (!node_text(n, &text))
        return false;
    c = cursor_over(text);
    if (text.len == 10 && cursor_decimal(&c, 9999, &year) && cursor_char(&c, '-') &&
        cursor_decimal(&c, 12, &month) && cursor_char(&c, '-') && cursor_decimal(&c, 31, &day) &&
        cursor_done(&c) && year >= 1970 && month > 0 && day > 0) {
        *until_r = date_unix((int64_t)year, (unsigned)month, (unsigned)day) + 86400;
        return true;
    }
    node_problem(n, "\"2026-12-31\"", "this is no date");
    return false;
}

static bool load_times(struct node settings, struct session_rules *r)
{
    struct node n;
    bool        good = load_seconds(settings, "idle", SECOND_MS, 30 * DAY_MS, &r->idle_s);
    good = load_seconds(settings, "absolute", SECOND_MS, 90 * DAY_MS, &r->absolute_s) && good;
    good = load_seconds(settings, "rotate", SECOND_MS, DAY_MS, &r->rotate_s) && good;
    if (node_find(settings, "accept_raw_until", &n))
        good = load_date(n, &r->accept_raw_until_s) && good;
    if (good && r->idle_s > r->absolute_s) {
        node_problem(settings, NULL, "\"idle\" is longer than \"absolute\"");
        good = false;
    }
    return good;
}

static bool load_choices(struct node settings, struct session_rules *r)
{
    static const char *const sites[] = {"lax", "strict", "none", NULL};
    static const char *const storages[] = {"sealed", NULL};
    static const char *const losses[] = {"available", "safe", NULL};
    struct node              n;
    size_t                   site = 0, loss = 0, storage = 0;
    bool                     good = !node_find(settings, "same_site", &n) || node_choice(n, sites, &site);
    good = (!node_find(settings, "storage", &n) || node_choice(n, storages, &storage)) && good;
    good = (!node_find(settings, "on_lost", &n) || node_choice(n, losses, &loss)) && good;
    r->same_site = (enum same_site)site;
    r->safe = loss == 1;
    return good;
}

const struct session_rules *session_rules_load(struct node settings, struct arena *arena)
{
    static const char *const keys[] = {
        "type",     "mode",   "cookies",   "expose",           "login",   "logout",  "idle",
        "absolute", "rotate", "same_site", "accept_raw_until", "on_lost", "storage", NULL};
    struct session_rules *r = arena_zalloc(arena, sizeof *r);
    struct node           login, logout;
    if (r == NULL)
        return NULL;
    r->idle_s = 30 * 60;
    r->absolute_s = 12 * 60 * 60;
    r->rotate_s = 15 * 60;
    node_keys(settings, keys);
    bool good = load_cookies(settings, r);
    good = load_times(settings, r) && good;
    good = load_choices(settings, r) && good;
    r->has_login = node_find(settings, "login", &login);
    r->has_logout = node_find(settings, "logout", &logout);
    good = (!r->has_login || login_load(login, arena, &r->login)) && good;
    good = (!r->has_logout || login_load(logout, arena, &r->logout)) && good;
    if (good && !r->has_login) {
        node_problem(settings,
                     "\"login\": { \"path\": \"/login\", \"method\": [\"POST\"], \"when\": { \"status\": "
                     "[\"302\"] } }",
                     "without \"login\" a planted session would survive the login of its victim");
        good = false;
    }
    return good ? r : NULL;
}
