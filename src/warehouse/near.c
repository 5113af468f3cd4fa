#include "warehouse/near.h"
#include "warehouse/history.h"

#include <stdio.h>

#define ASSET "sql/near.sql"

ep_code ep_near_table(ep_warehouse *w, const ep_table *t, const char *rows, const char *column,
                      ep_error *err) {
    const ep_sql_var extra[] = {{"rows", rows, NULL}, {"column", column, NULL}};
    return w->plan->near ? ep_table_exec(w, t, ASSET, "table", extra, 2, err) : EP_OK;
}

ep_code ep_near_keys(ep_warehouse *w, const ep_table *t, const char *rows, ep_error *err) {
    const ep_sql_var extra[] = {{"rows", rows, NULL}};
    EP_TRY(ep_near_table(w, t, rows, "_key", err));
    return w->plan->near ? ep_table_exec(w, t, ASSET, "log", extra, 1, err) : EP_OK;
}

ep_code ep_near_events(ep_warehouse *w, const ep_table *t, const char *from, const char *to, ep_error *err) {
    const ep_sql_var extra[] = {{"from", from, NULL}, {"to", to, NULL}};
    return w->plan->near ? ep_table_exec(w, t, ASSET, "events", extra, 2, err) : EP_OK;
}

ep_code ep_near_parents(ep_warehouse *w, const ep_table *t, const char *step, ep_error *err) {
    char rows[128];
    snprintf(rows, sizeof rows, "%s_%s", step, t->name);
    for (size_t l = 0; w->plan->near && t->roles.n > 0 && l < t->n_links; l++) {
        const ep_link *link = &t->links[l];
        if (!link->from_column)
            continue;
        const ep_sql_var extra[] = {
            {"rows", rows, NULL},
            {"role_key", link->key_column, NULL},
            {"from_column", link->from_column, NULL},
            {"parent", link->table->name, NULL},
            {"parent_key", link->table->key_column, NULL},
        };
        EP_TRY(ep_table_exec(w, t, ASSET, "parent", extra, sizeof extra / sizeof *extra, err));
    }
    return EP_OK;
}
