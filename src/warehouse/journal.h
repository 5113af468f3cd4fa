#ifndef EP_WAREHOUSE_JOURNAL_H
#define EP_WAREHOUSE_JOURNAL_H

#include "warehouse/warehouse.h"

/* Closed lists: `entrepot journal --category --severity` filters by them. */
#define EP_JOURNAL_CATEGORIES(X)                                              \
    X(EP_J_LOAD, "load", "records read, applied, set aside")                  \
    X(EP_J_QUARANTINE, "quarantine", "groups corrected, replayed, discarded") \
    X(EP_J_QUALITY, "quality", "findings and set rules")                      \
    X(EP_J_SCHEMA, "schema", "tables and views made or changed")              \
    X(EP_J_QUERY, "query", "sessions that read")                              \
    X(EP_J_ADMIN, "admin", "acts of people: reprocess, close a period ...")   \
    X(EP_J_ACCESS, "access", "rights given and taken")                        \
    X(EP_J_PRIVACY, "privacy", "erasure, retention, export of persons")       \
    X(EP_J_BACKUP, "backup", "backups and restores")

typedef enum ep_journal_category {
#define EP_J_ENUM(id, name, text) id,
    EP_JOURNAL_CATEGORIES(EP_J_ENUM)
#undef EP_J_ENUM
        EP_N_JOURNAL_CATEGORIES
} ep_journal_category;

typedef enum ep_journal_severity {
    EP_JS_INFO,
    EP_JS_ALERT,
    EP_JS_ERROR,
    EP_N_JOURNAL_SEVERITIES
} ep_journal_severity;

const char *ep_journal_category_name(ep_journal_category category);
const char *ep_journal_category_text(ep_journal_category category);
const char *ep_journal_severity_name(ep_journal_severity severity); /* info, alert, error */

typedef struct ep_journal_entry {
    ep_journal_category category;
    ep_journal_severity severity;
    const char *event; /* a stable word: "load_committed" */
    const char *feed;  /* or "" */
    const char *message;
    int64_t n_received, n_applied, n_quarantined; /* -1: does not apply */
} ep_journal_entry;

/** Writes one entry, inside the open transaction or as its own. */
EP_CHECK ep_code ep_journal_write(ep_warehouse *w, const ep_journal_entry *entry, ep_error *err);

#endif
