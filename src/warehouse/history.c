#include "warehouse/history.h"
#include "warehouse/near.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

ep_code ep_table_sql(const ep_table *t, const char *asset, const char *section, const ep_sql_var *extra,
                     size_t n_extra, ep_buf *sql, ep_error *err) {
    ep_sql_var vars[EP_MAX_PLAN_VARS];
    char full[24];
    size_t n = ep_table_vars(t, vars);
    snprintf(full, sizeof full, "%" PRId64, t->full);
    vars[n++] = (ep_sql_var){"full", full, NULL};
    for (size_t i = 0; i < n_extra && n < EP_MAX_PLAN_VARS; i++)
        vars[n++] = extra[i];
    return ep_sql_render(asset, section, vars, n, sql, err);
}

ep_code ep_table_exec(ep_warehouse *w, const ep_table *t, const char *asset, const char *section,
                      const ep_sql_var *extra, size_t n_extra, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_table_sql(t, asset, section, extra, n_extra, &sql, err));
    if (ep_store_exec(w->store, sql.data, err) != EP_OK)
        return ep_fail_prefix(err, "%s of %s", section, t->name);
    return EP_OK;
}

ep_code ep_table_query(ep_warehouse *w, const ep_table *t, const char *asset, const char *section,
                       const ep_sql_var *extra, size_t n_extra, ep_cursor **ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_table_sql(t, asset, section, extra, n_extra, &sql, err));
    if (ep_store_query(w->store, sql.data, NULL, 0, ret, err) != EP_OK)
        return ep_fail_prefix(err, "%s of %s", section, t->name);
    return EP_OK;
}

ep_code ep_table_int(ep_warehouse *w, const ep_table *t, const char *asset, const char *section,
                     const ep_sql_var *extra, size_t n_extra, int64_t *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_table_sql(t, asset, section, extra, n_extra, &sql, err));
    if (ep_store_get_int(w->store, sql.data, NULL, 0, ret, err) != EP_OK)
        return ep_fail_prefix(err, "%s of %s", section, t->name);
    return EP_OK;
}

/* The changes that a projection is made of, as a query. Where tables lie on several nodes they are fetched first, and all read what was fetched. */
static ep_code put_input(ep_warehouse *w, const ep_table *t, const char *asset, ep_buf *ret, ep_error *err) {
    EP_TRY(ep_table_sql(t, asset, "input", NULL, 0, ret, err));
    if (!w->plan->near)
        return EP_OK;
    const ep_sql_var extra[] = {{"input", ret->data, NULL}};
    EP_TRY(ep_table_exec(w, t, "sql/near.sql", "input", extra, 1, err));
    ep_buf_reset(ret);
    ep_buf_printf(ret, "select * from input_%s", t->name);
    return ep_buf_check(ret, err);
}

/* What each change leaves out is filled in: filled_x, which `input` names then. */
static ep_code fill(ep_warehouse *w, const ep_table *t, bool partial, ep_buf *input, ep_error *err) {
    const ep_sql_var extra[] = {{"input", input->data, NULL}};
    EP_TRY(ep_table_exec(w, t, "sql/history.sql", partial ? "fill" : "first", extra, 1, err));
    ep_buf_reset(input);
    ep_buf_printf(input, "select * from filled_%s", t->name);
    return ep_buf_check(input, err);
}

ep_code ep_history_state(ep_warehouse *w, const ep_table *t, const char *asset, bool *ret_partial,
                         ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf input = {0};
    int64_t partial;
    EP_TRY(put_input(w, t, asset, &input, err));
    ep_sql_var extra = {"input", input.data, NULL};
    EP_TRY(ep_table_int(w, t, "sql/history.sql", "is_partial", &extra, 1, &partial, err));
    if (partial || t->type0.n > 0)
        EP_TRY(fill(w, t, partial, &input, err));
    if (t->type0.n > 0) {
        char rows[128];
        snprintf(rows, sizeof rows, "input_%s where _row is not null", t->name);
        EP_TRY(ep_near_table(w, t, rows, "_key", err));
    }
    extra.text = input.data;
    *ret_partial = partial != 0;
    return ep_table_exec(w, t, "sql/history.sql", "state", &extra, 1, err);
}

ep_code ep_history_versions(ep_warehouse *w, const ep_table *t, ep_error *err) {
    int64_t tied = 0;
    bool one_type = t->type2.n == t->attributes.n;
    if (one_type)
        EP_TRY(ep_table_int(w, t, "sql/history.sql", "is_tied", NULL, 0, &tied, err));
    const ep_sql_var extra[] = {{"plain", one_type && !tied ? "yes" : "", NULL}};
    return ep_table_exec(w, t, "sql/history.sql", "versions", extra, 1, err);
}

ep_code ep_history_apply(ep_warehouse *w, const ep_table *t, bool compared, ep_error *err) {
    const ep_sql_var extra[] = {
        {"compared", compared ? "yes" : "", NULL},
        {"server", ep_warehouse_on_server(w) ? "yes" : "", NULL},
    };
    EP_TRY(ep_table_exec(w, t, "sql/history.sql", "stored", extra, 2, err));
    return ep_table_exec(w, t, "sql/history.sql", "apply", extra, 2, err);
}

/* Whether rows of `table` point to versions of the dimension by this link. */
static bool binds(const ep_table *table, const ep_link *link, const ep_table *dimension) {
    return link->table == dimension && link->from_column && table->contract->bind_time >= 0 &&
           !table->versions;
}

bool ep_history_is_bound(const ep_warehouse *w, const ep_table *dimension) {
    for (size_t i = 0; i < w->plan->n; i++)
        for (size_t l = 0; l < w->plan->tables[i].n_links; l++)
            if (binds(&w->plan->tables[i], &w->plan->tables[i].links[l], dimension))
                return true;
    return false;
}

static ep_code rebind_fact(ep_warehouse *w, const ep_table *dimension, const ep_table *fact,
                           const ep_link *link, const char *since, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf bind = {0};
    ep_buf_put_ident(&bind, ep_str_from(fact->contract->fields[fact->contract->bind_time].name));
    EP_TRY(ep_buf_check(&bind, err));
    const ep_sql_var extra[] = {
        {"fact", fact->name, NULL},
        {"from_column", link->from_column, NULL},
        {"role_key", link->key_column, NULL},
        {"bind", bind.data, NULL},
        {"since", since, NULL},
    };
    return ep_table_exec(w, dimension, "sql/merge.sql", "rebind", extra, sizeof extra / sizeof *extra, err);
}

ep_code ep_history_rebind(ep_warehouse *w, const ep_table *dimension, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_CLEANUP(ep_buf_done) ep_buf since = {0};
    if (!ep_history_is_bound(w, dimension))
        return EP_OK;
    ep_buf_printf(&sql, "select count(*), min(_since) from rebind_%s", dimension->name);
    EP_TRY(ep_buf_check(&sql, err));
    {
        EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
        bool row;
        EP_TRY(ep_store_query(w->store, sql.data, NULL, 0, &cursor, err));
        EP_TRY(ep_cursor_next(cursor, &row, err));
        if (!row || ep_cursor_get(cursor, 0).i64 == 0)
            return EP_OK;
        ep_put_ts_literal(&since, ep_cursor_get(cursor, 1).i64);
        EP_TRY(ep_buf_check(&since, err));
    }
    ep_buf_reset(&sql);
    ep_buf_printf(&sql, "rebind_%s", dimension->name);
    EP_TRY(ep_buf_check(&sql, err));
    EP_TRY(ep_near_table(w, dimension, sql.data, "_key", err));
    for (size_t i = 0; i < w->plan->n; i++) {
        const ep_table *fact = &w->plan->tables[i];
        for (size_t l = 0; l < fact->n_links; l++)
            if (binds(fact, &fact->links[l], dimension))
                EP_TRY(rebind_fact(w, dimension, fact, &fact->links[l], since.data, err));
    }
    return EP_OK;
}

ep_code ep_history_bind_all(ep_warehouse *w, const ep_table *dimension, ep_error *err) {
    EP_TRY(ep_table_exec(w, dimension, "sql/rebuild.sql", "rebind_all", NULL, 0, err));
    return ep_history_rebind(w, dimension, err);
}

ep_code ep_history_project(ep_warehouse *w, const ep_table *t, ep_error *err) {
    bool partial;
    EP_TRY(ep_history_state(w, t, "sql/rebuild.sql", &partial, err));
    EP_TRY(ep_table_exec(w, t, "sql/rebuild.sql", "touch_all", NULL, 0, err));
    return t->versions ? ep_history_versions(w, t, err)
                       : ep_table_exec(w, t, "sql/single.sql", "last", NULL, 0, err);
}

ep_code ep_history_rebuild(ep_warehouse *w, const ep_table *t, ep_error *err) {
    EP_TRY(ep_history_project(w, t, err));
    if (!t->versions)
        return ep_table_exec(w, t, "sql/rebuild.sql", "single_apply", NULL, 0, err);
    EP_TRY(ep_table_exec(w, t, "sql/history.sql", "rebind", NULL, 0, err));
    EP_TRY(ep_history_apply(w, t, true, err));
    return ep_history_rebind(w, t, err);
}
