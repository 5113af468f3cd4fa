#include "warehouse/load.h"
#include "warehouse/journal.h"
#include "warehouse/load_read.h"
#include "warehouse/lock.h"
#include "warehouse/set_rules.h"
#include "warehouse/snapshot.h"
#include "warehouse/stage.h"

#include <string.h>

/* Sources in one transaction: each has an open archive file. */
#define EP_MAX_PARTS 200

static ep_code try_load(ep_loader *l, const char *path, const ep_load_position *found, int64_t generation,
                        const ep_load_position *from, ep_error *err) {
    ep_pipeline *pipeline = NULL;
    ep_feed_meta meta = {.source = ep_str_from(path), .received_at = ep_now_us()};
    EP_TRY(ep_pipeline_start(l->w, l->feed, l->pool, path, &meta, &from->resume, l->n_units, &pipeline, err));
    ep_code code = ep_load_read(l, path, pipeline, found, generation, from, err);
    ep_pipeline_stop(&pipeline);
    return code;
}

static ep_code load_file(ep_loader *l, const char *path, int64_t *again, ep_error *err) {
    ep_load_position found, start = {0};
    EP_TRY(ep_load_read_position(l, path, &found, err));
    l->result->n_sources++;
    uint64_t done_before = l->n_done;
    for (size_t i = 0; i < l->n_parts; i++)
        if (strcmp(l->parts[i].source, path) == 0)
            return EP_OK; /* named twice in one command */
    if (found.generation == 0 || (l->options->again && found.generation != *again)) {
        *again = found.generation + 1; /* another try goes on in it */
        return try_load(l, path, &found, found.generation + 1, &start, err);
    }
    ep_code code = try_load(l, path, &found, found.generation, &found, err);
    if (code == EP_E_CONFLICT && l->n_done == done_before)
        return try_load(l, path, &found, found.generation + 1, &start, err);
    if (code == EP_OK && l->n_done == done_before && l->command->attempt == 0)
        l->result->n_skipped++;
    return code;
}

static ep_code load_all(ep_loader *l, const char *const *paths, size_t n_paths, ep_error *err) {
    EP_TRY(ep_snapshot_check(l->w, l->feed, err));
    EP_TRY(ep_stage_schemas(l->w, l->feed, &l->schemas, err));
    EP_TRY(ep_piece_pool_new(l->feed, &l->schemas, &l->pool, err));
    EP_TRY(ep_tx_new(l->w, &l->tx, err));
    EP_TRY(ep_set_aside_new(l->w, &l->aside, err));
    for (size_t i = 0; i < n_paths; i++) {
        ep_code code = load_file(l, paths[i], &l->command->generation[i], err);
        if (code == EP_OK && l->n_parts >= EP_MAX_PARTS)
            code = ep_load_finish_batch(l, err);
        if (code != EP_OK)
            return err && strstr(err->text, paths[i]) ? code : ep_fail_prefix(err, "%s", paths[i]);
    }
    EP_TRY(ep_load_finish_batch(l, err));
    /* Which tables earlier tries changed is not known any more. */
    const ep_set_rule_options rules = {.tables = l->command->attempt > 0 ? NULL : l->tx->touched};
    return ep_set_rules_run(l->w, &rules, &l->result->n_failing, err);
}

/* The open batch goes back, the same command loads it again; the journal learns why. Best effort: what failed may be the store. */
static void note_failure(ep_loader *l, const ep_error *err) {
    if (l->open)
        ep_store_rollback(l->w->store);
    l->open = false;
    const ep_journal_entry entry = {
        EP_J_LOAD, EP_JS_ERROR, "load_failed", ep_feed_name(l->feed), err->text, -1, -1, -1};
    ep_error ignored = {0};
    if (ep_journal_write(l->w, &entry, &ignored) != EP_OK)
        return;
}

/* A commit without an answer: the books know whether it was. */
static ep_code settle_unsure(ep_warehouse *w, ep_load_command *c, ep_load_result *ret, ep_error *err) {
    int64_t n;
    const ep_value params[] = {ep_v_int(c->unsure_load_id), ep_v_cstr(w->run_id)};
    if (c->unsure_load_id == 0)
        return EP_OK;
    EP_TRY(ep_store_get_int(w->store, "select count(*) from books.load where load_id = $1 and run_id = $2",
                            params, 2, &n, err));
    if (n > 0)
        ep_ledger_add(&ret->total, &c->unsure);
    c->unsure_load_id = 0;
    c->committed = *ret;
    return EP_OK;
}

static ep_code load_once(ep_warehouse *w, const ep_feed *feed, const char *const *paths, size_t n_paths,
                         const ep_load_options *options, ep_load_command *command, ep_load_result *ret,
                         ep_error *err) {
    *ret = command->committed;
    ret->n_sources = 0;
    EP_TRY(settle_unsure(w, command, ret, err));
    EP_CLEANUP(ep_loader_done)
    ep_loader l = {.w = w, .feed = feed, .options = options, .result = ret, .command = command};
    ep_code code = load_all(&l, paths, n_paths, err);
    if (code != EP_OK)
        note_failure(&l, err);
    return code;
}

static bool can_be_read_again(const char *const *paths, size_t n_paths) {
    for (size_t i = 0; i < n_paths; i++)
        if (strcmp(paths[i], "-") == 0)
            return false;
    return true;
}

ep_code ep_load_files(ep_warehouse *w, const ep_feed *feed, const char *const *paths, size_t n_paths,
                      const ep_load_options *options, ep_load_result *ret, ep_error *err) {
    ep_error unseen;
    err = err ? err : &unseen;
    *ret = (ep_load_result){0};
    ep_load_command command = {.generation = ep_calloc(n_paths + 1, sizeof *command.generation)};
    if (!command.generation)
        return ep_fail(err, EP_E_NOMEM, "out of memory for loading");
    ep_code code = load_once(w, feed, paths, n_paths, options, &command, ret, err);
    /* What was committed stays and is not read again: the position says where to go on. */
    while (code != EP_OK && can_be_read_again(paths, n_paths) &&
           ep_warehouse_try_again(w, code, command.attempt)) {
        command.attempt++;
        code = load_once(w, feed, paths, n_paths, options, &command, ret, err);
    }
    ep_free(command.generation);
    return code == EP_E_FULL
               ? ep_fail_prefix(err, "the disk is full: make room and run the same command again")
               : code;
}
