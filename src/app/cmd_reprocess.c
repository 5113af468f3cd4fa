#include "app/cli.h"
#include "warehouse/reprocess.h"

#include <inttypes.h>

static void print_result(const ep_cli *cli, const ep_reprocess_result *r, bool dry_run) {
    if (!cli->json)
        printf("%s%" PRId64 " records of %" PRId64 " loads; quarantined %" PRId64 " before, %" PRId64
               " after\n\n"
               "%-24s %12s %12s %12s %12s\n",
               dry_run ? "dry run: " : "", r->n_records, r->n_loads, r->before.quarantined,
               r->after.quarantined, "table", "rows before", "rows after", "gone", "new");
    for (size_t i = 0; i < r->n_tables; i++) {
        const ep_reprocess_table *t = &r->tables[i];
        printf(cli->json ? "{\"table\": \"%s\", \"before\": %" PRId64 ", \"after\": %" PRId64
                           ", \"gone\": %" PRId64 ", \"new\": %" PRId64 "}\n"
                         : "%-24s %12" PRId64 " %12" PRId64 " %12" PRId64 " %12" PRId64 "\n",
               t->table, t->n_before, t->n_after, t->n_gone, t->n_new);
    }
    if (dry_run && !cli->json)
        puts("\nnothing was changed");
}

static ep_code reprocess(ep_cli *cli, ep_warehouse **w, ep_reprocess_result *result, ep_error *err) {
    const char *name = ep_cli_get(cli, "feed");
    int64_t since = EP_TS_MIN;
    if (!name)
        return ep_fail(err, EP_E_USAGE, "say which feed: entrepot reprocess --feed NAME [--since DATE]");
    EP_TRY(ep_cli_time(cli, "since", &since, err));
    EP_TRY(ep_cli_open(cli, EP_OPEN_WRITE, w, err));
    const ep_feed *feed = ep_warehouse_feed(*w, name);
    if (!feed)
        return ep_fail(err, EP_E_USAGE, "no feed is called %s; entrepot feed list shows them", name);
    return ep_reprocess(*w, feed, since, ep_cli_has(cli, "dry-run"), result, err);
}

int ep_cmd_reprocess(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_reprocess_result result = {0};
    ep_code code = reprocess(cli, &w, &result, &err);
    if (code == EP_OK)
        print_result(cli, &result, ep_cli_has(cli, "dry-run"));
    ep_reprocess_done(&result);
    ep_warehouse_close(&w);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}
