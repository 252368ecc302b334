// SPDX-License-Identifier: Apache-2.0
// cli: the command line. Everything but serving happens here; `run` hands the loaded configuration to
// `serve`.
#pragma once
#include "gateway/config.h"

enum cli_exit { CLI_FINE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

// Serves until it is told to stop.
//   borrows  config, loaded and resolved
//   returns  the exit code
typedef int cli_serve(const struct config *config);

int cli_main(int argc, char **argv, cli_serve *serve);
