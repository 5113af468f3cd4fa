#include "access/access.h"
#include "base/hash.h"
#include "warehouse/schema.h"

#include <string.h>

#define GROUPS                                                                               \
    "sellers", "entrepot_admin", "entrepot_analyst", "entrepot_steward", "entrepot_auditor", \
        "entrepot_privacy"

/* Everything one call works with; lists are filled anew for each table. */
typedef struct work {
    const ep_access_target *to;
    ep_arena arena;
    ep_sql_list groups, schemas, owners, for_sellers, for_analysts, masked;
    char *star, *star_literal, *database, *loader;
    ep_error *err;
} work;

static void work_done(work *w) {
    ep_sql_list *lists[] = {&w->groups,      &w->schemas,      &w->owners,
                            &w->for_sellers, &w->for_analysts, &w->masked};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        ep_sql_list_done(lists[i]);
    ep_arena_done(&w->arena);
}

static char *quoted(work *w, const char *text, bool literal) {
    EP_CLEANUP(ep_buf_done) ep_buf out = {0};
    if (literal)
        ep_buf_put_literal(&out, ep_str_from(text));
    else
        ep_buf_put_ident(&out, ep_str_from(text));
    return out.failed ? NULL : ep_arena_strndup(&w->arena, out.data, out.len);
}

static ep_code add_literal(work *w, ep_sql_list *list, const char *text) {
    char *sql = quoted(w, text, true);
    if (!sql)
        return ep_fail(w->err, EP_E_NOMEM, "out of memory for access rules");
    return ep_sql_list_add(list, &w->arena, text, sql, 0, w->err);
}

/* Owner columns by name: what tells in a mart whose row it is. */
static ep_code list_owners(work *w, const ep_plan *plan) {
    for (size_t i = 0; i < plan->n; i++) {
        const ep_contract *c = plan->tables[i].contract;
        bool known = c->owner < 0;
        for (size_t k = 0; !known && k < w->owners.n; k++)
            known = strcmp(w->owners.items[k].name, c->fields[c->owner].name) == 0;
        if (!known)
            EP_TRY(add_literal(w, &w->owners, c->fields[c->owner].name));
    }
    return w->owners.n ? EP_OK : add_literal(w, &w->owners, "");
}

static ep_code start(work *w, const ep_plan *plan) {
    static const char *const groups[] = {GROUPS};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        EP_TRY(ep_sql_list_add(&w->groups, &w->arena, groups[i], groups[i], 0, w->err));
    EP_TRY(list_owners(w, plan));
    w->star = quoted(w, w->to->star, false);
    w->star_literal = quoted(w, w->to->star, true);
    w->database = quoted(w, w->to->database, false);
    w->loader = quoted(w, w->to->loader, false);
    return w->star && w->star_literal && w->database && w->loader
               ? EP_OK
               : ep_fail(w->err, EP_E_NOMEM, "out of memory for access rules");
}

/* A section whose statements are run as they are. */
static ep_code run(work *w, const char *asset, const char *section, const ep_sql_var *vars, size_t n_vars) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_sql_render(asset, section, vars, n_vars, &sql, w->err));
    if (w->to->script)
        ep_buf_printf(w->to->script, "-- %s of %s\n%s\n", section, asset, sql.data);
    return w->to->server ? ep_server_exec(w->to->server, sql.data, w->err) : EP_OK;
}

static ep_code run_rows(ep_server *server, const char *sql, ep_error *err) {
    EP_CLEANUP(ep_rows_free) ep_rows *rows = NULL;
    EP_CLEANUP(ep_buf_done) ep_buf statements = {0};
    EP_TRY(ep_server_query(server, sql, NULL, 0, &rows, err));
    for (size_t i = 0; i < ep_rows_n(rows); i++) {
        ep_buf_puts(&statements, ep_rows_get(rows, i, 0));
        ep_buf_puts(&statements, ";\n");
    }
    EP_TRY(ep_buf_check(&statements, err));
    return statements.len ? ep_server_exec(server, statements.data, err) : EP_OK;
}

/* A section that is a query, whose rows are the statements to run. */
static ep_code generate(work *w, const char *asset, const char *section, const ep_sql_var *vars,
                        size_t n_vars) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_sql_render(asset, section, vars, n_vars, &sql, w->err));
    while (sql.len > 0 && strchr("; \n", sql.data[sql.len - 1]))
        sql.data[--sql.len] = '\0';
    if (w->to->script)
        ep_buf_printf(w->to->script, "-- %s of %s\n%s\n\\gexec\n", section, asset, sql.data);
    return w->to->server ? run_rows(w->to->server, sql.data, w->err) : EP_OK;
}

/* What an analyst sees in place of a personal column: its place, and no value. */
static ep_code add_masked(work *w, const ep_column_def *column) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_buf_puts(&sql, column->type == EP_T_TEXT ? "cast('***' as text) as " : "null as ");
    ep_buf_put_ident(&sql, ep_str_from(column->name));
    EP_TRY(ep_buf_check(&sql, w->err));
    return ep_sql_list_add(&w->masked, &w->arena, column->name, sql.data, 0, w->err);
}

static ep_code list_columns(work *w, const ep_table *t, bool *ret_personal) {
    ep_physical columns = {0};
    ep_code code = ep_schema_columns(t, false, &w->arena, &columns, w->err);
    w->for_sellers.n = w->for_analysts.n = w->masked.n = 0;
    for (size_t i = 0; code == EP_OK && i < columns.n; i++) {
        const char *name = columns.items[i].name;
        ep_audience audience = ep_access_column(t, name);
        *ret_personal |= ep_access_is_personal(t, name);
        bool owned_or_public = t->contract->owner >= 0 || t->contract->is_public;
        if (audience == EP_FOR_SELLERS && owned_or_public)
            code = ep_sql_list_add(&w->for_sellers, &w->arena, name, NULL, 0, w->err);
        if (code == EP_OK && audience != EP_FOR_INSIDE &&
            !(ep_access_is_personal(t, name) && audience == EP_FOR_SELLERS)) {
            code = ep_sql_list_add(&w->for_analysts, &w->arena, name, NULL, 0, w->err);
            if (code == EP_OK)
                code = ep_sql_list_add(&w->masked, &w->arena, name, NULL, 0, w->err);
        } else if (code == EP_OK && name[0] != '_') {
            code = add_masked(w, &columns.items[i]);
        }
    }
    ep_free(columns.items);
    return code;
}

static char *full_name(work *w, const char *schema, const char *table) {
    EP_CLEANUP(ep_buf_done) ep_buf out = {0};
    ep_buf_puts(&out, schema);
    ep_buf_puts(&out, ".");
    ep_buf_put_ident(&out, ep_str_from(table));
    return out.failed ? NULL : ep_arena_strndup(&w->arena, out.data, out.len);
}

static ep_code grant_table(work *w, const ep_table *t) {
    bool personal = false;
    EP_TRY(list_columns(w, t, &personal));
    const ep_contract *c = t->contract;
    char *table = full_name(w, w->star, t->name), *log = full_name(w, "log", t->name);
    const char *name = quoted(w, t->name, false),
               *owner = c->owner >= 0 ? quoted(w, c->fields[c->owner].name, false) : "";
    if (!table || !log || !name || !owner)
        return ep_fail(w->err, EP_E_NOMEM, "out of memory for access rules");
    /* A member that only another seller's row has named would tell of that row. */
    const char *open = !c->is_public ? "" : t->versions ? "not is_inferred" : "true";
    const ep_sql_var vars[] = {
        {"table", table, NULL},
        {"name", name, NULL},
        {"owner", owner, NULL},
        {"open", open, NULL},
        {"is_personal", personal || t->personal ? "yes" : "", NULL},
        {"for_sellers", NULL, &w->for_sellers},
        {"for_analysts", NULL, &w->for_analysts},
        {"masked", NULL, &w->masked},
    };
    EP_TRY(run(w, "sql/access/grants.sql", "table", vars, sizeof vars / sizeof *vars));
    if (!(t->keyed && t->fed))
        return EP_OK;
    const ep_sql_var log_vars[] = {{"table", log, NULL}};
    return run(w, "sql/access/grants.sql", "log", log_vars, 1);
}

/* Marts open to sellers must name the owner; those of the inside need not. The former tables are for the inside. */
static ep_code open_marts(work *w) {
    static const struct {
        const char *reader, *named;
        bool mart, legacy;
    } readers[] = {
        {"sellers", "true", true, false},
        {"entrepot_analyst", "false", true, true},
        {"entrepot_auditor", "false", true, true},
        {"entrepot_privacy", "false", false, true},
    };
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        w->schemas.n = 0;
        if (readers[i].mart)
            EP_TRY(add_literal(w, &w->schemas, "mart"));
        if (readers[i].legacy)
            EP_TRY(add_literal(w, &w->schemas, "legacy"));
        const ep_sql_var vars[] = {
            {"reader", readers[i].reader, NULL},
            {"named", readers[i].named, NULL},
            {"schemas", NULL, &w->schemas},
            {"owners", NULL, &w->owners},
        };
        EP_TRY(generate(w, "sql/access/grants.sql", "marts", vars, sizeof vars / sizeof *vars));
    }
    return EP_OK;
}

static ep_code apply_grants(work *w, const ep_plan *plan) {
    static const char asset[] = "sql/access/grants.sql";
    const ep_sql_var vars[] = {
        {"star", w->star, NULL},      {"star_literal", w->star_literal, NULL},
        {"groups", NULL, &w->groups}, {"database", w->database, NULL},
        {"loader", w->loader, NULL},
    };
    size_t n = sizeof vars / sizeof *vars;
    EP_TRY(run(w, asset, "schemas", vars, n));
    EP_TRY(generate(w, asset, "spread", vars, n));
    EP_TRY(run(w, asset, "database", vars, n));
    EP_TRY(generate(w, asset, "clear", vars, n));
    EP_TRY(generate(w, asset, "invoker", vars, n));
    for (size_t i = 0; i < plan->n; i++)
        EP_TRY(grant_table(w, &plan->tables[i]));
    EP_TRY(run(w, asset, "books", vars, n));
    EP_TRY(open_marts(w));
    return run(w, asset, "inside", vars, n);
}

static ep_code apply_server(work *w) {
    EP_CLEANUP(ep_access_server_done) ep_access_server server = {0};
    EP_TRY(ep_access_server_init(&server, w->err));
    const ep_sql_var vars[] = {
        {"functions", server.functions.data, NULL},
        {"views", server.views.data, NULL},
        {"class_columns", server.class_columns.data, NULL},
        {"loader", w->loader, NULL},
    };
    return generate(w, "sql/access/server.sql", "close", vars, sizeof vars / sizeof *vars);
}

/* What the grants are made from: their text, which holds the contracts, and the relations there are. */
static ep_code fingerprint(work *w, const ep_plan *plan, char ret[65]) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_access_target script = *w->to;
    const ep_access_target *target = w->to;
    const ep_sql_var vars[] = {{"star_literal", w->star_literal, NULL}};
    script.server = NULL;
    script.script = &text;
    w->to = &script;
    ep_code code = apply_grants(w, plan);
    w->to = target;
    EP_TRY(code);
    EP_TRY(ep_sql_render("sql/access/grants.sql", "relations", vars, 1, &sql, w->err));
    EP_TRY(ep_server_get(target->server, sql.data, NULL, 0, &text, w->err));
    uint8_t digest[32];
    ep_sha256_of(text.data, text.len, digest);
    ep_hex(digest, sizeof digest, ret);
    return EP_OK;
}

static ep_code remember(work *w, const ep_plan *plan) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    char now[65];
    EP_TRY(fingerprint(w, plan, now));
    ep_buf_printf(
        &sql,
        "delete from books.setting where name = 'access'; insert into books.setting (name, value) values ('access', '%s')",
        now);
    EP_TRY(ep_buf_check(&sql, w->err));
    return ep_server_exec(w->to->server, sql.data, w->err);
}

/* As the tables' owner, whoever is connected: what is made here belongs to it, and the change is seen whole or not at all. */
static ep_code apply_as_owner(work *w, const ep_plan *plan) {
    EP_CLEANUP(ep_buf_done) ep_buf begin = {0};
    ep_buf_printf(&begin, "begin; set local role %s;", w->loader);
    EP_TRY(ep_buf_check(&begin, w->err));
    if (w->to->script)
        ep_buf_printf(w->to->script, "%s\n", begin.data);
    ep_code code = w->to->server ? ep_server_exec(w->to->server, begin.data, w->err) : EP_OK;
    if (code == EP_OK)
        code = apply_grants(w, plan);
    if (code == EP_OK && w->to->server)
        code = remember(w, plan);
    if (w->to->script)
        ep_buf_puts(w->to->script, "commit;\n");
    if (w->to->server && code == EP_OK)
        return ep_server_exec(w->to->server, "commit", w->err);
    ep_error ignored = {0};
    if (w->to->server && ep_server_exec(w->to->server, "rollback", &ignored) != EP_OK)
        return code; /* the first error is the one to tell */
    return code;
}

ep_code ep_access_refresh(const ep_plan *plan, const ep_access_target *target, bool *ret_applied,
                          ep_error *err) {
    EP_CLEANUP(work_done) work w = {.to = target, .err = err};
    EP_CLEANUP(ep_buf_done) ep_buf applied = {0};
    char now[65];
    *ret_applied = false;
    ep_code code = ep_server_get(target->server, "select value from books.setting where name = 'access'",
                                 NULL, 0, &applied, err);
    if (code == EP_E_NOT_FOUND)
        return EP_OK;
    EP_TRY(code);
    EP_TRY(start(&w, plan));
    EP_TRY(fingerprint(&w, plan, now));
    if (strcmp(now, applied.data) == 0)
        return EP_OK;
    *ret_applied = true;
    return apply_as_owner(&w, plan);
}

ep_code ep_access_apply(const ep_plan *plan, const ep_access_target *target, ep_access_part part,
                        ep_error *err) {
    EP_CLEANUP(work_done) work w = {.to = target, .err = err};
    EP_TRY(start(&w, plan));
    if (part == EP_ACCESS_ROLES)
        EP_TRY(generate(&w, "sql/access/roles.sql", "groups", NULL, 0));
    else if (part == EP_ACCESS_GRANTS)
        EP_TRY(apply_as_owner(&w, plan));
    else
        EP_TRY(apply_server(&w));
    return target->script ? ep_buf_check(target->script, err) : EP_OK;
}
