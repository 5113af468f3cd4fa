#include "access/access.h"
#include "warehouse/schema.h"

#include <stdio.h>
#include <string.h>

/* The contracts' side of the comparison, as rows of VALUES. */
typedef struct expected {
    const char *star;
    ep_arena arena;
    ep_sql_list owned, open, allowed, personal;
} expected;

static void expected_done(expected *e) {
    ep_sql_list *lists[] = {&e->owned, &e->open, &e->allowed, &e->personal};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        ep_sql_list_done(lists[i]);
    ep_arena_done(&e->arena);
}

static ep_code add_row(expected *e, ep_sql_list *list, const char *schema, const char *table,
                       const char *third, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf row = {0};
    ep_buf_put_literal(&row, ep_str_from(schema));
    ep_buf_puts(&row, ", ");
    ep_buf_put_literal(&row, ep_str_from(table));
    ep_buf_puts(&row, ", ");
    ep_buf_put_literal(&row, ep_str_from(third));
    EP_TRY(ep_buf_check(&row, err));
    return ep_sql_list_add(list, &e->arena, table, row.data, 0, err);
}

static ep_code expect_table(expected *e, const ep_table *t, ep_error *err) {
    const ep_contract *c = t->contract;
    if (c->owner < 0 && !c->is_public)
        return EP_OK;
    if (c->owner >= 0)
        EP_TRY(add_row(e, &e->owned, e->star, t->name, c->fields[c->owner].name, err));
    else /* as the catalogue writes it, without blanks and brackets */
        EP_TRY(add_row(e, &e->open, e->star, t->name, t->versions ? "NOTis_inferred" : "true", err));
    ep_physical columns = {0};
    ep_code code = ep_schema_columns(t, false, &e->arena, &columns, err);
    for (size_t i = 0; code == EP_OK && i < columns.n; i++) {
        const char *name = columns.items[i].name;
        if (ep_access_column(t, name) == EP_FOR_SELLERS)
            code = add_row(e, &e->allowed, e->star, t->name, name, err);
        else if (ep_access_is_personal(t, name))
            code = add_row(e, &e->personal, e->star, t->name, name, err);
    }
    ep_free(columns.items);
    return code;
}

/* The two tables of the books that sellers read through a view; the columns are those of sql/access/grants.sql. */
static ep_code expect_books(expected *e, ep_error *err) {
    static const char *const rows[][2] = {
        {"quarantine", "owner"},       {"quarantine", "feed"},    {"quarantine", "rows_by_table"},
        {"quarantine", "status"},      {"quarantine", "codes"},   {"quarantine", "reasons"},
        {"quarantine", "received_at"}, {"finding", "owner"},      {"finding", "code"},
        {"finding", "severity"},       {"finding", "table_name"}, {"finding", "field"},
        {"finding", "rule"},           {"finding", "found_at"},
    };
    EP_TRY(add_row(e, &e->owned, "books", "quarantine", "owner", err));
    EP_TRY(add_row(e, &e->owned, "books", "finding", "owner", err));
    EP_TRY(add_row(e, &e->personal, "books", "quarantine", "raw", err));
    EP_TRY(add_row(e, &e->open, "", "", "", err)); /* VALUES needs a row also when nothing is public */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        EP_TRY(add_row(e, &e->allowed, "books", rows[i][0], rows[i][1], err));
    return EP_OK;
}

static ep_code read_server_sql(const char *section, ep_buf *ret, ep_error *err) {
    EP_TRY(ep_sql_render("sql/access/server.sql", section, NULL, 0, ret, err));
    while (ret->len > 0 && strchr("; \n", ret->data[ret->len - 1]))
        ret->data[--ret->len] = '\0';
    return EP_OK;
}

ep_code ep_access_server_init(ep_access_server *server, ep_error *err) {
    EP_TRY(read_server_sql("functions", &server->functions, err));
    EP_TRY(read_server_sql("views", &server->views, err));
    return read_server_sql("class_columns", &server->class_columns, err);
}

void ep_access_server_done(ep_access_server *server) {
    ep_buf_done(&server->functions);
    ep_buf_done(&server->views);
    ep_buf_done(&server->class_columns);
}

ep_code ep_access_lint_sql(const ep_plan *plan, const char *star, ep_buf *ret, ep_error *err) {
    EP_CLEANUP(expected_done) expected e = {.star = star};
    EP_CLEANUP(ep_access_server_done) ep_access_server server = {0};
    char connections[16], statement_ms[16];
    snprintf(statement_ms, sizeof statement_ms, "%d", EP_SELLER_STATEMENT_MS);
    snprintf(connections, sizeof connections, "%d", EP_SELLER_CONNECTIONS);
    EP_TRY(ep_access_server_init(&server, err));
    for (size_t i = 0; i < plan->n; i++)
        EP_TRY(expect_table(&e, &plan->tables[i], err));
    EP_TRY(expect_books(&e, err));
    const ep_sql_var vars[] = {
        {"owned", NULL, &e.owned},
        {"public", NULL, &e.open},
        {"allowed", NULL, &e.allowed},
        {"personal", NULL, &e.personal},
        {"functions", server.functions.data, NULL},
        {"views", server.views.data, NULL},
        {"class_columns", server.class_columns.data, NULL},
        {"connections", connections, NULL},
        {"statement_ms", statement_ms, NULL},
    };
    EP_TRY(ep_sql_render("sql/access/lint.sql", "lint", vars, sizeof vars / sizeof *vars, ret, err));
    while (ret->len > 0 && strchr("; \n", ret->data[ret->len - 1]))
        ret->data[--ret->len] = '\0';
    return EP_OK;
}
