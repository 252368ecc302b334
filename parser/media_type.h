// SPDX-License-Identifier: Apache-2.0
// media_type: the value of a Content-Type field (RFC 9110 8.3.1).
#pragma once
#include "parser/bytes.h"

struct media_type {
    struct bytes type, subtype; // any case
    struct bytes parameters;    // what stands behind, for media_parameter_next
};

struct media_parameter {
    struct bytes name;  // any case
    struct bytes value; // without its quotes; a backslash in it stays
};

// media-type = type "/" subtype *( OWS ";" OWS [ token "=" ( token / quoted-string ) ] )
//   borrows  the text
//   fails    false for anything else, a list with "," among it
MUST_USE bool media_type_read(struct bytes text, struct media_type *type_r);

// Takes the next parameter off `rest`, which begins as the parameters of a media type that was read.
//   returns  false when there are no more
MUST_USE bool media_parameter_next(struct bytes *rest, struct media_parameter *parameter_r);
