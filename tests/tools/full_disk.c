/* A disk that is full from the n-th write on, for the files below one folder: loaded into a program with LD_PRELOAD, it lets the calls
 * that need room fail as the kernel would.
 *
 * FULL_DISK_FOLDER  files below it are on the disk
 * FULL_DISK_AFTER   the n-th call that needs room, counted over all threads, and all after it fail with ENOSPC; 0: none does
 * FULL_DISK_LOG     a file that gets a line with the path for the first call that fails; with 0 a line for every call that needs room
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static _Atomic long n_calls;

static void tell(const char *path) {
    const char *log = getenv("FULL_DISK_LOG");
    FILE *out = log ? fopen(log, "ae") : NULL;
    if (!out)
        return;
    fprintf(out, "%s\n", path);
    fclose(out);
}

/* Whether a call that needs room for the file behind `fd` has to fail; errno is set then. */
static int is_full(int fd) {
    char link[64], path[PATH_MAX];
    const char *folder = getenv("FULL_DISK_FOLDER"), *after = getenv("FULL_DISK_AFTER");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (!folder || !after || len < 0)
        return 0;
    path[len] = '\0';
    if (strncmp(path, folder, strlen(folder)) != 0)
        return 0;
    /* The note of what runs is written by the clock, so it cannot be counted: it never has room. Nothing depends on it. */
    if (strcmp(path + strlen(folder), "data/running.tmp") == 0) {
        errno = ENOSPC;
        return 1;
    }
    long n = atomic_fetch_add(&n_calls, 1) + 1, first = atol(after);
    if (first == 0 || n == first)
        tell(path);
    if (first == 0 || n < first)
        return 0;
    errno = ENOSPC;
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t len) {
    return is_full(fd) ? -1 : NEXT(write)(fd, data, len);
}

ssize_t writev(int fd, const struct iovec *parts, int n) {
    return is_full(fd) ? -1 : NEXT(writev)(fd, parts, n);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at) {
    return is_full(fd) ? -1 : NEXT(pwrite)(fd, data, len, at);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at) {
    return is_full(fd) ? -1 : NEXT(pwrite64)(fd, data, len, at);
}

int fsync(int fd) {
    return is_full(fd) ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd) {
    return is_full(fd) ? -1 : NEXT(fdatasync)(fd);
}

int posix_fallocate(int fd, off_t at, off_t len) {
    return is_full(fd) ? ENOSPC : NEXT(posix_fallocate)(fd, at, len);
}

int posix_fallocate64(int fd, off64_t at, off64_t len) {
    return is_full(fd) ? ENOSPC : NEXT(posix_fallocate64)(fd, at, len);
}
