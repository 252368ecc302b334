// SPDX-License-Identifier: Apache-2.0
// log: messages for the operator on stderr.
#include "gateway/log.h"
#include "parser/date.h"
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void put_time(struct bytes_out *line)
{
    struct timespec now;
    if (isatty(STDERR_FILENO) || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return;
    date_rfc3339((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, line);
    out_char(line, ' ');
}

// What peers sent may be part of a message: it must not forge a second line or move the cursor.
static void put_message(struct bytes_out *line, const char *message)
{
    for (const char *at = message; *at != '\0' && line->len < line->cap; at++)
        out_char(line, (unsigned char)*at < ' ' || *at == 0x7f ? ' ' : *at);
}

__attribute__((format(printf, 2, 0))) static void write_line(const char *level, const char *format,
                                                             va_list args)
{
    char message[LOG_LINE_MAX];
    if (vsnprintf(message, sizeof message, format, args) < 0)
        return;

    char             memory[LOG_LINE_MAX + 1]; // one more: the line end has room whatever the message was
    struct bytes_out line = {.at = memory, .cap = LOG_LINE_MAX};
    put_time(&line);
    out_text(&line, level);
    put_message(&line, message);
    memory[line.len++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, memory, line.len); // nowhere left to complain
    (void)ignored;
}

#define WRITE_LINE(level)                                                                                    \
    do {                                                                                                     \
        va_list args;                                                                                        \
        va_start(args, format);                                                                              \
        write_line(level, format, args);                                                                     \
        va_end(args);                                                                                        \
    } while (0)

void log_error(const char *format, ...)
{
    WRITE_LINE("error: ");
}

void log_warning(const char *format, ...)
{
    WRITE_LINE("warning: ");
}

void log_info(const char *format, ...)
{
    WRITE_LINE("");
}
