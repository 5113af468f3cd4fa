#include "base/asset.h"

#include <string.h>

const struct ep_asset *ep_asset_find(const char *path) {
    size_t low = 0, high = ep_n_assets;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(path, ep_assets[middle].path);
        if (order == 0)
            return &ep_assets[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
