#include "warehouse/tx.h"
#include "base/hash.h"
#include "warehouse/history.h"

#include <string.h>

ep_code ep_tx_new(ep_warehouse *w, ep_tx **ret, ep_error *err) {
    EP_CLEANUP(ep_tx_free) ep_tx *tx = ep_calloc(1, sizeof *tx);
    if (!tx)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a batch");
    tx->w = w;
    size_t n = w->plan->n + 1;
    tx->changed = ep_calloc(n, sizeof *tx->changed);
    tx->touched = ep_calloc(n, sizeof *tx->touched);
    tx->n_staged = ep_calloc(n, sizeof *tx->n_staged);
    tx->min_at = ep_calloc(n, sizeof *tx->min_at);
    tx->max_at = ep_calloc(n, sizeof *tx->max_at);
    tx->held = ep_calloc(n, sizeof *tx->held);
    tx->stored_max = ep_calloc(n, sizeof *tx->stored_max);
    tx->added_max = ep_calloc(n, sizeof *tx->added_max);
    tx->reached = ep_calloc(n, sizeof *tx->reached);
    if (!tx->changed || !tx->touched || !tx->n_staged || !tx->min_at || !tx->max_at || !tx->held ||
        !tx->stored_max || !tx->added_max || !tx->reached)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a batch");
    for (size_t i = 0; i < n; i++) {
        tx->stored_max[i] = tx->reached[i] = INT64_MAX;
        tx->added_max[i] = EP_TS_MIN - 1;
    }
    *ret = tx;
    tx = NULL;
    return EP_OK;
}

void ep_tx_free(ep_tx **tx) {
    if (!tx || !*tx)
        return;
    for (size_t i = 0; i < (*tx)->segments_capacity; i++)
        ep_free((*tx)->segments[i].tally);
    for (size_t i = 0; (*tx)->held && i < (*tx)->w->plan->n; i++)
        ep_held_done(&(*tx)->held[i]);
    ep_free((*tx)->held);
    ep_free((*tx)->stored_max);
    ep_free((*tx)->added_max);
    ep_free((*tx)->reached);
    ep_free((*tx)->segments);
    ep_free((*tx)->rows);
    ep_free((*tx)->slots);
    ep_free((*tx)->changed);
    ep_free((*tx)->touched);
    ep_free((*tx)->n_staged);
    ep_free((*tx)->min_at);
    ep_free((*tx)->max_at);
    ep_free(*tx);
    *tx = NULL;
}

static ep_code make_stage(ep_tx *tx, const ep_table *t, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf columns = {0};
    for (size_t c = 0; c < t->stage.n_columns; c++) {
        ep_buf_puts(&columns, c ? ", " : "");
        ep_buf_put_ident(&columns, ep_str_from(t->stage.columns[c].name));
        ep_buf_puts(&columns, " ");
        ep_store_put_type(tx->w->store, &t->stage.columns[c], &columns);
    }
    EP_TRY(ep_buf_check(&columns, err));
    const ep_sql_var extra[] = {{"definition", columns.data, NULL}};
    return ep_table_exec(tx->w, t, "sql/merge.sql", "stage", extra, 1, err);
}

static ep_code make_stages(ep_tx *tx, ep_error *err) {
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++)
        EP_TRY(make_stage(tx, ep_plan_find(tx->w->plan, ep_feed_target(tx->feed, i)->name), err));
    return EP_OK;
}

/* What the last transaction added is known to what held it, if it held all and nobody else writes: then the table is asked only for events that
 * are not later than all it had before that one. Late events, which come with the others all the time, are seldom as late. */
static void start_held(ep_tx *tx, size_t i, bool last_is_known) {
    int64_t now = tx->stored_max[i] < tx->added_max[i] ? tx->added_max[i] : tx->stored_max[i];
    if (!last_is_known || tx->stored_max[i] == INT64_MAX)
        tx->stored_max[i] = now;
    else if (tx->reached[i] != INT64_MAX)
        tx->stored_max[i] = tx->reached[i];
    tx->reached[i] = now;
    if (tx->held[i].table)
        ep_held_restart(&tx->held[i], last_is_known ? now : INT64_MIN);
}

ep_code ep_tx_start(ep_tx *tx, const ep_feed *feed, int64_t received_at, ep_error *err) {
    bool last_is_known = tx->holding && !ep_warehouse_on_server(tx->w);
    tx->feed = feed;
    tx->received_at = received_at;
    tx->n_segments = tx->last_hit = 0;
    tx->n_rows = 0;
    for (size_t i = 0; i < tx->n_slots; i++)
        tx->slots[i] = 0;
    tx->now = ep_now_us();
    tx->holding = false;
    memset(tx->n_staged, 0, tx->w->plan->n * sizeof *tx->n_staged);
    for (size_t i = 0; i < tx->w->plan->n; i++)
        start_held(tx, i, last_is_known);
    return make_stages(tx, err);
}

ep_code ep_tx_slice(ep_tx *tx, bool *ret_left, ep_error *err) {
    *ret_left = false;
    for (size_t i = 0; i < tx->w->plan->n; i++)
        *ret_left = *ret_left || tx->held[i].n_rows > 0 || tx->held[i].n_staged > 0;
    if (!*ret_left)
        memset(tx->n_staged, 0, tx->w->plan->n * sizeof *tx->n_staged);
    for (size_t i = 0; !*ret_left && i < tx->w->plan->n; i++)
        if (tx->held[i].table)
            ep_held_reset(&tx->held[i]);
    return make_stages(tx, err);
}

/* Groups that wait for a parent, what a snapshot holds, and what merges fetch from other nodes, are found by queries over staged rows. */
void ep_tx_hold(ep_tx *tx) {
    bool any = false;
    tx->holding = ep_feed_delivery(tx->feed) != EP_D_SNAPSHOT && !tx->w->plan->near;
    for (size_t i = 0; i < ep_feed_n_targets(tx->feed); i++) {
        const ep_table *t = ep_plan_find(tx->w->plan, ep_feed_target(tx->feed, i)->name);
        any = any || ep_held_can(t);
        for (size_t l = 0; l < t->n_links; l++)
            if (t->links[l].parent->on_unknown != EP_U_INFERRED)
                tx->holding = false;
    }
    tx->holding = tx->holding && any;
}

bool ep_tx_can_flow(const ep_tx *tx) {
    const ep_table *t = ep_plan_find(tx->w->plan, ep_feed_target(tx->feed, 0)->name);
    return tx->holding && !ep_warehouse_on_server(tx->w) && ep_feed_n_targets(tx->feed) == 1 && !t->keyed &&
           t->n_links == 0 && t->binds.n == 0;
}

/* Slots keep their tallies for reuse. */
ep_code ep_tx_segment(ep_tx *tx, int64_t load_id, uint64_t from_record, ep_error *err) {
    EP_TRY(ep_grow_zeroed((void **)&tx->segments, &tx->segments_capacity, tx->n_segments + 1,
                          sizeof *tx->segments, err));
    ep_segment *s = &tx->segments[tx->n_segments++];
    s->load_id = load_id;
    s->from_record = from_record;
    s->n_records = 0;
    return EP_OK;
}

ep_record_tally *ep_tx_record(ep_tx *tx, int64_t load_id, uint64_t record) {
    if (tx->last_hit >= tx->n_segments || tx->segments[tx->last_hit].load_id != load_id)
        for (tx->last_hit = 0;
             tx->last_hit < tx->n_segments && tx->segments[tx->last_hit].load_id != load_id;)
            tx->last_hit++;
    if (tx->last_hit == tx->n_segments)
        return NULL;
    ep_segment *s = &tx->segments[tx->last_hit];
    return record >= s->from_record && record - s->from_record < s->n_records
               ? &s->tally[record - s->from_record]
               : NULL;
}

/* Where a load's rows of a table and seller are counted, or the free slot for it. The index is at most half full. */
static uint32_t *find_slot(const ep_tx *tx, int64_t load_id, const ep_table *table, ep_str owner) {
    size_t mask = tx->n_slots - 1, i = (size_t)(ep_xxh3(owner.ptr, owner.len) ^ (uint64_t)load_id) & mask;
    for (; tx->slots[i] != 0; i = (i + 1) & mask) {
        const ep_row_tally *row = &tx->rows[tx->slots[i] - 1];
        if (row->load_id == load_id && row->table == table && ep_str_is(owner, row->owner))
            break;
    }
    return &tx->slots[i];
}

static ep_code grow_index(ep_tx *tx, ep_error *err) {
    size_t n = tx->n_slots > 0 ? tx->n_slots * 2 : 64;
    uint32_t *slots = ep_calloc(n, sizeof *slots);
    if (!slots)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a batch");
    ep_free(tx->slots);
    tx->slots = slots;
    tx->n_slots = n;
    for (size_t i = 0; i < tx->n_rows; i++) {
        const ep_row_tally *row = &tx->rows[i];
        *find_slot(tx, row->load_id, row->table, ep_str_from(row->owner)) = (uint32_t)i + 1;
    }
    return EP_OK;
}

ep_code ep_tx_rows(ep_tx *tx, int64_t load_id, const ep_table *table, ep_str owner, ep_row_tally **ret,
                   ep_error *err) {
    if (owner.len >= sizeof tx->rows->owner)
        owner.len = sizeof tx->rows->owner - 1;
    if (tx->n_rows * 2 >= tx->n_slots)
        EP_TRY(grow_index(tx, err));
    uint32_t *slot = find_slot(tx, load_id, table, owner);
    if (*slot == 0) {
        EP_TRY(ep_grow((void **)&tx->rows, &tx->rows_capacity, tx->n_rows + 1, sizeof *tx->rows, err));
        tx->rows[tx->n_rows] = (ep_row_tally){.load_id = load_id, .table = table};
        memcpy(tx->rows[tx->n_rows].owner, owner.ptr, owner.len);
        *slot = (uint32_t)++tx->n_rows;
    }
    *ret = &tx->rows[*slot - 1];
    return EP_OK;
}

static ep_code count_records(ep_segment *s, const ep_unit *unit, const uint32_t *only, ep_error *err) {
    for (size_t r = 0; r < unit->n_records; r++) {
        const ep_unit_record *record = &unit->records[r];
        uint64_t at = record->raw.at.record - s->from_record;
        EP_TRY(ep_grow((void **)&s->tally, &s->capacity, at + 1, sizeof *s->tally, err));
        for (; s->n_records <= at; s->n_records++)
            s->tally[s->n_records] = (ep_record_tally){0};
        s->tally[at].seen = true;
        s->tally[at].ignored = record->ignored;
        for (uint32_t g = 0; g < record->n_groups; g++)
            if (!only && unit->groups[record->first_group + g].rejected)
                s->tally[at].quarantined = true;
    }
    return EP_OK;
}

typedef struct selection {
    uint32_t *rows;
    size_t n, capacity;
} selection;

static void selection_done(selection *s) {
    ep_free(s->rows);
}

static bool wanted(uint32_t only, uint32_t group) {
    return only == UINT32_MAX || only == group;
}

/* Whose row this is: an accepted row's own seller; of a refused one the group's, as quarantine keeps it. */
static ep_str owner_of(const ep_table *t, const ep_batch *batch, size_t row, const ep_group *group) {
    if (group->rejected || t->contract->owner < 0)
        return group->owner;
    return batch->columns[t->contract->owner].text[row];
}

/* Rows of accepted groups, to be staged or held; counts emitted, quarantined and, of those held, doubled rows by seller. */
static ep_code select_rows(ep_tx *tx, const ep_unit *unit, const ep_unit_table *table, const ep_table *t,
                           const uint32_t *only, ep_held *held, selection *ret, ep_error *err) {
    size_t index = (size_t)(t - tx->w->plan->tables);
    ep_segment *segment = &tx->segments[tx->n_segments - 1];
    ep_row_tally *tally = NULL;
    EP_TRY(ep_grow((void **)&ret->rows, &ret->capacity, table->batch->n_rows + 1, sizeof *ret->rows, err));
    for (size_t row = 0; row < table->batch->n_rows; row++) {
        const ep_group *group = &unit->groups[table->group_of[row]];
        const ep_unit_record *record = &unit->records[group->record];
        if (only &&
            (group->rejected || !wanted(only[group->record], table->group_of[row] - record->first_group)))
            continue;
        ep_str owner = owner_of(t, table->batch, row, group);
        if (!tally || !ep_str_is(owner, tally->owner))
            EP_TRY(ep_tx_rows(tx, segment->load_id, t, owner, &tally, err));
        tally->emitted++;
        if (group->rejected) {
            tally->quarantined++;
            continue;
        }
        int64_t at = table->batch->columns[t->c_at].i64[row];
        if (tx->n_staged[index] == 0 || at < tx->min_at[index])
            tx->min_at[index] = at;
        if (tx->n_staged[index]++ == 0 || at > tx->max_at[index])
            tx->max_at[index] = at;
        ep_record_tally *counts = &segment->tally[record->raw.at.record - segment->from_record];
        ep_held_verdict verdict = EP_HELD;
        counts->n_rows++;
        ep_batch_set_i64(table->batch, row, (size_t)t->c_load, segment->load_id);
        if (held)
            EP_TRY(ep_held_add(held, (uint32_t)row, &verdict, err));
        if (verdict == EP_HELD_DUPLICATE) {
            tally->duplicate++;
            counts->n_duplicate++;
        }
        ret->rows[ret->n++] = (uint32_t)row;
    }
    return EP_OK;
}

/* Where the table's rows stay, or NULL when they are staged. */
static ep_code held_rows(ep_tx *tx, const ep_table *t, const ep_batch *batch, ep_held **ret, ep_error *err) {
    *ret = NULL;
    if (!tx->holding || !ep_held_can(t))
        return EP_OK;
    ep_held *held = &tx->held[t - tx->w->plan->tables];
    if (!held->table)
        EP_TRY(ep_held_init(held, t, err));
    EP_TRY(ep_held_part_begin(held, batch, err));
    *ret = held;
    return EP_OK;
}

ep_code ep_tx_stage(ep_tx *tx, const ep_unit *unit, const uint32_t *only, ep_error *err) {
    EP_TRY(count_records(&tx->segments[tx->n_segments - 1], unit, only, err));
    for (size_t i = 0; i < unit->n_tables; i++) {
        const ep_table *t = ep_plan_find(tx->w->plan, unit->tables[i].contract->name);
        EP_CLEANUP(selection_done) selection chosen = {0};
        ep_held *held;
        EP_TRY(held_rows(tx, t, unit->tables[i].batch, &held, err));
        EP_TRY(select_rows(tx, unit, &unit->tables[i], t, only, held, &chosen, err));
        if (chosen.n == 0)
            continue;
        tx->touched[t - tx->w->plan->tables] = true;
        ep_batch_seal(unit->tables[i].batch);
        if (held)
            continue;
        char stage[96] = "stage_";
        strncat(stage, t->name, sizeof stage - 7);
        EP_TRY(ep_store_append(tx->w->store, stage, unit->tables[i].batch, chosen.rows, chosen.n, err));
    }
    return EP_OK;
}

void ep_tx_count(const ep_segment *segment, ep_ledger *ret) {
    ret->received = ret->applied = ret->unchanged = ret->duplicate = ret->quarantined = ret->waiting =
        ret->ignored = 0;
    for (size_t i = 0; i < segment->n_records; i++) {
        const ep_record_tally *t = &segment->tally[i];
        if (!t->seen) /* reprocessing leaves gaps */
            continue;
        ret->received++;
        if (t->quarantined)
            ret->quarantined++;
        else if (t->waiting)
            ret->waiting++;
        else if (t->ignored || t->n_rows == 0)
            ret->ignored++;
        else if (t->n_rows > t->n_duplicate + t->n_unchanged)
            ret->applied++;
        else if (t->n_unchanged > 0)
            ret->unchanged++;
        else
            ret->duplicate++;
    }
}

void ep_ledger_add(ep_ledger *total, const ep_ledger *one) {
    total->received += one->received;
    total->applied += one->applied;
    total->unchanged += one->unchanged;
    total->duplicate += one->duplicate;
    total->quarantined += one->quarantined;
    total->waiting += one->waiting;
    total->ignored += one->ignored;
}

/* The columns of books.load_rows, in their order. */
static const ep_column_def row_columns[] = {
    {"load_id", EP_T_INT, 0, 0},   {"table_name", EP_T_TEXT, 0, 0}, {"owner", EP_T_TEXT, 0, 0},
    {"emitted", EP_T_INT, 0, 0},   {"inserted", EP_T_INT, 0, 0},    {"changed", EP_T_INT, 0, 0},
    {"unchanged", EP_T_INT, 0, 0}, {"duplicate", EP_T_INT, 0, 0},   {"quarantined", EP_T_INT, 0, 0},
    {"waiting", EP_T_INT, 0, 0},
};
static const ep_schema row_schema = {row_columns, sizeof row_columns / sizeof *row_columns};

static ep_code add_row(ep_batch *batch, ep_row_tally *r, ep_error *err) {
    EP_TRY(ep_batch_add_row(batch, err));
    size_t row = batch->n_rows - 1, first = 3;
    r->inserted = r->emitted - r->changed - r->unchanged - r->duplicate - r->quarantined - r->waiting;
    const int64_t counts[] = {r->emitted,   r->inserted,    r->changed, r->unchanged,
                              r->duplicate, r->quarantined, r->waiting};
    ep_batch_set_i64(batch, row, 0, r->load_id);
    ep_batch_set_text(batch, row, 1, ep_str_from(r->table->name));
    ep_batch_set_text(batch, row, 2, ep_str_from(r->owner));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        ep_batch_set_i64(batch, row, first + i, counts[i]);
    return EP_OK;
}

/* One append: a statement a row costs a block of the engine's memory each, until the transaction ends. */
static ep_code write_rows(ep_tx *tx, int64_t load_id, ep_error *err) {
    EP_CLEANUP(ep_batch_free) ep_batch *batch = NULL;
    EP_TRY(ep_batch_new(&row_schema, 64, &batch, err));
    for (size_t i = 0; i < tx->n_rows; i++)
        if (tx->rows[i].load_id == load_id)
            EP_TRY(add_row(batch, &tx->rows[i], err));
    if (batch->n_rows == 0)
        return EP_OK;
    ep_batch_seal(batch);
    return ep_store_append(tx->w->store, "books.load_rows", batch, NULL, 0, err);
}

ep_code ep_tx_write_ledger(ep_tx *tx, int64_t load_id, const ep_ledger *l, ep_error *err) {
    const ep_value params[] = {
        ep_v_int(load_id),
        ep_v_cstr(tx->w->run_id),
        ep_v_cstr(ep_feed_name(tx->feed)),
        ep_v_cstr(ep_feed_hash(tx->feed)),
        ep_v_cstr(l->source),
        ep_v_cstr(l->generation),
        ep_v_int((int64_t)l->from_record),
        ep_v_int((int64_t)l->to_record),
        ep_v_int(l->received),
        ep_v_int(l->applied),
        ep_v_int(l->unchanged),
        ep_v_int(l->duplicate),
        ep_v_int(l->quarantined),
        ep_v_int(l->waiting),
        ep_v_int(l->ignored),
        ep_v_ts(tx->received_at),
        ep_v_ts(l->started_at),
        ep_v_ts(ep_now_us()),
    };
    EP_TRY(ep_store_run(
        tx->w->store,
        "insert into books.load (load_id, run_id, feed, feed_hash, source, generation, from_record, to_record, received, applied, "
        "unchanged, duplicate, quarantined, waiting, ignored, discarded, erased, expired, received_at, started_at, committed_at) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, 0, 0, $16, $17, $18)",
        params, sizeof params / sizeof *params, NULL, err));
    return write_rows(tx, load_id, err);
}
