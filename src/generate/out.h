#ifndef EP_GENERATE_OUT_H
#define EP_GENERATE_OUT_H

#include "generate/generate.h"

#define EP_OUT_MAX_RECORD 16384 /* no record is longer, faults included */

/* A buffered file that is made when its first bytes go out. Zero-initialised is closed. */
typedef struct ep_out {
    char path[4096];
    int fd; /* valid while `is_open` */
    bool is_open, named;
    char *data;
    size_t len, capacity;
    uint64_t n_records; /* of this file */
    uint64_t n_bytes, n_files;
} ep_out;

/** Reserves the buffer; call once. */
EP_CHECK ep_code ep_out_init(ep_out *out, ep_error *err);
/** Finishes the file before and names the next; records count from 0 again. */
EP_CHECK ep_code ep_out_start(ep_out *out, ep_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Writes out what is buffered and closes; a file without bytes is not made. */
EP_CHECK ep_code ep_out_finish(ep_out *out, ep_error *err);
EP_CHECK ep_code ep_out_flush(ep_out *out, ep_error *err);
/** Closes without writing. */
void ep_out_done(ep_out *out);

/** Where the next record is to be written: EP_OUT_MAX_RECORD bytes are free. */
static inline char *ep_out_at(ep_out *out) {
    return out->data + out->len;
}

/** Takes the record that ends (with its line feed) at `end`. */
EP_CHECK static inline ep_code ep_out_take(ep_out *out, const char *end, ep_error *err) {
    out->len = (size_t)(end - out->data);
    out->n_records++;
    return out->capacity - out->len < EP_OUT_MAX_RECORD ? ep_out_flush(out, err) : EP_OK;
}

/** Makes the folder when missing; one that is not empty is refused unless `force`. */
EP_CHECK ep_code ep_out_folder(const char *path, bool force, ep_error *err);
/** Makes a folder inside. */
EP_CHECK ep_code ep_out_subfolder(const char *parent, const char *name, ep_error *err);
/** Removes the files of an earlier run from a folder inside, and the folder when nothing else is in it. */
EP_CHECK ep_code ep_out_clear(const char *parent, const char *name, ep_error *err);

#endif
