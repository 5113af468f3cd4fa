#ifndef EP_WAREHOUSE_PATHS_H
#define EP_WAREHOUSE_PATHS_H

#include "base/str.h"

#define EP_PATH_BYTES 5120
/** Formats a path; one that does not fit is EP_E_ARG. */
EP_CHECK ep_code ep_path(char out[EP_PATH_BYTES], ep_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Lists the files in `folder` whose names end in `suffix`, sorted; a missing folder holds none. */
typedef struct ep_paths {
    char **items;
    size_t n, capacity;
} ep_paths;
EP_CHECK ep_code ep_paths_list(const char *folder, const char *suffix, ep_paths *ret, ep_error *err);
void ep_paths_done(ep_paths *paths);

#endif
