#ifndef EP_WAREHOUSE_VIEWS_H
#define EP_WAREHOUSE_VIEWS_H

#include "warehouse/warehouse.h"

/** Makes or replaces the views of marts/ (schema mart) and marts/legacy/ (schema legacy), those that others refer to first. Inside the
 * open transaction. Keeps a fingerprint of what each is made of. EP_E_CONFIG names the file that the engine does not understand. */
EP_CHECK ep_code ep_views_apply(ep_warehouse *w, ep_error *err);
/** Drops all views of both schemas (before a table changes). */
EP_CHECK ep_code ep_views_drop(ep_warehouse *w, ep_error *err);

/* What a view holds: rows and an order-independent digest; and what it is made of: its text and that of the views it reads, "" when not known. */
typedef struct ep_view_digest {
    char name[160];
    int64_t n_rows;
    char digest[65], made_of[65];
} ep_view_digest;
typedef struct ep_view_digests {
    ep_view_digest *items;
    size_t n, capacity;
} ep_view_digests;
/** Digests every installed view over the columns it has now. */
EP_CHECK ep_code ep_views_digest(ep_warehouse *w, ep_view_digests *ret, ep_error *err);
void ep_view_digests_done(ep_view_digests *digests);

#endif
