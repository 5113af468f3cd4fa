#include "warehouse/distribute.h"

#include <stdio.h>
#include <string.h>

#define ASSET "sql/distribute.sql"

typedef enum place { BY_OWNER, EVERYWHERE, ONE_NODE } place;

/* The books are joined with each other by load and record, so they lie together, on one node. What snapshots held grows with the sellers'
 * rows and lies with them; what facts are joined with is everywhere. */
static const struct {
    const char *table;
    place place;
} books[] = {
    {"books.writer", ONE_NODE},
    {"books.setting", ONE_NODE},
    {"books.schema_column", ONE_NODE},
    {"books.definition", ONE_NODE},
    {"books.load", ONE_NODE},
    {"books.load_ignored", ONE_NODE},
    {"books.position", ONE_NODE},
    {"books.quarantine", ONE_NODE},
    {"books.quarantine_event", ONE_NODE},
    {"books.waiting_parent", ONE_NODE},
    {"books.finding", ONE_NODE},
    {"books.incident", ONE_NODE},
    {"books.archive", ONE_NODE},
    {"books.journal", ONE_NODE},
    {"books.closed_period", EVERYWHERE},
    {"books.load_rows", ONE_NODE},
    {"books.snapshot", BY_OWNER},
    {"books.snapshot_key", BY_OWNER},
    {"books.snapshot_absence", BY_OWNER},
    {"books.snapshot_held", BY_OWNER},
};

/* The first table of a place, which the others lie beside. */
static const char *const anchor[] = {[BY_OWNER] = "books.snapshot", [ONE_NODE] = "books.writer"};

ep_code ep_distribute_find(ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    int64_t n;
    w->on_citus = false;
    if (ep_store_engine(w->store) == EP_ENGINE_DUCKDB)
        return EP_OK;
    EP_TRY(ep_sql_render(ASSET, "present", NULL, 0, &sql, err));
    EP_TRY(ep_store_get_int(w->store, sql.data, NULL, 0, &n, err));
    w->on_citus = n > 0;
    return EP_OK;
}

/* What is distributed already, a name a line, between line ends. */
static ep_code list_known(ep_warehouse *w, ep_buf *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_sql_render(ASSET, "known", NULL, 0, &sql, err));
    EP_TRY(ep_store_query(w->store, sql.data, NULL, 0, &cursor, err));
    ep_buf_puts(ret, "\n");
    for (bool more = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return ep_buf_check(ret, err);
        ep_buf_put_str(ret, ep_cursor_get(cursor, 0).text);
        ep_buf_puts(ret, "\n");
    }
}

/* One pass over tables: what is known, and whether there was any that is not. */
typedef struct pass {
    ep_warehouse *w;
    ep_buf known;
    bool any;
} pass;

static void pass_done(pass *p) {
    ep_buf_done(&p->known);
}

static ep_code put_literal(ep_buf *to, const char *text, ep_error *err) {
    ep_buf_put_literal(to, ep_str_from(text));
    return ep_buf_check(to, err);
}

/* `name` is schema.table; `owner` the column, "" when there is none. */
static ep_code distribute(pass *p, const char *name, place where, const char *owner, ep_error *err) {
    static const char *const sections[] = {"owner", "everywhere", "one_node"};
    EP_CLEANUP(ep_buf_done) ep_buf line = {0};
    EP_CLEANUP(ep_buf_done) ep_buf table = {0};
    EP_CLEANUP(ep_buf_done) ep_buf column = {0};
    EP_CLEANUP(ep_buf_done) ep_buf beside = {0};
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_buf_printf(&line, "\n%s\n", name);
    EP_TRY(ep_buf_check(&line, err));
    if (strstr(p->known.data, line.data))
        return EP_OK;
    p->any = true;
    const char *with = where == EVERYWHERE || strcmp(name, anchor[where]) == 0 ? "none" : anchor[where];
    EP_TRY(put_literal(&table, name, err));
    EP_TRY(put_literal(&column, owner, err));
    EP_TRY(put_literal(&beside, with, err));
    const ep_sql_var vars[] = {
        {"table", table.data, NULL}, {"column", column.data, NULL}, {"with", beside.data, NULL}};
    EP_TRY(ep_sql_render(ASSET, sections[where], vars, 3, &sql, err));
    if (ep_store_exec(p->w->store, sql.data, err) != EP_OK)
        return ep_fail_prefix(err, "%s cannot be spread over the nodes", name);
    return EP_OK;
}

ep_code ep_distribute_books(ep_warehouse *w, bool *ret_any, ep_error *err) {
    EP_CLEANUP(pass_done) pass p = {.w = w};
    if (!w->on_citus)
        return EP_OK;
    EP_TRY(list_known(w, &p.known, err));
    for (size_t i = 0; i < sizeof books / sizeof *books; i++)
        EP_TRY(distribute(&p, books[i].table, books[i].place, "owner", err));
    *ret_any = *ret_any || p.any;
    return EP_OK;
}

static ep_code distribute_table(pass *p, const ep_table *t, bool log, ep_error *err) {
    const ep_contract *c = t->contract;
    char name[160];
    snprintf(name, sizeof name, "%s.%s", log ? "log" : "main", t->name);
    if (c->owner >= 0)
        return distribute(p, name, BY_OWNER, c->fields[c->owner].name, err);
    /* A log is appended to and read by key: one copy of it is enough. */
    return distribute(p, name, log ? ONE_NODE : EVERYWHERE, "", err);
}

ep_code ep_distribute_tables(ep_warehouse *w, bool *ret_any, ep_error *err) {
    EP_CLEANUP(pass_done) pass p = {.w = w};
    if (!w->on_citus)
        return EP_OK;
    EP_TRY(list_known(w, &p.known, err));
    for (size_t i = 0; i < w->plan->n; i++) {
        const ep_table *t = &w->plan->tables[i];
        EP_TRY(distribute_table(&p, t, false, err));
        if (t->keyed && t->fed)
            EP_TRY(distribute_table(&p, t, true, err));
    }
    *ret_any = *ret_any || p.any;
    return EP_OK;
}
