// SPDX-License-Identifier: Apache-2.0
// fuzz_session_form: the same body, cut anywhere, is judged the same; the first two bytes say where.
#include "policy/session_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct session_names names = {.at = {BYTES("PHPSESSID")}, .count = 1};

static bool passes(struct form_watch w, struct bytes body, size_t cut)
{
    cut = cut < body.len ? cut : body.len;
    return form_watch(&w, &names, (struct bytes){body.at, cut}) &&
           form_watch(&w, &names, bytes_after(body, cut));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct bytes            body = bytes_after((struct bytes){(const char *)data, size}, 2);
    const struct form_watch kinds[] = {{.is_urlencoded = true}, {.is_multipart = true}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        ASSERT(passes(kinds[i], body, 0) == passes(kinds[i], body, data[0] | (size_t)data[1] << 8));
    // A name that is one is found in front of anything.
    struct form_watch w = kinds[0];
    ASSERT(!form_watch(&w, &names, BYTES("PHPSESSID=")));
    return 0;
}
