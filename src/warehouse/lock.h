#ifndef EP_WAREHOUSE_LOCK_H
#define EP_WAREHOUSE_LOCK_H

#include "warehouse/warehouse.h"

/* Several processes at one warehouse, which only a server allows. */

/**
 * From here to the end of the transaction no other process merges, derives or migrates; waits for one that does. Reading, decoding and staging
 * go on beside it. Statements after this one see what the others committed. A second call in a transaction costs nothing; on an engine
 * with one writing process the whole does.
 */
EP_CHECK ep_code ep_warehouse_lock(ep_warehouse *w, ep_error *err);

/**
 * After a failure that another try may mend (a lost connection, a conflict with another process): waits, longer each time, and connects
 * again.
 * @param attempt  0 after the first failure.
 * @return true when the work is worth another try; false: give up with the error as it is.
 */
bool ep_warehouse_try_again(ep_warehouse *w, ep_code failure, int attempt);

#endif
