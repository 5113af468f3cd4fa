#include "warehouse/warehouse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static ep_code make_folder(const char *path, ep_error *err) {
    if (mkdir(path, 0750) != 0 && errno != EEXIST)
        return ep_fail_errno(err, errno, "cannot make the folder", path);
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return ep_fail(err, EP_E_CONFLICT, "%s exists and is not a folder", path);
    return EP_OK;
}

ep_code ep_warehouse_init(const char *folder, ep_error *err) {
    char path[EP_PATH_BYTES];
    struct stat st;
    EP_TRY(ep_path(path, err, "%s/entrepot.yaml", folder));
    if (stat(path, &st) == 0)
        return ep_fail(err, EP_E_CONFLICT,
                       "%s is a warehouse already; load into it, or choose another folder", folder);
    EP_TRY(make_folder(folder, err));
    const char *subs[] = {"contracts", "feeds",        "lists",     "derive",
                          "marts",     "marts/legacy", "reconcile", "data"};
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++) {
        EP_TRY(ep_path(path, err, "%s/%s", folder, subs[i]));
        EP_TRY(make_folder(path, err));
    }
    /* entrepot.yaml last: a folder without it is no warehouse, so a half-made one can be made again. */
    for (int last = 0; last < 2; last++)
        for (size_t i = 0; i < ep_n_assets; i++) {
            const struct ep_asset *asset = &ep_assets[i];
            if (strncmp(asset->path, "sql/", 4) == 0 ||
                (strcmp(asset->path, "entrepot.yaml") == 0) != (last == 1))
                continue;
            EP_TRY(ep_path(path, err, "%s/%s", folder, asset->path));
            if (stat(path, &st) != 0)
                EP_TRY(ep_write_file(path, asset->data, asset->size_bytes, 0640, err));
        }
    return EP_OK;
}
