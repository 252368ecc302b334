// SPDX-License-Identifier: Apache-2.0
// request: the parsed, checked, frozen head of a request. Everything after head_request reads these values;
// nothing ever looks at the raw head again.
#pragma once
#include "parser/limits.h"
#include "parser/target.h"

// clang-format off
//     enum             text        safe   idempotent (RFC 9110 9.2)
#define METHODS(METHOD) \
    METHOD(METHOD_GET,      "GET",      true,  true)  \
    METHOD(METHOD_HEAD,     "HEAD",     true,  true)  \
    METHOD(METHOD_POST,     "POST",     false, false) \
    METHOD(METHOD_PUT,      "PUT",      false, true)  \
    METHOD(METHOD_DELETE,   "DELETE",   false, true)  \
    METHOD(METHOD_OPTIONS,  "OPTIONS",  true,  true)  \
    METHOD(METHOD_PATCH,    "PATCH",    false, false) \
    METHOD(METHOD_PROPFIND, "PROPFIND", true,  true)  \
    METHOD(METHOD_PROPPATCH,"PROPPATCH",false, true)  \
    METHOD(METHOD_MKCOL,    "MKCOL",    false, true)  \
    METHOD(METHOD_COPY,     "COPY",     false, true)  \
    METHOD(METHOD_MOVE,     "MOVE",     false, true)  \
    METHOD(METHOD_LOCK,     "LOCK",     false, false) \
    METHOD(METHOD_UNLOCK,   "UNLOCK",   false, true)  \
    METHOD(METHOD_REPORT,   "REPORT",   true,  true)  \
    METHOD(METHOD_SEARCH,   "SEARCH",   true,  true)  \
    METHOD(METHOD_CONNECT,  "CONNECT",  false, false) /* read, then refused: FAULT_METHOD_REFUSED */ \
    METHOD(METHOD_TRACE,    "TRACE",    true,  true)  /* the same */
// clang-format on

enum method {
#define METHOD_ENUM(name, text, safe, idempotent) name,
    METHODS(METHOD_ENUM)
#undef METHOD_ENUM
        METHOD_COUNT
};

const char *method_name(enum method m);
bool        method_is_safe(enum method m); // changes nothing (RFC 9110 9.2.1)
bool        method_is_idempotent(enum method m);
// Case-sensitive (RFC 9110 9.1). METHOD_COUNT when unknown.
enum method method_of(struct bytes text);

// clang-format off
// The fields that Portcullis itself knows by name. `kind` says what forwarding does with it:
//   PLAIN     passed on
//   HOP       for this connection only (RFC 9110 7.6.1): never passed on
//   FRAMING   describes this message's framing: written anew by forward and relay
//   ROUTING   says who asked for what: written anew by forward; spelling variants of the name ("_" or "." or a
//             different punctuation for "-") are dropped, because backends fold them together; so is any other
//             name that begins with "X-Forwarded", or as those that proxies put a client's certificate in do. The URL ones would name another path than the one that is judged,
//             and "Proxy" becomes HTTP_PROXY under CGI
//   GUARDED   passed on, but Connection cannot remove it, and spelling variants are dropped
//     enum                        name                        kind
#define FIELDS(FIELD) \
    FIELD(FIELD_HOST,              "host",                     ROUTING) \
    FIELD(FIELD_CONTENT_LENGTH,    "content-length",           FRAMING) \
    FIELD(FIELD_TRANSFER_ENCODING, "transfer-encoding",        FRAMING) \
    FIELD(FIELD_CONNECTION,        "connection",               HOP)     \
    FIELD(FIELD_KEEP_ALIVE,        "keep-alive",               HOP)     \
    FIELD(FIELD_PROXY_CONNECTION,  "proxy-connection",         HOP)     \
    FIELD(FIELD_TE,                "te",                       HOP)     \
    FIELD(FIELD_TRAILER,           "trailer",                  HOP)     \
    FIELD(FIELD_UPGRADE,           "upgrade",                  HOP)     \
    FIELD(FIELD_HTTP2_SETTINGS,    "http2-settings",           HOP)     \
    FIELD(FIELD_PROXY_AUTHENTICATE,"proxy-authenticate",       HOP)     \
    FIELD(FIELD_PROXY_AUTHORIZATION,"proxy-authorization",     HOP)     \
    FIELD(FIELD_EXPECT,            "expect",                   HOP)     \
    FIELD(FIELD_X_FORWARDED_FOR,   "x-forwarded-for",          ROUTING) \
    FIELD(FIELD_X_FORWARDED_PROTO, "x-forwarded-proto",        ROUTING) \
    FIELD(FIELD_X_FORWARDED_HOST,  "x-forwarded-host",         ROUTING) \
    FIELD(FIELD_X_FORWARDED_PORT,  "x-forwarded-port",         ROUTING) \
    FIELD(FIELD_X_FORWARDED_SERVER,"x-forwarded-server",       ROUTING) \
    FIELD(FIELD_X_FORWARDED_PREFIX,"x-forwarded-prefix",       ROUTING) \
    FIELD(FIELD_X_REAL_IP,         "x-real-ip",                ROUTING) \
    FIELD(FIELD_X_ORIGINAL_URL,    "x-original-url",           ROUTING) \
    FIELD(FIELD_X_REWRITE_URL,     "x-rewrite-url",            ROUTING) \
    FIELD(FIELD_PROXY,             "proxy",                    ROUTING) \
    FIELD(FIELD_X_ORIGINAL_HOST,   "x-original-host",          ROUTING) \
    FIELD(FIELD_X_HOST,            "x-host",                   ROUTING) \
    FIELD(FIELD_CLIENT_IP,         "client-ip",                ROUTING) \
    FIELD(FIELD_X_CLIENT_IP,       "x-client-ip",              ROUTING) \
    FIELD(FIELD_TRUE_CLIENT_IP,    "true-client-ip",           ROUTING) \
    FIELD(FIELD_X_CLUSTER_CLIENT_IP,"x-cluster-client-ip",      ROUTING) \
    FIELD(FIELD_FORWARDED,         "forwarded",                ROUTING) \
    FIELD(FIELD_X_REQUEST_ID,      "x-request-id",             ROUTING) \
    FIELD(FIELD_VIA,               "via",                      ROUTING) \
    FIELD(FIELD_AUTHORIZATION,     "authorization",            GUARDED) \
    FIELD(FIELD_COOKIE,            "cookie",                   GUARDED) \
    FIELD(FIELD_CONTENT_TYPE,      "content-type",             GUARDED) \
    FIELD(FIELD_CONTENT_ENCODING,  "content-encoding",         GUARDED) \
    FIELD(FIELD_WEBSOCKET_KEY,     "sec-websocket-key",        GUARDED) \
    FIELD(FIELD_WEBSOCKET_VERSION, "sec-websocket-version",    GUARDED) \
    FIELD(FIELD_WEBSOCKET_ACCEPT,  "sec-websocket-accept",     GUARDED) \
    FIELD(FIELD_SET_COOKIE,        "set-cookie",               GUARDED) \
    FIELD(FIELD_LOCATION,          "location",                 GUARDED) \
    FIELD(FIELD_DATE,              "date",                     GUARDED) \
    FIELD(FIELD_SERVER,            "server",                   PLAIN)   \
    FIELD(FIELD_ACCEPT,            "accept",                   PLAIN)   \
    FIELD(FIELD_USER_AGENT,        "user-agent",               PLAIN)   \
    FIELD(FIELD_REFERER,           "referer",                  PLAIN)
// clang-format on

enum field_id {
    FIELD_OTHER,
#define FIELD_ENUM(id, name, kind) id,
    FIELDS(FIELD_ENUM)
#undef FIELD_ENUM
        FIELD_COUNT
};

enum field_kind {
    FIELD_KIND_PLAIN,
    FIELD_KIND_HOP,
    FIELD_KIND_FRAMING,
    FIELD_KIND_ROUTING,
    FIELD_KIND_GUARDED
};

enum field_id   field_id_of(struct bytes name); // any case; FIELD_OTHER when unknown
enum field_kind field_kind_of(enum field_id id);
const char     *field_name(enum field_id id); // lower case

// May neither a Connection field remove such a field nor a spelling variant of its name pass?
static inline bool field_kind_is_protected(enum field_kind kind)
{
    return kind == FIELD_KIND_FRAMING || kind == FIELD_KIND_ROUTING || kind == FIELD_KIND_GUARDED;
}
// Like field_id_of. variant_r: a backend that reads "_", "." or other punctuation as "-" would take this
// name, which is FIELD_OTHER, for a protected one.
enum field_id field_look_up(struct bytes name, bool *variant_r);

struct field {
    struct bytes  name;  // token, as received
    struct bytes  value; // without surrounding blanks; no control characters but HTAB
    enum field_id id;
    bool          dropped; // never forwarded: hop-by-hop, named by Connection, or a spelling variant
};

struct fields {
    const struct field *at;
    size_t              count;
};

// The first field with that id, or NULL.
const struct field *fields_find(const struct fields *fields, enum field_id id);

enum framing { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_UNTIL_CLOSE /* responses only */ };

struct request {
    enum method   method;
    unsigned      minor; // HTTP/1.minor: 0 or 1
    struct target target;
    struct host   host; // of the absolute target or the Host field; name empty when HTTP/1.0 sent none
    struct fields fields;
    enum framing  framing;
    uint64_t      content_length; // FRAMING_LENGTH only
    bool          keep_alive;     // the client would like to use the connection again
    bool          expect_continue;
    bool          upgrade;   // asks for another protocol; the Upgrade field says which
    bool          websocket; // asks for WebSocket, with all that its handshake needs
};
