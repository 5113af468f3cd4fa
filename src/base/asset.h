#ifndef EP_BASE_ASSET_H
#define EP_BASE_ASSET_H

#include "base/str.h"

/* Files embedded at build: sql/..., and the shipped warehouse (contracts/, feeds/, marts/, lists/, entrepot.yaml). `data` ends in NUL (not counted). */
struct ep_asset {
    const char *path; /* from the root of the source tree, "sql/history.sql" */
    const char *data;
    size_t size_bytes;
};

/* Sorted by path; made by tools/embed.py. */
extern const struct ep_asset ep_assets[];
extern const size_t ep_n_assets;

/** NULL when there is none. */
const struct ep_asset *ep_asset_find(const char *path);

#endif
