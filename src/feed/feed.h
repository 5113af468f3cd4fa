#ifndef EP_FEED_FEED_H
#define EP_FEED_FEED_H

#include "decode/decode.h"

/* A feed says how something arrives, how bytes become records, and which contract rows each record yields. Compiled once from YAML, immutable, shared by
 * threads; a runner is one thread's. */
typedef struct ep_feed ep_feed;
typedef struct ep_feed_runner ep_feed_runner;

typedef enum ep_delivery { EP_D_APPEND, EP_D_UPSERT, EP_D_SNAPSHOT } ep_delivery;

/**
 * Reads and compiles feed files against contracts; lints everything (unknown keys, unknown contract or field, required field without
 * mapping, field mapped twice, bad path or regex, code list without lines, owner without mapping, delta feed without identity ...) with file:line:column.
 * @param lists  folder of code lists named by `map: name` (name.yaml or name.csv), or NULL.
 */
EP_CHECK ep_code ep_feed_load(const char *path, const ep_contracts *contracts, const char *lists_folder,
                              ep_feed **ret, ep_lints *lints, ep_error *err);
EP_CHECK ep_code ep_feed_load_text(const char *name, ep_str text, const ep_contracts *contracts,
                                   const char *lists_folder, ep_feed **ret, ep_lints *lints, ep_error *err);
void ep_feed_free(ep_feed **feed);

const char *ep_feed_name(const ep_feed *feed);
const char *ep_feed_hash(
    const ep_feed *feed); /* SHA-256 hex over the feed's bytes, its code lists' and its contracts' hashes */
const char *ep_feed_description(const ep_feed *feed);
ep_delivery ep_feed_delivery(const ep_feed *feed);
const ep_decode_options *ep_feed_decode(const ep_feed *feed);
bool ep_feed_needs_occurrence(
    const ep_feed *feed); /* some mapping uses {occurrence} of the source or {content} */
bool ep_feed_keeps_archive(const ep_feed *feed);      /* archive: true (default) or false */
const char *ep_feed_source_glob(const ep_feed *feed); /* source.files.pattern or NULL */
/** Distinct contracts this feed emits, in order of first appearance. */
size_t ep_feed_n_targets(const ep_feed *feed);
const ep_contract *ep_feed_target(const ep_feed *feed, size_t target);

/* Extra columns the warehouse wants behind the contract's (same for every target); left absent by the feed. */
typedef struct ep_feed_schemas {
    ep_schema *per_target; /* n_targets; the first n_fields columns are the contract's own */
} ep_feed_schemas;

/* A group: the unit of acceptance. */
typedef struct ep_group {
    uint32_t record; /* in the unit */
    ep_str owner;    /* seller id; "" the platform's rows; owner_known false: the seller could not be told */
    bool owner_known;
    bool rejected; /* has a reason with severity error */
    bool waiting;  /* set by the warehouse */
} ep_group;

/* Rows of one contract in a unit. */
typedef struct ep_unit_table {
    const ep_contract *contract;
    ep_batch *batch;
    uint32_t *record_of; /* per row: record of the unit */
    uint32_t *group_of;  /* per row: group of the unit */
    uint64_t *failed;    /* bits of fields that failed to be read, (n_fields+63)/64 words a row */
    size_t capacity;
} ep_unit_table;

typedef enum ep_outcome_pre { EP_PRE_OK, EP_PRE_IGNORED } ep_outcome_pre;

/* One record of a unit after mapping. */
typedef struct ep_unit_record {
    ep_raw raw;
    bool ignored;                   /* feed's ignore rule matched */
    const char *ignored_name;       /* the rule's name */
    uint32_t first_group, n_groups; /* groups of this record are consecutive */
} ep_unit_record;

/* A unit of work: some thousand records mapped and checked, owned by one thread at a time. Everything in it lives in its arena, its batches or the blocks it keeps. */
typedef struct ep_unit {
    ep_arena arena;
    ep_unit_record *records;
    size_t n_records, records_capacity;
    ep_group *groups;
    size_t n_groups, groups_capacity;
    ep_unit_table *tables;
    size_t n_tables;
    ep_reasons reasons; /* of records, groups and rows; errors and findings */
} ep_unit;

/** @param schemas NULL: the contracts' own columns. */
EP_CHECK ep_code ep_unit_new(const ep_feed *feed, const ep_feed_schemas *schemas, ep_unit **ret,
                             ep_error *err);
void ep_unit_reset(ep_unit *unit);
/** Memory that it holds, nearly all of it: its rows, records, groups and texts of its own. */
size_t ep_unit_bytes(const ep_unit *unit);
void ep_unit_free(ep_unit **unit);

/* What `meta: name` can give a mapping besides the record's bytes. Part of the record's coordinates, so acceptance stays a pure function. */
typedef struct ep_feed_meta {
    ep_str source;       /* name of the file or partition */
    int64_t received_at; /* stored time of receipt, microseconds */
    ep_str seller;       /* seller of the source when it has one, else "" */
} ep_feed_meta;

EP_CHECK ep_code ep_feed_runner_new(const ep_feed *feed, ep_feed_runner **ret, ep_error *err);
void ep_feed_runner_free(ep_feed_runner **runner);
/** CSV header for this source, see ep_parser_set_columns. */
void ep_feed_runner_set_columns(ep_feed_runner *runner, const ep_str *columns, size_t n_columns,
                                char delimiter);
/** The raw records to come were cut out of their documents before (a replay): `records.each` is not applied again. */
void ep_feed_runner_set_cut(ep_feed_runner *runner, bool cut);

/**
 * Decodes, maps, types and checks `n` raw records into the unit (appended to what it has): acceptance up to, not including, the warehouse. Sets
 * group.rejected from reasons of severity error; a record that cannot be decoded or mapped at all has one group with owner "" and owner_known false, rejected.
 * @return EP_OK also when every record is bad; EP_E_NOMEM and EP_E_BUG only.
 * Thread: the runner's own. Pure: same bytes, coordinates, meta, feed and contracts give the same unit.
 */
EP_CHECK ep_code ep_feed_runner_run(ep_feed_runner *runner, const ep_raw *raws, size_t n,
                                    const ep_feed_meta *meta, ep_unit *unit, ep_error *err);

/* The language's tables: parser, lint and docs/reference come from these. */
typedef struct ep_feed_key_doc {
    const char *section, *key, *type, *default_text, *text;
} ep_feed_key_doc;
const ep_feed_key_doc *ep_feed_key_docs(size_t *ret_n);

#endif
