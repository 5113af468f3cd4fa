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

/* The shipped settings with another store: the address between quotes, as YAML wants it. */
static ep_code put_settings(const struct ep_asset *asset, const char *store, ep_buf *ret, ep_error *err) {
    static const char line[] = "\nstore: ";
    const char *at = memmem(asset->data, asset->size_bytes, line, sizeof line - 1);
    if (!at)
        return ep_fail(err, EP_E_BUG, "the shipped settings name no store");
    at += sizeof line - 1;
    const char *end = memchr(at, '\n', asset->size_bytes - (size_t)(at - asset->data));
    ep_buf_add(ret, asset->data, (size_t)(at - asset->data));
    ep_buf_put_json(ret, ep_str_from(store));
    ep_buf_add(ret, end, asset->size_bytes - (size_t)(end - asset->data));
    return ep_buf_check(ret, err);
}

static ep_code write_asset(const struct ep_asset *asset, const char *path, const char *store, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    if (!store || strcmp(asset->path, "entrepot.yaml") != 0)
        return ep_write_file(path, asset->data, asset->size_bytes, 0640, err);
    EP_TRY(put_settings(asset, store, &text, err));
    return ep_write_file(path, text.data, text.len, 0640, err);
}

/* A server that cannot be reached is told of before a folder is made. */
static ep_code try_store(const char *location, ep_error *err) {
    const ep_store_options options = {.location = location};
    ep_store *store = NULL;
    ep_code code = ep_store_open(&options, &store, err);
    ep_store_close(&store);
    return code;
}

/* The empty tables, so that everybody who may is there before the first load. */
static ep_code make_tables(const char *folder, ep_error *err) {
    ep_warehouse *w = NULL;
    ep_code code = ep_warehouse_open(folder, EP_OPEN_WRITE, &w, err);
    ep_warehouse_close(&w);
    return code;
}

ep_code ep_warehouse_init(const char *folder, const char *store, ep_error *err) {
    char path[EP_PATH_BYTES];
    struct stat st;
    EP_TRY(ep_path(path, err, "%s/entrepot.yaml", folder));
    if (stat(path, &st) == 0)
        return ep_fail(err, EP_E_CONFLICT,
                       "%s is a warehouse already; load into it, or choose another folder", folder);
    if (store)
        EP_TRY(try_store(store, err));
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
                EP_TRY(write_asset(asset, path, store, err));
        }
    return store ? make_tables(folder, err) : EP_OK;
}
