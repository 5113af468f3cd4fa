#include "app/cli.h"

#include <inttypes.h>

/* Lints files, or with none all contracts of the warehouse in the strict way. */
static ep_code lint(ep_cli *cli, ep_lints *lints, ep_error *err) {
    ep_contracts *contracts = NULL;
    EP_CLEANUP(ep_paths_done) ep_paths files = {0};
    bool strict = cli->n_args == 0;
    if (strict) {
        char folder[EP_PATH_BYTES];
        EP_TRY(ep_path(folder, err, "%s/contracts", cli->folder));
        EP_TRY(ep_paths_list(folder, ".yaml", &files, err));
        if (files.n == 0)
            return ep_fail(err, EP_E_USAGE, "%s holds no contract; name files, or a warehouse with -C",
                           folder);
    }
    const char *const *paths = strict ? (const char *const *)files.items : (const char *const *)cli->args;
    ep_code code =
        ep_contracts_load(paths, strict ? files.n : (size_t)cli->n_args, strict, &contracts, lints, err);
    ep_contracts_free(&contracts);
    return code;
}

int ep_cmd_contract_lint(ep_cli *cli) {
    EP_CLEANUP(ep_lints_done) ep_lints lints = {0};
    ep_error err = {0};
    ep_code code = lint(cli, &lints, &err);
    ep_cli_print_lints(cli, &lints, stdout);
    if (lints.n_errors > 0)
        return 1;
    if (code != EP_OK)
        return ep_cli_fail(cli, code, &err);
    if (!cli->json && !cli->quiet)
        printf("no error, %zu other finding%s\n", lints.n, lints.n == 1 ? "" : "s");
    return 0;
}
