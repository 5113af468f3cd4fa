#include "warehouse/warehouse.h"
#include "base/hash.h"
#include "warehouse/archive.h"
#include "warehouse/lock.h"
#include "warehouse/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

void ep_put_ts_literal(ep_buf *buf, int64_t ts_us) {
    char text[27];
    ep_time_format_ts(ts_us, text);
    ep_buf_printf(buf, "timestamp '%s'", text);
}

static ep_code load_definitions(ep_warehouse *w, ep_error *err) {
    char path[EP_PATH_BYTES];
    EP_CLEANUP(ep_paths_done) ep_paths contracts = {0};
    EP_TRY(ep_path(path, err, "%s/contracts", w->folder));
    EP_TRY(ep_paths_list(path, ".yaml", &contracts, err));
    if (contracts.n == 0)
        return ep_fail(err, EP_E_CONFIG, "%s/contracts holds no contract (*.yaml)", w->folder);
    EP_TRY(ep_contracts_load((const char *const *)contracts.items, contracts.n, true, &w->contracts,
                             &w->lints, err));

    EP_CLEANUP(ep_paths_done) ep_paths feeds = {0};
    EP_TRY(ep_path(path, err, "%s/feeds", w->folder));
    EP_TRY(ep_paths_list(path, ".yaml", &feeds, err));
    w->feeds = ep_calloc(feeds.n + 1, sizeof(ep_feed *));
    if (!w->feeds)
        return ep_fail(err, EP_E_NOMEM, "out of memory for feeds");
    EP_TRY(ep_path(path, err, "%s/lists", w->folder));
    for (size_t i = 0; i < feeds.n; i++) {
        EP_TRY(ep_feed_load(feeds.items[i], w->contracts, path, &w->feeds[i], &w->lints, err));
        w->n_feeds++;
    }
    for (size_t i = 0; i < w->n_feeds; i++)
        for (size_t k = i + 1; k < w->n_feeds; k++)
            if (strcmp(ep_feed_name(w->feeds[i]), ep_feed_name(w->feeds[k])) == 0)
                return ep_fail(err, EP_E_CONFIG, "%s and %s both name their feed %s", feeds.items[i],
                               feeds.items[k], ep_feed_name(w->feeds[i]));
    return EP_OK;
}

/* The secret that keys personal hashes: a file of its own, never in the store. Made once. */
static ep_code load_secret(ep_warehouse *w, bool create, ep_error *err) {
    char path[EP_PATH_BYTES];
    EP_TRY(ep_path(path, err, "%s/data/secret.key", w->folder));
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    ep_code code = ep_read_file(path, 4096, &text, err);
    if (code == EP_E_NOT_FOUND && create) {
        if (getrandom(w->secret, sizeof w->secret, 0) != (ssize_t)sizeof w->secret)
            return ep_fail_errno(err, errno, "cannot draw random bytes for", path);
        return ep_write_file(path, w->secret, sizeof w->secret, 0600, err);
    }
    EP_TRY(code);
    if (text.len != sizeof w->secret)
        return ep_fail(
            err, EP_E_CORRUPT,
            "%s must hold %zu bytes; restore it from its backup: without it keys of persons cannot be recomputed",
            path, sizeof w->secret);
    memcpy(w->secret, text.data, sizeof w->secret);
    return EP_OK;
}

/* A warehouse copied without its data starts empty. */
static ep_code make_folders(const ep_warehouse *w, ep_error *err) {
    char path[EP_PATH_BYTES];
    const char *subs[] = {"data", "data/tmp"};
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++) {
        EP_TRY(ep_path(path, err, "%s/%s", w->folder, subs[i]));
        if (mkdir(path, 0750) != 0 && errno != EEXIST)
            return ep_fail_errno(err, errno, "cannot make the folder", path);
    }
    return EP_OK;
}

ep_code ep_warehouse_stopping(const ep_warehouse *w, ep_error *err) {
    if (!w->cancelled || !w->cancelled())
        return EP_OK;
    return ep_fail(err, EP_E_CANCELLED,
                   "stopped on request; what was committed stays, run the same command to go on");
}

bool ep_warehouse_on_server(const ep_warehouse *w) {
    ep_str store = ep_str_from(w->settings.store);
    return ep_str_starts(store, "postgres://") || ep_str_starts(store, "postgresql://");
}

/* Where the tables are: the file below the folder, or the server's address as it is. */
static ep_code locate_store(const ep_warehouse *w, ep_open_mode mode, char ret[EP_PATH_BYTES],
                            ep_error *err) {
    if (ep_warehouse_on_server(w))
        return ep_path(ret, err, "%s", w->settings.store);
    EP_TRY(ep_path(ret, err, "%s/%s", w->folder, w->settings.store));
    if (mode == EP_OPEN_TRIAL && access(ret, F_OK) != 0)
        ret[0] = '\0'; /* a store that is not there yet is tried in memory */
    return EP_OK;
}

/* A database without our tables is like a file that is not there. */
static ep_code look_for_books(ep_warehouse *w, ep_error *err) {
    int64_t n;
    if (!ep_warehouse_on_server(w))
        return EP_OK;
    EP_TRY(ep_store_get_int(
        w->store,
        "select count(*) from information_schema.tables where table_schema = 'books' and table_name = 'schema_column'",
        NULL, 0, &n, err));
    return n > 0 ? EP_OK : ep_fail(err, EP_E_NOT_FOUND, "no tables");
}

/* True when some feed fills several tables. Their merges are many statements over some ten thousand rows each: less than the engine shares among
 * threads, which yet collect the rows that they insert apart from the table, where both stay in memory until the transaction ends. So one thread of
 * the engine does it in less memory and time, and the others decode. */
static bool fills_several_tables(const ep_warehouse *w) {
    for (size_t i = 0; i < w->n_feeds; i++)
        if (ep_feed_n_targets(w->feeds[i]) > 1)
            return true;
    return false;
}

static ep_code open_store(ep_warehouse *w, ep_open_mode mode, ep_error *err) {
    char location[EP_PATH_BYTES], temp[EP_PATH_BYTES];
    bool read_only = mode == EP_OPEN_READ;
    EP_TRY(locate_store(w, mode, location, err));
    EP_TRY(ep_path(temp, err, "%s/data/tmp", w->folder));
    ep_store_options options = {
        .location = location,
        .read_only = read_only,
        .allowed_folder = read_only ? NULL : w->folder,
        .temp_folder = temp,
        .memory_limit_bytes = read_only ? w->settings.query_memory_bytes : w->settings.memory_limit_bytes,
        .n_threads = !read_only && fills_several_tables(w) ? 1 : 0,
    };
    ep_code code = ep_store_open(&options, &w->store, err);
    if (code == EP_E_NOT_FOUND && ep_warehouse_on_server(w))
        return code; /* of the database: nothing of ours can make it */
    if (code == EP_OK && read_only)
        code = look_for_books(w, err);
    if (code == EP_E_NOT_FOUND && read_only)
        return ep_fail(err, code,
                       "%s holds no data yet; load something first, for example: entrepot -C %s load --help",
                       w->folder, w->folder);
    return code;
}

/* Another process may be in the way, or the line to a server be cut: the same again changes nothing that is done. */
static ep_code apply_schema(ep_warehouse *w, bool trial, ep_error *err) {
    ep_code code = ep_schema_apply(w, trial, err);
    for (int attempt = 0; code != EP_OK && ep_warehouse_try_again(w, code, attempt); attempt++) {
        ep_plan_free(&w->plan);
        code = ep_schema_apply(w, trial, err);
    }
    return code;
}

ep_code ep_warehouse_open(const char *folder, ep_open_mode mode, ep_warehouse **ret, ep_error *err) {
    ep_warehouse *w = *ret = ep_calloc(1, sizeof *w);
    if (!w)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a warehouse");
    if (strlen(folder) >= sizeof w->folder)
        return ep_fail(err, EP_E_ARG, "the folder's path is too long");
    strcpy(w->folder, folder);
    int64_t now = ep_now_us();
    char stamp[28];
    ep_time_format_rfc3339(now, stamp);
    snprintf(w->run_id, sizeof w->run_id, "%.19sZ-%d", stamp, (int)getpid());
    EP_TRY(ep_settings_load(folder, &w->settings, err));
    EP_TRY(load_definitions(w, err));
    if (mode == EP_OPEN_FILES)
        return ep_plan_new(w->contracts, NULL, 0, false, &w->plan, err);
    if (mode == EP_OPEN_WRITE) {
        EP_TRY(make_folders(w, err));
        EP_TRY(load_secret(w, true, err));
    }
    if (mode == EP_OPEN_TRIAL && load_secret(w, false, err) != EP_OK && err->code != EP_E_NOT_FOUND)
        return err->code;
    EP_TRY(open_store(w, mode, err));
    if (mode == EP_OPEN_WRITE)
        ep_archive_sweep(w);
    return mode == EP_OPEN_READ ? ep_schema_plan(w, err) : apply_schema(w, mode == EP_OPEN_TRIAL, err);
}

void ep_warehouse_close(ep_warehouse **warehouse) {
    if (!warehouse || !*warehouse)
        return;
    ep_warehouse *w = *warehouse;
    ep_store_close(&w->store);
    ep_plan_free(&w->plan);
    for (size_t i = 0; i < w->n_feeds; i++)
        ep_feed_free(&w->feeds[i]);
    ep_free(w->feeds);
    ep_contracts_free(&w->contracts);
    ep_lints_done(&w->lints);
    explicit_bzero(w->secret, sizeof w->secret);
    ep_free(w);
    *warehouse = NULL;
}

const ep_feed *ep_warehouse_feed(const ep_warehouse *w, const char *name) {
    for (size_t i = 0; i < w->n_feeds; i++)
        if (strcmp(ep_feed_name(w->feeds[i]), name) == 0)
            return w->feeds[i];
    return NULL;
}
