#include "app/cli.h"

/* Opening for writing did the work; the journal of this run tells what it was. */
static ep_code migrate(ep_cli *cli, ep_warehouse **w, ep_error *err) {
    static const char done[] =
        "select event, message from books.journal where run_id = $1 and category = 'schema' "
        "order by happened_at, event, message";
    bool trial = ep_cli_has(cli, "dry-run");
    if (cli->n_args > 0)
        return ep_fail(err, EP_E_USAGE, "migrate takes no arguments: entrepot migrate [--dry-run]");
    EP_TRY(ep_cli_open(cli, trial ? EP_OPEN_TRIAL : EP_OPEN_WRITE, w, err));
    const ep_value params[] = {ep_v_cstr((*w)->run_id)};
    int64_t n_rows;
    EP_TRY(ep_store_get_int((*w)->store,
                            "select count(*) from books.journal where run_id = $1 and category = 'schema'",
                            params, 1, &n_rows, err));
    if (n_rows > 0)
        EP_TRY(ep_print_query(*w, cli, done, params, 1, &n_rows, err));
    if (cli->json)
        return EP_OK;
    if (n_rows == 0)
        puts("nothing to do");
    else if (trial)
        puts("nothing of this is done yet: run entrepot migrate");
    return EP_OK;
}

int ep_cmd_migrate(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = migrate(cli, &w, &err);
    ep_warehouse_close(&w);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}
