#ifndef EP_CONTRACT_CONTRACT_H
#define EP_CONTRACT_CONTRACT_H

#include "contract/validators.h"
#include "record/batch.h"

/* An ODCS v3 file holds one or more datasets ("schema" objects); each becomes an ep_contract. */

typedef enum ep_kind {
    EP_K_NONE,
    EP_K_DIMENSION,
    EP_K_TRANSACTION,
    EP_K_SNAPSHOT,
    EP_K_ACCUMULATING,
    EP_K_REFERENCE
} ep_kind;
typedef enum ep_history {
    EP_H_FIRST = 0,
    EP_H_LAST = 1,
    EP_H_VERSIONS = 2,
    EP_H_PREVIOUS = 3
} ep_history; /* Kimball types */
typedef enum ep_severity { EP_S_INFO, EP_S_WARNING, EP_S_ERROR } ep_severity;
typedef enum ep_on_unknown { EP_U_INFERRED, EP_U_WAIT, EP_U_QUARANTINE } ep_on_unknown;

/* Why a row, group or record is not accepted, or what was found in it. Closed; each has a line in docs/reference. */
#define EP_REASONS(X)                                                                              \
    X(EP_R_REQUIRED, "required", "a required field is missing or null")                            \
    X(EP_R_TYPE, "type", "the text is not of the field's type")                                    \
    X(EP_R_RANGE, "range", "the number has more digits than the type holds")                       \
    X(EP_R_SCALE, "scale", "the number has more decimals than the type holds")                     \
    X(EP_R_MINIMUM, "minimum", "below the least allowed value")                                    \
    X(EP_R_MAXIMUM, "maximum", "above the greatest allowed value")                                 \
    X(EP_R_MULTIPLE, "multiple_of", "not a multiple of the declared step")                         \
    X(EP_R_MIN_LENGTH, "min_length", "shorter than allowed")                                       \
    X(EP_R_MAX_LENGTH, "max_length", "longer than allowed")                                        \
    X(EP_R_PATTERN, "pattern", "does not match the declared pattern")                              \
    X(EP_R_ENUM, "enum", "not one of the allowed values")                                          \
    X(EP_R_FORMAT, "format", "fails the named check (GTIN, SIRET, e-mail ...)")                    \
    X(EP_R_ITEMS, "items", "an array has too few, too many or equal items")                        \
    X(EP_R_MEMBERS, "members", "an object lacks a member or has too many or too few")              \
    X(EP_R_RULE, "rule", "a rule over several fields is broken")                                   \
    X(EP_R_TEXT_ENCODING, "text_encoding", "the bytes are not the declared encoding")              \
    X(EP_R_SYNTAX, "syntax", "the record cannot be parsed")                                        \
    X(EP_R_TRUNCATED, "truncated", "the record ends before it is complete")                        \
    X(EP_R_DUPLICATE_KEY, "duplicate_key", "the same member name twice in one object")             \
    X(EP_R_DEPTH, "depth", "nested deeper than the limit")                                         \
    X(EP_R_TOO_LARGE, "too_large", "larger than the limit")                                        \
    X(EP_R_RAGGED, "ragged", "a row with more or fewer cells than the header")                     \
    X(EP_R_EMPTY_LIST, "empty_list", "a list that must hold something is missing, null or empty")  \
    X(EP_R_NOT_A_LIST, "not_a_list", "a list was expected here")                                   \
    X(EP_R_NULL_ITEM, "null_item", "a list item is null or not an object")                         \
    X(EP_R_MAP, "map", "the value is in no line of the code list")                                 \
    X(EP_R_MAPPING, "mapping", "a template, split or regex of the feed does not fit the value")    \
    X(EP_R_OWNER_MISSING, "seller_missing", "the row names no seller")                             \
    X(EP_R_OWNER_INVALID, "seller_invalid", "not a seller identity of the platform")               \
    X(EP_R_OWNER_CONFLICT, "seller_conflict", "two different sellers in one item")                 \
    X(EP_R_IDENTITY_CONFLICT, "identity_conflict", "the same event identity with another content") \
    X(EP_R_PARENT, "parent_unknown", "a parent that must exist is unknown")                        \
    X(EP_R_SUM, "sum_mismatch", "the lines do not add up to the total")                            \
    X(EP_R_ERASED, "erased", "the person was erased")

typedef enum ep_reason_code {
    EP_R_NONE,
#define EP_REASON_ENUM(id, name, text) id,
    EP_REASONS(EP_REASON_ENUM)
#undef EP_REASON_ENUM
        EP_N_REASONS
} ep_reason_code;

const char *ep_reason_name(ep_reason_code code);
const char *ep_reason_text(ep_reason_code code);
ep_reason_code ep_reason_find(ep_str name); /* EP_R_NONE when unknown */

/* One reason. All views live in the list's arena or in the contract. Never holds a value of the row: `detail` names the rule, the
 * limit or the kind of value seen ("is text of 12 characters, must be an integer"). */
typedef struct ep_reason {
    ep_reason_code code;
    ep_severity severity; /* error: the group is quarantined; warning, info: a finding */
    uint32_t record;      /* record of the unit, 0-based */
    uint32_t group;       /* emit group index of the unit, UINT32_MAX when the whole record */
    uint32_t row;         /* row of the contract's batch, UINT32_MAX when there is none */
    const char *contract; /* table name or "" */
    const char *field;    /* field name or "" */
    const char *detail;   /* UTF-8, one line, or "" */
} ep_reason;

typedef struct ep_reasons {
    ep_reason *items;
    size_t n, capacity;
    ep_arena arena;
    size_t n_dropped;     /* beyond EP_MAX_REASONS_PER_RECORD */
    uint32_t *per_record; /* how many of each record */
    size_t per_record_capacity;
} ep_reasons;

#define EP_MAX_REASONS_PER_RECORD 200

/** Appends a copy; `detail` is formatted into the arena. */
EP_CHECK ep_code ep_reasons_add(ep_reasons *reasons, const ep_reason *reason, ep_error *err,
                                const char *detail_format, ...) __attribute__((format(printf, 4, 5)));
void ep_reasons_reset(ep_reasons *reasons);
void ep_reasons_done(ep_reasons *reasons);

typedef struct ep_checks ep_checks; /* compiled checks, private to contract/check.c */

/* How a field is read in the usual case (quick.h). */
typedef enum ep_quick {
    EP_QUICK_NONE,
    EP_QUICK_TEXT,
    EP_QUICK_INT,
    EP_QUICK_DECIMAL,
    EP_QUICK_MOMENT /* a timestamp in RFC 3339 */
} ep_quick;

typedef struct ep_contract_field {
    const char *name;        /* physicalName when given, else name: the column */
    const char *description; /* "" when none */
    ep_column_def column;    /* the stored type */
    bool required, unique;
    int key_position; /* 1-based place in the primary key, 0 when not part */
    ep_history history;
    bool personal; /* entrepot.personal */
    bool derived;  /* entrepot.derived: computed inside, never sent by a feed */
    int day_of; /* entrepot.dayOf: field index of the timestamp whose Paris day this is, or -1; filled by the feed's runner */
    const char *purpose, *retention, *classification; /* "" when none */
    const char *lookup_value;                         /* entrepot.lookupValue, "" when none */
    ep_time_format time_format; /* of dates and timestamps: from logicalTypeOptions.format, default RFC3339 */
    const char *time_pattern;   /* JDK pattern or NULL */
    const ep_zone *zone;        /* defaultTimezone, or NULL: a zone is required in the text */
    ep_quick quick;
    const char **examples;
    size_t n_examples;
    int line; /* in the file */
} ep_contract_field;

/* relationships: this contract's fields -> the key fields of a parent contract. */
typedef struct ep_parent {
    const char *
        role; /* column prefix: "seller" gives seller_key and seller_from; default: the property name without _id, or the
                                 parent's name without dim_ for composites; entrepot.role overrides */
    const char *contract; /* parent's table name */
    const char *from[8];  /* fields here */
    const char *to[8];    /* fields there */
    size_t n;
    ep_on_unknown on_unknown;
    int line;
} ep_parent;

/* A set-level rule (rowCount, percentages, SQL ...): never quarantines, raises incidents. */
typedef struct ep_set_rule {
    const char *name, *metric, *field, *query, *op,
        *unit;                 /* op: the mustBe... word; field "" at table level */
    const char *low, *high;    /* arguments as text; high only for between */
    const char **valid_values; /* validValues, missingValues or properties: the list of the metric */
    size_t n_valid_values;
    const char *pattern;
    ep_severity severity;
    int line;
} ep_set_rule;

typedef struct ep_contract {
    const char *name;    /* table name: physicalName when given, else name */
    const char *file;    /* path as given */
    const char *version; /* of the contract file */
    char hash[65];       /* SHA-256 of the file's bytes, hex */
    const char *description;
    ep_kind kind;
    ep_contract_field *fields;
    size_t n_fields;
    ep_schema schema; /* one column a field, same order; derived ones included */
    int key[8];
    size_t n_key; /* field indexes of the natural key, owner first when there is one */
    int identity[8];
    size_t n_identity; /* entrepot.dedupe: event identity without owner and time; default: the key */
    int lookup[8];
    size_t n_lookup;       /* entrepot.lookup: what scripts look rows up by, an index on a server */
    int valid_time;        /* field index of entrepot.validTime or -1 */
    int bind_time;         /* entrepot.bindTime: when facts bind to versions; default valid_time */
    int sequence;          /* entrepot.sequence or -1 */
    int owner;             /* entrepot.owner or -1 */
    int deleted;           /* entrepot.deleted: boolean field that marks a deletion, or -1 */
    const char *generated; /* entrepot.generated: "calendar" or "" */
    bool is_public;        /* entrepot.public: the same for all sellers */
    const char *purpose, *retention;
    ep_parent *parents;
    size_t n_parents;
    ep_set_rule *set_rules;
    size_t n_set_rules;
    ep_checks *checks;
    int line;
} ep_contract;

/* A finding of lint, or a note. */
typedef struct ep_lint {
    ep_severity severity;
    const char *file;
    int line, column; /* 1-based */
    const char *code; /* stable word: "unknown_property", "bad_regex" ... */
    const char *text; /* what is wrong, and what to write instead */
} ep_lint;

typedef struct ep_lints {
    ep_lint *items;
    size_t n, capacity;
    size_t n_errors;
    ep_arena arena;
} ep_lints;

#define EP_MAX_LINTS 2000 /* beyond it only n_errors counts on */
/** The text is formatted, `file` copied, into the arena; `code` is a constant. */
EP_CHECK ep_code ep_lints_add(ep_lints *lints, ep_error *err, ep_severity severity, const char *file,
                              int line, int column, const char *code, const char *format, ...)
    __attribute__((format(printf, 8, 9)));
void ep_lints_done(ep_lints *lints);

/* All contracts of a warehouse. Immutable after loading: shared by threads. */
typedef struct ep_contracts {
    ep_contract **items;
    size_t n; /* sorted by name */
    ep_arena arena;
    struct ep_contracts_private *own;
} ep_contracts;

/**
 * Reads ODCS files (3.0.x, 3.1.0, 3.2.0), lints them one by one and together (relationships between files) and compiles the checks.
 * @param paths   files; each may hold several datasets.
 * @param lints   gets every finding with file:line:column, in the order of places; errors there make the call return EP_E_CONFIG after all were read.
 * @param strict_warehouse  true: every dataset must be loadable (kind, key, validTime ...); false: any published ODCS file lints.
 * @return EP_OK; EP_E_CONFIG with lints filled; EP_E_NOT_FOUND, EP_E_PERMISSION, EP_E_IO for a file.
 */
EP_CHECK ep_code ep_contracts_load(const char *const *paths, size_t n_paths, bool strict_warehouse,
                                   ep_contracts **ret, ep_lints *lints, ep_error *err);
/** The same from memory, `name` stands for the path. */
EP_CHECK ep_code ep_contracts_load_text(const char *const *names, const ep_str *texts, size_t n,
                                        bool strict_warehouse, ep_contracts **ret, ep_lints *lints,
                                        ep_error *err);
void ep_contracts_free(ep_contracts **contracts);
/** The reference of the contract language as Markdown: every key of a file, our own properties, reasons; made from the parser's tables. */
EP_CHECK ep_code ep_contract_key_docs(ep_buf *ret, ep_error *err);
const ep_contract *ep_contracts_find(const ep_contracts *contracts, ep_str name);
int ep_contract_field_index(const ep_contract *contract, ep_str name); /* -1 when there is none */

/* How the text of a cell came: tells text "1" from number 1 where JSON knows. */
typedef enum ep_raw_kind {
    EP_RAW_TEXT,
    EP_RAW_NUMBER,
    EP_RAW_BOOL,
    EP_RAW_JSON
} ep_raw_kind; /* JSON: an array's or object's own text */

/* A feed may override how a field's text is read. */
typedef struct ep_read_options {
    const ep_time_format *formats;
    size_t n_formats;    /* tried in order; none: the contract's */
    const char *pattern; /* for EP_TF_PATTERN */
    const ep_zone *zone;
    char decimal_mark; /* '.' or ','; 0 is '.' */
    char group_mark;   /* thousands: ' ', '.', ','; 0 none */
} ep_read_options;

/**
 * Types one cell by its contract field and stores it in the batch: exact, no rounding; text must be UTF-8 without NUL; a boolean is true/false
 * (JSON, or the texts true,false,1,0); a JSON number is accepted for a text field as its token; a text "12" is accepted for a number.
 * @return EP_R_NONE, or why not (`*ret_detail` gets a constant or arena text, never the value); the cell is then left absent.
 * The text must outlive the batch or have been copied into its arena.
 */
ep_reason_code ep_contract_read(const ep_contract *contract, size_t field, ep_raw_kind kind, ep_str text,
                                const ep_read_options *options, ep_batch *batch, size_t row,
                                const char **ret_detail);

/**
 * Runs all row-level checks of the contract over rows [from, n_rows) of a batch whose first n_fields columns are the contract's (the batch
 * may have further columns). Adds ALL reasons of every row. record_of[row] and group_of[row] give the unit's indexes for the reasons.
 * Cells for which ep_contract_read already failed are absent: `failed` (a bit a field, (n_fields + 63) / 64 words a row of the batch, may
 * be NULL) suppresses a second "required" for them.
 * Thread: any; the contract is only read.
 */
EP_CHECK ep_code ep_contract_check(const ep_contract *contract, const ep_batch *batch, size_t from,
                                   const uint32_t *record_of, const uint32_t *group_of,
                                   const uint64_t *failed, ep_reasons *reasons, ep_error *err);

#endif
