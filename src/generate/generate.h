#ifndef EP_GENERATE_GENERATE_H
#define EP_GENERATE_GENERATE_H

#include "base/str.h"

/*
 * Example data: the streams of docs/payloads.md as files, the same bytes for the same options on every machine. Decisions are
 * made of integers only, every record is a function of seed and position, and memory holds sellers, offers and days, never events.
 */

enum ep_generate_stream {
    EP_GS_ORDERS,
    EP_GS_CLICKSTREAM,
    EP_GS_VENDORS,
    EP_GS_PRODUCTS,
    EP_GS_OFFERS,
    EP_GS_STOCK,
    EP_GS_AVAILABILITY,
    EP_GS_ORDER_STATUS,
    EP_GS_SHIPMENTS,
    EP_GS_RETURNS,
    EP_GS_REFERENCE, /* the files of reference/ */
    EP_GS_FLAT,
    EP_N_GENERATE_STREAMS
};

typedef struct ep_generate_options {
    const char *out; /* folder; made when missing (its parent must exist) */
    uint64_t seed;
    bool legacy; /* only orders and clickstream, as before the marketplace */
    int64_t days;
    int64_t from_day;         /* days since 1970-01-01; INT64_MIN: 2025-12-01 with legacy, else 2026-01-01 */
    int64_t orders_per_day;   /* before seasonality */
    int64_t clicks_per_order; /* about */
    int64_t sellers;          /* ShopNow included */
    int64_t products;
    int64_t customers;
    const char *faults; /* "RATE" or "KIND=RATE,..."; RATE is 0.01 or 1%; NULL: none */
    const char *truth;  /* file, or NULL */
    bool truth_all;     /* also the records without fault */
    bool force;         /* a folder that is not empty: files of an earlier run are replaced */
    int64_t flat;       /* > 0: that many flat order lines in one file, nothing else */
    bool flat_csv;
    /* Called now and then and at the end; `total` is an estimate until then. False stops with EP_E_CANCELLED. */
    bool (*progress)(void *user, uint64_t done, uint64_t total);
    void *user;
} ep_generate_options;

typedef struct ep_generate_summary {
    uint64_t n_records[EP_N_GENERATE_STREAMS];
    uint64_t n_total, n_bytes, n_files, n_faults;
    int64_t elapsed_us;
} ep_generate_summary;

/* One option of the command line: `--name VALUE`, or a flag when `type` is "flag". */
typedef struct ep_generate_option {
    const char *name, *type, *default_text, *range, *text;
} ep_generate_option;

/** The table behind the parser, --help and the manual. */
const ep_generate_option *ep_generate_option_table(size_t *ret_n);

/** Folder of a stream ("orders"). */
const char *ep_generate_stream_name(enum ep_generate_stream stream);

/* A kind of fault: where it can strike, what becomes of the record. */
typedef struct ep_generate_fault {
    const char *name, *streams, *outcome, *reasons, *text;
} ep_generate_fault;

/** All kinds, in the order of the manual. Outcomes are the classes of the truth file. */
const ep_generate_fault *ep_generate_fault_table(size_t *ret_n);

/** Fills in the defaults of the table; only `out` is missing then. */
void ep_generate_options_init(ep_generate_options *ret);

/**
 * Sets one option by its name without dashes; `value` is borrowed and must outlive the options; ignored for flags (NULL allowed).
 *
 * @return EP_OK; EP_E_USAGE for an unknown name or a value out of range, with err->field the option.
 */
EP_CHECK ep_code ep_generate_option_set(ep_generate_options *options, const char *name, const char *value,
                                        ep_error *err);

/**
 * Writes everything. The truth file has a JSON object a record touched by a fault (every record with `truth_all`):
 * {"file","record" (0-based),"class","reasons":[must be reported],"also":[may be reported too],"fault"}. The classes are those of the
 * fault table; for fault conflicting_duplicate "either" names the other copy: exactly one of both is quarantined.
 *
 * @param ret  may be NULL; counts also after an error.
 * @return EP_OK; EP_E_USAGE, EP_E_ARG (options), EP_E_NOT_FOUND, EP_E_PERMISSION, EP_E_FULL, EP_E_IO (naming the path),
 *         EP_E_CONFLICT (folder not empty), EP_E_NOMEM, EP_E_CANCELLED. Files written so far stay.
 */
EP_CHECK ep_code ep_generate(const ep_generate_options *options, ep_generate_summary *ret, ep_error *err);

#endif
