// SPDX-License-Identifier: Apache-2.0
// upstream: round robin.
#include "gateway/upstream.h"
#include <stdlib.h>

struct upstream {
    struct endpoint *endpoints;
    size_t           count;
    size_t           turn;
};

struct upstreams {
    struct upstream *at;
    size_t           count;
};

struct upstreams *upstreams_new(struct loop *l, const struct config *config)
{
    struct upstreams *u = calloc(1, sizeof *u);
    if (!u || !(u->at = calloc(config->upstream_count + 1, sizeof *u->at))) {
        free(u);
        return NULL;
    }
    for (size_t i = 0; i < config->upstream_count; i++) {
        const struct config_upstream *group = &config->upstreams[i];
        struct upstream              *one = &u->at[u->count++];
        one->endpoints = calloc(group->server_count, sizeof *one->endpoints);
        if (!one->endpoints) {
            upstreams_free(&u);
            return NULL;
        }
        one->count = group->server_count;
        one->turn = l->index; // loops begin with different servers
        for (size_t s = 0; s < one->count; s++)
            endpoint_init(&one->endpoints[s], l, group, &group->servers[s]);
    }
    return u;
}

void upstreams_retire(struct upstreams *u)
{
    for (size_t i = 0; i < u->count; i++) {
        for (size_t s = 0; s < u->at[i].count; s++)
            endpoint_retire(&u->at[i].endpoints[s]);
    }
}

void upstreams_free(struct upstreams **u)
{
    for (size_t i = 0; i < (*u)->count; i++)
        free((*u)->at[i].endpoints);
    free((*u)->at);
    free(*u);
    *u = NULL;
}

struct endpoint *upstream_pick(struct upstreams *u, size_t upstream)
{
    struct upstream *one = &u->at[upstream];
    return &one->endpoints[one->turn++ % one->count];
}

size_t upstream_size(const struct upstreams *u, size_t upstream)
{
    return u->at[upstream].count;
}
