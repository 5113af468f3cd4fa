#ifndef EP_FEED_MODEL_H
#define EP_FEED_MODEL_H

#include "feed/feed.h"
#include "feed/list.h"
#include "feed/path.h"
#include "feed/regex.h"

/* The compiled feed: what the parser makes and the runner runs. Everything lives in the feed's arena and is immutable. Private to
 * src/feed. */

#define EP_NO_FIELD UINT32_MAX

/* How a text is to be read, when the feed says so: options tried in order. */
typedef struct ep_typing {
    const ep_read_options *reads;
    size_t n_reads;
} ep_typing;

/* A mapped value before typing. */
typedef struct ep_cell {
    ep_str text;
    const ep_typing *typing; /* NULL: the contract's own way */
    uint8_t state;           /* ep_state */
    uint8_t kind;            /* ep_raw_kind */
    bool is_fixed;           /* the feed's own text, not the record's */
    bool is_clean;           /* as the decoder gave it: UTF-8 without NUL */
} ep_cell;

typedef enum ep_meta {
    EP_META_SOURCE,
    EP_META_RECORD,
    EP_META_LINE,
    EP_META_OFFSET,
    EP_META_RECEIVED_AT,
    EP_META_SELLER,
    EP_META_CONTENT,
    EP_META_OCCURRENCE,
    EP_META_FEED,
    EP_N_METAS
} ep_meta;

typedef struct ep_expr ep_expr;
typedef struct ep_cond ep_cond;

typedef enum ep_part_kind {
    EP_PART_TEXT,
    EP_PART_FIELD,
    EP_PART_PATH,
    EP_PART_META,
    EP_PART_OCCURRENCE
} ep_part_kind;
typedef struct ep_part {
    ep_part_kind kind;
    ep_str text;
    uint32_t field; /* of the contract */
    ep_path path;
    ep_meta meta;
} ep_part;

typedef struct ep_template {
    ep_part *parts;
    size_t n_parts;
    bool has_occurrence;
    uint32_t id; /* tells templates of a feed apart */
} ep_template;

typedef struct ep_branch {
    const ep_cond *when; /* NULL: else */
    const ep_expr *then;
} ep_branch;

typedef enum ep_map_else { EP_ELSE_ERROR, EP_ELSE_KEEP, EP_ELSE_NULL, EP_ELSE_SELLER } ep_map_else;
typedef enum ep_case { EP_CASE_KEEP, EP_CASE_LOWER, EP_CASE_UPPER } ep_case;

/* Applied in the order of the members. */
typedef struct ep_mods {
    bool trim;
    ep_str *null_if;
    size_t n_null_if;
    ep_str split_by; /* len 0: no split */
    int64_t split_index;
    const ep_regex *regex;
    uint32_t regex_group;
    bool regex_null; /* no match makes NULL */
    const ep_list *map;
    ep_map_else map_else;
    ep_case letter_case;
    bool negate;
    bool has_default, default_absent_only;
    ep_cell default_cell;
} ep_mods;

typedef enum ep_source {
    EP_X_PATH,
    EP_X_CONST,
    EP_X_META,
    EP_X_TEMPLATE,
    EP_X_COALESCE,
    EP_X_WHEN
} ep_source;
struct ep_expr {
    ep_source source;
    union {
        ep_path path;
        ep_cell constant;
        ep_meta meta;
        ep_template template;
        struct {
            const ep_expr **items;
            size_t n;
            ep_reason_code conflict; /* EP_R_NONE: differences are allowed */
        } coalesce;
        struct {
            ep_branch *items;
            size_t n;
        } when;
    } as;
    const ep_mods *mods;     /* NULL: none */
    const ep_typing *typing; /* NULL: none */
};

typedef enum ep_cond_kind { EP_C_ALL, EP_C_ANY, EP_C_NOT, EP_C_TEST } ep_cond_kind;
typedef enum ep_operand { EP_O_PATH, EP_O_META, EP_O_FIELD } ep_operand;
typedef struct ep_literal {
    ep_str text;
    bool is_null, is_number;
} ep_literal;

/* A test may hold several operators: all must hold. */
struct ep_cond {
    ep_cond_kind kind;
    const ep_cond **items; /* all, any, not */
    size_t n;
    ep_operand operand;
    ep_path path;
    ep_meta meta;
    uint32_t field;
    bool has_is, has_is_not, has_exists, exists;
    ep_literal is, is_not;
    ep_literal *in, *not_in; /* NULL: no such operator */
    size_t n_in, n_not_in;
    const ep_regex *matches;
    ep_str bound[4]; /* lt, le, gt, ge; ptr NULL: none */
};

typedef struct ep_emit_field {
    uint32_t field; /* of the contract */
    const ep_expr *expr;
    bool is_plain; /* a path without modifiers: the runner's short way */
    bool is_outer; /* the same for all items of a list */
} ep_emit_field;

typedef struct ep_emit {
    const ep_contract *contract;
    uint32_t target;
    uint32_t id;
    const ep_cond *when; /* looked at in the record's scope */
    bool has_each, each_optional;
    ep_each each;
    ep_emit_field *fields; /* in the order of evaluation: what others need comes first */
    size_t n_fields;
    bool has_owner_default;
    ep_cell owner_default; /* for rows before the feed's cut_over */
    bool needs_cells;      /* some template or condition reads mapped fields */
    uint32_t *days;        /* fields with entrepot.dayOf */
    size_t n_days;
} ep_emit;

typedef struct ep_sum_check {
    const char *name;
    uint32_t target;
    uint32_t of[4];
    size_t n_of;
    int scale;     /* to which both sides are rounded */
    int sum_scale; /* of the products */
    const ep_expr *equals;
    ep_severity severity;
} ep_sum_check;

typedef struct ep_ignore {
    const char *name;
    const ep_cond *when;
} ep_ignore;

/* A path as seen from a scope: equal ones share what they found. */
typedef struct ep_path_name {
    const char *text;
    uint32_t scope;
} ep_path_name;

struct ep_feed {
    ep_arena arena;
    const char *name, *version, *description;
    char hash[65];
    ep_delivery delivery;
    bool atomic_record, keeps_archive, needs_occurrence;
    const char *glob; /* source.files.pattern or NULL */
    ep_decode_options decode;
    ep_each records; /* is_list false and no steps: the document is the record */
    bool has_cut_over;
    int64_t cut_over;
    ep_ignore *ignores;
    size_t n_ignores;
    ep_emit *emits;
    size_t n_emits;
    ep_sum_check *checks;
    size_t n_checks;
    const ep_contract **targets;
    size_t n_targets;
    ep_list **lists; /* named and inline; freed with the feed */
    size_t n_lists, lists_capacity;
    ep_regex **regexes;
    size_t n_regexes, regexes_capacity;
    ep_path_name *paths; /* names of the paths, by id */
    size_t paths_capacity;
    uint32_t n_paths;
    uint32_t n_hints, max_groups, n_templates;
    size_t max_fields; /* of its contracts */
};

/* What a record is ignored by when no emit gave a row: reserved as a rule's name. */
#define EP_IGNORED_NO_ROWS "no_rows"

/* Stands for the platform itself where a seller would stand. Only a feed's own text may say it, never a record. */
#define EP_OWNER_PLATFORM "platform"

#endif
