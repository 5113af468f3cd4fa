#include "app/cli.h"
#include "warehouse/period.h"

static ep_code close_period(ep_cli *cli, ep_warehouse **w, ep_error *err) {
    bool closed;
    if (cli->n_args != 1)
        return ep_fail(err, EP_E_USAGE, "name one month: entrepot period close 2026-03");
    EP_TRY(ep_cli_open(cli, EP_OPEN_WRITE, w, err));
    EP_TRY(ep_period_close(*w, cli->args[0], ep_cli_actor(), &closed, err));
    if (cli->json)
        printf("{\"month\": \"%s\", \"closed_now\": %s}\n", cli->args[0], closed ? "true" : "false");
    else
        printf(closed ? "%s is closed\n" : "%s was closed before\n", cli->args[0]);
    return EP_OK;
}

int ep_cmd_period_close(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = close_period(cli, &w, &err);
    ep_warehouse_close(&w);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}
