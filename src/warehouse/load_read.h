#ifndef EP_WAREHOUSE_LOAD_READ_H
#define EP_WAREHOUSE_LOAD_READ_H

#include "warehouse/load_batch.h"

/**
 * Reads a source from `from` on into batches, and commits those that are full; the last one stays open.
 * @param found  the position as the books have it.
 * @return EP_E_CONFLICT also for a whole snapshot that grew: it counts from its start.
 */
EP_CHECK ep_code ep_load_read(ep_loader *l, const char *path, ep_pipeline *pipeline,
                              const ep_load_position *found, int64_t generation, const ep_load_position *from,
                              ep_error *err);

#endif
