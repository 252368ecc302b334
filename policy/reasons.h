// SPDX-License-Identifier: Apache-2.0
// reasons: everything a policy can say no with. One row feeds the enum, the log token, the metric, the status
// and the sentence that the client reads.
#pragma once
#include "parser/bytes.h"

// clang-format off
//     enum                      token                 status detail goes to  sentence
#define REASONS(REASON) \
    REASON(REASON_NO_ROUTE,      "no_route",           404, NULL,    "nothing is served under this address") \
    REASON(REASON_MISDIRECTED,   "misdirected",        421, NULL,    "this host is served under another certificate: open a connection of its own for it") \
    REASON(REASON_TWO_ROUTES,    "two_routes",         400, NULL,    "this path can be read in two ways that fall under different rules") \
    REASON(REASON_BANNED,        "banned",             403, NULL,    "this address is banned for a while, because of what has come from it") \
    REASON(REASON_TARPIT,        "tarpit",             403, NULL,    "too much of what has come from this address was refused") \
    REASON(REASON_SLOWED,        "slowed",             403, NULL,    "requests of this address are held back, because of what has come from it") \
    REASON(REASON_ADDRESS,       "address_denied",     403, NULL,    "this address may not come here") \
    REASON(REASON_HOST,          "host_not_allowed",   421, NULL,    "this host is not served here") \
    REASON(REASON_METHOD,        "method_not_allowed", 405, "Allow", "this method is not allowed here") \
    REASON(REASON_TARGET_SIZE,   "target_too_long",    414, NULL,    "the address is longer than allowed here") \
    REASON(REASON_FIELD_COUNT,   "fields_too_many",    431, NULL,    "the request has more header fields than allowed here") \
    REASON(REASON_FIELD_SIZE,    "field_too_large",    431, NULL,    "a header field is larger than allowed here") \
    REASON(REASON_COOKIES,       "cookies_too_many",   431, NULL,    "the request has more cookies than allowed here") \
    REASON(REASON_COOKIE_BYTES,  "cookies_too_large",  431, NULL,    "the cookies of the request are larger than allowed here") \
    REASON(REASON_PARAMETERS,    "parameters_too_many", 400, NULL,   "the query has more parameters than allowed here") \
    REASON(REASON_PARAMETER_NAME, "parameter_name_too_long", 414, NULL, "the name of a query parameter is longer than allowed here") \
    REASON(REASON_PARAMETER_VALUE, "parameter_too_long", 414, NULL,  "the value of a query parameter is longer than allowed here") \
    REASON(REASON_BODY_SIZE,     "body_too_large",     413, NULL,    "the request body is larger than allowed here") \
    REASON(REASON_ENCODED_SLASH, "encoded_slash",      400, NULL,    "the path has an encoded slash, which is not allowed here") \
    REASON(REASON_PATH_DEPTH,    "path_too_deep",      400, NULL,    "the path has more segments than allowed here") \
    REASON(REASON_PATH_DENIED,   "path_denied",        403, NULL,    "this path is not open to the outside") \
    REASON(REASON_PATH_PARAMETERS, "path_parameters",  400, NULL,    "the path has parameters, which are not allowed here") \
    REASON(REASON_PATH_MISREAD,  "path_misread",       400, NULL,    "the server behind this gateway would read this path in another way") \
    REASON(REASON_QUERY_CLIMBS,  "query_climbs",       400, NULL,    "a query parameter holds a path that climbs up") \
    REASON(REASON_TYPE_MISSING,  "content_type_missing", 415, NULL,  "the request has a body, but does not say of which type") \
    REASON(REASON_TYPE_UNCLEAR,  "content_type_unclear", 415, NULL,  "the request does not say in one clear way of which type its body is") \
    REASON(REASON_TYPE,          "content_type_not_allowed", 415, NULL, "bodies of this type are not taken here") \
    REASON(REASON_CHARSET,       "charset_not_allowed", 415, NULL,   "bodies in this charset are not taken here") \
    REASON(REASON_CROSS_SITE,    "cross_site",         403, NULL,    "this request was made by a page of another site") \
    REASON(REASON_NO_ORIGIN,     "origin_missing",     403, NULL,    "this request does not say which page made it") \
    REASON(REASON_SESSION_TWICE, "session_twice",      400, NULL,    "the request has two session cookies of one name") \
    REASON(REASON_SESSION_IN_URL, "session_in_url",    307, "Location", "session ids are not taken from addresses: the same address without one is this") \
    REASON(REASON_SESSION_IN_PATH, "session_in_path",  400, NULL,    "the path hides a session id") \
    REASON(REASON_SESSION_IN_FORM, "session_in_form",  400, NULL,    "session ids are not taken from forms") \
    REASON(REASON_NO_ROOM,       "no_room",            503, NULL,    "the gateway has no room for this request now") \
    REASON(REASON_RATE,          "rate_limited",       429, NULL,    "too many requests: come back a little later") \
    REASON(REASON_FLIGHTS,       "too_many_at_once",   503, NULL,    "too many requests at the same time: come back a little later") \
    REASON(REASON_CROWDED,       "crowded",            503, NULL,    "there are more visitors than this gateway can count: come back a little later")
// clang-format on

enum reason {
    REASON_NONE,
#define REASON_ENUM(name, token, status, field, says) name,
    REASONS(REASON_ENUM)
#undef REASON_ENUM
        REASON_COUNT
};

// Static text; REASON_NONE gives "none", 200, NULL, "".
const char *reason_token(enum reason r);
unsigned    reason_status(enum reason r);
const char *reason_field(enum reason r); // the answer field that carries the verdict's detail, or NULL
const char *reason_says(enum reason r);
