// SPDX-License-Identifier: Apache-2.0
// file: a whole file into bounded memory.
#include "gateway/file.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

static const char *why(void)
{
    return uv_strerror(uv_translate_sys_error(errno));
}

// Reads up to the end of the file, which must come before out is full and one byte more has been asked for.
static const char *read_all(int fd, struct bytes_out *out)
{
    for (;;) {
        char    beyond;
        bool    full = out->len == out->cap;
        ssize_t n = full ? read(fd, &beyond, 1) : read(fd, out->at + out->len, out->cap - out->len);
        if (n == 0)
            return NULL;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return why();
        if (full)
            return "the file is larger than allowed";
        out->len += (size_t)n;
    }
}

const char *file_read(const char *path, struct bytes_out *out)
{
    // Opening a FIFO that nobody writes to would hold us for ever; reading one does not.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fcntl(fd, F_SETFL, O_RDONLY) < 0)
        return why();
    const char *failed = read_all(fd, out);
    close(fd);
    return failed;
}
