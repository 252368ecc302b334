// SPDX-License-Identifier: Apache-2.0
// faults: every way in which a message can be wrong. One row feeds the enum, the log token, the metric, the
// status and the sentence of the answer. A fault in a response is our upstream's: the client sees 502
// whatever the row says.
#pragma once
#include "parser/bytes.h"

// clang-format off
//     enum                          token                      status rule                 sentence
#define FAULTS(FAULT) \
    FAULT(FAULT_SYNTAX,              "syntax",                  400, "RFC 9112 2",         "the message head is not valid HTTP/1.1") \
    FAULT(FAULT_VERSION,             "version",                 505, "RFC 9112 2.3",       "only HTTP/1.0 and HTTP/1.1 are spoken here") \
    FAULT(FAULT_METHOD_UNKNOWN,      "method_unknown",          501, "RFC 9110 9.1",       "the request method is not known") \
    FAULT(FAULT_METHOD_REFUSED,      "method_refused",          501, "RFC 9110 9.3",       "CONNECT and TRACE are not served") \
    FAULT(FAULT_REQUEST_LINE,        "request_line",            400, "RFC 9112 3",         "the request line must be: method, one space, target, one space, version") \
    FAULT(FAULT_LEADING_BYTES,       "leading_bytes",           400, "RFC 9112 2.2",       "bytes before the request line") \
    FAULT(FAULT_LINE_END,            "line_end",                400, "RFC 9112 2.2",       "a line of the head does not end in CR LF") \
    FAULT(FAULT_FIELD_FOLDED,        "field_folded",            400, "RFC 9112 5.2",       "a field value is folded over several lines") \
    FAULT(FAULT_FIELD_NAME,          "field_name",              400, "RFC 9110 5.1",       "a field name is empty, has a blank, or has a character outside token") \
    FAULT(FAULT_FIELD_VALUE,         "field_value",             400, "RFC 9110 5.5",       "a control character in a field value") \
    FAULT(FAULT_HEAD_TOO_LARGE,      "head_too_large",          431, "limits.head",        "the head is larger than allowed") \
    FAULT(FAULT_FIELD_TOO_LARGE,     "field_too_large",         431, "limits.field",       "one field is larger than allowed") \
    FAULT(FAULT_FIELDS_TOO_MANY,     "fields_too_many",         431, "limits.fields",      "more fields than allowed") \
    FAULT(FAULT_TARGET_TOO_LONG,     "target_too_long",         414, "limits.target",      "the request target is longer than allowed") \
    FAULT(FAULT_HOST_MISSING,        "host_missing",            400, "RFC 9112 3.2",       "an HTTP/1.1 request needs a Host field") \
    FAULT(FAULT_HOST_TWICE,          "host_twice",              400, "RFC 9112 3.2",       "more than one Host field") \
    FAULT(FAULT_HOST_SYNTAX,         "host_syntax",             400, "RFC 9110 7.2",       "the host is not a valid name or address, or its port is not valid") \
    FAULT(FAULT_HOST_DISAGREES,      "host_disagrees",          400, "RFC 9112 3.2.2",     "the absolute target and the Host field name different hosts") \
    FAULT(FAULT_USERINFO,            "userinfo",                400, "RFC 9110 4.2.4",     "user information in the request target") \
    FAULT(FAULT_TE_AND_CL,           "te_and_cl",               400, "RFC 9112 6.1",       "Transfer-Encoding together with Content-Length") \
    FAULT(FAULT_TE_UNSUPPORTED,      "te_unsupported",          501, "RFC 9112 6.1",       "the only transfer coding that is spoken here is exactly: chunked") \
    FAULT(FAULT_TE_TWICE,            "te_twice",                400, "RFC 9112 6.1",       "more than one Transfer-Encoding field") \
    FAULT(FAULT_TE_IN_1_0,           "te_in_1_0",               400, "RFC 9112 6.1",       "Transfer-Encoding in an HTTP/1.0 message") \
    FAULT(FAULT_CL_SYNTAX,           "cl_syntax",               400, "RFC 9110 8.6",       "Content-Length is not one plain decimal number") \
    FAULT(FAULT_CL_TWICE,            "cl_twice",                400, "RFC 9110 8.6",       "more than one Content-Length field") \
    FAULT(FAULT_FRAMING_DISAGREES,   "framing_disagrees",       400, "RFC 9112 6.3",       "two readers disagree about the length of this message") \
    FAULT(FAULT_CHUNK_SIZE,          "chunk_size",              400, "RFC 9112 7.1",       "a chunk size is not a hexadecimal number that fits in 63 bits") \
    FAULT(FAULT_CHUNK_EXTENSION,     "chunk_extension",         400, "RFC 9112 7.1.1",     "a chunk extension is malformed or longer than allowed") \
    FAULT(FAULT_CHUNK_END,           "chunk_end",               400, "RFC 9112 7.1",       "chunk data is not followed by CR LF") \
    FAULT(FAULT_TRAILER,             "trailer",                 400, "RFC 9110 6.5.1",     "a trailer field that would change framing, routing or authentication") \
    FAULT(FAULT_TRAILERS_TOO_LARGE,  "trailers_too_large",      431, "limits.trailer",     "the trailer fields are larger than allowed") \
    FAULT(FAULT_TRUNCATED,           "truncated",               400, "RFC 9112 8",         "the connection ended in the middle of the message") \
    FAULT(FAULT_EXPECTATION,         "expectation",             417, "RFC 9110 10.1.1",     "the only expectation that is met here is 100-continue") \
    FAULT(FAULT_WEBSOCKET,           "websocket",               400, "RFC 6455 4",          "the opening handshake of WebSocket is not valid") \
    FAULT(FAULT_TARGET_FORM,         "target_form",             400, "RFC 9112 3.2",       "the form of the request target does not fit the method") \
    FAULT(FAULT_TARGET_SCHEME,       "target_scheme",           400, "RFC 9112 3.2.2",     "an absolute target must be http or https") \
    FAULT(FAULT_TARGET_CHARACTER,    "target_character",        400, "RFC 3986 2",         "a character in the target that must be percent-encoded") \
    FAULT(FAULT_TARGET_FRAGMENT,     "target_fragment",         400, "RFC 9112 3.2",       "a fragment in the request target") \
    FAULT(FAULT_TARGET_PERCENT,      "target_percent",          400, "RFC 3986 2.1",       "a percent sign without two hexadecimal digits") \
    FAULT(FAULT_TARGET_NUL,          "target_nul",              400, "RFC 3986 7.3",       "an encoded NUL or control character in the path") \
    FAULT(FAULT_TARGET_BACKSLASH,    "target_backslash",        400, "RFC 3986 7.3",       "a backslash in the path, plain or encoded") \
    FAULT(FAULT_TARGET_UTF8,         "target_utf8",             400, "RFC 3629 3",         "the path does not decode to valid UTF-8") \
    FAULT(FAULT_TARGET_DOUBLE,       "target_double_encoding",  400, "RFC 3986 2.4",       "a dot, slash or backslash encoded more than once in the path") \
    FAULT(FAULT_TARGET_DOT_PARAMETER,"target_dot_parameter",    400, "RFC 3986 3.3",       "a dot segment with a path parameter") \
    FAULT(FAULT_TARGET_ABOVE_ROOT,   "target_above_root",       400, "RFC 3986 5.2.4",     "the path climbs above the root") \
    FAULT(FAULT_TARGET_TWO_READINGS, "target_two_readings",     400, "RFC 3986 6",         "the path means different things to different readers") \
    FAULT(FAULT_STATUS_LINE,         "status_line",             502, "RFC 9112 4",         "the status line is not valid") \
    FAULT(FAULT_NO_MEMORY,           "no_memory",               503, "limits",             "the memory of this exchange is used up")
// clang-format on

enum fault {
    FAULT_NONE,
#define FAULT_ENUM(name, token, status, rule, says) name,
    FAULTS(FAULT_ENUM)
#undef FAULT_ENUM
        FAULT_COUNT
};

// All four are static text; FAULT_NONE gives "none", 200, "", "".
const char *fault_token(enum fault f);
unsigned    fault_status(enum fault f);
const char *fault_rule(enum fault f);
const char *fault_says(enum fault f);

// Leave this function with the first thing that is wrong.
#define TRY(expression)                                                                                      \
    do {                                                                                                     \
        enum fault try_fault = (expression);                                                                 \
        if (try_fault != FAULT_NONE)                                                                         \
            return try_fault;                                                                                \
    } while (0)
