// SPDX-License-Identifier: Apache-2.0
// file: a whole file into bounded memory, for what is read once at start: configuration, certificates,
// secrets.
#pragma once
#include "parser/bytes.h"

// Appends the content of a file. Blocking.
//   returns  NULL, with all of the file in out
//   fails    the reason in words (static text), also when out has no room for the whole file
MUST_USE const char *file_read(const char *path, struct bytes_out *out);
