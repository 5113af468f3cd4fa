#include "source/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ep_file {
    int fd;
    int64_t size_bytes;
    char *path;
    ep_file_stop stop;
    bool ended;
};

enum { ASK_MS = 100 };

ep_code ep_file_open(const char *path, ep_file_stop stop, ep_file **ret, ep_error *err) {
    EP_CLEANUP(ep_file_close) ep_file *file = ep_calloc(1, sizeof *file);
    if (!file || !(file->path = ep_strdup(path)))
        return ep_fail(err, EP_E_NOMEM, "out of memory for %s", path);
    file->stop = stop;
    bool standard = strcmp(path, "-") == 0;
    file->fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (file->fd < 0 || fstat(file->fd, &st) != 0)
        return ep_fail_errno(err, errno, "cannot open", path);
    if (S_ISDIR(st.st_mode))
        return ep_fail(err, EP_E_ARG, "%s is a folder; name the files in it, for example %s/*", path, path);
    file->size_bytes = S_ISREG(st.st_mode) ? st.st_size : -1;
    if (file->size_bytes > 0)
        (void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *ret = file;
    file = NULL;
    return EP_OK;
}

void ep_file_close(ep_file **file) {
    if (!file || !*file)
        return;
    if ((*file)->fd >= 0)
        close((*file)->fd);
    ep_free((*file)->path);
    ep_free(*file);
    *file = NULL;
}

int64_t ep_file_size(const ep_file *file) {
    return file->size_bytes;
}

/* Until there is something to read, or the writers are gone. A named pipe that nobody opened yet counts as one to wait for. */
static ep_code wait_for_input(ep_file *file, ep_error *err) {
    struct pollfd input = {.fd = file->fd, .events = POLLIN};
    for (int ready = 0; ready == 0;) {
        if (file->stop && file->stop())
            return ep_fail(err, EP_E_CANCELLED, "stopped on request");
        ready = poll(&input, 1, file->stop ? ASK_MS : -1);
        if (ready < 0 && errno != EINTR)
            return ep_fail_errno(err, errno, "cannot read", file->path);
        ready = ready < 0 ? 0 : ready;
    }
    return EP_OK;
}

ep_code ep_file_read(ep_file *file, char *buffer, size_t size_bytes, size_t padding, size_t *ret_len,
                     bool *ret_last, ep_error *err) {
    size_t len = 0;
    while (len < size_bytes && !file->ended) {
        if (file->size_bytes < 0)
            EP_TRY(wait_for_input(file, err));
        ssize_t got = read(file->fd, buffer + len, size_bytes - len);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return ep_fail_errno(err, errno, "cannot read", file->path);
        file->ended = got == 0;
        len += (size_t)got;
    }
    memset(buffer + len, 0, padding);
    *ret_len = len;
    *ret_last = file->ended;
    return EP_OK;
}
