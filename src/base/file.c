/* Whole files, of str.h. */
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
}

static ep_code too_large(ep_error *err, const char *path, size_t max_bytes) {
    return ep_fail(err, EP_E_LIMIT, "%s is larger than %zu bytes", path, max_bytes);
}

/* Reads to the end; one byte more than allowed tells a file that grew or has no size. */
static ep_code read_all(int fd, const char *path, size_t max_bytes, ep_buf *ret, ep_error *err) {
    char chunk[65536];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ep_fail_errno(err, errno, "cannot read", path);
        if ((size_t)n > max_bytes - ret->len)
            return too_large(err, path, max_bytes);
        ep_buf_add(ret, chunk, (size_t)n);
        EP_TRY(ep_buf_check(ret, err));
        if (n == 0)
            return EP_OK;
    }
}

ep_code ep_read_file(const char *path, size_t max_bytes, ep_buf *ret, ep_error *err) {
    EP_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        return ep_fail_errno(err, errno, "cannot read", path);
    if (S_ISDIR(info.st_mode))
        return ep_fail_errno(err, EISDIR, "cannot read", path);
    if (S_ISREG(info.st_mode) && (uintmax_t)info.st_size > max_bytes)
        return too_large(err, path, max_bytes);
    ep_buf_reset(ret);
    ep_code code = read_all(fd, path, max_bytes, ret, err);
    if (code != EP_OK)
        ep_buf_done(ret);
    return code;
}

static ep_code write_all(int fd, const char *path, const char *data, size_t len, ep_error *err) {
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ep_fail_errno(err, errno, "cannot write", path);
        data += n;
        len -= (size_t)n;
    }
    return EP_OK;
}

static ep_code write_new(const char *path, const void *data, size_t len, unsigned mode, ep_error *err) {
    EP_CLEANUP(close_fd)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd < 0)
        return ep_fail_errno(err, errno, "cannot create", path);
    EP_TRY(write_all(fd, path, data, len, err));
    return fsync(fd) == 0 ? EP_OK : ep_fail_errno(err, errno, "cannot sync", path);
}

/* A rename lasts only once the folder itself is on disk. */
static ep_code sync_folder_of(const char *path, ep_buf *folder, ep_error *err) {
    const char *slash = strrchr(path, '/');
    ep_buf_reset(folder);
    if (!slash)
        ep_buf_putc(folder, '.');
    else
        ep_buf_add(folder, path, slash == path ? 1 : (size_t)(slash - path));
    EP_TRY(ep_buf_check(folder, err));
    EP_CLEANUP(close_fd) int fd = open(folder->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        return ep_fail_errno(err, errno, "cannot sync", folder->data);
    return EP_OK;
}

ep_code ep_write_file(const char *path, const void *data, size_t len, unsigned mode, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf tmp = {0};
    ep_buf_puts(&tmp, path);
    ep_buf_puts(&tmp, ".tmp");
    EP_TRY(ep_buf_check(&tmp, err));
    /* What a crash left behind may have another mode. */
    if (unlink(tmp.data) != 0 && errno != ENOENT)
        return ep_fail_errno(err, errno, "cannot replace", tmp.data);
    ep_code code = write_new(tmp.data, data, len, mode, err);
    if (code == EP_OK && rename(tmp.data, path) != 0)
        code = ep_fail_errno(err, errno, "cannot replace", path);
    if (code != EP_OK) {
        unlink(tmp.data);
        return code;
    }
    return sync_folder_of(path, &tmp, err);
}
