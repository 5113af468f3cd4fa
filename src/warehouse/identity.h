#ifndef EP_WAREHOUSE_IDENTITY_H
#define EP_WAREHOUSE_IDENTITY_H

#include "warehouse/warehouse.h"

/**
 * Compares what tells the rows of each fed table apart (owner, event time, dedupe) with what it was when the table was made, and
 * remembers it for tables that are new or hold no rows. Inside the transaction of a schema change.
 * @return EP_OK; EP_E_CONFLICT with the contract's file for a table that holds rows of another identity: what is a duplicate could no
 *         longer be told.
 */
EP_CHECK ep_code ep_identity_check(ep_warehouse *w, ep_error *err);

#endif
