#ifndef EP_WAREHOUSE_SETTINGS_H
#define EP_WAREHOUSE_SETTINGS_H

#include "base/str.h"

/* entrepot.yaml of a warehouse folder. Read once; texts are NUL-terminated and owned by the settings. */
typedef struct ep_settings {
    char name[64];
    char store[512]; /* file below the folder, or an address */
    char reporting_currency[4];
    int64_t memory_limit_bytes; /* of the engine in a process that writes */
    int64_t query_memory_bytes; /* in one that only reads */
    int64_t threads;            /* that decode and check; 0: one a core */
    int64_t commit_records;     /* a transaction holds at most so many records ... */
    int64_t commit_rows;        /* ... or rows of all tables ... */
    int64_t commit_bytes;       /* ... or raw bytes */
} ep_settings;

/* One row a setting: the parser, the reference page and `entrepot init` come from it. */
typedef struct ep_setting_doc {
    const char *name, *type, *default_text, *unit, *text;
} ep_setting_doc;
const ep_setting_doc *ep_setting_docs(size_t *ret_n);

/** Reads <folder>/entrepot.yaml; unknown names, wrong types and values out of range are EP_E_CONFIG with file:line:column. */
EP_CHECK ep_code ep_settings_load(const char *folder, ep_settings *ret, ep_error *err);

#endif
