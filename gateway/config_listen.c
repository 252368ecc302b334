// SPDX-License-Identifier: Apache-2.0
// config_listen: "listen", one address in the short form, an array of objects in the long one.
#include "gateway/config_parts.h"
#include "parser/cursor.h"

#define PORT_HTTPS 443

#define ADDRESS_HINT "write \":8080\", \"127.0.0.1:8080\" or \"[::1]:8080\""

void config_address_set(union config_address *address, const struct ip *ip, uint16_t port)
{
    address->v6 = (struct sockaddr_in6){0}; // the largest member: all bytes of the union
    if (ip_is_v4(ip)) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons(port);
        memcpy(&address->v4.sin_addr, ip->octet + 12, sizeof address->v4.sin_addr);
        return;
    }
    address->v6.sin6_family = AF_INET6;
    address->v6.sin6_port = htons(port);
    memcpy(&address->v6.sin6_addr, ip->octet, sizeof address->v6.sin6_addr);
}

uint16_t config_port(const union config_address *address)
{
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

// Whatever the family does not use is zero.
static bool same_address(const union config_address *a, const union config_address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

// host = "" / IPv4 / "[" IPv6 "]"; nothing stands for every address of both families.
static bool read_host(struct bytes host, struct ip *ip_r)
{
    *ip_r = (struct ip){0};
    if (host.len == 0)
        return true;
    if (host.at[0] != '[')
        return ip_parse(host, ip_r) && ip_is_v4(ip_r);
    struct bytes inside = {host.at + 1, host.len - 2};
    return host.at[host.len - 1] == ']' && memchr(inside.at, ':', inside.len) != NULL &&
           ip_parse(inside, ip_r);
}

static bool read_address(struct bytes text, union config_address *address_r)
{
    const char *colon = memrchr(text.at, ':', text.len);
    if (colon == NULL)
        return false;
    struct bytes  host = {text.at, (size_t)(colon - text.at)};
    struct cursor c = cursor_over((struct bytes){colon + 1, text.len - host.len - 1});
    uint64_t      port;
    struct ip     ip;
    if (!cursor_decimal(&c, UINT16_MAX, &port) || !cursor_done(&c) || port == 0 || !read_host(host, &ip))
        return false;
    config_address_set(address_r, &ip, (uint16_t)port);
    return true;
}

static void read_listener_address(struct config *c, struct config_listener *l)
{
    if (!node_text(l->node, &l->text))
        return;
    if (!read_address(l->text, &l->address)) {
        node_problem(l->node, ADDRESS_HINT, "this is not an address to listen on");
        return;
    }
    for (const struct config_listener *other = c->listeners; other < l; other++) {
        if (same_address(&other->address, &l->address)) {
            node_problem(l->node, NULL, "line %u listens on this address already", node_line(other->node));
            return;
        }
    }
}

static void read_listener(struct config *c, struct config_listener *l, struct node n)
{
    static const char *const keys[] = {"address", "tls", "redirect", NULL};
    static const char *const redirects[] = {"https", NULL};
    l->node = n;
    if (!node_expect_object(n))
        return;
    node_keys(n, keys);
    if (node_find(n, "address", &l->node)) {
        read_listener_address(c, l);
    } else {
        l->node = n;
        node_problem(n, ADDRESS_HINT, "\"address\" is missing");
    }

    struct node tls;
    struct node redirect;
    bool        has_tls = node_find(n, "tls", &tls);
    size_t      ignored;
    if (has_tls)
        l->tls = config_read_tls(c, tls);
    if (!node_find(n, "redirect", &redirect))
        return;
    l->redirect_https = node_choice(redirect, redirects, &ignored);
    if (has_tls)
        node_problem(redirect, "redirect on the plain listener",
                     "a listener with \"tls\" has nowhere to redirect to");
}

static void set_redirect_ports(struct config *c)
{
    uint16_t port = PORT_HTTPS;
    for (size_t i = c->listener_count; i-- > 0;)
        if (c->listeners[i].tls != NULL)
            port = config_port(&c->listeners[i].address);
    for (size_t i = 0; i < c->listener_count; i++)
        c->listeners[i].redirect_port = port;
}

static bool check_form(struct node listen, bool short_form)
{
    if (short_form && node_is_array(listen)) {
        node_problem(listen, "write \"listen\": \":8080\", or replace \"upstream\" by \"upstreams\"",
                     "an array of listeners does not go together with \"upstream\"");
        return false;
    }
    if (!short_form && node_is_text(listen)) {
        node_problem(listen, "write \"listen\": [{ \"address\": \":8080\" }]",
                     "a single address goes together with \"upstream\" only");
        return false;
    }
    return true;
}

void config_read_listen(struct config *c, struct node root)
{
    bool        short_form = config_is_short(root);
    struct node listen;
    if (!node_find(root, "listen", &listen)) {
        node_problem(root, "add \"listen\": \":8080\"", "\"listen\" is missing");
        return;
    }
    if (!check_form(listen, short_form) || (!short_form && !node_expect_array(listen)))
        return;
    size_t count = short_form ? 1 : node_length(listen);
    if (count == 0 || count > CONFIG_LISTENERS_MAX) {
        node_problem(listen, NULL, "between 1 and %u listeners are possible", CONFIG_LISTENERS_MAX);
        return;
    }
    c->listeners = arena_zalloc(&c->arena, count * sizeof *c->listeners);
    if (c->listeners == NULL)
        return;
    c->listener_count = count;
    if (short_form) {
        c->listeners[0].node = listen;
        read_listener_address(c, &c->listeners[0]);
    }
    for (size_t i = 0; !short_form && i < count; i++)
        read_listener(c, &c->listeners[i], node_at(listen, i));
    set_redirect_ports(c);
}
