#ifndef EP_CONTRACT_CHECK_PRIVATE_H
#define EP_CONTRACT_CHECK_PRIVATE_H

#include "contract/contract.h"

/* Private to src/contract: the compiled checks of a contract. Made by a load, only read afterwards. */

/* A regular expression that must match the whole text (pattern.c). */
typedef struct ep_pattern ep_pattern;
typedef struct ep_pattern_memory ep_pattern_memory; /* our allocator for PCRE2 */
typedef struct ep_matcher ep_matcher;               /* one thread's memory for matching */

EP_CHECK ep_code ep_pattern_memory_new(ep_pattern_memory **ret, ep_error *err);
void ep_pattern_memory_free(ep_pattern_memory **memory);
/** EP_E_CONFIG with the place and the fault as the error's text when the regex is bad. */
EP_CHECK ep_code ep_pattern_new(ep_pattern_memory *memory, ep_str regex, ep_pattern **ret, ep_error *err);
void ep_pattern_free(ep_pattern **pattern);
/** False: ep_pattern_match wants no matcher. */
bool ep_pattern_needs_matcher(const ep_pattern *pattern);
EP_CHECK ep_code ep_matcher_new(ep_matcher **ret, ep_error *err);
void ep_matcher_free(ep_matcher **matcher);
typedef enum ep_match {
    EP_MATCH_NO,
    EP_MATCH_YES,
    EP_MATCH_GAVE_UP
} ep_match; /* gave up: a limit was reached */
ep_match ep_pattern_match(const ep_pattern *pattern, ep_matcher *matcher, ep_str text);

/* How a text column's content is structured. */
typedef enum ep_json_kind { EP_J_NONE, EP_J_LIST, EP_J_MAP } ep_json_kind;

/* A bound in the column's stored units, inclusive: an exclusive one was moved by one unit, which is exact. */
typedef struct ep_bound {
    bool set, exclusive;
    ep_int128 value;
    const char *text; /* as written */
    ep_reason_code code;
} ep_bound;

typedef struct ep_pattern_check {
    const ep_pattern *pattern;
    const char *text, *rule; /* rule "" for logicalTypeOptions.pattern */
    ep_severity severity;
} ep_pattern_check;

/* A text of at most EP_SHORT_BYTES as ep_short_words gives it. */
typedef struct ep_short_text {
    uint64_t words[2];
    size_t len;
} ep_short_text;

/* Allowed values, or (missing) texts that count as missing. */
typedef struct ep_value_set {
    ep_str *texts;      /* of a text column, sorted bytewise */
    ep_int128 *numbers; /* of the others, sorted */
    size_t n;
    ep_short_text *short_texts; /* of few values, none of them long; else NULL */
    uint32_t *buckets;          /* hash of texts: index + 1, 0 empty; NULL for few values */
    size_t mask;
    bool missing;
    const char *rule, *detail;
    ep_severity severity;
} ep_value_set;

typedef struct ep_required_check {
    const char *rule; /* "" for required: true */
    ep_severity severity;
} ep_required_check;

typedef struct ep_field_checks {
    ep_json_kind json;
    ep_bound bounds[6]; /* lower, upper: of the format (i8 ...), inclusive, exclusive */
    ep_int128 step;     /* multipleOf in stored units, 0 none */
    const char *step_text;
    int64_t min_length, max_length; /* code points; -1 none */
    int64_t min_items, max_items;   /* of a list, or members of a map; -1 none */
    bool unique_items;
    const char **members; /* required of a map */
    bool *member_valued;  /* and not null: a nested property with required: true */
    size_t n_members;
    const ep_validator *validator;
    ep_required_check required[4];
    size_t n_required;
    ep_pattern_check *patterns;
    size_t n_patterns;
    ep_value_set **sets;
    size_t n_sets;
} ep_field_checks;

typedef enum ep_compare { EP_CMP_LT, EP_CMP_LE, EP_CMP_EQ, EP_CMP_NE, EP_CMP_GE, EP_CMP_GT } ep_compare;

typedef enum ep_cross_kind {
    EP_X_COMPARE,
    EP_X_ANY_OF,
    EP_X_ALL_OR_NONE,
    EP_X_REQUIRED_WHEN,
    EP_X_FORBIDDEN_WHEN,
    EP_X_MINOR_UNITS,
    EP_X_CURRENCY_IN_USE
} ep_cross_kind;

typedef struct ep_cross_check {
    ep_cross_kind kind;
    ep_severity severity;
    const char *name, *detail;
    int *
        fields; /* in the order of the kind: left [right]; list; field, when; amount, currency; currency, at */
    size_t n_fields;
    ep_compare compare;
    bool is_literal; /* right side of a comparison */
    ep_int128 number;
    ep_str text;
    const ep_value_set *when_in;
} ep_cross_check;

struct ep_checks {
    ep_field_checks *fields; /* as the contract's */
    ep_cross_check *cross;
    size_t n_cross;
    bool has_patterns; /* that need a matcher */
};

/** A literal of a contract for a date, time or timestamp field: in the field's format, or ISO 8601 (read.c). */
bool ep_read_moment_literal(const ep_contract_field *field, ep_str text, int64_t *ret);

/* One call of ep_contract_check. */
typedef struct ep_check_run {
    const ep_contract *contract;
    const ep_batch *batch;
    size_t from, to;
    const uint32_t *record_of, *group_of;
    const uint64_t *failed;
    ep_matcher *matcher;
    ep_reasons *reasons;
    ep_error *err;
} ep_check_run;

EP_CHECK ep_code ep_check_add(const ep_check_run *run, size_t row, int field, ep_reason_code code,
                              ep_severity severity, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
bool ep_check_failed(const ep_check_run *run, size_t row, size_t field);
bool ep_value_set_has_text(const ep_value_set *set, ep_str text);
bool ep_value_set_has_number(const ep_value_set *set, ep_int128 value);
/** The cell's number, whichever array holds it. */
ep_int128 ep_cell_number(const ep_column *column, size_t row);
EP_CHECK ep_code ep_check_field(const ep_check_run *run, size_t field);
EP_CHECK ep_code ep_check_cross(const ep_check_run *run);              /* check_rules.c */
EP_CHECK ep_code ep_check_json(const ep_check_run *run, size_t field); /* check_json.c */

#endif
