#ifndef EP_DECODE_CSV_HEADER_H
#define EP_DECODE_CSV_HEADER_H

#include "decode/csv.h"

/* Names of a CSV source's columns: those its options ask for, and those it has. Private to src/decode. */
typedef struct ep_csv_header {
    ep_arena arena; /* all names */
    ep_str *wanted, *columns;
    size_t n_wanted, n_columns;
} ep_csv_header;

/** Takes the names of the options; without a header in the source they are its columns. EP_E_NOMEM. */
EP_CHECK ep_code ep_csv_header_init(ep_csv_header *header, const ep_decode_options *options, ep_error *err);
void ep_csv_header_done(ep_csv_header *header);
/** Columns that are known from before; the names are copied. EP_E_NOMEM. */
EP_CHECK ep_code ep_csv_header_set(ep_csv_header *header, const ep_str *columns, size_t n_columns,
                                   ep_error *err);
/** Reads the source's own header. EP_E_CONFIG when it cannot be read, lacks a name that is asked for or has one twice; EP_E_NOMEM. */
EP_CHECK ep_code ep_csv_header_read(ep_csv_header *header, const ep_csv_rules *rules, const ep_raw *record,
                                    ep_error *err);

#endif
