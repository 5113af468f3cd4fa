#include "app/cli.h"
#include "feed/explain.h"
#include "source/file.h"

#include <inttypes.h>
#include <string.h>

static ep_code print_feeds_json(const ep_warehouse *w, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf out = {0};
    for (size_t i = 0; i < w->n_feeds; i++) {
        const ep_feed *feed = w->feeds[i];
        const char *glob = ep_feed_source_glob(feed);
        ep_buf_puts(&out, "{\"feed\": ");
        ep_buf_put_json(&out, ep_str_from(ep_feed_name(feed)));
        ep_buf_puts(&out, ", \"files\": ");
        ep_buf_put_json(&out, ep_str_from(glob ? glob : ""));
        ep_buf_puts(&out, ", \"tables\": [");
        for (size_t t = 0; t < ep_feed_n_targets(feed); t++) {
            ep_buf_puts(&out, t ? ", " : "");
            ep_buf_put_json(&out, ep_str_from(ep_feed_target(feed, t)->name));
        }
        ep_buf_puts(&out, "]}\n");
    }
    EP_TRY(ep_buf_check(&out, err));
    fwrite(out.data, 1, out.len, stdout);
    return EP_OK;
}

static void print_feeds(const ep_warehouse *w) {
    int name_width = 0, glob_width = 0;
    for (size_t i = 0; i < w->n_feeds; i++) {
        int name = (int)strlen(ep_feed_name(w->feeds[i]));
        const char *glob = ep_feed_source_glob(w->feeds[i]);
        name_width = name > name_width ? name : name_width;
        glob_width = glob && (int)strlen(glob) > glob_width ? (int)strlen(glob) : glob_width;
    }
    for (size_t i = 0; i < w->n_feeds; i++) {
        const ep_feed *feed = w->feeds[i];
        const char *glob = ep_feed_source_glob(feed);
        printf("%-*s  %-*s  ", name_width, ep_feed_name(feed), glob_width, glob ? glob : "");
        for (size_t t = 0; t < ep_feed_n_targets(feed); t++)
            printf("%s%s", t ? ", " : "", ep_feed_target(feed, t)->name);
        puts("");
    }
}

int ep_cmd_feed_list(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = ep_cli_open(cli, EP_OPEN_FILES, &w, &err);
    if (code == EP_OK && cli->json)
        code = print_feeds_json(w, &err);
    else if (code == EP_OK)
        print_feeds(w);
    ep_warehouse_close(&w);
    return code == EP_OK ? 0 : ep_cli_fail(cli, code, &err);
}

int ep_cmd_feed_lint(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    ep_code code = ep_warehouse_open(cli->folder, EP_OPEN_FILES, &w, &err);
    size_t n_errors = w ? w->lints.n_errors : 0, n = w ? w->lints.n : 0;
    if (w)
        ep_cli_print_lints(cli, &w->lints, stdout);
    ep_warehouse_close(&w);
    if (n_errors > 0)
        return 1;
    if (code != EP_OK)
        return ep_cli_fail(cli, code, &err);
    if (!cli->json && !cli->quiet)
        printf("no error, %zu other finding%s\n", n, n == 1 ? "" : "s");
    return 0;
}

/* What `feed test` goes through. */
typedef struct trial {
    const ep_feed *feed;
    ep_file *file;
    ep_splitter *splitter;
    ep_feed_runner *runner;
    ep_unit *unit;
    ep_arena arena;
    bool has_columns;
    int64_t n_records, n_refused, limit;
} trial;

static void trial_done(trial *t) {
    ep_file_close(&t->file);
    ep_splitter_free(&t->splitter);
    ep_feed_runner_free(&t->runner);
    ep_unit_free(&t->unit);
    ep_arena_done(&t->arena);
}

static ep_code show_block(ep_cli *cli, trial *t, ep_str block, bool last, const ep_feed_meta *meta,
                          ep_error *err) {
    const ep_raw *raws;
    size_t n;
    EP_TRY(ep_splitter_feed(t->splitter, block, last, &t->arena, &raws, &n, err));
    size_t n_columns;
    const ep_str *columns = ep_splitter_columns(t->splitter, &n_columns);
    if (!t->has_columns && n_columns > 0) {
        ep_feed_runner_set_columns(t->runner, columns, n_columns, ep_splitter_delimiter(t->splitter));
        t->has_columns = true;
    }
    const ep_explain_options options = {cli->json, ep_cli_has(cli, "show-personal")};
    for (size_t i = 0; i < n && t->n_records < t->limit; i++) {
        EP_CLEANUP(ep_buf_done) ep_buf out = {0};
        ep_unit_reset(t->unit);
        EP_TRY(ep_feed_runner_run(t->runner, &raws[i], 1, meta, t->unit, err));
        ep_feed_explain(t->unit, &options, &out);
        EP_TRY(ep_buf_check(&out, err));
        fwrite(out.data, 1, out.len, stdout);
        t->n_records += (int64_t)t->unit->n_records;
        for (size_t g = 0; g < t->unit->n_groups; g++)
            t->n_refused += t->unit->groups[g].rejected;
    }
    return EP_OK;
}

static ep_code test_file(ep_cli *cli, ep_warehouse *w, trial *t, ep_error *err) {
    enum { BLOCK = 1 << 20 };
    t->feed = ep_warehouse_feed(w, cli->args[0]);
    if (!t->feed)
        return ep_fail(err, EP_E_USAGE, "no feed is called %s; entrepot feed list shows them", cli->args[0]);
    EP_TRY(ep_cli_int(cli, "limit", 1, INT64_MAX, &t->limit, err));
    EP_TRY(ep_file_open(cli->args[1], NULL, &t->file, err));
    EP_TRY(ep_splitter_new(ep_feed_decode(t->feed), &t->splitter, err));
    ep_splitter_count_occurrences(t->splitter, ep_feed_needs_occurrence(t->feed));
    EP_TRY(ep_feed_runner_new(t->feed, &t->runner, err));
    EP_TRY(ep_unit_new(t->feed, NULL, &t->unit, err));
    const ep_feed_meta meta = {.source = ep_str_from(cli->args[1]), .received_at = ep_now_us()};
    for (bool last = false; !last && t->n_records < t->limit;) {
        size_t len;
        char *block = ep_arena_alloc(&t->arena, BLOCK + EP_PADDING);
        if (!block)
            return ep_fail(err, EP_E_NOMEM, "out of memory");
        EP_TRY(ep_file_read(t->file, block, BLOCK, EP_PADDING, &len, &last, err));
        EP_TRY(show_block(cli, t, (ep_str){block, len}, last, &meta, err));
        ep_arena_reset(&t->arena);
    }
    if (!cli->json && !cli->quiet)
        printf("%" PRId64 " records, %" PRId64 " group%s refused\n", t->n_records, t->n_refused,
               t->n_refused == 1 ? "" : "s");
    return EP_OK;
}

int ep_cmd_feed_test(ep_cli *cli) {
    ep_warehouse *w = NULL;
    ep_error err = {0};
    EP_CLEANUP(trial_done) trial t = {.limit = 1000};
    ep_code code = cli->n_args == 2
                       ? EP_OK
                       : ep_fail(&err, EP_E_USAGE, "name a feed and a file: entrepot feed test FEED FILE");
    if (code == EP_OK)
        code = ep_cli_open(cli, EP_OPEN_FILES, &w, &err);
    if (code == EP_OK)
        code = test_file(cli, w, &t, &err);
    bool refused = t.n_refused > 0;
    trial_done(&t);
    t = (trial){0};
    ep_warehouse_close(&w);
    return code != EP_OK ? ep_cli_fail(cli, code, &err) : refused ? 1 : 0;
}
