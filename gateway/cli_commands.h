// SPDX-License-Identifier: Apache-2.0
// cli_commands: what the files of the command line share. Nobody else includes it.
#pragma once
#include "gateway/cli.h"
#include "gateway/cli_options.h"

// A command: the words behind its name, NULL-terminated. Returns the exit code.
typedef int cli_command(char *const args[], cli_serve *serve);

cli_command cli_run;
cli_command cli_check;
cli_command cli_explain;
cli_command cli_ban;

// Reads and loads a file; with NULL the first of the usual places that exists.
//   returns  a configuration without problems
//   fails    NULL after telling stderr; exit_r is then the exit code
MUST_USE struct config *cli_load(const char *file, int *exit_r);
// The same for a text; `file` names it in problems.
MUST_USE struct config *cli_load_text(struct bytes text, const char *file, int *exit_r);
void                    cli_print_problems(const struct config *c);

// Writes to stdout at once. CLI_FAILED when that does not work.
MUST_USE int cli_print(struct bytes text);
