// SPDX-License-Identifier: Apache-2.0
// config_admin: where operators reach the running gateway, and where it keeps what outlives it.
#include "gateway/config_parts.h"
#include <sys/un.h>

static bool read_path(struct node n, size_t max, struct bytes *path)
{
    struct bytes text;
    if (!node_text(n, &text))
        return false;
    if (text.len == 0 || memchr(text.at, '/', text.len) == NULL) {
        node_problem(n, "write a path with a slash: \"/run/portcullis/…\"", "this is no path");
        return false;
    }
    if (text.len > max) {
        node_problem(n, NULL, "a path of more than %zu bytes", max);
        return false;
    }
    *path = text;
    return true;
}

static void read_state(struct config *c, struct node state)
{
    static const char *const keys[] = {"directory", "keys", NULL};
    struct node              path;
    if (!node_expect_object(state))
        return;
    node_keys(state, keys);
    if (node_find(state, "directory", &path))
        (void)read_path(path, CONFIG_PATH_MAX, &c->state_directory);
    if (node_find(state, "keys", &path))
        (void)read_path(path, CONFIG_PATH_MAX, &c->state_keys);
}

static void read_admin(struct config *c, struct node admin)
{
    static const char *const keys[] = {"socket", "access", NULL};
    static const char *const whom[] = {"owner", "group", NULL};
    struct node              child;
    size_t                   index = 0;
    if (!node_expect_object(admin))
        return;
    node_keys(admin, keys);
    if (!node_find(admin, "socket", &child))
        node_problem(admin, "add \"socket\": \"/run/portcullis/admin.sock\"", "\"socket\" is missing");
    else
        (void)read_path(child, sizeof((struct sockaddr_un *)0)->sun_path - 1, &c->admin.socket);
    if (node_find(admin, "access", &child))
        (void)node_choice(child, whom, &index);
    c->admin.is_for_group = index == 1;
}

void config_read_admin(struct config *c, struct node root)
{
    struct node n;
    if (node_find(root, "state", &n))
        read_state(c, n);
    if (node_find(root, "admin", &n))
        read_admin(c, n);
}
