#ifndef EP_CONTRACT_DRAFT_H
#define EP_CONTRACT_DRAFT_H

#include "contract/check_private.h"
#include "contract/odcs_keys.h"
#include "contract/yaml.h"

/* Private to src/contract: what a load knows of the files while it lints and compiles. Drafts go when the load ends; the
 * YAML trees stay as long as the contracts, whose texts point into them. */

typedef struct ep_draft_file {
    const char *name;
    ep_yaml *yaml; /* NULL when it could not be parsed */
    char hash[65];
    const char *version; /* of the contract */
    ep_odcs_version odcs;
} ep_draft_file;

typedef struct ep_draft_field {
    const ep_yaml_node *node;    /* the property */
    const ep_yaml_node *options; /* its logicalTypeOptions, or NULL */
    const char *name, *id;       /* of ODCS; the column's name is in the contract; id "" when none */
    bool has_type;               /* logicalType is given */
} ep_draft_field;

typedef struct ep_draft {
    const ep_draft_file *file;
    const ep_yaml_node *node;
    const char *name, *id;
    ep_contract *contract;
    ep_draft_field *fields; /* as contract->fields */
    ep_on_unknown on_unknown;
    bool key_is_declared, identity_is_declared;
} ep_draft;

typedef struct ep_load {
    ep_contracts *set;
    ep_arena *arena; /* of the set */
    ep_draft_file *files;
    size_t n_files;
    ep_draft **drafts;
    size_t n_drafts, drafts_capacity;
    bool strict;
    ep_lints *lints;
    ep_error *err;
} ep_load;

/* Lists the load has made outside the arena and the contracts keep. */
struct ep_contracts_private {
    ep_yaml **trees;
    size_t n_trees, trees_capacity;
    ep_pattern **patterns;
    size_t n_patterns, patterns_capacity;
    ep_pattern_memory *pattern_memory;
};

/* Findings at a node's value or key. `ep_draft_doubt` is an error in a strict warehouse and a warning elsewhere. */
EP_CHECK ep_code ep_draft_lint(ep_load *load, const ep_draft_file *file, ep_severity severity,
                               const ep_yaml_node *node, const char *code, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
EP_CHECK ep_code ep_draft_error(ep_load *load, const ep_draft_file *file, const ep_yaml_node *node,
                                const char *code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
EP_CHECK ep_code ep_draft_doubt(ep_load *load, const ep_draft_file *file, const ep_yaml_node *node,
                                const char *code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/** Member of a map as text; "" when it is missing or no text. */
const char *ep_draft_text(const ep_yaml_node *map, const char *key);
bool ep_draft_bool(const ep_yaml_node *map, const char *key); /* false when missing */
void *ep_draft_alloc(ep_load *load, size_t n,
                     size_t size_bytes); /* zeroed, in the set's arena; NULL: load->err is set */
/** Field by ODCS name, else by column name; -1. */
int ep_draft_field_index(const ep_draft *draft, const char *name);
/** The nearest ODCS name of a field as "; did you mean ...?", or "". */
const char *ep_draft_near_field(ep_load *load, const ep_draft *draft, const char *name);
bool ep_draft_is_name(const char *name); /* [a-z_][a-z0-9_]{0,62} */

/** Value of an entrepot. property (name without prefix) in the customProperties of a node; NULL. */
const ep_yaml_node *ep_custom_value(const ep_yaml_node *owner, const char *name);
const char *ep_custom_text(const ep_yaml_node *owner, const char *name);  /* "" */
bool ep_custom_on_unknown(const ep_yaml_node *owner, ep_on_unknown *ret); /* false: not given */

/* The steps of a load, in this order. */
EP_CHECK ep_code ep_lint_structure(ep_load *load,
                                   ep_draft_file *file); /* lint.c: what the JSON Schema knows */
EP_CHECK ep_code ep_draft_parse(ep_load *load,
                                const ep_draft_file *file); /* odcs_parse.c: datasets and fields */
EP_CHECK ep_code ep_draft_parse_field(ep_load *load, ep_draft *draft, size_t at); /* odcs_field.c */
EP_CHECK ep_code ep_draft_parse_custom(ep_load *load, ep_draft *draft);  /* odcs_custom.c: entrepot. */
EP_CHECK ep_code ep_draft_parse_parents(ep_load *load, ep_draft *draft); /* odcs_relations.c */
EP_CHECK ep_code ep_draft_compile(ep_load *load, ep_draft *draft);       /* check_compile.c: the options */
EP_CHECK ep_code ep_draft_parse_quality(ep_load *load, ep_draft *draft); /* odcs_quality.c */
EP_CHECK ep_code ep_draft_compile_cross(ep_load *load, ep_draft *draft, const ep_yaml_node *rule,
                                        ep_severity severity, const char *name); /* cross_compile.c */
EP_CHECK ep_code ep_lint_rules(ep_load *load, ep_draft *draft);                  /* lint_rules.c */
EP_CHECK ep_code ep_lint_names(ep_load *load);                     /* lint_names.c: all together */
EP_CHECK ep_code ep_lint_examples(ep_load *load, ep_draft *draft); /* lint_examples.c */

/* Pieces of check_compile.c that quality rules need too. */
EP_CHECK ep_code ep_compile_pattern(ep_load *load, const ep_draft *draft, const ep_yaml_node *text,
                                    ep_severity severity, const char *rule, size_t field);
EP_CHECK ep_code ep_compile_set(ep_load *load, const ep_draft *draft, const ep_yaml_node *values,
                                const char *member, ep_severity severity, const char *rule, bool missing,
                                size_t field);
EP_CHECK ep_code ep_compile_values(ep_load *load, const ep_draft *draft, const ep_yaml_node *values,
                                   const char *member, bool missing, size_t field, ep_value_set **ret);
EP_CHECK ep_code ep_compile_required(ep_load *load, const ep_draft *draft, ep_severity severity,
                                     const char *rule, size_t field);
/** Reads a literal as a field's stored value: numbers, dates ... as i128, text as view. */
bool ep_compile_literal(const ep_contract *contract, size_t field, const ep_yaml_node *node, ep_int128 *ret,
                        ep_str *ret_text);
/** What a literal of a field has to be, for messages: "a whole number". */
const char *ep_compile_type_text(const ep_contract *contract, size_t field);

/* bounds_compile.c */
EP_CHECK ep_code ep_compile_bounds(ep_load *load, ep_draft *draft, size_t at);
EP_CHECK ep_code ep_compile_step(ep_load *load, ep_draft *draft, size_t at);

#endif
