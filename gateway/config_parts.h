// SPDX-License-Identifier: Apache-2.0
// config_parts: what the files that read the configuration share. Nobody else includes it.
// Readers report into the document and go on: one run finds all problems.
#pragma once
#include "gateway/config.h"

#define CONFIG_BYTES_MAX (64u * 1024u * 1024u) // the arena: mostly certificates
#define CONFIG_LISTENERS_MAX 64u
#define CONFIG_CERTIFICATES_MAX 64u // of one listener
#define CONFIG_UPSTREAMS_MAX 256u
#define CONFIG_SERVERS_MAX 64u // of one upstream
#define CONFIG_PATH_MAX 3072u
#define CONFIG_SHORT_NAME "app" // of the upstream that the short form does not name

// The short form names one upstream by its URL; the long form has "upstreams" and "routes".
static inline bool config_is_short(struct node root)
{
    struct node ignored;
    return node_find(root, "upstream", &ignored);
}

static inline struct node config_child(struct node object, const char *key)
{
    struct node child;
    (void)node_find(object, key, &child);
    return child;
}

// One member of an object "timeouts".
struct config_deadline {
    const char *key;
    uint32_t   *value; // in ms; keeps its default when the file says nothing
    uint32_t    max;
    bool        is_rate; // in bytes per second instead
};
#define CONFIG_DEADLINES_MAX 8u
#define CONFIG_DEADLINE_MIN_MS 10u
#define CONFIG_MINUTE_MS (60u * 1000u)

// Reads the parent's "timeouts". Rows end with a NULL key.
void config_read_deadlines(struct node parent, const struct config_deadline rows[]);

void config_address_set(union config_address *address, const struct ip *ip, uint16_t port);

// NULL when it is wrong, which was reported.
MUST_USE const struct config_tls *config_read_tls(struct config *c, struct node tls);
void                              config_read_admin(struct config *c, struct node root);
void                              config_read_listen(struct config *c, struct node root);
void                              config_read_upstreams(struct config *c, struct node root);
