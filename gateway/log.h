// SPDX-License-Identifier: Apache-2.0
// log: messages for the operator, one line each on stderr. Not for exchanges; those have the access log.
// Safe from every thread: a line is one write. On a terminal the time is left out.
#pragma once

#define LOG_LINE_MAX 1024 // bytes of one line, without its end; what is longer is cut

__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);   // something does not work
__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...); // something will not
__attribute__((format(printf, 1, 2))) void log_info(const char *format, ...);    // something happened
