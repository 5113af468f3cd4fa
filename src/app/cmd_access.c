#include "access/access.h"
#include "access/explain.h"
#include "access/gate.h"
#include "app/access_link.h"

#include <inttypes.h>
#include <string.h>

static const char *option(const ep_cli *cli, const char *name, const char *otherwise) {
    const char *value = ep_cli_get(cli, name);
    return value ? value : otherwise;
}

/* The statements as a text for psql: for who wants to read them first, or is the only one allowed to run them. */
static ep_code print_script(const ep_cli *cli, const ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf script = {0};
    const ep_access_target target = {
        .script = &script,
        .star = option(cli, "schema", "main"),
        .database = option(cli, "database", w->settings.name),
        .loader = option(cli, "loader", "entrepot_loader"),
    };
    static const char *const heads[] = {"as a role that may create roles", "as the role that owns the tables",
                                        "as a superuser, where there is one"};
    for (int part = 0; part < EP_N_ACCESS_PARTS; part++) {
        ep_buf_printf(&script, "-- Part %d, %s.\n\\set ON_ERROR_STOP on\n", part + 1, heads[part]);
        EP_TRY(ep_access_apply(w->plan, &target, (ep_access_part)part, err));
        ep_buf_puts(&script, "\n");
    }
    EP_TRY(ep_buf_check(&script, err));
    return ep_cli_print_text(cli, "sql", script.data, err);
}

static void say(const ep_cli *cli, const char *part, const char *state) {
    if (cli->json)
        printf("{\"part\": \"%s\", \"state\": \"%s\"}\n", part, state);
    else if (!cli->quiet)
        printf("%-8s %s\n", part, state);
}

static ep_code apply(ep_cli *cli, ep_access_link *link, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf super = {0};
    if (ep_cli_has(cli, "print"))
        return print_script(cli, link->w, err);
    EP_TRY(ep_access_link_open(cli, link, err));
    EP_TRY(ep_server_get(link->server, "select rolsuper from pg_roles where rolname = current_user", NULL, 0,
                         &super, err));
    EP_TRY(ep_access_apply(link->w->plan, &link->target, EP_ACCESS_ROLES, err));
    say(cli, "roles", "as the program needs them");
    EP_TRY(ep_access_apply(link->w->plan, &link->target, EP_ACCESS_GRANTS, err));
    say(cli, "grants", "as the contracts say");
    bool is_super = strcmp(super.data, "t") == 0;
    if (is_super)
        EP_TRY(ep_access_apply(link->w->plan, &link->target, EP_ACCESS_SERVER, err));
    say(cli, "server",
        is_super
            ? "functions and statistics that tell of others are closed"
            : "not touched: only a superuser can close functions and statistics; let sellers in through the gate");
    return ep_access_journal(link, "access_applied", is_super ? "roles, grants, server" : "roles, grants",
                             err);
}

int ep_cmd_access_apply(ep_cli *cli) {
    return ep_access_link_run(cli, apply);
}

/* What only a superuser can mend. */
static bool is_of_the_server(const char *rule) {
    return strcmp(rule, "open_server_function") == 0 || strcmp(rule, "open_catalog") == 0;
}

static void print_finding(const ep_cli *cli, const ep_rows *rows, size_t i, bool residual) {
    static const char *const names[] = {"rule", "object", "wrong", "mend"};
    if (!cli->json) {
        printf("%s: %s: %s%s\n    mend: %s\n", ep_rows_get(rows, i, 0), ep_rows_get(rows, i, 1),
               ep_rows_get(rows, i, 2), residual ? " (left to the gate)" : "", ep_rows_get(rows, i, 3));
        return;
    }
    EP_CLEANUP(ep_buf_done) ep_buf line = {0};
    for (size_t c = 0; c < 4; c++) {
        ep_buf_printf(&line, "%s\"%s\": ", c ? ", " : "{", names[c]);
        ep_buf_put_json(&line, ep_str_from(ep_rows_get(rows, i, c)));
    }
    ep_buf_printf(&line, ", \"left_to_gate\": %s}", residual ? "true" : "false");
    puts(line.failed ? "{}" : line.data);
}

static ep_code lint(ep_cli *cli, ep_access_link *link, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_CLEANUP(ep_rows_free) ep_rows *rows = NULL;
    if (ep_cli_has(cli, "print")) {
        EP_TRY(ep_access_lint_sql(link->w->plan, option(cli, "schema", "main"), &sql, err));
        ep_buf_puts(&sql, "\n");
        EP_TRY(ep_buf_check(&sql, err));
        return ep_cli_print_text(cli, "sql", sql.data, err);
    }
    EP_TRY(ep_access_link_open(cli, link, err));
    EP_TRY(ep_access_lint_sql(link->w->plan, link->target.star, &sql, err));
    EP_TRY(ep_server_query(link->server, sql.data, NULL, 0, &rows, err));
    size_t n_wrong = 0;
    for (size_t i = 0; i < ep_rows_n(rows); i++) {
        bool residual = ep_cli_has(cli, "gate-only") && is_of_the_server(ep_rows_get(rows, i, 0));
        n_wrong += !residual;
        print_finding(cli, rows, i, residual);
    }
    if (n_wrong > 0)
        return ep_fail(err, EP_E_CHECK, "%zu mistakes: sellers could reach what they must not", n_wrong);
    if (!cli->json && !cli->quiet)
        puts("nothing is reachable without a policy");
    return EP_OK;
}

int ep_cmd_access_lint(ep_cli *cli) {
    return ep_access_link_run(cli, lint);
}

static void put_names(ep_buf *out, const char *const *names, size_t n, bool json) {
    for (size_t i = 0; i < n; i++) {
        ep_buf_puts(out, i ? ", " : "");
        if (json)
            ep_buf_put_json(out, ep_str_from(names[i]));
        else
            ep_buf_puts(out, names[i]);
    }
}

static ep_code print_probe(void *context, const ep_probe *p, ep_error *err) {
    const ep_cli *cli = context;
    EP_CLEANUP(ep_buf_done) ep_buf out = {0};
    if (cli->json) {
        ep_buf_puts(&out, "{\"relation\": ");
        ep_buf_put_json(&out, ep_str_from(p->name));
        ep_buf_puts(&out, ", \"schema\": ");
        ep_buf_put_json(&out, ep_str_from(p->schema));
        ep_buf_printf(&out, ", \"kind\": \"%s\", \"rows\": ", p->kind);
        if (p->n_rows < 0)
            ep_buf_puts(&out, "null");
        else
            ep_buf_put_int(&out, p->n_rows);
        ep_buf_puts(&out, ", \"readable\": [");
        put_names(&out, p->readable, p->n_readable, true);
        ep_buf_puts(&out, "], \"refused\": [");
        put_names(&out, p->refused, p->n_refused, true);
        ep_buf_puts(&out, "]}");
    } else if (p->n_readable == 0) {
        ep_buf_printf(&out, "%s.%s: nothing", p->schema, p->name);
    } else {
        ep_buf_printf(&out, "%s.%s: %" PRId64 "%s rows, %zu of %zu columns", p->schema, p->name, p->n_rows,
                      p->n_rows == EP_PROBE_MAX_ROWS ? " or more" : "", p->n_readable,
                      p->n_readable + p->n_refused);
        ep_buf_puts(&out, p->n_refused ? "; refused: " : "");
        put_names(&out, p->refused, p->n_refused, false);
    }
    EP_TRY(ep_buf_check(&out, err));
    puts(out.data);
    return EP_OK;
}

static ep_code explain(ep_cli *cli, ep_access_link *link, ep_error *err) {
    if (cli->n_args != 1)
        return ep_fail(err, EP_E_USAGE, "name one role: entrepot access explain seller_maison_lune");
    EP_TRY(ep_access_link_open(cli, link, err));
    return ep_access_explain(link->server, cli->args[0], print_probe, cli, err);
}

int ep_cmd_access_explain(ep_cli *cli) {
    return ep_access_link_run(cli, explain);
}

/* Needs no warehouse: what may pass does not depend on one. */
static ep_code gate(const ep_cli *cli, ep_error *err) {
    if (cli->n_args != 1)
        return ep_fail(err, EP_E_USAGE, "give one query in quotes");
    EP_TRY(ep_gate_check(ep_str_from(cli->args[0]), err));
    if (!cli->quiet)
        puts(cli->json ? "{\"passes\": true}" : "passes");
    return EP_OK;
}

int ep_cmd_access_gate(ep_cli *cli) {
    ep_error err = {0};
    ep_code code = gate(cli, &err);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}
