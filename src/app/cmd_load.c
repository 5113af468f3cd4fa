#include "app/cli.h"
#include "app/running.h"
#include "warehouse/load.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

int ep_cmd_init(ep_cli *cli) {
    ep_error err = {0};
    if (cli->n_args != 1) {
        ep_code code = ep_fail(&err, EP_E_USAGE, "name one folder: entrepot init FOLDER");
        return ep_cli_fail(cli, code, &err);
    }
    const char *store = ep_cli_get(cli, "store");
    if (store && !ep_str_starts(ep_str_from(store), "postgres://") &&
        !ep_str_starts(ep_str_from(store), "postgresql://")) {
        ep_code code = ep_fail_field(
            &err, EP_E_USAGE, "store",
            "--store is postgres://user@host:port/database; without it the tables are in a file of FOLDER");
        return ep_cli_fail(cli, code, &err);
    }
    ep_code code = ep_warehouse_init(cli->args[0], store, &err);
    if (code != EP_OK)
        return ep_cli_fail(cli, code, &err);
    if (cli->json)
        code = ep_cli_print_text(cli, "folder", cli->args[0], &err);
    else
        printf("%s is a warehouse now. Next: entrepot -C %s feed list\n", cli->args[0], cli->args[0]);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}

/* The progress line: at most ten times a second, only on a terminal, only after a second. Others may ask for it (running.h): once a second. */
typedef struct ticker {
    const ep_cli *cli;
    int64_t started_us, last_us, told_us;
    bool terminal, shown;
} ticker;

static void tell_others(const ticker *t, const ep_load_progress *p) {
    char text[300];
    int done = p->total_bytes > 0 ? (int)(100 * p->bytes / p->total_bytes) : -1;
    int len = snprintf(text, sizeof text, "%s: %.200s, %" PRIu64 " records, %" PRIu64 " bad", t->cli->args[0],
                       p->source, p->n_records, p->n_quarantined);
    if (done >= 0 && len > 0 && (size_t)len < sizeof text)
        snprintf(text + len, sizeof text - (size_t)len, ", %d %%", done);
    ep_running_tell(t->cli, text);
}

static void show_progress(void *context, const ep_load_progress *p) {
    ticker *t = context;
    int64_t now = ep_monotonic_us();
    if (now - t->told_us >= 1000000) {
        t->told_us = now;
        tell_others(t, p);
    }
    if (!t->terminal || now - t->started_us < 1000000 || now - t->last_us < 100000)
        return;
    t->last_us = now;
    t->shown = true;
    double seconds = (double)(now - t->started_us) / 1e6;
    fprintf(stderr, "\r\033[K%s: %" PRIu64 " records, %.0f/s, %" PRIu64 " bad", p->source, p->n_records,
            (double)p->n_records / seconds, p->n_quarantined);
    if (p->total_bytes > 0 && p->bytes > 0)
        fprintf(stderr, ", %d %%, %.0f s left", (int)(100 * p->bytes / p->total_bytes),
                seconds * (double)(p->total_bytes - p->bytes) / (double)p->bytes);
    fflush(stderr);
}

static void print_result(const ep_cli *cli, const char *feed, const ep_load_result *r, double seconds) {
    const ep_ledger *l = &r->total;
    if (cli->json) {
        printf("{\"feed\": \"%s\", \"sources\": %" PRId64 ", \"skipped\": %" PRId64 ", \"received\": %" PRId64
               ", \"applied\": %" PRId64 ", \"unchanged\": %" PRId64 ", \"duplicate\": %" PRId64
               ", \"quarantined\": %" PRId64 ", \"waiting\": %" PRId64 ", \"ignored\": %" PRId64
               ", \"findings\": %" PRId64 ", \"released\": %" PRId64 ", \"failing_rules\": %" PRId64
               ", \"seconds\": %.3f}\n",
               feed, r->n_sources, r->n_skipped, l->received, l->applied, l->unchanged, l->duplicate,
               l->quarantined, l->waiting, l->ignored, r->n_findings, r->n_released, r->n_failing, seconds);
        return;
    }
    printf("%s: %" PRId64 " received = %" PRId64 " applied + %" PRId64 " unchanged + %" PRId64
           " duplicate + %" PRId64 " quarantined + %" PRId64 " waiting + %" PRId64 " ignored",
           feed, l->received, l->applied, l->unchanged, l->duplicate, l->quarantined, l->waiting, l->ignored);
    printf(" (%" PRId64 " source%s, %.1f s)\n", r->n_sources, r->n_sources == 1 ? "" : "s", seconds);
    if (r->n_skipped > 0)
        printf("  %" PRId64 " source%s held nothing new\n", r->n_skipped, r->n_skipped == 1 ? "" : "s");
    if (r->n_findings > 0)
        printf("  %" PRId64 " finding%s: entrepot sql \"select * from books.finding\"\n", r->n_findings,
               r->n_findings == 1 ? "" : "s");
    if (r->n_released > 0)
        printf("  %" PRId64 " group%s that waited came in\n", r->n_released, r->n_released == 1 ? "" : "s");
    if (r->n_failing > 0)
        printf("  %" PRId64 " rule%s over the changed tables: entrepot check\n", r->n_failing,
               r->n_failing == 1 ? " fails" : "s fail");
    if (l->quarantined > 0)
        printf("  see: entrepot quarantine list --feed %s\n", feed);
}

static ep_code find_feed(const ep_warehouse *w, const char *name, const ep_feed **ret, ep_error *err) {
    *ret = ep_warehouse_feed(w, name);
    if (*ret)
        return EP_OK;
    return ep_fail(err, EP_E_USAGE, "no feed is called %s; entrepot feed list shows them", name);
}

/* All files can be read, or none is loaded. */
static ep_code check_files(char **paths, int n, ep_error *err) {
    for (int i = 0; i < n; i++)
        if (strcmp(paths[i], "-") != 0 && access(paths[i], R_OK) != 0)
            return ep_fail_errno(err, errno, "cannot read", paths[i]);
    return EP_OK;
}

static ep_code load(ep_cli *cli, ep_warehouse **w, ep_load_result *result, ep_error *err) {
    if (cli->n_args < 2)
        return ep_fail(err, EP_E_USAGE, "name a feed and files: entrepot load FEED FILE...");
    EP_TRY(check_files(cli->args + 1, cli->n_args - 1, err));
    EP_TRY(ep_cli_open(cli, EP_OPEN_WRITE, w, err));
    const ep_feed *feed;
    EP_TRY(find_feed(*w, cli->args[0], &feed, err));
    ticker t = {.cli = cli,
                .started_us = ep_monotonic_us(),
                .terminal = isatty(STDERR_FILENO) && !cli->quiet && !cli->json};
    ep_load_options options = {.again = ep_cli_has(cli, "again"), .progress = show_progress, .context = &t};
    ep_code code = ep_load_files(*w, feed, (const char *const *)(cli->args + 1), (size_t)cli->n_args - 1,
                                 &options, result, err);
    if (t.shown)
        fputs("\r\033[K", stderr);
    EP_TRY(code);
    print_result(cli, cli->args[0], result, (double)(ep_monotonic_us() - t.started_us) / 1e6);
    return EP_OK;
}

int ep_cmd_load(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_load_result result = {0};
    ep_error err = {0};
    ep_code code = load(cli, &w, &result, &err);
    ep_warehouse_close(&w);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}
