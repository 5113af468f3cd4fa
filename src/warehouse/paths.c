#include "warehouse/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ep_code ep_path(char out[EP_PATH_BYTES], ep_error *err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(out, EP_PATH_BYTES, format, args);
    va_end(args);
    if (len < 0 || len >= EP_PATH_BYTES)
        return ep_fail(err, EP_E_ARG, "a path of %d bytes is too long; at most %d", len, EP_PATH_BYTES - 1);
    return EP_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

ep_code ep_paths_list(const char *folder, const char *suffix, ep_paths *ret, ep_error *err) {
    DIR *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT ? EP_OK : ep_fail_errno(err, errno, "cannot list", folder);
    ep_code code = EP_OK;
    for (struct dirent *entry; code == EP_OK && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.' || !ep_str_ends(ep_str_from(entry->d_name), suffix))
            continue;
        char path[EP_PATH_BYTES];
        code = ep_path(path, err, "%s/%s", folder, entry->d_name);
        if (code == EP_OK)
            code = ep_grow((void **)&ret->items, &ret->capacity, ret->n + 1, sizeof *ret->items, err);
        if (code == EP_OK && !(ret->items[ret->n] = ep_strdup(path)))
            code = ep_fail(err, EP_E_NOMEM, "out of memory for a list of files");
        ret->n += code == EP_OK;
    }
    closedir(dir);
    if (ret->n > 1)
        qsort(ret->items, ret->n, sizeof *ret->items, by_name);
    return code;
}

void ep_paths_done(ep_paths *paths) {
    for (size_t i = 0; i < paths->n; i++)
        ep_free(paths->items[i]);
    ep_free(paths->items);
    *paths = (ep_paths){0};
}
