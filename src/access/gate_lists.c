#include "access/gate.h"

#include <string.h>

/* Each list is sorted, which a unit test checks: the search is by halves. */

/* Functions that read their arguments and nothing else, and cannot be asked for a gigabyte (repeat, lpad). Operators, CASE, COALESCE, IN
 * and the like are constructs, not functions. */
static const char *const functions[] = {
    "abs",
    "age",
    "array_agg",
    "array_length",
    "array_to_string",
    "ascii",
    "avg",
    "bit_length",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "chr",
    "concat",
    "concat_ws",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "cume_dist",
    "date",
    "date_bin",
    "date_part",
    "date_trunc",
    "dense_rank",
    "div",
    "every",
    "exp",
    "extract",
    "first_value",
    "floor",
    "generate_series",
    "initcap",
    "isfinite",
    "json_array_elements",
    "json_array_elements_text",
    "json_array_length",
    "json_extract_path_text",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_array_length",
    "jsonb_extract_path_text",
    "justify_days",
    "justify_hours",
    "justify_interval",
    "lag",
    "last_value",
    "lead",
    "left",
    "length",
    "like_escape",
    "ln",
    "log",
    "lower",
    "ltrim",
    "make_date",
    "make_interval",
    "make_timestamp",
    "max",
    "md5",
    "min",
    "mod",
    "mode",
    "now",
    "nth_value",
    "ntile",
    "num_nonnulls",
    "num_nulls",
    "octet_length",
    "overlaps",
    "overlay",
    "percent_rank",
    "percentile_cont",
    "percentile_disc",
    "position",
    "power",
    "rank",
    "regexp_match",
    "regexp_replace",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "replace",
    "reverse",
    "right",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "split_part",
    "sqrt",
    "starts_with",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "string_to_array",
    "strpos",
    "substr",
    "substring",
    "sum",
    "timezone",
    "to_char",
    "to_date",
    "to_number",
    "to_timestamp",
    "translate",
    "trunc",
    "unnest",
    "upper",
    "var_pop",
    "var_samp",
    "variance",
    "width_bucket",
    NULL,
};

/* What a reporting tool asks before it asks anything else; each shows only what the role may read. */
static const char *const relations[] = {
    "information_schema.columns",
    "information_schema.schemata",
    "information_schema.tables",
    "information_schema.views",
    "mart.*",
    "seller.*",
    NULL,
};

/* No reg* types, which turn numbers into names of roles and relations, and no xid or pg_lsn. */
static const char *const types[] = {
    "bool",      "bpchar",      "bytea",  "date",  "float4",  "float8",  "int2", "int4",
    "int8",      "interval",    "json",   "jsonb", "name",    "numeric", "text", "time",
    "timestamp", "timestamptz", "timetz", "uuid",  "varchar", NULL,
};

/* Nodes of a parsed SELECT. Not here, so refused: every other statement, INTO, FOR UPDATE, TABLESAMPLE, XML, sub-statements that write. */
static const char *const constructs[] = {
    "AArrayExpr",
    "AConst",
    "AExpr",
    "AIndices",
    "AIndirection",
    "AStar",
    "Alias",
    "BitString",
    "BoolExpr",
    "Boolean",
    "BooleanTest",
    "CaseExpr",
    "CaseWhen",
    "CoalesceExpr",
    "CollateClause",
    "ColumnRef",
    "CommonTableExpr",
    "Float",
    "FuncCall",
    "GroupingFunc",
    "GroupingSet",
    "Integer",
    "JoinExpr",
    "List",
    "MinMaxExpr",
    "Node",
    "NullTest",
    "ParamRef",
    "ParseResult",
    "RangeFunction",
    "RangeSubselect",
    "RangeVar",
    "RawStmt",
    "ResTarget",
    "RowExpr",
    "SQLValueFunction",
    "SelectStmt",
    "SortBy",
    "String",
    "SubLink",
    "TypeCast",
    "TypeName",
    "WindowDef",
    "WithClause",
    NULL,
};

static const struct {
    const char *name;
    const char *const *items;
    size_t n;
} lists[] = {
    {"function", functions, sizeof functions / sizeof *functions - 1},
    {"relation", relations, sizeof relations / sizeof *relations - 1},
    {"type", types, sizeof types / sizeof *types - 1},
    {"construct", constructs, sizeof constructs / sizeof *constructs - 1},
};

const char *const *ep_gate_list(const char *which) {
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(lists[i].name, which) == 0)
            return lists[i].items;
    return NULL;
}

static bool find(const char *const *items, size_t n, const char *name) {
    for (size_t low = 0, high = n; low < high;) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(name, items[mid]);
        if (order == 0)
            return true;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return false;
}

bool ep_gate_lists(const char *which, const char *name) {
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(lists[i].name, which) == 0)
            return find(lists[i].items, lists[i].n, name);
    return false;
}
