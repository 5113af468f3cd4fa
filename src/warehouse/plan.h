#ifndef EP_WAREHOUSE_PLAN_H
#define EP_WAREHOUSE_PLAN_H

#include "contract/contract.h"
#include "store/store.h"
#include "warehouse/template.h"

/* How a contract's table is laid out: stored columns, key columns, links to parents, and the column lists of the SQL templates. */

struct ep_table;

/* A relationship to a dimension or reference table. */
typedef struct ep_link {
    const ep_parent *parent;
    const struct ep_table *table; /* the parent's */
    const char *key_column;       /* "seller_key" */
    const char *from_column;      /* "seller_from", NULL when the parent keeps no versions */
    int from[8]; /* our field for each of the parent's key fields, in the parent's key order */
    size_t n_from;
    int stage_column; /* where the staged batch holds the parent's durable key */
} ep_link;

/* A field whose cells make the content of a row. */
typedef struct ep_content_field {
    size_t field;
    uint64_t tag; /* hash of its name */
} ep_content_field;

typedef struct ep_table {
    const ep_contract *contract;
    const char *name;
    const char *
        there; /* what staged rows are compared with: the table, or near_x where tables lie on several nodes (near.h) */
    const char *there_log;  /* the same of its change log */
    const char *key_column; /* "seller_key", NULL for transactions and snapshots */
    bool versions;          /* dimension */
    bool keyed;             /* one durable key a natural key */
    bool personal;          /* its durable keys are keyed hashes under the warehouse's secret */
    bool fed;               /* rows come from feeds */
    ep_link *links;
    size_t n_links;
    int64_t *bit;              /* per field: its mask in _present */
    int64_t full;              /* all attributes */
    ep_content_field *content; /* what feeds send, in an order that does not depend on the contract's */
    size_t n_content;

    ep_schema stage; /* contract's columns, then the system columns below, then a key column a link */
    int c_row, c_load, c_record, c_group, c_key, c_at, c_seq, c_hash, c_present, c_deleted;

    /* Column lists for sql/ templates. */
    ep_sql_list stored;     /* fields kept in the table, plus link keys in facts */
    ep_sql_list keys;       /* natural key */
    ep_sql_list attributes; /* stored and not key */
    ep_sql_list own;        /* event time and sequence: a change's own, never carried */
    ep_sql_list carried;    /* attributes but type 0 and those */
    ep_sql_list type0, type1, type2, type3;
    ep_sql_list roles;    /* r_from columns */
    ep_sql_list bound;    /* their expressions */
    ep_sql_list binds;    /* their joins */
    ep_sql_list identity; /* transactions */
} ep_table;

typedef struct ep_plan {
    ep_table *tables; /* parents before children as far as possible */
    size_t n;
    bool near; /* merges fetch the stored rows they need first */
    ep_arena arena;
} ep_plan;

/** Bits of _present already given to columns: {table, column, mask}; new columns get the next free. NULL for none. */
typedef struct ep_known_bit {
    const char *table, *column;
    int64_t bit;
} ep_known_bit;

/** Lays out all contracts; `near` for tables on several nodes. The contracts outlive the plan. EP_E_CONFIG when a contract cannot be laid out (more than 62 attributes ...). */
EP_CHECK ep_code ep_plan_new(const ep_contracts *contracts, const ep_known_bit *known, size_t n_known,
                             bool near, ep_plan **ret, ep_error *err);
void ep_plan_free(ep_plan **plan);
const ep_table *ep_plan_find(const ep_plan *plan, const char *name);
/** Name without "dim_" or "fact_". */
const char *ep_short_name(const char *table);
/** True for fields that are columns of the table itself (the deleted flag and a dimension's time and sequence are not). */
bool ep_field_is_stored(const ep_table *table, size_t field);

#define EP_MAX_PLAN_VARS 40
/** Fills the variables that every template knows for a table; returns how many. `vars` holds EP_MAX_PLAN_VARS. */
size_t ep_table_vars(const ep_table *table, ep_sql_var *vars);

#endif
