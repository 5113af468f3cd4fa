#ifndef EP_WAREHOUSE_DIALECT_H
#define EP_WAREHOUSE_DIALECT_H

#include "store/store.h"
#include "warehouse/template.h"

/* The few words in which the engines differ; all other SQL is one text for both. */

enum { EP_N_DIALECT_VARS = 2 };

/** Template variables: text (compared bytewise) and blob. `vars` holds EP_N_DIALECT_VARS. */
void ep_dialect_vars(const ep_store *store, ep_sql_var *vars);

/** A condition: the whole of the column's text matches the pattern. */
void ep_dialect_put_match(const ep_store *store, const char *column, const char *pattern, ep_buf *ret);

#endif
