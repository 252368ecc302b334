// SPDX-License-Identifier: Apache-2.0
// admin_calls: the table.
#include "gateway/admin_calls.h"
#include <stdarg.h>
#include <stdio.h>

static const struct row {
    enum method     method;
    struct bytes    path;
    admin_function *function;
} rows[] = {
    {METHOD_GET, BYTES("/bans"), admin_bans_list},
    {METHOD_POST, BYTES("/bans"), admin_bans_add},
    {METHOD_DELETE, BYTES("/bans"), admin_bans_lift},
};

void admin_say(struct admin_answer *a, unsigned status, const char *format, ...)
{
    char    text[ADMIN_LINE_MAX];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    a->status = status;
    a->type = "text/plain; charset=utf-8";
    if (length >= 0)
        out_bytes(&a->text,
                  (struct bytes){text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1});
    out_char(&a->text, '\n');
}

void admin_call(const struct admin_call *call, struct admin_answer *answer_r)
{
    bool known = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!bytes_equal(rows[i].path, call->request->target.path))
            continue;
        known = true;
        if (rows[i].method == call->request->method) {
            rows[i].function(call, answer_r);
            return;
        }
    }
    if (known)
        admin_say(answer_r, 405, "this can be asked, but not with %s", method_name(call->request->method));
    else
        admin_say(answer_r, 404, "nothing is answered under this address");
}
