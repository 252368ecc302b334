// SPDX-License-Identifier: Apache-2.0
// request: the method and field tables, to look up by name.
#include "parser/request.h"

static const struct {
    struct bytes text;
    bool         safe, idempotent;
} methods[METHOD_COUNT] = {
#define METHOD_ROW(name, text, safe, idempotent) [name] = {{text, sizeof text - 1}, safe, idempotent},
    METHODS(METHOD_ROW)
#undef METHOD_ROW
};

const char *method_name(enum method m)
{
    ASSERT(m < METHOD_COUNT);
    return methods[m].text.at;
}

bool method_is_safe(enum method m)
{
    ASSERT(m < METHOD_COUNT);
    return methods[m].safe;
}

bool method_is_idempotent(enum method m)
{
    ASSERT(m < METHOD_COUNT);
    return methods[m].idempotent;
}

enum method method_of(struct bytes text)
{
    enum method m = 0;
    while (m < METHOD_COUNT && !bytes_equal(methods[m].text, text))
        m++;
    return m;
}

static const struct {
    const char     *name;
    enum field_kind kind;
} fields[FIELD_COUNT] = {[FIELD_OTHER] = {"", FIELD_KIND_PLAIN},
#define FIELD_ROW(id, name, kind) [id] = {name, FIELD_KIND_##kind},
                         FIELDS(FIELD_ROW)
#undef FIELD_ROW
};

// The ids of all names of one length, most frequent first, ended by FIELD_OTHER. A test holds it to FIELDS.
static const uint8_t of_length[][6] = {
    [2] = {FIELD_TE},
    [3] = {FIELD_VIA},
    [4] = {FIELD_HOST, FIELD_DATE},
    [5] = {FIELD_PROXY},
    [6] = {FIELD_ACCEPT, FIELD_COOKIE, FIELD_SERVER, FIELD_EXPECT, FIELD_X_HOST},
    [7] = {FIELD_REFERER, FIELD_UPGRADE, FIELD_TRAILER},
    [8] = {FIELD_LOCATION},
    [9] = {FIELD_X_REAL_IP, FIELD_FORWARDED, FIELD_CLIENT_IP},
    [10] = {FIELD_CONNECTION, FIELD_USER_AGENT, FIELD_SET_COOKIE, FIELD_KEEP_ALIVE},
    [11] = {FIELD_X_CLIENT_IP},
    [12] = {FIELD_CONTENT_TYPE, FIELD_X_REQUEST_ID},
    [13] = {FIELD_AUTHORIZATION, FIELD_X_REWRITE_URL},
    [14] = {FIELD_CONTENT_LENGTH, FIELD_HTTP2_SETTINGS, FIELD_X_ORIGINAL_URL, FIELD_TRUE_CLIENT_IP},
    [15] = {FIELD_X_FORWARDED_FOR, FIELD_X_ORIGINAL_HOST},
    [16] = {FIELD_CONTENT_ENCODING, FIELD_X_FORWARDED_HOST, FIELD_X_FORWARDED_PORT, FIELD_PROXY_CONNECTION},
    [17] = {FIELD_TRANSFER_ENCODING, FIELD_X_FORWARDED_PROTO, FIELD_WEBSOCKET_KEY},
    [18] = {FIELD_X_FORWARDED_SERVER, FIELD_X_FORWARDED_PREFIX, FIELD_PROXY_AUTHENTICATE},
    [19] = {FIELD_PROXY_AUTHORIZATION, FIELD_X_CLUSTER_CLIENT_IP},
    [20] = {FIELD_WEBSOCKET_ACCEPT},
    [21] = {FIELD_WEBSOCKET_VERSION},
};

// A name as CGI and its kin read it: letters in lower case, everything that is neither letter nor digit as
// "-".
// clang-format off
static const char folded[256] = {
    [0 ... '/'] = '-', [':' ... '@'] = '-', ['[' ... '`'] = '-', ['{' ... 255] = '-',
    ['0'] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
    ['A'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
            'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
    ['a'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
            'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
};
// clang-format on

// Are these bytes the same but for the case of letters? `known` are of the table: ASCII in lower case, where
// only letters have bit 0x40. Case is bit 0x20.
static bool are_same(uint64_t name, uint64_t known)
{
    return ((name ^ known) & ~((known & UINT64_C(0x4040404040404040)) >> 1)) == 0;
}

// Most names are sent exactly as they are known. Both ends of a word may overlap.
static bool is_known(struct bytes name, const char *known)
{
    if (name.len < 4)
        return false;
    size_t last = name.len - (name.len < 8 ? 4 : 8);
    if (name.len < 8)
        return are_same(bytes_load4(name.at), bytes_load4(known)) &&
               are_same(bytes_load4(name.at + last), bytes_load4(known + last));
    for (size_t i = 0; i < last; i += 8)
        if (!are_same(bytes_load8(name.at + i), bytes_load8(known + i)))
            return false;
    return are_same(bytes_load8(name.at + last), bytes_load8(known + last));
}

// Does name fold to `known`, which has its length? *exact_r: with "-" wherever known has it.
static bool folds_to(struct bytes name, const char *known, bool *exact_r)
{
    *exact_r = true;
    if (is_known(name, known))
        return true;
    for (size_t i = 0; i < name.len; i++) {
        if (folded[(unsigned char)name.at[i]] != known[i])
            return false;
        if (known[i] == '-')
            *exact_r &= name.at[i] == '-';
    }
    return true;
}

// Frameworks read many of these families (X-Forwarded-Ssl, X-Client-Cert-Dn, SSL_CLIENT_VERIFY ...): a client
// may say none of them.
static bool is_of_family(struct bytes name)
{
    static const struct bytes families[] = {
        {"x-forwarded", 11}, {"x-client-cert", 13}, {"x-ssl-client", 12}, {"ssl-client", 10}};
    bool exact;
    if (name.len < 10 || (folded[(unsigned char)*name.at] != 'x' && folded[(unsigned char)*name.at] != 's'))
        return false;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (name.len >= families[i].len &&
            folds_to((struct bytes){name.at, families[i].len}, families[i].at, &exact))
            return true;
    return false;
}

enum field_id field_look_up(struct bytes name, bool *variant_r)
{
    static const uint8_t none[] = {FIELD_OTHER};
    bool                 exact = true;
    const uint8_t       *id = name.len < sizeof of_length / sizeof *of_length ? of_length[name.len] : none;
    while (*id != FIELD_OTHER && !folds_to(name, fields[*id].name, &exact))
        id++;
    *variant_r =
        *id == FIELD_OTHER ? is_of_family(name) : !exact && field_kind_is_protected(fields[*id].kind);
    return exact ? *id : FIELD_OTHER;
}

enum field_id field_id_of(struct bytes name)
{
    bool variant;
    return field_look_up(name, &variant);
}

enum field_kind field_kind_of(enum field_id id)
{
    ASSERT(id < FIELD_COUNT);
    return fields[id].kind;
}

const char *field_name(enum field_id id)
{
    ASSERT(id < FIELD_COUNT);
    return fields[id].name;
}

const struct field *fields_find(const struct fields *all, enum field_id id)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->at[i].id == id)
            return &all->at[i];
    return NULL;
}
