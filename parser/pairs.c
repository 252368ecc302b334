// SPDX-License-Identifier: Apache-2.0
// pairs: split at "&", then at the first "=".
#include "parser/pairs.h"
#include "parser/cursor.h"

bool pairs_next(struct pairs *pairs, struct pair *pair_r)
{
    struct cursor c = cursor_over(pairs->rest);
    struct bytes  one;
    while (cursor_char(&c, '&'))
        continue;
    if (cursor_done(&c)) {
        pairs->rest = cursor_rest(&c);
        return false;
    }
    if (!cursor_until(&c, '&', &one)) {
        one = cursor_rest(&c);
        c.at = c.end;
    }
    pairs->rest = cursor_rest(&c);
    struct cursor inside = cursor_over(one);
    *pair_r = (struct pair){.name = one};
    if (cursor_until(&inside, '=', &pair_r->name) && cursor_char(&inside, '='))
        pair_r->value = cursor_rest(&inside);
    return true;
}

bool pairs_decode(struct bytes raw, struct bytes_out *out)
{
    bool good = true;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.at[i];
        bool escape =
            c == '%' && raw.len - i >= 3 && is_hex_digit(raw.at[i + 1]) && is_hex_digit(raw.at[i + 2]);
        good = good && (c != '%' || escape);
        if (escape) {
            c = (char)(hex_value(raw.at[i + 1]) << 4 | hex_value(raw.at[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out_char(out, c);
    }
    return good;
}
