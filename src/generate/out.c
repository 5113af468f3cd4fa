#include "generate/out.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (256 * 1024)

ep_code ep_out_init(ep_out *out, ep_error *err) {
    out->capacity = BUFFER_BYTES;
    out->data = ep_malloc(out->capacity);
    return out->data ? EP_OK : ep_fail(err, EP_E_NOMEM, "no memory for an output buffer");
}

ep_code ep_out_start(ep_out *out, ep_error *err, const char *format, ...) {
    EP_TRY(ep_out_finish(out, err));
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out->path, sizeof out->path, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof out->path)
        return ep_fail(err, EP_E_ARG, "the path of the output is longer than %zu bytes",
                       sizeof out->path - 1);
    out->named = true;
    out->n_records = 0;
    return EP_OK;
}

ep_code ep_out_flush(ep_out *out, ep_error *err) {
    if (out->len == 0)
        return EP_OK;
    if (!out->named)
        return ep_fail(err, EP_E_BUG, "a record was written before its file was named");
    if (!out->is_open) {
        out->fd = open(out->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
        if (out->fd < 0)
            return ep_fail_errno(err, errno, "cannot write", out->path);
        out->is_open = true;
        out->n_files++;
    }
    for (size_t at = 0; at < out->len;) {
        ssize_t n = write(out->fd, out->data + at, out->len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ep_fail_errno(err, errno, "cannot write", out->path);
        at += (size_t)n;
    }
    out->n_bytes += out->len;
    out->len = 0;
    return EP_OK;
}

ep_code ep_out_finish(ep_out *out, ep_error *err) {
    EP_TRY(ep_out_flush(out, err));
    if (out->is_open) {
        out->is_open = false;
        /* Some file systems report a full disk only here. */
        if (close(out->fd) != 0)
            return ep_fail_errno(err, errno, "cannot write", out->path);
    }
    out->named = false;
    return EP_OK;
}

void ep_out_done(ep_out *out) {
    if (out->is_open)
        close(out->fd);
    out->is_open = false;
    ep_free(out->data);
    out->data = NULL;
    out->len = out->capacity = 0;
}

static void close_folder(DIR **dir) {
    if (*dir)
        closedir(*dir);
}

static ep_code make_folder(const char *path, ep_error *err) {
    if (mkdir(path, 0777) == 0)
        return EP_OK;
    struct stat info;
    if (errno == EEXIST && stat(path, &info) == 0 && !S_ISDIR(info.st_mode))
        return ep_fail(err, EP_E_CONFLICT, "%s is a file, the output needs a folder", path);
    return errno == EEXIST ? EP_OK : ep_fail_errno(err, errno, "cannot make the folder", path);
}

ep_code ep_out_folder(const char *path, bool force, ep_error *err) {
    EP_TRY(make_folder(path, err));
    if (access(path, W_OK | X_OK) != 0)
        return ep_fail_errno(err, errno, "cannot write to the folder", path);
    if (force)
        return EP_OK;
    EP_CLEANUP(close_folder) DIR *dir = opendir(path);
    if (!dir)
        return ep_fail_errno(err, errno, "cannot read the folder", path);
    struct dirent *entry;
    while ((entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return ep_fail_field(
                err, EP_E_CONFLICT, "out",
                "the folder %s is not empty: name another, or --force to replace an earlier run", path);
    return EP_OK;
}

static bool is_day_file(const char *name) {
    const char *form = "dddd-dd-dd.jsonl";
    size_t i = 0;
    for (; form[i] && name[i]; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)name[i]) : form[i] != name[i])
            return false;
    return !form[i] && !name[i];
}

static bool is_ours(const char *name) {
    static const char *const reference[] = {"categories.csv", "commission_rules.csv",
                                            "commission_rules_late.csv", "fx_rates.csv",
                                            "product_identifiers.jsonl"};
    for (size_t i = 0; i < sizeof reference / sizeof reference[0]; i++)
        if (strcmp(name, reference[i]) == 0)
            return true;
    return is_day_file(name);
}

static ep_code join(char path[4096], const char *parent, const char *name, ep_error *err) {
    int n = snprintf(path, 4096, "%s/%s", parent, name);
    return n > 0 && n < 4096 ? EP_OK
                             : ep_fail(err, EP_E_ARG, "the path of the output is longer than 4095 bytes");
}

ep_code ep_out_subfolder(const char *parent, const char *name, ep_error *err) {
    char path[4096];
    EP_TRY(join(path, parent, name, err));
    return make_folder(path, err);
}

ep_code ep_out_clear(const char *parent, const char *name, ep_error *err) {
    char path[4096];
    EP_TRY(join(path, parent, name, err));
    EP_CLEANUP(close_folder) DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? EP_OK : ep_fail_errno(err, errno, "cannot read the folder", path);
    struct dirent *entry;
    while ((entry = readdir(dir)))
        if (is_ours(entry->d_name) && unlinkat(dirfd(dir), entry->d_name, 0) != 0)
            return ep_fail_errno(err, errno, "cannot replace a file in", path);
    /* What is not ours keeps the folder. */
    rmdir(path);
    return EP_OK;
}
