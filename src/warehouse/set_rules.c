#include "warehouse/set_rules.h"
#include "warehouse/dialect.h"
#include "warehouse/history.h"
#include "warehouse/lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ASSET "sql/set_rules.sql"

enum { SCALE = 18 }; /* limits and values are compared with so many decimals */

typedef struct results {
    ep_rule_result *items;
    size_t n, capacity;
    ep_arena arena;
} results;

static void results_done(results *r) {
    ep_free(r->items);
    ep_arena_done(&r->arena);
}

/* What a rule counted. */
typedef struct counted {
    ep_int128 value; /* times 10^SCALE */
    int64_t total;   /* rows it is a share of, for percent */
} counted;

/* Which rows of a table a rule speaks about. */
static const char *rows_meant(const ep_table *t) {
    if (!t->fed || !t->keyed)
        return "true";
    if (t->versions)
        return "is_current and not is_deleted and not is_inferred";
    return t->contract->deleted >= 0 ? "_n > 0 and not is_deleted" : "_n > 0";
}

/* A number is compared as a number, whatever its decimals; everything else as text. */
static void put_listed(const ep_contract_field *field, const ep_set_rule *rule, ep_buf *out) {
    bool number = field->column.type == EP_T_INT || field->column.type == EP_T_DECIMAL;
    ep_int128 value;
    ep_buf_puts(out, "(false");
    for (size_t i = 0; i < rule->n_valid_values; i++) {
        ep_str text = ep_str_from(rule->valid_values[i]);
        if (number && ep_decimal_parse(text, EP_DECIMAL_MAX_PRECISION, SCALE, &value) != EP_NUM_OK)
            continue;
        ep_buf_puts(out, number ? " or " : " or cast(");
        ep_buf_put_ident(out, ep_str_from(field->name));
        ep_buf_puts(out, number ? " = cast(" : " as text) = ");
        ep_buf_put_literal(out, text);
        ep_buf_puts(out, number ? " as decimal(38,18))" : "");
    }
    ep_buf_puts(out, ")");
}

static void put_valid(ep_warehouse *w, const ep_contract_field *field, const ep_set_rule *rule, ep_buf *out) {
    bool pattern = rule->pattern && rule->pattern[0];
    if (rule->n_valid_values > 0)
        put_listed(field, rule, out);
    if (rule->n_valid_values > 0 && pattern)
        ep_buf_puts(out, " and ");
    if (pattern)
        ep_dialect_put_match(w->store, field->name, rule->pattern, out);
}

typedef struct texts {
    ep_buf field, listed, not_null, fields, query;
} texts;

static void texts_done(texts *x) {
    ep_buf_done(&x->field);
    ep_buf_done(&x->listed);
    ep_buf_done(&x->not_null);
    ep_buf_done(&x->fields);
    ep_buf_done(&x->query);
}

static ep_code stored_field(const ep_table *t, const char *name, int *ret, ep_error *err) {
    *ret = ep_contract_field_index(t->contract, ep_str_from(name));
    if (*ret < 0)
        return ep_fail(err, EP_E_CONFIG, "%s has no field %s", t->name, name);
    if (!ep_field_is_stored(t, (size_t)*ret))
        return ep_fail(err, EP_E_CONFIG, "%s.%s is not kept in the table, only in its change log", t->name,
                       name);
    return EP_OK;
}

static ep_code put_duplicate_fields(const ep_table *t, const ep_set_rule *rule, texts *x, ep_error *err) {
    const char *own[] = {rule->field};
    const char *const *names = rule->field[0] ? own : rule->valid_values;
    size_t n = rule->field[0] ? 1 : rule->n_valid_values;
    if (n == 0)
        return ep_fail(err, EP_E_CONFIG, "duplicateValues of a table needs arguments: {properties: [...]}");
    for (size_t i = 0; i < n; i++) {
        int field;
        EP_TRY(stored_field(t, names[i], &field, err));
        ep_buf_puts(&x->fields, i ? ", " : "");
        ep_buf_put_ident(&x->fields, ep_str_from(names[i]));
        ep_buf_puts(&x->not_null, i ? " and " : "");
        ep_buf_put_ident(&x->not_null, ep_str_from(names[i]));
        ep_buf_puts(&x->not_null, " is not null");
    }
    return EP_OK;
}

/* The query's text with ${table} and ${column} (and ODCS's ${object} and ${property}) filled in. */
static ep_code put_query(const ep_table *t, const ep_set_rule *rule, texts *x, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf table = {0};
    EP_CLEANUP(ep_buf_done) ep_buf column = {0};
    ep_buf_put_ident(&table, ep_str_from(t->name));
    ep_buf_put_ident(&column, ep_str_from(rule->field));
    EP_TRY(ep_buf_check(&table, err));
    EP_TRY(ep_buf_check(&column, err));
    const ep_sql_var vars[] = {
        {"table", table.data, NULL},
        {"object", table.data, NULL},
        {"column", column.data, NULL},
        {"property", column.data, NULL},
    };
    size_t n = rule->field[0] ? 4 : 2;
    ep_str text = ep_str_trim(ep_str_from(rule->query));
    while (text.len > 0 && text.ptr[text.len - 1] == ';')
        text = ep_str_trim((ep_str){text.ptr, text.len - 1});
    return ep_sql_render_text(rule->name, text, vars, n, &x->query, err);
}

/* Fills the texts and gives the section of the SQL file. */
static ep_code prepare(ep_warehouse *w, const ep_table *t, const ep_set_rule *rule, texts *x,
                       const char **ret_section, ep_error *err) {
    int field = -1;
    *ret_section = NULL;
    if (strcmp(rule->metric, "sql") == 0) {
        *ret_section = "query";
        return put_query(t, rule, x, err);
    }
    if (strcmp(rule->metric, "rowCount") == 0) {
        *ret_section = "rows";
        return EP_OK;
    }
    if (strcmp(rule->metric, "duplicateValues") == 0) {
        *ret_section = "duplicates";
        return put_duplicate_fields(t, rule, x, err);
    }
    EP_TRY(stored_field(t, rule->field, &field, err));
    ep_buf_put_ident(&x->field, ep_str_from(rule->field));
    if (strcmp(rule->metric, "nullValues") == 0) {
        *ret_section = "nulls";
    } else if (strcmp(rule->metric, "missingValues") == 0) {
        *ret_section = "missing";
        put_listed(&t->contract->fields[field], rule, &x->listed);
    } else if (strcmp(rule->metric, "invalidValues") == 0) {
        *ret_section = "invalid";
        put_valid(w, &t->contract->fields[field], rule, &x->listed);
        if (x->listed.len == 0)
            return ep_fail(err, EP_E_CONFIG, "invalidValues needs arguments: validValues or pattern");
    } else {
        return ep_fail(err, EP_E_CONFIG, "the metric %s is not executed", rule->metric);
    }
    return EP_OK;
}

static ep_code number_of(const ep_value *v, ep_int128 *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    if (v->state != EP_VALUE)
        return ep_fail(err, EP_E_CONFIG, "its query gives NULL, it must give a number");
    ep_value_put(&text, v);
    EP_TRY(ep_buf_check(&text, err));
    if (ep_decimal_parse((ep_str){text.data, text.len}, EP_DECIMAL_MAX_PRECISION, SCALE, ret) != EP_NUM_OK)
        return ep_fail(err, EP_E_CONFIG, "its query must give a number of at most 20 digits and 18 decimals");
    return EP_OK;
}

static ep_code count(ep_warehouse *w, const ep_table *t, const ep_set_rule *rule, counted *ret,
                     ep_error *err) {
    EP_CLEANUP(texts_done) texts x = {0};
    const char *section;
    EP_TRY(prepare(w, t, rule, &x, &section, err));
    ep_buf *all[] = {&x.field, &x.listed, &x.not_null, &x.fields, &x.query};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ep_buf_puts(all[i], "");
        EP_TRY(ep_buf_check(all[i], err));
    }
    const ep_sql_var extra[] = {
        {"where", rows_meant(t), NULL},      {"field", x.field.data, NULL},   {"listed", x.listed.data, NULL},
        {"not_null", x.not_null.data, NULL}, {"fields", x.fields.data, NULL}, {"query", x.query.data, NULL},
    };
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    bool row, query = strcmp(section, "query") == 0;
    EP_TRY(ep_table_query(w, t, ASSET, section, extra, sizeof extra / sizeof *extra, &cursor, err));
    if (query && ep_cursor_n_columns(cursor) != 1)
        return ep_fail(err, EP_E_CONFIG, "its query gives %zu columns, it must give one",
                       ep_cursor_n_columns(cursor));
    EP_TRY(ep_cursor_next(cursor, &row, err));
    if (!row)
        return ep_fail(err, EP_E_CONFIG, "its query gives no row, it must give one number");
    ep_value first = ep_cursor_get(cursor, 0);
    EP_TRY(number_of(&first, &ret->value, err));
    ret->total = query ? 0 : ep_cursor_get(cursor, 1).i64;
    EP_TRY(ep_cursor_next(cursor, &row, err));
    return row ? ep_fail(err, EP_E_CONFIG, "its query gives several rows, it must give one number") : EP_OK;
}

/* The value against a limit: -1, 0, 1. A share is compared by cross-multiplication: 100 value <=> limit total. */
static ep_code compare(const ep_set_rule *rule, const counted *c, const char *limit_text, int *ret,
                       ep_error *err) {
    ep_int128 limit, left = c->value, right;
    if (!limit_text ||
        ep_decimal_parse(ep_str_from(limit_text), EP_DECIMAL_MAX_PRECISION, SCALE, &limit) != EP_NUM_OK)
        return ep_fail(err, EP_E_CONFIG, "its limit is no number of at most 20 digits and 18 decimals");
    right = limit;
    /* Of no rows, no share is anything but 0. */
    bool share = strcmp(rule->unit, "percent") == 0 && c->total > 0;
    if (share && (!ep_decimal_mul(left, 100, &left) || !ep_decimal_mul(limit, c->total, &right)))
        return ep_fail(err, EP_E_CONFIG, "its numbers have too many digits to be compared");
    *ret = (left > right) - (left < right);
    return EP_OK;
}

static ep_code holds(const ep_set_rule *rule, const counted *c, bool *ret, ep_error *err) {
    int low, high = 0;
    EP_TRY(compare(rule, c, rule->low, &low, err));
    if (strcmp(rule->op, "mustBe") == 0)
        *ret = low == 0;
    else if (strcmp(rule->op, "mustNotBe") == 0)
        *ret = low != 0;
    else if (strcmp(rule->op, "mustBeGreaterThan") == 0)
        *ret = low > 0;
    else if (strcmp(rule->op, "mustBeGreaterOrEqualTo") == 0)
        *ret = low >= 0;
    else if (strcmp(rule->op, "mustBeLessThan") == 0)
        *ret = low < 0;
    else if (strcmp(rule->op, "mustBeLessOrEqualTo") == 0)
        *ret = low <= 0;
    else {
        EP_TRY(compare(rule, c, rule->high, &high, err));
        *ret = (low >= 0 && high <= 0) == (strcmp(rule->op, "mustBeBetween") == 0);
    }
    return EP_OK;
}

/* "12", "0.5", or "7 of 200 rows" for a share. */
static char *value_text(ep_arena *arena, const ep_set_rule *rule, const counted *c) {
    char text[48];
    size_t len = ep_decimal_format(c->value, SCALE, text);
    while (len > 0 && text[len - 1] == '0')
        len--;
    len -= len > 0 && text[len - 1] == '.';
    return strcmp(rule->unit, "percent") == 0
               ? ep_arena_printf(arena, "%.*s of %" PRId64 " rows", (int)len, text, c->total)
               : ep_arena_printf(arena, "%.*s", (int)len, text);
}

static char *limit_text(ep_arena *arena, const ep_set_rule *rule) {
    const char *unit = strcmp(rule->unit, "percent") == 0 ? " percent" : "";
    return rule->high ? ep_arena_printf(arena, "%s [%s, %s]%s", rule->op, rule->low, rule->high, unit)
                      : ep_arena_printf(arena, "%s %s%s", rule->op, rule->low, unit);
}

/* An error of the rule is a result; an error of the store or of memory is one of ours. */
static bool is_ours(ep_code code) {
    return code == EP_E_NOMEM || code == EP_E_CANCELLED || code == EP_E_IO || code == EP_E_CORRUPT ||
           code == EP_E_FULL;
}

static ep_code evaluate(ep_warehouse *w, const ep_table *t, const ep_set_rule *rule, results *to,
                        ep_error *err) {
    counted c = {0};
    bool good = false;
    ep_error why = {0};
    ep_code code = count(w, t, rule, &c, &why);
    if (code == EP_OK)
        code = holds(rule, &c, &good, &why);
    if (code != EP_OK && is_ours(code)) {
        *err = why;
        return code;
    }
    EP_TRY(ep_grow((void **)&to->items, &to->capacity, to->n + 1, sizeof *to->items, err));
    ep_rule_result *r = &to->items[to->n++];
    *r = (ep_rule_result){
        .table = t,
        .rule = rule,
        .state = code != EP_OK ? EP_RULE_CANNOT_RUN
                 : good        ? EP_RULE_PASSES
                               : EP_RULE_FAILS,
        .value = code == EP_OK ? value_text(&to->arena, rule, &c) : ep_arena_printf(&to->arena, "%s", ""),
        .limit = limit_text(&to->arena, rule),
        .why = ep_arena_printf(&to->arena, "%s", code == EP_OK ? "" : why.text),
    };
    return r->value && r->limit && r->why ? EP_OK : ep_fail(err, EP_E_NOMEM, "out of memory for set rules");
}

static ep_code write(ep_warehouse *w, const bool *tables, const results *r, ep_error *err) {
    EP_TRY(ep_store_begin(w->store, err));
    ep_code code = ep_warehouse_lock(w, err);
    if (code == EP_OK)
        code = ep_incidents_write(w, tables, r->items, r->n, err);
    if (code == EP_OK)
        code = ep_store_commit(w->store, err);
    if (code != EP_OK)
        ep_store_rollback(w->store);
    return code;
}

ep_code ep_set_rules_run(ep_warehouse *w, const ep_set_rule_options *options, int64_t *ret_failing,
                         ep_error *err) {
    EP_CLEANUP(results_done) results all = {0};
    *ret_failing = 0;
    /* A query that fails would end a transaction: all are looked at before one is opened. */
    for (size_t i = 0; i < w->plan->n; i++) {
        const ep_table *t = &w->plan->tables[i];
        for (size_t r = 0; (!options->tables || options->tables[i]) && r < t->contract->n_set_rules; r++)
            EP_TRY(evaluate(w, t, &t->contract->set_rules[r], &all, err));
    }
    EP_TRY(write(w, options->tables, &all, err));
    for (size_t i = 0; i < all.n; i++) {
        const ep_rule_result *r = &all.items[i];
        *ret_failing += r->state != EP_RULE_PASSES;
        const ep_rule_verdict verdict = {r->table->name, r->rule->name, r->rule->severity, r->state, r->value,
                                         r->limit,       r->why};
        if (options->verdict)
            options->verdict(options->context, &verdict);
    }
    return EP_OK;
}
