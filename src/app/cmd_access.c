#include "access/access.h"
#include "access/gate.h"
#include "app/cli.h"

static const char *option(const ep_cli *cli, const char *name, const char *otherwise) {
    const char *value = ep_cli_get(cli, name);
    return value ? value : otherwise;
}

/* The statements as a text for psql: for who wants to read them first, or is the only one allowed to run them. */
static ep_code print_script(ep_cli *cli, const ep_warehouse *w, ep_error *err) {
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
        ep_buf_printf(&script, "-- Part %d, %s.\n\\set ON_ERROR_STOP on\nbegin;\n", part + 1, heads[part]);
        if (part == EP_ACCESS_GRANTS) {
            ep_buf_puts(&script, "set local role ");
            ep_buf_put_ident(&script, ep_str_from(target.loader));
            ep_buf_puts(&script, ";\n");
        }
        EP_TRY(ep_access_apply(w->plan, &target, (ep_access_part)part, err));
        ep_buf_puts(&script, "commit;\n\n");
    }
    EP_TRY(ep_buf_check(&script, err));
    fputs(script.data, stdout);
    return EP_OK;
}

static ep_code apply(ep_cli *cli, ep_warehouse **w, ep_error *err) {
    EP_TRY(ep_cli_open(cli, EP_OPEN_FILES, w, err));
    return print_script(cli, *w, err);
}

int ep_cmd_access_apply(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = apply(cli, &w, &err);
    ep_warehouse_close(&w);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}

static ep_code lint(ep_cli *cli, ep_warehouse **w, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_cli_open(cli, EP_OPEN_FILES, w, err));
    EP_TRY(ep_access_lint_sql((*w)->plan, option(cli, "schema", "main"), &sql, err));
    puts(sql.data);
    return EP_OK;
}

int ep_cmd_access_lint(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = lint(cli, &w, &err);
    ep_warehouse_close(&w);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
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
