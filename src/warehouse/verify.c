#include "warehouse/verify.h"
#include "warehouse/catalog.h"
#include "warehouse/history.h"

#include <stdio.h>
#include <string.h>

typedef struct run {
    ep_warehouse *w;
    const ep_verify_options *options;
    int64_t n_broken;
} run;

enum { N_SHOWN = sizeof((ep_verdict *)0)->offenders / sizeof(char *) };

/* Counts the rows of a query of offenders, keeps the first, tells. */
static ep_code judge(run *r, int invariant, const char *check, const char *table, ep_cursor *cursor,
                     ep_error *err) {
    EP_CLEANUP(ep_arena_done) ep_arena arena = {0};
    ep_verdict verdict = {.invariant = invariant, .check = check, .table = table};
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            break;
        if (verdict.n_offenders++ >= N_SHOWN)
            continue;
        EP_CLEANUP(ep_buf_done) ep_buf text = {0};
        for (size_t c = 0; c < ep_cursor_n_columns(cursor); c++) {
            ep_value v = ep_cursor_get(cursor, c);
            ep_buf_puts(&text, c ? ", " : "");
            if (ep_cursor_n_columns(cursor) > 1)
                ep_buf_printf(&text, "%s ", ep_cursor_column_name(cursor, c));
            ep_value_put(&text, &v);
        }
        ep_buf_puts(&text, "");
        EP_TRY(ep_buf_check(&text, err));
        char *copy = ep_arena_strndup(&arena, text.data, text.len);
        if (!copy)
            return ep_fail(err, EP_E_NOMEM, "out of memory for a check");
        verdict.offenders[verdict.n_offenders - 1] = copy;
    }
    r->n_broken += verdict.n_offenders > 0;
    r->options->verdict(r->options->context, &verdict);
    return EP_OK;
}

static ep_code check_books(run *r, const char *section, const char *what, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_sql_render("sql/verify.sql", section, NULL, 0, &sql, err));
    EP_TRY(ep_store_query(r->w->store, sql.data, NULL, 0, &cursor, err));
    return judge(r, 1, what, "", cursor, err);
}

/* What the templates of verify.sql need besides the table's lists. */
typedef struct texts {
    ep_buf owner, key_text, row_count;
    ep_sql_var vars[8];
    size_t n;
} texts;

static void texts_done(texts *x) {
    ep_buf_done(&x->owner);
    ep_buf_done(&x->key_text);
    ep_buf_done(&x->row_count);
}

/* The natural key as text; parts of personal keys are not shown, the durable key stands for them. Events are known by where they came from. */
static void put_key_text(const ep_table *t, ep_buf *out) {
    for (size_t k = 0; k < t->contract->n_key && !t->personal; k++) {
        ep_buf_puts(out, k ? " || '/' || coalesce(cast(" : "coalesce(cast(");
        ep_buf_put_ident(out, ep_str_from(t->contract->fields[t->contract->key[k]].name));
        ep_buf_puts(out, " as text), 'null')");
    }
    if (t->contract->n_key == 0)
        ep_buf_puts(out, "'load ' || _load_id || ', record ' || _record");
    else if (t->personal)
        ep_buf_puts(out, "'(personal)'");
}

static ep_code texts_init(texts *x, const ep_table *t, ep_error *err) {
    if (t->contract->owner >= 0) {
        ep_buf_puts(&x->owner, "s.");
        ep_buf_put_ident(&x->owner, ep_str_from(t->contract->fields[t->contract->owner].name));
    } else {
        ep_buf_puts(&x->owner, "''");
    }
    put_key_text(t, &x->key_text);
    const ep_sql_var name[] = {{"x", t->name, NULL}};
    EP_TRY(ep_sql_render("sql/verify.sql", "row_count", name, 1, &x->row_count, err));
    EP_TRY(ep_buf_check(&x->owner, err));
    EP_TRY(ep_buf_check(&x->key_text, err));
    x->vars[x->n++] = (ep_sql_var){"owner", x->owner.data, NULL};
    x->vars[x->n++] = (ep_sql_var){"key_text", x->key_text.data, NULL};
    x->vars[x->n++] = (ep_sql_var){"row_count", x->row_count.data, NULL};
    return EP_OK;
}

static ep_code check_table(run *r, const ep_table *t, const texts *x, int invariant, const char *section,
                           const char *what, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_table_query(r->w, t, "sql/verify.sql", section, x->vars, x->n, &cursor, err));
    return judge(r, invariant, what, t->name, cursor, err);
}

static ep_code check_rows(run *r, const ep_table *t, ep_error *err) {
    EP_CLEANUP(texts_done) texts x = {0};
    EP_TRY(texts_init(&x, t, err));
    const char *section = t->versions ? "rows_versions" : t->keyed ? "rows_single" : "rows_events";
    return check_table(r, t, &x, 1, section, "rows and the books agree", err);
}

static ep_code check_history(run *r, const ep_table *t, ep_error *err) {
    EP_CLEANUP(texts_done) texts x = {0};
    EP_TRY(texts_init(&x, t, err));
    EP_TRY(ep_history_project(r->w, t, err));
    if (!t->versions) {
        EP_TRY(check_table(r, t, &x, 3, "single_differ", "rows are what their changes make", err));
        return check_table(r, t, &x, 3, "single_keys", "one row a key", err);
    }
    EP_TRY(check_table(r, t, &x, 3, "versions_differ", "history is what its changes make", err));
    return check_table(r, t, &x, 3, "versions_shape", "no gap, no overlap, one open version", err);
}

/* The first column of a row that must have a value and has none, of those that no feed sends; "" when there are no such columns. A fed
 * column that became required later may be empty in rows from before. */
static void put_missing(const ep_table *t, ep_buf *out) {
    size_t n = 0;
    for (size_t f = 0; f < t->contract->n_fields; f++) {
        const ep_contract_field *field = &t->contract->fields[f];
        if (!field->required || (t->fed && !field->derived) || !ep_field_is_stored(t, f))
            continue;
        ep_buf_puts(out, n++ ? " when " : "case when ");
        ep_buf_put_ident(out, ep_str_from(field->name));
        ep_buf_puts(out, " is null then ");
        ep_buf_put_literal(out, ep_str_from(field->name));
    }
    ep_buf_puts(out, n ? " end" : "");
}

/* Tables and columns that are computed inside keep their contract: required columns have values, a key has one row. */
static ep_code check_generated(run *r, const ep_table *t, ep_error *err) {
    EP_CLEANUP(texts_done) texts x = {0};
    EP_CLEANUP(ep_buf_done) ep_buf missing = {0};
    EP_TRY(texts_init(&x, t, err));
    put_missing(t, &missing);
    EP_TRY(ep_buf_check(&missing, err));
    x.vars[x.n++] = (ep_sql_var){"missing", missing.data, NULL};
    x.vars[x.n++] = (ep_sql_var){"described",
                                 !t->fed || !t->keyed ? "true"
                                 : t->versions        ? "not is_inferred"
                                                      : "_n > 0",
                                 NULL};
    if (missing.len > 0)
        EP_TRY(check_table(r, t, &x, 0, "generated_null", "computed columns that are required have values",
                           err));
    if (t->fed || t->contract->n_key == 0)
        return EP_OK;
    return check_table(r, t, &x, 0, "single_keys", "one row a key", err);
}

/* A parent's rows lie with their owner's: a join that says so stays on its node. */
static void put_same_owner(const ep_table *t, const ep_link *link, ep_buf *out) {
    const ep_contract *parent = link->table->contract;
    for (size_t k = 0; k < link->n_from; k++) {
        if (parent->key[k] != parent->owner)
            continue;
        ep_buf_puts(out, " and d.");
        ep_buf_put_ident(out, ep_str_from(parent->fields[parent->owner].name));
        ep_buf_puts(out, " = f.");
        ep_buf_put_ident(out, ep_str_from(t->contract->fields[link->from[k]].name));
    }
    ep_buf_puts(out, "");
}

static ep_code check_link(run *r, const ep_table *t, const ep_link *link, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf bind = {0};
    EP_CLEANUP(ep_buf_done) ep_buf same_owner = {0};
    bool bound = link->from_column && t->contract->bind_time >= 0;
    ep_buf_put_ident(&bind,
                     bound ? ep_str_from(t->contract->fields[t->contract->bind_time].name) : EP_STR("_at"));
    put_same_owner(t, link, &same_owner);
    EP_TRY(ep_buf_check(&bind, err));
    EP_TRY(ep_buf_check(&same_owner, err));
    const ep_sql_var extra[] = {
        {"role_key", link->key_column, NULL},
        {"from_column", bound ? link->from_column : "", NULL},
        {"parent", link->table->name, NULL},
        {"parent_key", link->table->key_column, NULL},
        {"bind", bind.data, NULL},
        {"same_owner", same_owner.data, NULL},
    };
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_table_query(r->w, t, "sql/verify.sql", bound ? "bound" : "linked", extra,
                          sizeof extra / sizeof *extra, &cursor, err));
    char what[128];
    snprintf(what, sizeof what,
             bound ? "facts point to the version of their %s then" : "facts point to a %s that exists",
             link->parent->role);
    return judge(r, 4, what, t->name, cursor, err);
}

static ep_code reconcile(run *r, ep_error *err) {
    char folder[EP_PATH_BYTES];
    EP_CLEANUP(ep_paths_done) ep_paths files = {0};
    EP_TRY(ep_path(folder, err, "%s/reconcile", r->w->folder));
    EP_TRY(ep_paths_list(folder, ".sql", &files, err));
    for (size_t i = 0; i < files.n; i++) {
        EP_CLEANUP(ep_buf_done) ep_buf text = {0};
        EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
        EP_TRY(ep_read_file(files.items[i], 1 << 20, &text, err));
        if (ep_store_query(r->w->store, text.data, NULL, 0, &cursor, err) != EP_OK)
            return ep_fail_prefix(err, "%s", files.items[i]);
        EP_TRY(judge(r, 7, strrchr(files.items[i], '/') + 1, "", cursor, err));
    }
    return EP_OK;
}

static ep_code verify(run *r, ep_error *err) {
    const ep_warehouse *w = r->w;
    EP_TRY(check_books(r, "load_equation", "received is the sum of the classes", err));
    EP_TRY(check_books(r, "load_range", "ranges of a source lie side by side", err));
    EP_TRY(check_books(r, "position_range", "positions are where the loads end", err));
    EP_TRY(check_books(r, "set_aside", "quarantine holds what the books say", err));
    EP_TRY(check_books(r, "ignored", "ignored records have a rule", err));
    EP_TRY(check_books(r, "row_equation", "emitted rows are the sum of the outcomes", err));
    for (size_t i = 0; i < w->plan->n; i++)
        if (w->plan->tables[i].fed)
            EP_TRY(check_rows(r, &w->plan->tables[i], err));
    for (size_t i = 0; i < w->plan->n; i++)
        if (w->plan->tables[i].fed && w->plan->tables[i].keyed)
            EP_TRY(check_history(r, &w->plan->tables[i], err));
    for (size_t i = 0; i < w->plan->n; i++)
        EP_TRY(check_generated(r, &w->plan->tables[i], err));
    for (size_t i = 0; i < w->plan->n; i++)
        for (size_t l = 0; l < w->plan->tables[i].n_links && !w->plan->tables[i].versions; l++)
            EP_TRY(check_link(r, &w->plan->tables[i], &w->plan->tables[i].links[l], err));
    return reconcile(r, err);
}

/* One state of the store for all checks: another process may load meanwhile. Nothing stays of the tables made on the way. */
ep_code ep_verify(ep_warehouse *w, const ep_verify_options *options, int64_t *ret_broken, ep_error *err) {
    run r = {w, options, 0};
    EP_TRY(ep_store_begin_snapshot(w->store, err));
    ep_code code = ep_catalog_agrees(w, err);
    if (code == EP_OK)
        code = verify(&r, err);
    ep_store_rollback(w->store);
    *ret_broken = r.n_broken;
    return code;
}
