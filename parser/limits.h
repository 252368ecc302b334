// SPDX-License-Identifier: Apache-2.0
// limits: every bound that reading a message obeys, with its default and why.
#pragma once
#include <stdint.h>

struct limits {
    uint32_t head_bytes;   // the whole head, request line to empty line (431, or 414 while no line has ended)
    uint32_t target_bytes; // the request target alone (414)
    uint32_t fields;       // number of field lines (431)
    uint32_t field_bytes;  // one field line: name, colon, value (431)
    uint32_t chunk_line_bytes; // one chunk-size line with its extensions (400)
    uint32_t trailer_bytes;    // all trailer fields together (431)
};

#define LIMITS_HEAD_BYTES (16u * 1024u)  // browsers stay below 8 KiB, large cookie jars below 12
#define LIMITS_TARGET_BYTES (8u * 1024u) // RFC 9112 3: "at minimum, request-line lengths of 8000 octets"
#define LIMITS_FIELDS 100u               // browsers send 15 to 25
#define LIMITS_FIELD_BYTES (8u * 1024u)
#define LIMITS_CHUNK_LINE_BYTES 256u // 16 hex digits, and extensions that nobody uses
#define LIMITS_TRAILER_BYTES (4u * 1024u)
#define LIMITS_HEAD_BYTES_MAX (1024u * 1024u) // ceiling of what a configuration may ask for
#define LIMITS_FIELDS_MAX 1000u
#define LIMITS_CONNECTION_OPTIONS 32u // names in Connection: each is looked for among all fields (431)

#define LIMITS_DEFAULT                                                                                       \
    ((struct limits){.head_bytes = LIMITS_HEAD_BYTES,                                                        \
                     .target_bytes = LIMITS_TARGET_BYTES,                                                    \
                     .fields = LIMITS_FIELDS,                                                                \
                     .field_bytes = LIMITS_FIELD_BYTES,                                                      \
                     .chunk_line_bytes = LIMITS_CHUNK_LINE_BYTES,                                            \
                     .trailer_bytes = LIMITS_TRAILER_BYTES})
