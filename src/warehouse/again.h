#ifndef EP_WAREHOUSE_AGAIN_H
#define EP_WAREHOUSE_AGAIN_H

#include "warehouse/stage.h"

/* Raw records kept in the quarantine or the archive, through today's feed once more. One thread. */
typedef struct ep_again {
    const ep_warehouse *w;
    const ep_feed *feed;
    ep_feed_schemas schemas;
    ep_feed_runner *runner;
    ep_stamper *stamper;
    ep_unit *unit; /* collects what was run */
    ep_arena arena;
    ep_str *columns; /* CSV header of the source at hand */
    size_t n_columns;
    char delimiter;
} ep_again;

EP_CHECK ep_code ep_again_init(ep_again *again, const ep_warehouse *w, const ep_feed *feed, ep_error *err);
void ep_again_done(ep_again *again);
/** The header as the books keep it (a JSON array: the delimiter, then the names); empty: none. */
EP_CHECK ep_code ep_again_columns(ep_again *again, ep_str json, ep_error *err);
/**
 * Decodes and maps one record as if it came now from where it came from; it becomes the last record of the unit.
 * @param raw  bytes as received, EP_PADDING readable bytes behind; lives as long as the unit.
 */
EP_CHECK ep_code ep_again_run(ep_again *again, ep_str raw, const ep_coordinates *at, uint32_t occurrence,
                              const ep_feed_meta *meta, ep_error *err);

#endif
