#ifndef EP_WAREHOUSE_DISTRIBUTE_H
#define EP_WAREHOUSE_DISTRIBUTE_H

#include "warehouse/warehouse.h"

/*
 * Which table lies where on a Citus cluster (docs/adr/0027-distributed-by-owner.md): tables with an owner column and their logs by owner,
 * side by side; tables without one as a copy on every node, their logs on one node; the books by owner, on every node or on one. Without
 * the extension nothing here does anything. Inside a transaction; a table that is distributed already stays as it is.
 */

/** Sets w->on_citus: true when the database has the extension `citus`. */
EP_CHECK ep_code ep_distribute_find(ep_warehouse *w, ep_error *err);

/**
 * Distributes the books and the tables of the plan that are not yet.
 * @param ret_any  true when there were some: views made before rest on tables of one node and must be made again.
 * @return EP_OK; EP_E_STORE when the node refuses it: tables are made through the coordinator.
 */
EP_CHECK ep_code ep_distribute_books(ep_warehouse *w, bool *ret_any, ep_error *err);
EP_CHECK ep_code ep_distribute_tables(ep_warehouse *w, bool *ret_any, ep_error *err);

#endif
