// SPDX-License-Identifier: Apache-2.0
// expect_text: what a text contains, begins with, or lacks; a failure prints the text.
#pragma once
#include <criterion/criterion.h>
#include <string.h>

#define EXPECT_HAS(text, part) cr_expect(strstr((text), (part)) != NULL, "<%s> lacks <%s>", (text), (part))
#define EXPECT_LACKS(text, part) cr_expect(strstr((text), (part)) == NULL, "<%s> has <%s>", (text), (part))
#define EXPECT_STARTS(text, start)                                                                           \
    cr_expect(strncmp((text), (start), strlen(start)) == 0, "<%s> does not begin with <%s>", (text), (start))
#define EXPECT_ENDS(text, end)                                                                               \
    cr_expect(strlen(text) >= strlen(end) && strcmp((text) + strlen(text) - strlen(end), (end)) == 0,        \
              "<%s> does not end with <%s>", (text), (end))
