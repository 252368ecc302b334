// SPDX-License-Identifier: Apache-2.0
// headers: fields that browsers protect users by are added where the app sends none of its own, fields that
// tell attackers what runs are taken away, and what the operator wants is set, added or removed, both ways.
//
// Everything is prepared at load: a row for each name, and whole lines. A head is walked once; where the app
// sends none of the names, which is the usual case, one copy adds all lines.
#include "parser/cursor.h"
#include "parser/request.h"
#include "policy/policy.h"

#define ROWS_MAX 64u // a bit each
#define VALUE_MAX 4096u
#define AGE_MAX_MS (UINT64_C(730) * 24 * 3600 * 1000)
#define YEAR_MS (UINT64_C(365) * 24 * 3600 * 1000)

enum action {
    REMOVE,  // what the message has of this name goes
    SET,     // the same, and ours comes
    DEFAULT, // ours comes when the message has none
    ADD      // ours comes besides what is there
};

struct row {
    struct bytes name; // as written; behind it a "*" was cut when `starts`
    struct bytes line; // "Name: value\r\n"; empty for REMOVE
    enum action  action;
    bool         starts;   // stands for every name that begins so
    bool         tls_only; // RFC 6797 7.2: never over plain HTTP
    bool         security; // ours: also on our own answers
    bool         replied;  // which write this field themselves
};

// One direction.
struct side {
    struct row  *rows; // ROWS_MAX while loading, then as many as there are
    size_t       count;
    uint64_t     lengths;    // of exact names, a bit each, modulo 64: most fields need no comparison
    bool         any_starts; // some row stands for a beginning
    bool         folds;      // "X_Name" is "X-Name": what CGI and WSGI make of both
    struct bytes lines[2];   // all of them, for plain and for TLS
    struct bytes own_lines[2];
};

struct rules {
    struct side request;
    struct side reply;
};

// What is said by default. No default-src and no form-action: both break apps that were never written for
// them. HSTS only when the policy is named: it binds a host for a year.
static const struct {
    struct bytes name, value;
    bool         replied;
} legacy[] = {
    {BYTES("X-Content-Type-Options"), BYTES("nosniff"), true},
    {BYTES("X-Frame-Options"), BYTES("SAMEORIGIN"), false},
    {BYTES("Referrer-Policy"), BYTES("strict-origin-when-cross-origin"), false},
    {BYTES("Permissions-Policy"),
     BYTES("camera=(), display-capture=(), geolocation=(self), microphone=(), payment=(), usb=()"), false},
};

#define CSP "base-uri 'self'; frame-ancestors 'self'"

static const struct bytes telltale[] = {
    BYTES("Server"),        BYTES("X-Powered-By"),  BYTES("X-AspNet-Version"), BYTES("X-AspNetMvc-Version"),
    BYTES("X-Powered-CMS"), BYTES("X-Generator"),   BYTES("X-Runtime"),        BYTES("X-Version"),
    BYTES("X-SourceFiles"), BYTES("X-OWA-Version"),
};

// ---- names

static char folded(char c, bool folds)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return folds && !letter ? '-' : c;
}

static bool begins_as(struct bytes name, struct bytes start, bool folds)
{
    if (name.len < start.len)
        return false;
    for (size_t i = 0; i < start.len; i++)
        if (folded(name.at[i], folds) != folded(start.at[i], folds))
            return false;
    return true;
}

static bool is_for(const struct row *row, struct bytes name, bool folds)
{
    return (row->starts || row->name.len == name.len) && begins_as(name, row->name, folds);
}

// ---- settings → rows

static bool is_told(const struct side *side, struct bytes name)
{
    for (size_t i = 0; i < side->count; i++)
        if (side->rows[i].action != ADD && is_for(&side->rows[i], name, side->folds))
            return true;
    return false;
}

static struct bytes make_line(struct bytes name, struct bytes value, struct arena *arena)
{
    size_t           room = name.len + value.len + strlen(": \r\n");
    struct bytes_out line = {.at = arena_alloc(arena, room), .cap = room};
    if (line.at == NULL)
        return (struct bytes){0};
    out_bytes(&line, name);
    out_text(&line, ": ");
    out_bytes(&line, value);
    out_text(&line, "\r\n");
    return out_written(&line);
}

static bool put(struct side *side, struct row row, struct bytes value, struct arena *arena)
{
    if (side->count == ROWS_MAX)
        return false;
    if (row.action != REMOVE) {
        row.line = make_line(row.name, value, arena);
        if (row.line.at == NULL)
            return false;
    }
    side->rows[side->count++] = row;
    side->any_starts = side->any_starts || row.starts;
    if (!row.starts)
        side->lengths |= UINT64_C(1) << row.name.len % 64;
    return true;
}

// Framing, connection and origin are written by the gateway; a rule about them would be a hole or a lie.
static bool check_name(struct node n, struct bytes name)
{
    bool            variant;
    enum field_kind kind = field_kind_of(field_look_up(name, &variant));
    bool            token = name.len > 0;
    for (size_t i = 0; i < name.len; i++)
        token = token && is_token_char(name.at[i]);
    if (!token)
        node_problem(n, "letters, digits and \"-\"", "this is no field name");
    else if (variant || kind == FIELD_KIND_HOP || kind == FIELD_KIND_FRAMING || kind == FIELD_KIND_ROUTING)
        node_problem(n, NULL, "the gateway itself writes this field");
    else
        return true;
    return false;
}

static bool read_value(struct node n, struct bytes *value_r)
{
    if (!node_text(n, value_r))
        return false;
    bool good = value_r->len > 0 && value_r->len <= VALUE_MAX && bytes_equal(bytes_trim(*value_r), *value_r);
    for (size_t i = 0; i < value_r->len; i++)
        good = good && value_r->at[i] >= ' ' && value_r->at[i] <= '~';
    if (!good)
        node_problem(
            n, "printable ASCII, at most 4096 bytes, no blanks around it; \"remove\" takes a field away",
            "this is no field value");
    return good;
}

static bool too_many(struct node n)
{
    node_problem(n, NULL, "more than %u rules about fields in one direction", ROWS_MAX);
    return false;
}

// "set" and "add": an object of names and values.
static bool load_values(struct node settings, const char *key, enum action action, struct side *side,
                        struct arena *arena)
{
    struct node  object;
    struct bytes value;
    bool         good = true;
    if (!node_find(settings, key, &object))
        return true;
    if (!node_expect_object(object))
        return false;
    for (size_t i = 0; i < node_length(object); i++) {
        struct node member = node_at(object, i);
        struct row  row = {.name = node_key(member), .action = action};
        if (!check_name(member, row.name) || !read_value(member, &value))
            good = false;
        else if (action == SET && is_told(side, row.name))
            node_problem(member, NULL, "this field is set twice");
        else if (!put(side, row, value, arena))
            return too_many(member);
    }
    return good;
}

// "remove" and "strip": a list of names, a "*" at the end stands for every name that begins so.
static bool load_names(struct node list, struct side *side, struct arena *arena)
{
    bool good = true;
    if (!node_expect_array(list))
        return false;
    for (size_t i = 0; i < node_length(list); i++) {
        struct node  n = node_at(list, i);
        struct bytes name;
        if (!node_text(n, &name)) {
            good = false;
            continue;
        }
        struct row row = {.name = name, .action = REMOVE, .starts = bytes_ends_with(name, BYTES("*"))};
        row.name.len -= row.starts;
        if (!check_name(n, row.name))
            good = false;
        else if (!is_told(side, row.name) && !put(side, row, BYTES(""), arena))
            return too_many(n);
    }
    return good;
}

static bool load_side(struct node settings, const char *key, struct side *side, struct arena *arena)
{
    static const char *const keys[] = {"set", "add", "remove", NULL};
    struct node              object, remove;
    if (!node_find(settings, key, &object))
        return true;
    if (!node_expect_object(object))
        return false;
    node_keys(object, keys);
    bool good = load_values(object, "set", SET, side, arena);
    good = load_values(object, "add", ADD, side, arena) && good;
    return (!node_find(object, "remove", &remove) || load_names(remove, side, arena)) && good;
}

// A row that comes by itself.
static bool put_own(struct node settings, struct rules *r, struct row row, struct bytes value,
                    struct arena *arena)
{
    if (is_told(&r->reply, row.name))
        return true;
    return r->reply.count == ROWS_MAX ? too_many(settings) : put(&r->reply, row, value, arena);
}

static bool put_security(struct node settings, struct rules *r, struct row row, struct bytes value,
                         struct arena *arena)
{
    row.security = true;
    return put_own(settings, r, row, value, arena);
}

static bool load_hsts(struct node settings, enum action action, struct rules *r, struct arena *arena)
{
    static const struct bytes name = BYTES("Strict-Transport-Security");
    char                      text[64];
    struct bytes_out          value = {.at = text, .cap = sizeof text};
    struct node               n;
    uint64_t                  age_ms = YEAR_MS;
    bool                      everywhere = false;
    if (node_find(settings, "hsts", &n) && !node_duration(n, 0, AGE_MAX_MS, &age_ms))
        return false;
    if (node_find(settings, "hsts_subdomains", &n) && !node_bool(n, &everywhere))
        return false;
    out_text(&value, "max-age=");
    out_uint(&value, age_ms / 1000);
    out_text(&value, everywhere ? "; includeSubDomains" : "");
    return settings.item == NULL ||
           put_security(settings, r, (struct row){.name = name, .action = action, .tls_only = true},
                        out_written(&value), arena);
}

static bool load_csp(struct node settings, enum action action, struct rules *r, struct arena *arena)
{
    struct bytes csp = BYTES(CSP), trial = BYTES("");
    struct node  n;
    if (node_find(settings, "csp", &n) && !read_value(n, &csp))
        return false;
    if (node_find(settings, "csp_report_only", &n) &&
        (!read_value(n, &trial) ||
         !put_security(settings, r,
                       (struct row){.name = BYTES("Content-Security-Policy-Report-Only"), .action = action},
                       trial, arena)))
        return false;
    return put_security(
        settings, r,
        (struct row){.name = BYTES("Content-Security-Policy"), .action = action, .replied = true}, csp,
        arena);
}

static bool load_security(struct node settings, struct rules *r, struct arena *arena)
{
    static const char *const sets[] = {"legacy", "none", NULL};
    struct node              n;
    size_t                   set = 0;
    bool                     override = false;
    if (node_find(settings, "security", &n) && !node_choice(n, sets, &set))
        return false;
    if (node_find(settings, "override", &n) && !node_bool(n, &override))
        return false;
    enum action action = override ? SET : DEFAULT;
    if (set == 1)
        return true;
    bool good = load_hsts(settings, action, r, arena);
    good = load_csp(settings, action, r, arena) && good;
    for (size_t i = 0; i < sizeof legacy / sizeof *legacy; i++)
        good =
            good &&
            put_security(settings, r,
                         (struct row){.name = legacy[i].name, .action = action, .replied = legacy[i].replied},
                         legacy[i].value, arena);
    return good;
}

static bool load_strip(struct node settings, struct rules *r, struct arena *arena)
{
    struct node list;
    if (node_find(settings, "strip", &list))
        return load_names(list, &r->reply, arena);
    for (size_t i = 0; i < sizeof telltale / sizeof *telltale; i++)
        if (!put_own(settings, r, (struct row){.name = telltale[i], .action = REMOVE}, BYTES(""), arena))
            return false;
    return true;
}

// Is the row's line part of a head of which nothing is known but this?
static bool is_said(const struct row *row, bool tls, bool own)
{
    return row->line.len > 0 && (tls || !row->tls_only) && (!own || (row->security && !row->replied));
}

static bool join_lines(struct side *side, bool tls, bool own, struct bytes *joined_r, struct arena *arena)
{
    size_t room = 0;
    for (size_t i = 0; i < side->count; i++)
        room += side->rows[i].line.len;
    struct bytes_out out = {.at = arena_alloc(arena, room), .cap = room};
    for (size_t i = 0; out.at != NULL && i < side->count; i++)
        if (is_said(&side->rows[i], tls, own))
            out_bytes(&out, side->rows[i].line);
    *joined_r = out_written(&out);
    return out.at != NULL;
}

// Everything is told: keeps the rows, and joins the lines.
static bool settle(struct side *side, struct arena *arena)
{
    struct row *rows = arena_alloc(arena, side->count * sizeof *rows);
    bool        good = rows != NULL;
    if (good && side->count > 0)
        memcpy(rows, side->rows, side->count * sizeof *rows);
    side->rows = rows;
    for (int tls = 0; tls < 2; tls++) {
        good = good && join_lines(side, tls == 1, false, &side->lines[tls], arena);
        good = good && join_lines(side, tls == 1, true, &side->own_lines[tls], arena);
    }
    return good;
}

static const void *load(struct node settings, const struct policy_scope *scope)
{
    static const char *const keys[] = {
        "type",  "mode",    "security", "override", "hsts", "hsts_subdomains", "csp", "csp_report_only",
        "strip", "request", "response", NULL};
    struct rules *r = arena_zalloc(scope->arena, sizeof *r);
    struct row    request[ROWS_MAX], reply[ROWS_MAX];
    if (r == NULL)
        return NULL;
    r->request = (struct side){.rows = request, .folds = true};
    r->reply.rows = reply;
    node_keys(settings, keys);
    bool good = load_side(settings, "request", &r->request, scope->arena);
    good = load_side(settings, "response", &r->reply, scope->arena) && good;
    good = load_security(settings, r, scope->arena) && good;
    good = load_strip(settings, r, scope->arena) && good;
    return good && settle(&r->request, scope->arena) && settle(&r->reply, scope->arena) ? r : NULL;
}

// ---- heads

// Drops what is to go.
//   returns  one bit for each DEFAULT row that the message needs no more
static uint64_t walk(const struct side *side, const struct fields *fields, struct edits *edits)
{
    uint64_t had = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *f = &fields->at[i];
        if (f->dropped || (!side->any_starts && (side->lengths >> f->name.len % 64 & 1) == 0))
            continue;
        for (size_t k = 0; k < side->count; k++) {
            const struct row *row = &side->rows[k];
            if (row->action == ADD || !is_for(row, f->name, side->folds))
                continue;
            if (row->action == DEFAULT)
                had |= UINT64_C(1) << k;
            else
                edits_drop(edits, i);
        }
    }
    return had;
}

static void edit(const struct side *side, const struct fields *fields, bool tls, struct edits *edits)
{
    uint64_t had = walk(side, fields, edits);
    if (had == 0)
        edits_add_lines(edits, side->lines[tls]);
    for (size_t k = 0; had != 0 && k < side->count; k++)
        if ((had >> k & 1) == 0 && is_said(&side->rows[k], tls, false))
            edits_add_lines(edits, side->rows[k].line);
}

static void on_request(const void *rules, const struct subject *s, void *held, struct edits *edits)
{
    const struct rules *r = rules;
    (void)held;
    if (r->request.count > 0)
        edit(&r->request, &s->request->fields, s->tls != NULL, edits);
}

static void on_reply(const void *rules, const struct subject *s, const struct answer *a, void *held,
                     struct edits *edits)
{
    const struct rules *r = rules;
    bool                tls = s->tls != NULL;
    (void)held;
    if (a->own)
        edits_add_lines(edits, r->reply.own_lines[tls]);
    else
        edit(&r->reply, a->fields, tls, edits);
}

const struct policy policy_headers = {
    .name = "headers", .load = load, .on_request = on_request, .on_reply = on_reply};
