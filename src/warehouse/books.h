#ifndef EP_WAREHOUSE_BOOKS_H
#define EP_WAREHOUSE_BOOKS_H

#include "warehouse/warehouse.h"

/* The warehouse's own tables (sql/books.sql), and the settings kept in them. Inside an open transaction. */

/**
 * Makes the books, or brings them to this release. Books that are as this release makes them are left alone: a node that may not make
 * tables can still be loaded through.
 */
EP_CHECK ep_code ep_books_make(ep_warehouse *w, ep_error *err);

/** Is there a setting of that name and value? */
EP_CHECK ep_code ep_setting_is(ep_warehouse *w, const char *name, const char *value, bool *ret,
                               ep_error *err);
EP_CHECK ep_code ep_setting_put(ep_warehouse *w, const char *name, const char *value, ep_error *err);

#endif
