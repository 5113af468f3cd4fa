#include "app/cli.h"
#include "warehouse/content_hash.h"
#include "warehouse/journal.h"

#include <inttypes.h>
#include <string.h>

typedef ep_code (*reader)(ep_cli *cli, ep_warehouse *w, ep_error *err);

/* Opens read-only, runs, closes. */
static int read_with(ep_cli *cli, reader run) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = ep_cli_open(cli, EP_OPEN_READ, &w, &err);
    if (code == EP_OK)
        code = run(cli, w, &err);
    ep_warehouse_close(&w);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}

static ep_code hash(ep_cli *cli, ep_warehouse *w, ep_error *err) {
    ep_table_hash *tables = ep_calloc(w->plan->n + 1, sizeof *tables);
    size_t n = 0;
    ep_code code = tables ? ep_warehouse_hash(w, tables, &n, err) : ep_fail(err, EP_E_NOMEM, "out of memory");
    for (size_t i = 0; code == EP_OK && i < n; i++)
        printf(cli->json ? "{\"table\": \"%s\", \"rows\": %" PRId64 ", \"h1\": \"%s\"}\n"
                         : "%-24s %10" PRId64 "  h1:%s\n",
               tables[i].table, tables[i].n_rows, tables[i].hex);
    ep_free(tables);
    return code;
}

int ep_cmd_hash(ep_cli *cli) {
    return read_with(cli, hash);
}

static ep_code status(ep_cli *cli, ep_warehouse *w, ep_error *err) {
    static const char by_feed[] =
        "select feed, sum(received) as received, sum(applied) as applied, sum(unchanged) as unchanged, sum(duplicate) as duplicate, "
        "sum(quarantined) as quarantined, sum(waiting) as waiting, sum(ignored) as ignored, "
        "sum(discarded + erased + expired) as ended, date_trunc('second', max(committed_at)) as last_load from books.load where received > 0 group by feed order by feed";
    static const char tables[] =
        "select table_name, sum(inserted) as inserted, sum(changed) as changed, sum(unchanged) as unchanged, "
        "sum(duplicate) as duplicate, sum(quarantined) as quarantined, sum(waiting) as waiting "
        "from books.load_rows group by table_name order by table_name";
    int64_t n;
    if (!cli->json)
        printf(
            "%s in %s (%s)\n\nrecords by feed: received = applied + unchanged + duplicate + quarantined + waiting + ignored + ended\n\n",
            w->settings.name, w->folder, ep_store_version(w->store));
    EP_TRY(ep_print_query(w, cli, by_feed, NULL, 0, &n, err));
    if (!cli->json)
        printf("\nrows by table\n\n");
    return ep_print_query(w, cli, tables, NULL, 0, &n, err);
}

int ep_cmd_status(ep_cli *cli) {
    return read_with(cli, status);
}

#define NEWEST                                                                                                                             \
    " from (select happened_at, category, severity, event, feed, message, run_id from books.journal where ($1 = '' or category = $1) and " \
    "($2 = '' or severity = $2) and ($3 = '' or feed = $3) and happened_at >= $4 order by happened_at desc limit $5) j order by happened_at"

static const char *category_name(int i) {
    return ep_journal_category_name((ep_journal_category)i);
}

static const char *severity_name(int i) {
    return ep_journal_severity_name((ep_journal_severity)i);
}

static ep_code journal(ep_cli *cli, ep_warehouse *w, ep_error *err) {
    int64_t limit = 100, since = EP_TS_MIN, n;
    EP_TRY(ep_cli_int(cli, "limit", 1, 1000000, &limit, err));
    EP_TRY(ep_cli_time(cli, "since", &since, err));
    EP_TRY(ep_cli_word(cli, "category", category_name, EP_N_JOURNAL_CATEGORIES, err));
    EP_TRY(ep_cli_word(cli, "severity", severity_name, EP_N_JOURNAL_SEVERITIES, err));
    const char *category = ep_cli_get(cli, "category"), *severity = ep_cli_get(cli, "severity"),
               *feed = ep_cli_get(cli, "feed");
    const ep_value params[] = {ep_v_cstr(category ? category : ""), ep_v_cstr(severity ? severity : ""),
                               ep_v_cstr(feed ? feed : ""), ep_v_ts(since), ep_v_int(limit)};
    /* The run is for programs: a screen has no room for it. */
    return ep_print_query(w, cli,
                          cli->json ? "select *" NEWEST
                                    : "select happened_at, category, severity, event, feed, message" NEWEST,
                          params, 5, &n, err);
}

int ep_cmd_journal(ep_cli *cli) {
    return read_with(cli, journal);
}

static ep_code read_query(ep_cli *cli, ep_buf *ret, ep_error *err) {
    if (cli->n_args != 1)
        return ep_fail(err, EP_E_USAGE, "give one query in quotes, or - to read it from standard input");
    if (strcmp(cli->args[0], "-") != 0) {
        ep_buf_puts(ret, cli->args[0]);
        return ep_buf_check(ret, err);
    }
    char part[4096];
    for (size_t len; (len = fread(part, 1, sizeof part, stdin)) > 0;)
        ep_buf_add(ret, part, len);
    ep_buf_puts(ret, "");
    return ep_buf_check(ret, err);
}

/* A query that the engine refuses was typed wrong: nobody has to look at the machine. */
static ep_code typed(ep_code code, ep_error *err) {
    if (code != EP_E_STORE && code != EP_E_PERMISSION && code != EP_E_RECORD)
        return code;
    err->code = EP_E_USAGE;
    err->action = ep_code_action(EP_E_USAGE);
    return EP_E_USAGE;
}

static ep_code sql(ep_cli *cli, ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf query = {0};
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(read_query(cli, &query, err));
    const char *name = ep_cli_get(cli, "format");
    ep_print_format format = cli->json ? EP_PRINT_JSON : EP_PRINT_TABLE;
    if (name && strcmp(name, "csv") == 0)
        format = EP_PRINT_CSV;
    else if (name && strcmp(name, "json") == 0)
        format = EP_PRINT_JSON;
    else if (name && strcmp(name, "table") != 0)
        return ep_fail_field(err, EP_E_USAGE, "format", "--format is table, json or csv");
    int64_t n;
    EP_TRY(typed(ep_store_query(w->store, query.data, NULL, 0, &cursor, err), err));
    EP_TRY(typed(ep_print_cursor(cursor, format, &n, err), err));
    if (format == EP_PRINT_TABLE && !cli->quiet)
        printf("(%" PRId64 " row%s)\n", n, n == 1 ? "" : "s");
    return EP_OK;
}

int ep_cmd_sql(ep_cli *cli) {
    return read_with(cli, sql);
}
