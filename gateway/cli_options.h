// SPDX-License-Identifier: Apache-2.0
// cli_options: the words behind a command, sorted into options and operands.
#pragma once
#include "parser/bytes.h"

#define CLI_WORDS_MAX 64u

// Borrowed from argv.
struct cli_words {
    const char *at[CLI_WORDS_MAX];
    size_t      count;
};

// One option. Where it goes says what it is; one of the three is set.
struct cli_option {
    const char       *name;   // "--listen"
    const char       *letter; // "-c", or NULL
    const char      **text;   // has a value, once
    struct cli_words *words;  // has a value, any number of times
    bool             *flag;   // has no value
};
#define CLI_OPTIONS_MAX 8u

// Reads "--name value", "--name=value", "-l value"; "--" ends the options.
//   `args`     NULL-terminated; `options` end with a NULL name
//   `wanted`   how the operands are called, for messages; NULL: there must be none
//   fails      false after telling stderr
MUST_USE bool cli_options_read(char *const args[], const struct cli_option options[], const char *wanted,
                               struct cli_words *operands_r);

// Says on stderr what is wrong with a command line.
__attribute__((format(printf, 1, 2))) void cli_complain(const char *format, ...);
