// SPDX-License-Identifier: Apache-2.0
// base64: bytes as text (RFC 4648), one text for each value: what is not exactly what base64_write writes is
// refused, so that nobody can present one value in two ways.
#pragma once
#include "parser/bytes.h"

enum base64 {
    BASE64_STANDARD, // section 4: + and /, filled up with =
    BASE64_URL       // section 5: - and _, not filled up: fit for cookies and paths
};

// The length of n bytes as text, at most SIZE_MAX / 2 of them.
size_t base64_length(size_t n, enum base64 kind);

// Appends the text of some bytes, all of it or nothing.
void base64_write(struct bytes b, enum base64 kind, struct bytes_out *out);

// Appends the bytes of a text.
//   fails  false, with nothing appended, for what base64_write does not write (other characters, blanks, bits
//          beyond the end, a wrong filling), and when out has no room
MUST_USE bool base64_read(struct bytes text, enum base64 kind, struct bytes_out *out);
