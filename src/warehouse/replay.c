#include "warehouse/replay.h"
#include "base/hash.h"
#include "warehouse/again.h"
#include "warehouse/journal.h"
#include "warehouse/late.h"
#include "warehouse/lock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A quarantined group read back. Texts live in the arena of the round. */
typedef struct item {
    int64_t id, load_id, record, received_at;
    ep_str feed, source, owner, raw, columns, rows;
    bool owner_known, waiting;
    uint32_t occurrence;
    ep_coordinates at;
} item;

typedef struct items {
    item *list;
    size_t n, capacity;
    ep_arena arena;
} items;

static void items_done(items *all) {
    ep_free(all->list);
    ep_arena_done(&all->arena);
}

static ep_str keep(ep_arena *arena, ep_value value, bool *ok) {
    if (value.state != EP_VALUE)
        return (ep_str){NULL, 0};
    char *copy = ep_arena_alloc(arena, value.text.len + EP_PADDING);
    *ok = *ok && copy;
    if (!copy)
        return (ep_str){NULL, 0};
    memcpy(copy, value.text.ptr, value.text.len);
    memset(copy + value.text.len, 0, EP_PADDING);
    return (ep_str){copy, value.text.len};
}

static const char item_columns[] =
    "q.quarantine_id, q.load_id, q.record, q.line, q.byte_offset, q.occurrence, q.feed, q.source, q.owner, q.raw, q.columns, "
    "q.rows_by_table, q.status, q.received_at";

static ep_code read_items(ep_warehouse *w, const char *sql, const ep_value *params, size_t n_params,
                          items *ret, ep_error *err) {
    EP_CLEANUP(ep_cursor_close) ep_cursor *cursor = NULL;
    EP_TRY(ep_store_query(w->store, sql, params, n_params, &cursor, err));
    for (bool more = true, ok = true;;) {
        EP_TRY(ep_cursor_next(cursor, &more, err));
        if (!more)
            return EP_OK;
        EP_TRY(ep_grow((void **)&ret->list, &ret->capacity, ret->n + 1, sizeof *ret->list, err));
        item *it = &ret->list[ret->n++];
        *it = (item){
            .id = ep_cursor_get(cursor, 0).i64,
            .load_id = ep_cursor_get(cursor, 1).i64,
            .record = ep_cursor_get(cursor, 2).i64,
            .at = {.record = (uint64_t)ep_cursor_get(cursor, 2).i64,
                   .line = (uint64_t)ep_cursor_get(cursor, 3).i64,
                   .offset = (uint64_t)ep_cursor_get(cursor, 4).i64},
            .occurrence = (uint32_t)ep_cursor_get(cursor, 5).i64,
            .feed = keep(&ret->arena, ep_cursor_get(cursor, 6), &ok),
            .source = keep(&ret->arena, ep_cursor_get(cursor, 7), &ok),
            .owner = keep(&ret->arena, ep_cursor_get(cursor, 8), &ok),
            .owner_known = ep_cursor_get(cursor, 8).state == EP_VALUE,
            .raw = keep(&ret->arena, ep_cursor_get(cursor, 9), &ok),
            .columns = keep(&ret->arena, ep_cursor_get(cursor, 10), &ok),
            .rows = keep(&ret->arena, ep_cursor_get(cursor, 11), &ok),
            .waiting = ep_str_is(ep_cursor_get(cursor, 12).text, "waiting"),
            .received_at = ep_cursor_get(cursor, 13).i64,
        };
        it->at.size_bytes = (uint32_t)it->raw.len;
        if (!ok)
            return ep_fail(err, EP_E_NOMEM, "out of memory for a replay");
    }
}

/* One feed's items on their way. */
typedef struct round {
    ep_again again;
    ep_set_aside *aside;
    uint32_t *only;    /* an item's group in its record; ALL, or NONE when it is refused */
    uint32_t *refused; /* the group of the unit that acceptance refuses; ALL: none */
} round_of;

#define ALL  UINT32_MAX
#define NONE (UINT32_MAX - 1)

static void round_done(round_of *r) {
    ep_again_done(&r->again);
    ep_set_aside_free(&r->aside);
    ep_free(r->only);
    ep_free(r->refused);
}

/* The item's group in today's mapping of its record: its seller's. When the seller was not known, or is another one now, all are. */
static void choose_groups(round_of *r, const item *it, size_t number) {
    const ep_unit *unit = r->again.unit;
    const ep_unit_record *record = &unit->records[number];
    r->only[number] = r->refused[number] = ALL;
    for (uint32_t g = 0; it->owner_known && g < record->n_groups; g++) {
        const ep_group *group = &unit->groups[record->first_group + g];
        if (group->owner_known && ep_str_eq(group->owner, it->owner))
            r->only[number] = g;
    }
    for (uint32_t g = 0; g < record->n_groups; g++) {
        const ep_group *group = &unit->groups[record->first_group + g];
        bool mine = r->only[number] == ALL || r->only[number] == g || !group->owner_known;
        if (mine && group->rejected && r->refused[number] == ALL)
            r->refused[number] = record->first_group + g;
    }
    if (record->ignored || r->refused[number] != ALL)
        r->only[number] = NONE;
}

/* Runs one item; its record's ordinal in the unit is the item's number, so that tallies are its own. */
static ep_code run_item(round_of *r, const item *it, size_t number, ep_error *err) {
    EP_TRY(ep_again_columns(&r->again, it->columns, err));
    const ep_feed_meta meta = {.source = it->source, .received_at = it->received_at};
    EP_TRY(ep_again_run(&r->again, it->raw, &it->at, it->occurrence, &meta, err));
    r->again.unit->records[number].raw.at.record = number;
    choose_groups(r, it, number);
    return EP_OK;
}

static ep_code start_round(round_of *r, ep_warehouse *w, const ep_feed *feed, size_t n, ep_error *err) {
    EP_TRY(ep_again_init(&r->again, w, feed, err));
    EP_TRY(ep_set_aside_new(w, &r->aside, err));
    r->only = ep_calloc(n, sizeof *r->only);
    r->refused = ep_calloc(n, sizeof *r->refused);
    return r->only && r->refused ? EP_OK : ep_fail(err, EP_E_NOMEM, "out of memory for a replay");
}

static ep_code event(ep_warehouse *w, int64_t id, const char *what, const char *actor, const char *detail,
                     ep_error *err) {
    const ep_value params[] = {ep_v_int(id), ep_v_ts(ep_now_us()), ep_v_cstr(what), ep_v_cstr(actor),
                               ep_v_cstr(detail)};
    return ep_store_run(
        w->store,
        "insert into books.quarantine_event (quarantine_id, happened_at, event, actor, detail) values ($1, $2, $3, $4, $5)",
        params, 5, NULL, err);
}

/* The class of an item's record: that of its groups that are still set aside, else `otherwise`. */
static ep_code class_now(ep_warehouse *w, const item *it, const char *otherwise, const char **ret,
                         ep_error *err) {
    const ep_value params[] = {ep_v_int(it->load_id), ep_v_int(it->record)};
    int64_t n_open, n_waiting;
    EP_TRY(ep_store_get_int(
        w->store,
        "select count(*) from books.quarantine where load_id = $1 and record = $2 and status = 'open'",
        params, 2, &n_open, err));
    EP_TRY(ep_store_get_int(
        w->store,
        "select count(*) from books.quarantine where load_id = $1 and record = $2 and status = 'waiting'",
        params, 2, &n_waiting, err));
    *ret = n_open > 0 ? "quarantined" : n_waiting > 0 ? "waiting" : otherwise;
    return EP_OK;
}

static ep_code move_record(ep_warehouse *w, const item *it, const char *from, const char *to, ep_error *err) {
    const ep_value params[] = {ep_v_int(it->load_id)};
    if (strcmp(from, to) == 0)
        return EP_OK;
    char sql[256];
    snprintf(sql, sizeof sql, "update books.load set %s = %s - 1, %s = %s + 1 where load_id = $1", from, from,
             to, to);
    return ep_store_run(w->store, sql, params, 1, NULL, err);
}

/* `rows` is JSON {"table": n}. */
static long rows_of(ep_str rows, const char *table) {
    char mark[140];
    snprintf(mark, sizeof mark, "\"%s\": ", table);
    const char *at = rows.ptr ? strstr(rows.ptr, mark) : NULL;
    return at ? strtol(at + strlen(mark), NULL, 10) : 0;
}

/* Rows leave the load that set them aside, where the replay counts them as emitted now; `left` of them stay, in `to_class`. */
static ep_code move_rows(ep_warehouse *w, const item *it, ep_str left, const char *to_class, ep_error *err) {
    const ep_value params[] = {ep_v_int(it->load_id), ep_v_text(it->owner_known ? it->owner : EP_STR(""))};
    for (size_t i = 0; i < w->plan->n; i++) {
        const char *table = w->plan->tables[i].name, *column = it->waiting ? "waiting" : "quarantined";
        long before = rows_of(it->rows, table), after = rows_of(left, table);
        if (before == 0 || (before == after && strcmp(column, to_class) == 0))
            continue;
        if (after > before)
            after = before;
        char sql[400];
        snprintf(sql, sizeof sql, "update books.load_rows set emitted = emitted - %ld, %s = %s - %ld",
                 before - after, column, column, strcmp(column, to_class) == 0 ? before - after : before);
        size_t len = strlen(sql);
        if (strcmp(column, to_class) != 0)
            snprintf(sql + len, sizeof sql - len, ", %s = %s + %ld", to_class, to_class, after);
        len = strlen(sql);
        snprintf(sql + len, sizeof sql - len, " where load_id = $1 and owner = $2 and table_name = '%s'",
                 table);
        EP_TRY(ep_store_run(w->store, sql, params, 2, NULL, err));
    }
    return EP_OK;
}

static ep_code close_item(ep_warehouse *w, const item *it, const char *status, int64_t load_id,
                          const char *to_class, ep_error *err) {
    const ep_value params[] = {ep_v_int(it->id), ep_v_cstr(status), ep_v_ts(ep_now_us()), ep_v_int(load_id)};
    const char *from, *to;
    EP_TRY(class_now(w, it, "", &from, err));
    EP_TRY(ep_store_run(
        w->store,
        "update books.quarantine set status = $2, closed_at = $3, closed_load_id = $4 where quarantine_id = $1",
        params, 4, NULL, err));
    EP_TRY(ep_store_run(w->store, "delete from books.waiting_parent where quarantine_id = $1", params, 1,
                        NULL, err));
    EP_TRY(move_rows(w, it, EP_STR(""), "quarantined", err));
    EP_TRY(class_now(w, it, to_class, &to, err));
    return move_record(w, it, from, to, err);
}

/* Accepted, but rejected while merging: still in conflict, or still without a parent. What was left out counts where it waits. */
static ep_code narrow_item(ep_warehouse *w, ep_set_aside *aside, const item *it, const ep_rejected *rejected,
                           size_t n, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf rows = {0};
    const char *from, *to;
    EP_TRY(class_now(w, it, "", &from, err));
    EP_TRY(ep_set_aside_again(aside, it->id, rejected, n, &rows, err));
    EP_TRY(move_rows(w, it, (ep_str){rows.data, rows.len}, rejected->waits ? "waiting" : "quarantined", err));
    EP_TRY(class_now(w, it, "", &to, err));
    return move_record(w, it, from, to, err);
}

static const char *class_of(const ep_record_tally *t) {
    if (t->n_rows > t->n_duplicate + t->n_unchanged)
        return "applied";
    return t->n_unchanged > 0 ? "unchanged" : "duplicate";
}

static int64_t replay_load_id(const item *list, size_t n, int64_t now) {
    char text[96];
    int len = snprintf(text, sizeof text, "replay %" PRId64 " %zu %" PRId64, n ? list[0].id : 0, n, now);
    return ep_id63_of(text, (size_t)len);
}

/* Rows that were rejected while merging are counted where they were set aside. Returns the rows that came in. */
static int64_t drop_rejected(ep_tx *tx) {
    int64_t n = 0;
    for (size_t i = 0; i < tx->n_rows; i++) {
        ep_row_tally *rows = &tx->rows[i];
        rows->emitted -= rows->quarantined + rows->waiting;
        rows->quarantined = rows->waiting = 0;
        n += rows->emitted;
    }
    return n;
}

/* What becomes of one item, and says so in the books. */
static ep_code settle(ep_warehouse *w, ep_tx *tx, const round_of *r, const ep_late *late, const item *it,
                      size_t number, int64_t load_id, const char *actor, ep_replay_result *ret,
                      ep_error *err) {
    size_t n;
    const ep_rejected *rejected = ep_late_find(late, load_id, number, &n);
    ret->n_tried++;
    if (n > 0 || r->only[number] == NONE) {
        ret->n_refused++;
        if (n > 0)
            EP_TRY(narrow_item(w, r->aside, it, rejected, n, err));
        else if (r->refused[number] != ALL)
            EP_TRY(ep_set_aside_refused(r->aside, it->id, r->again.unit, r->refused[number], err));
        return event(w, it->id, "refused_again", actor, "", err);
    }
    ret->n_accepted++;
    /* Should the record's row lose its place later, this leads back here. */
    char place[40];
    snprintf(place, sizeof place, "record %zu", number);
    const char *outcome = it->waiting ? "released" : "replayed";
    EP_TRY(close_item(w, it, outcome, load_id, class_of(ep_tx_record(tx, load_id, number)), err));
    return event(w, it->id, outcome, actor, place, err);
}

/* A list of items of one feed through today's definitions, inside the open transaction. */
static ep_code replay_feed(ep_warehouse *w, ep_tx *tx, const item *list, size_t n, const char *actor,
                           ep_replay_result *ret, ep_error *err) {
    EP_CLEANUP(round_done) round_of r = {0};
    EP_CLEANUP(ep_late_done) ep_late late = {0};
    char name[256];
    snprintf(name, sizeof name, "%.*s", EP_STR_ARGS(list[0].feed));
    const ep_feed *feed = ep_warehouse_feed(w, name);
    if (!feed)
        return ep_fail(err, EP_E_CONFIG,
                       "the feed %s is gone from feeds/; put it back, or discard its records", name);
    EP_TRY(start_round(&r, w, feed, n, err));
    for (size_t i = 0; i < n; i++)
        EP_TRY(run_item(&r, &list[i], i, err));
    EP_TRY(ep_stamper_run(r.again.stamper, r.again.unit, 0, err));
    int64_t load_id = replay_load_id(list, n, ep_now_us());
    EP_TRY(ep_tx_start(tx, feed, ep_now_us(), err));
    EP_TRY(ep_tx_segment(tx, load_id, 0, err));
    EP_TRY(ep_tx_stage(tx, r.again.unit, r.only, err));
    EP_TRY(ep_tx_merge(tx, ep_late_reject, &late, err));
    ep_late_sort(&late);
    if (drop_rejected(tx) > 0) {
        const ep_ledger ledger = {.source = "quarantine", .generation = "0", .started_at = tx->received_at};
        EP_TRY(ep_tx_write_ledger(tx, load_id, &ledger, err));
    }
    for (size_t i = 0; i < n; i++)
        EP_TRY(settle(w, tx, &r, &late, &list[i], i, load_id, actor, ret, err));
    ep_late_drop(&late, load_id);
    return ep_late_resolve(&late, w, r.aside, err);
}

static ep_code replay_all(ep_warehouse *w, ep_tx *tx, const items *all, const char *actor,
                          ep_replay_result *ret, ep_error *err) {
    for (size_t from = 0; from < all->n;) {
        size_t to = from + 1;
        while (to < all->n && ep_str_eq(all->list[to].feed, all->list[from].feed))
            to++;
        EP_TRY(replay_feed(w, tx, &all->list[from], to - from, actor, ret, err));
        from = to;
    }
    return EP_OK;
}

static ep_code select_items(ep_warehouse *w, const ep_replay_options *o, items *ret, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_buf_printf(
        &sql,
        "select %s from books.quarantine q where q.status in ('open', 'waiting') and ($1 = '' or q.feed = $1) and ($2 = '' or "
        "',' || q.codes || ',' like '%%,' || $2 || ',%%')",
        item_columns);
    for (size_t i = 0; i < o->n_ids; i++)
        ep_buf_printf(&sql, "%s%" PRId64, i ? ", " : " and q.quarantine_id in (", o->ids[i]);
    ep_buf_puts(&sql, o->n_ids ? ")" : "");
    ep_buf_puts(&sql, " order by q.feed, q.load_id, q.record, q.group_no");
    EP_TRY(ep_buf_check(&sql, err));
    const ep_value params[] = {ep_v_cstr(o->feed ? o->feed : ""), ep_v_cstr(o->code ? o->code : "")};
    return read_items(w, sql.data, params, 2, ret, err);
}

static ep_code correct(ep_warehouse *w, const ep_replay_options *o, items *all, ep_error *err) {
    if (!o->corrected)
        return EP_OK;
    if (all->n != 1)
        return ep_fail(err, EP_E_USAGE, "a corrected record needs exactly one open id; %zu match", all->n);
    char *copy = ep_arena_alloc(&all->arena, o->corrected_len + EP_PADDING);
    if (!copy)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a replay");
    memcpy(copy, o->corrected, o->corrected_len);
    memset(copy + o->corrected_len, 0, EP_PADDING);
    all->list[0].raw = (ep_str){copy, o->corrected_len};
    all->list[0].at.size_bytes = (uint32_t)o->corrected_len;
    return event(w, all->list[0].id, "corrected", o->actor, "", err);
}

static ep_code replay_in_tx(ep_warehouse *w, const ep_replay_options *o, ep_replay_result *ret,
                            ep_error *err) {
    EP_CLEANUP(items_done) items all = {0};
    EP_CLEANUP(ep_tx_free) ep_tx *tx = NULL;
    char message[120];
    EP_TRY(select_items(w, o, &all, err));
    EP_TRY(correct(w, o, &all, err));
    EP_TRY(ep_tx_new(w, &tx, err));
    EP_TRY(replay_all(w, tx, &all, o->actor, ret, err));
    if (ret->n_accepted > 0) {
        int64_t released;
        EP_TRY(ep_replay_waiting(w, tx, &released, err));
    }
    EP_TRY(ep_tx_derive(tx, err));
    snprintf(message, sizeof message, "%" PRId64 " tried, %" PRId64 " accepted, %" PRId64 " refused again",
             ret->n_tried, ret->n_accepted, ret->n_refused);
    const ep_journal_entry entry = {EP_J_QUARANTINE, EP_JS_INFO, "replayed",      o->feed ? o->feed : "",
                                    message,         -1,         ret->n_accepted, ret->n_refused};
    return ep_journal_write(w, &entry, err);
}

ep_code ep_replay(ep_warehouse *w, const ep_replay_options *options, ep_replay_result *ret, ep_error *err) {
    *ret = (ep_replay_result){0};
    EP_TRY(ep_store_begin(w->store, err));
    ep_code code = ep_warehouse_lock(w, err);
    if (code == EP_OK)
        code = replay_in_tx(w, options, ret, err);
    if (code == EP_OK)
        code = ep_store_commit(w->store, err);
    if (code != EP_OK)
        ep_store_rollback(w->store);
    return code;
}

ep_code ep_replay_waiting(ep_warehouse *w, ep_tx *tx, int64_t *ret_released, ep_error *err) {
    *ret_released = 0;
    for (;;) {
        EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
        EP_CLEANUP(items_done) items all = {0};
        int64_t n_waiting;
        EP_TRY(ep_store_get_int(w->store, "select count(*) from books.waiting_parent", NULL, 0, &n_waiting,
                                err));
        if (n_waiting == 0)
            return EP_OK;
        ep_buf_printf(&sql,
                      "select %s from books.quarantine q where q.status = 'waiting' and q.quarantine_id in ("
                      "select quarantine_id from books.waiting_parent where false",
                      item_columns);
        for (size_t i = 0; i < w->plan->n; i++) {
            const ep_table *t = &w->plan->tables[i];
            if (t->keyed && t->fed && t->contract->kind != EP_K_ACCUMULATING)
                ep_buf_printf(
                    &sql,
                    " or (table_name = '%s' and parent_key in (select %s from %s where %s and %s in ("
                    "select parent_key from books.waiting_parent where table_name = '%s')))",
                    t->name, t->key_column, t->name, t->versions ? "not is_inferred" : "_n > 0",
                    t->key_column, t->name);
        }
        ep_buf_puts(&sql, ") order by q.feed, q.load_id, q.record, q.group_no");
        EP_TRY(ep_buf_check(&sql, err));
        EP_TRY(read_items(w, sql.data, NULL, 0, &all, err));
        if (all.n == 0)
            return EP_OK;
        ep_replay_result result = {0};
        EP_TRY(replay_all(w, tx, &all, "entrepot", &result, err));
        *ret_released += result.n_accepted;
        if (result.n_accepted == 0)
            return EP_OK;
    }
}

static ep_code note_discarded(ep_warehouse *w, size_t n, ep_error *err) {
    char message[64];
    snprintf(message, sizeof message, "%zu given up", n);
    const ep_journal_entry entry = {EP_J_QUARANTINE, EP_JS_INFO, "discarded", "", message, -1, -1, -1};
    return ep_journal_write(w, &entry, err);
}

ep_code ep_quarantine_discard(ep_warehouse *w, const int64_t *ids, size_t n_ids, const char *actor,
                              const char *why, int64_t *ret_n, ep_error *err) {
    const ep_replay_options options = {.ids = ids, .n_ids = n_ids};
    EP_CLEANUP(items_done) items all = {0};
    EP_TRY(ep_store_begin(w->store, err));
    ep_code code = ep_warehouse_lock(w, err);
    if (code == EP_OK)
        code = select_items(w, &options, &all, err);
    for (size_t i = 0; code == EP_OK && i < all.n; i++) {
        const ep_value params[] = {ep_v_int(all.list[i].id), ep_v_ts(ep_now_us())};
        const char *from = "", *to = "";
        code = class_now(w, &all.list[i], "", &from, err);
        if (code == EP_OK)
            code = ep_store_run(
                w->store,
                "update books.quarantine set status = 'discarded', closed_at = $2 where quarantine_id = $1",
                params, 2, NULL, err);
        if (code == EP_OK)
            code = ep_store_run(w->store, "delete from books.waiting_parent where quarantine_id = $1", params,
                                1, NULL, err);
        if (code == EP_OK)
            code = class_now(w, &all.list[i], "discarded", &to, err);
        if (code == EP_OK)
            code = move_record(w, &all.list[i], from, to, err);
        if (code == EP_OK)
            code = event(w, all.list[i].id, "discarded", actor, why, err);
    }
    *ret_n = (int64_t)all.n;
    if (code == EP_OK)
        code = note_discarded(w, all.n, err);
    if (code == EP_OK)
        code = ep_store_commit(w->store, err);
    if (code != EP_OK)
        ep_store_rollback(w->store);
    return code;
}
