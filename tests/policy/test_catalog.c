// SPDX-License-Identifier: Apache-2.0
// The catalogue is whole, and in the order that is promised.
#include "policy/catalog.h"
#include <criterion/criterion.h>

Test(catalog, every_row_can_be_loaded_and_found)
{
    for (size_t i = 0; i < catalog_count; i++) {
        const struct policy *policy = catalog[i].policy;
        cr_expect_not_null(policy->load, "%s", policy->name);
        cr_expect(policy->on_head != NULL || policy->on_admit != NULL || policy->on_body != NULL ||
                      policy->on_request != NULL || policy->on_reply != NULL,
                  "%s does nothing", policy->name);
        cr_expect(policy->on_end == NULL || policy->on_admit != NULL, "%s ends what never began",
                  policy->name);
        cr_expect_eq(catalog_find(bytes_of(policy->name)), i, "%s", policy->name);
        cr_expect_str_eq(catalog_names[i], policy->name);
    }
    cr_expect_null(catalog_names[catalog_count]);
}

Test(catalog, unknown_names_are_not_found)
{
    cr_expect_eq(catalog_find(BYTES("")), catalog_count);
    cr_expect_eq(catalog_find(BYTES("size_limi")), catalog_count);
    cr_expect_eq(catalog_find(BYTES("size_limits")), catalog_count);
    cr_expect_eq(catalog_find(BYTES("SIZE_LIMIT")), catalog_count);
}

Test(catalog, bounds_come_before_what_walks)
{
    cr_expect_lt(catalog_find(BYTES("size_limit")), catalog_find(BYTES("path_traversal")));
    cr_expect_lt(catalog_find(BYTES("size_limit")), catalog_find(BYTES("content_type")));
    cr_expect_lt(catalog_find(BYTES("size_limit")), catalog_find(BYTES("fetch_metadata")));
}
