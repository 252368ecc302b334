// SPDX-License-Identifier: Apache-2.0
// admin_socket: what a path may hold, and what becomes of it.
#include "gateway/admin_socket.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define BACKLOG 16

static bool address_of(struct bytes path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path.len == 0 || path.len >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address->sun_path, path.at, path.len);
    return true;
}

int admin_socket_connect(struct bytes path)
{
    struct sockaddr_un address;
    if (!address_of(path, &address))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

// Makes room at the path.
//   returns  NULL, or what stands in the way
static const char *clear_path(struct bytes path, const struct sockaddr_un *address)
{
    struct stat found;
    if (lstat(address->sun_path, &found) != 0)
        return errno == ENOENT ? NULL : uv_strerror(uv_translate_sys_error(errno));
    if (!S_ISSOCK(found.st_mode))
        return "it is there already, and is no socket";
    int fd = admin_socket_connect(path);
    if (fd >= 0) {
        close(fd);
        return "another gateway answers there";
    }
    if (errno != ECONNREFUSED)
        return uv_strerror(uv_translate_sys_error(errno));
    return unlink(address->sun_path) == 0 ? NULL : uv_strerror(uv_translate_sys_error(errno));
}

// The file must never be open to more than it will be: it is born with its mode.
static bool bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
    mode_t was = umask((mode_t)~mode & 0777);
    bool   bound = bind(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    int    why = errno;
    umask(was);
    errno = why;
    return bound;
}

int admin_socket_listen(struct bytes path, bool is_for_group, char why_r[ADMIN_SOCKET_WHY_MAX])
{
    struct sockaddr_un address;
    const char        *why = NULL;
    int                fd = -1;
    bool               fits = address_of(path, &address);
    if (fits)
        why = clear_path(path, &address);
    if (fits && !why) {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd >= 0 && bind_with_mode(fd, &address, is_for_group ? 0660 : 0600) && listen(fd, BACKLOG) == 0)
            return fd;
    }
    (void)snprintf(why_r, ADMIN_SOCKET_WHY_MAX, "%s", why ? why : uv_strerror(uv_translate_sys_error(errno)));
    if (fd >= 0)
        close(fd);
    return -1;
}

void admin_socket_remove(struct bytes path, int fd)
{
    struct sockaddr_un address;
    close(fd); // who still answers there is somebody else
    if (!address_of(path, &address))
        return;
    int other = admin_socket_connect(path);
    if (other >= 0)
        close(other);
    else if (errno == ECONNREFUSED)
        unlink(address.sun_path);
}

bool admin_socket_user(int fd, uid_t *uid_r)
{
    struct ucred who;
    socklen_t    len = sizeof who;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
        return false;
    *uid_r = who.uid;
    return true;
}
