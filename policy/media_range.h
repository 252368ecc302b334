// SPDX-License-Identifier: Apache-2.0
// media_range: media types as the operator names them, and the one of a request's body.
#pragma once
#include "parser/media_type.h"
#include "parser/request.h"
#include "policy/document.h"

// "application/json", "multipart/*" or "*/*"; an empty part is a "*".
struct media_range {
    struct bytes type, subtype;
};

// Reads a range from a text of the document, which `n` says the place of.
//   returns  false after telling the document what is wrong with it
bool media_range_read(struct node n, struct bytes text, struct media_range *range_r);

// How closely a range names a type: 0 not at all, 1 "*/*", 2 "type/*", 3 itself. Letters in either case.
unsigned media_range_fits(const struct media_range *range, const struct media_type *type);

#define MEDIA_SAID_MAX 1024u // bytes; the longest honest ones have a boundary, of 70 at most (RFC 2046 5.1.1)

enum media_said {
    MEDIA_NOTHING, // there is no Content-Type
    MEDIA_TYPE,
    MEDIA_UNCLEAR, // there are several, or it is none that all readers read alike, or too long to be one
};

// What a request says its body is.
enum media_said media_said(const struct fields *fields, struct media_type *type_r);
