// SPDX-License-Identifier: Apache-2.0
// test_log: one line each, whatever is in it.
#include "gateway/log.h"
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#define TIME "1994-11-06T08:49:37.123Z "

static char   line[4 * LOG_LINE_MAX];
static int    ends[2];
static size_t count;

// stderr into a pipe.
static void begin(void)
{
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
}

TestSuite(log, .init = begin);

static void read_line(void)
{
    ssize_t n = read(ends[0], line, sizeof line - 1);
    cr_assert_gt(n, 0);
    count = (size_t)n;
    line[count] = '\0';
}

Test(log, a_line_has_time_and_level)
{
    log_error("cannot listen on %s", ":80");
    read_line();
    cr_assert_gt(count, strlen(TIME));
    cr_expect_eq(line[10], 'T', "%s", line);
    cr_expect_eq(line[23], 'Z', "%s", line);
    cr_expect_str_eq(line + strlen(TIME), "error: cannot listen on :80\n");
    log_warning("%d left", 3);
    read_line();
    cr_expect_str_eq(line + strlen(TIME), "warning: 3 left\n");
    log_info("ready");
    read_line();
    cr_expect_str_eq(line + strlen(TIME), "ready\n");
}

Test(log, a_message_cannot_forge_a_line)
{
    log_info("%s", "a\nerror: b\x1b[2J\x7f");
    read_line();
    cr_expect_str_eq(line + strlen(TIME), "a error: b [2J \n");
}

Test(log, a_line_has_a_bound)
{
    char text[2 * LOG_LINE_MAX];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_error("%s", text);
    read_line();
    cr_expect_eq(count, LOG_LINE_MAX + 1);
    cr_expect_eq(line[count - 1], '\n');
}
