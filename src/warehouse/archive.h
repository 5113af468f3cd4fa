#ifndef EP_WAREHOUSE_ARCHIVE_H
#define EP_WAREHOUSE_ARCHIVE_H

#include "warehouse/warehouse.h"

/*
 * The raw archive: the bytes of accepted records as received, zstd frames one after the other, a file a batch, below data/archive/FEED/DAY/. A file is
 * written and fsynced before the commit that names it and is called after its content, so that a killed load leaves nothing wrong behind.
 */

/** Compresses the accepted records of a unit into one frame behind what `ret` holds. Thread: any. */
EP_CHECK ep_code ep_archive_pack(const ep_unit *unit, ep_buf *ret, ep_error *err);

/* A batch's file while it grows. */
typedef struct ep_archive_writer {
    int fd;
    int64_t load_id;
    char temp[EP_PATH_BYTES];
    int64_t n_records, size_bytes;
    uint64_t digest;
} ep_archive_writer;

void ep_archive_init(ep_archive_writer *writer, int64_t load_id);
/** Writes one packed frame behind those before. */
EP_CHECK ep_code ep_archive_append(ep_warehouse *w, ep_archive_writer *writer, const ep_buf *frame,
                                   int64_t n_records, ep_error *err);
/** Makes the file durable under its final name and writes its row; nothing when no record was appended. */
EP_CHECK ep_code ep_archive_seal(ep_warehouse *w, ep_archive_writer *writer, const char *feed,
                                 const char *source, const char *columns, int64_t load_id,
                                 int64_t received_at, ep_error *err);
/** Removes what killed loads left half written: it would stay for ever, beyond retention and erasure. Best effort. */
void ep_archive_sweep(const ep_warehouse *w);
/** Closes and removes what was not sealed. */
void ep_archive_done(ep_archive_writer *writer);

/* One archived record; views live until the callback returns. `at.size_bytes` is the raw's. */
typedef ep_code (*ep_archive_record)(void *context, ep_str raw, const ep_coordinates *at, uint32_t occurrence,
                                     ep_encoding encoding, ep_error *err);
/** Reads a file's records in order. EP_E_CORRUPT when it is damaged, before any record is handed out. `path` from the warehouse's folder on. */
EP_CHECK ep_code ep_archive_read(const ep_warehouse *w, const char *path, ep_archive_record record,
                                 void *context, ep_error *err);

#endif
