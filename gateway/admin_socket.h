// SPDX-License-Identifier: Apache-2.0
// admin_socket: a unix socket in the file system: made, found, and taken away again.
#pragma once
#include "parser/bytes.h"
#include <sys/types.h>

#define ADMIN_SOCKET_WHY_MAX 256u

// Binds and listens. What a gateway left behind when it was killed is replaced; what still answers is not,
// and neither is what is no socket.
//   `is_for_group`  0660 instead of 0600
//   fails           -1 with the reason in why_r
MUST_USE int admin_socket_listen(struct bytes path, bool is_for_group, char why_r[ADMIN_SOCKET_WHY_MAX]);
// Connects, for at most as long as the listener's queue is full.
//   fails  -1 with errno
MUST_USE int admin_socket_connect(struct bytes path);
// Closes fd and removes the file, unless another gateway answers there by now.
void admin_socket_remove(struct bytes path, int fd);
// The user whose process is at the other end.
//   fails  false when the kernel does not say
MUST_USE bool admin_socket_user(int fd, uid_t *uid_r);
