#include "contract/quick.h"
#include "feed/runner.h"

static void set_failed(uint64_t *failed, uint32_t field) {
    failed[field / 64] |= UINT64_C(1) << (field % 64);
}

static void add_pending(ep_feed_runner *runner, ep_reason_code code, uint32_t field, const char *detail) {
    runner->pending[runner->n_pending++] = (ep_pending){code, field, detail};
}

static ep_reason_code read_cell(const ep_contract *contract, uint32_t field, const ep_cell *cell,
                                ep_batch *batch, size_t row, const char **ret_detail) {
    const ep_typing *typing = cell->typing;
    ep_raw_kind kind = (ep_raw_kind)cell->kind;
    if (!typing || typing->n_reads <= 1)
        return ep_contract_read(contract, field, kind, cell->text, typing ? typing->reads : NULL, batch, row,
                                ret_detail);
    ep_reason_code first = EP_R_NONE;
    for (size_t i = 0; i < typing->n_reads; i++) {
        const char *detail = "";
        ep_reason_code reason =
            ep_contract_read(contract, field, kind, cell->text, &typing->reads[i], batch, row, &detail);
        if (reason == EP_R_NONE)
            return reason;
        if (first == EP_R_NONE) {
            first = reason;
            *ret_detail = detail;
        }
    }
    return first;
}

/* Puts a mapped cell into the batch. */
static inline ep_reason_code store_cell(const ep_contract *contract, uint32_t field, const ep_cell *cell,
                                        ep_batch *batch, size_t row, const char **ret_detail) {
    if (cell->state == EP_VALUE && cell->is_clean && !cell->typing &&
        ep_quick_read(&contract->fields[field], field, (ep_raw_kind)cell->kind, cell->text, batch, row))
        return EP_R_NONE;
    if (cell->state == EP_VALUE)
        return read_cell(contract, field, cell, batch, row, ret_detail);
    if (cell->state == EP_NULL)
        ep_batch_set_null(batch, row, field);
    return EP_R_NONE;
}

/* The owner's own rules: the dated default, and what a seller identity looks like. */
static ep_reason_code take_owner(ep_feed_runner *runner, const ep_emit *emit, ep_cell *cell) {
    ep_eval *c = &runner->eval;
    bool missing = cell->state != EP_VALUE || cell->text.len == 0;
    if (missing && emit->has_owner_default && c->has_event_time && c->event_time < runner->feed->cut_over) {
        *cell = emit->owner_default;
        missing = false;
    }
    if (missing) {
        c->detail = "";
        if (emit->has_owner_default)
            c->detail = c->has_event_time
                            ? "without a seller, and the event is not before the feed's cut_over"
                            : "without a seller, and without an event time";
        return EP_R_OWNER_MISSING;
    }
    if (!ep_is_seller_id(cell->text)) {
        c->detail = "must be 1 to 40 of a-z 0-9 _";
        return EP_R_OWNER_INVALID;
    }
    c->owner_is_platform = ep_str_eq(cell->text, EP_STR(EP_OWNER_PLATFORM));
    if (c->owner_is_platform && !cell->is_fixed) {
        c->owner_is_platform = false;
        c->detail = "is the reserved word for the platform itself";
        return EP_R_OWNER_INVALID;
    }
    c->owner = cell->text;
    return EP_R_NONE;
}

/* The row before has the same here: another item of the same list. */
static inline void copy_cell(ep_batch *batch, size_t row, uint32_t field) {
    ep_column *cells = &batch->columns[field];
    cells->state[row] = cells->state[row - 1];
    if (cells->state[row] != EP_VALUE)
        return;
    if (cells->text)
        cells->text[row] = cells->text[row - 1];
    else if (cells->i64)
        cells->i64[row] = cells->i64[row - 1];
    else
        cells->i128[row] = cells->i128[row - 1];
}

static void take_event_time(ep_eval *c, const ep_contract *contract, const ep_batch *batch, size_t row) {
    const ep_column *cells = &batch->columns[contract->valid_time];
    if (cells->state[row] != EP_VALUE || !cells->i64)
        return;
    bool is_date = contract->fields[contract->valid_time].column.type == EP_T_DATE;
    c->event_time = is_date ? cells->i64[row] * EP_DAY_US : cells->i64[row];
    c->has_event_time = true;
}

static inline void map_field(ep_feed_runner *runner, const ep_emit *emit, const ep_emit_field *f,
                             ep_batch *batch, size_t row, uint64_t *failed) {
    const ep_contract *contract = emit->contract;
    ep_eval *c = &runner->eval;
    ep_cell cell;
    ep_reason_code reason = EP_R_NONE;
    if (f->is_plain) {
        ep_cell_of_node(c->doc, ep_eval_path(c, &f->expr->as.path), &cell);
        cell.typing = f->expr->typing;
    } else {
        reason = ep_expr_eval(c, f->expr, &cell);
    }
    if (reason == EP_R_NONE && (int)f->field == contract->owner)
        reason = take_owner(runner, emit, &cell);
    const char *detail = c->detail;
    if (reason == EP_R_NONE) {
        detail = "";
        reason = store_cell(contract, f->field, &cell, batch, row, &detail);
        if (reason != EP_R_NONE && (int)f->field == contract->owner) {
            c->owner = (ep_str){0};
            c->owner_is_platform = false;
        }
    }
    if (reason == EP_R_NONE) {
        if (emit->needs_cells)
            runner->cells[f->field] = cell;
        if ((int)f->field == contract->valid_time)
            take_event_time(c, contract, batch, row);
        return;
    }
    set_failed(failed, f->field);
    if ((int)f->field == contract->valid_time)
        c->event_time_failed = true;
    if (reason != EP_R_QUIET)
        add_pending(runner, reason, f->field, detail ? detail : "");
}

/* A field of a record whose layout is known; false: it goes the long way. */
static inline bool map_quick(const ep_lane_field *f, uint32_t field, const ep_node *nodes, ep_batch *batch,
                             size_t row) {
    const ep_node *node = &nodes[f->node];
    bool is_text = node->kind == EP_N_TEXT;
    return f->node != 0 && (is_text || node->kind == EP_N_NUMBER) &&
           ep_quick_read(f->field, field, is_text ? EP_RAW_TEXT : EP_RAW_NUMBER,
                         (ep_str){node->text, node->text_len}, batch, row);
}

static void map_lane(ep_feed_runner *runner, const ep_emit *emit, const ep_lane *lane, ep_batch *batch,
                     size_t row, uint64_t *failed) {
    const ep_node *nodes = runner->doc.nodes;
    for (size_t i = 0; i < emit->n_fields; i++) {
        uint32_t field = emit->fields[i].field;
        if (!map_quick(&lane->fields[i], field, nodes, batch, row))
            map_field(runner, emit, &emit->fields[i], batch, row, failed);
        else if ((int)field == emit->contract->valid_time)
            take_event_time(&runner->eval, emit->contract, batch, row);
    }
}

static void map_fields(ep_feed_runner *runner, const ep_emit *emit, ep_batch *batch, size_t row,
                       uint64_t *failed) {
    const ep_contract *contract = emit->contract;
    ep_eval *c = &runner->eval;
    uint32_t around = c->depth > 0 ? c->scope[c->depth - 1] : EP_NO_NODE;
    bool may_copy = c->depth > 0 && runner->last_round == c->round && runner->last_emit == emit->id &&
                    runner->last_around == around;
    const uint64_t *failed_before = may_copy ? failed - (contract->n_fields + 63) / 64 : failed;
    for (size_t i = 0; i < emit->n_fields; i++) {
        const ep_emit_field *f = &emit->fields[i];
        /* What failed is tried again: each row has its own reason. */
        if (f->is_outer && may_copy && !(failed_before[f->field / 64] >> (f->field % 64) & 1)) {
            copy_cell(batch, row, f->field);
            if ((int)f->field == contract->valid_time)
                take_event_time(c, contract, batch, row);
        } else {
            map_field(runner, emit, f, batch, row, failed);
        }
    }
    runner->last_round = c->round;
    runner->last_emit = emit->id;
    runner->last_around = around;
}

/* Business days follow from their moments. */
static void fill_days(const ep_emit *emit, ep_batch *batch, size_t row, uint64_t *failed) {
    for (size_t i = 0; i < emit->n_days; i++) {
        uint32_t field = emit->days[i], from = (uint32_t)emit->contract->fields[field].day_of;
        const ep_column *cells = &batch->columns[from];
        if (cells->state[row] == EP_VALUE && cells->i64)
            ep_batch_set_i64(batch, row, field, ep_paris_day(cells->i64[row]));
        else if (cells->state[row] == EP_NULL)
            ep_batch_set_null(batch, row, field);
        if (failed[from / 64] >> (from % 64) & 1)
            set_failed(failed, field);
    }
}

static ep_code find_group(ep_feed_runner *runner, const ep_emit *emit, uint32_t *ret, ep_error *err) {
    if (emit->contract->owner < 0 || runner->eval.owner_is_platform)
        return ep_record_platform_group(runner, ret, err);
    if (runner->eval.owner.len > 0)
        return ep_record_group(runner, runner->eval.owner, ret, err);
    /* Nobody's row may hold back another's. */
    return ep_unit_add_group(runner->unit, EP_STR(""), false, ret, err);
}

static ep_code flush_pending(ep_feed_runner *runner, const ep_emit *emit, size_t row, uint32_t group,
                             ep_error *err) {
    for (size_t i = 0; i < runner->n_pending; i++) {
        const ep_pending *p = &runner->pending[i];
        ep_reason reason = {.code = p->code,
                            .severity = EP_S_ERROR,
                            .record = (uint32_t)runner->unit->n_records - 1,
                            .group = group,
                            .row = (uint32_t)row,
                            .contract = emit->contract->name,
                            .field = emit->contract->fields[p->field].name};
        EP_TRY(ep_reasons_add(&runner->unit->reasons, &reason, err, "%s", p->detail));
    }
    if (runner->n_pending > 0)
        runner->unit->groups[group].rejected = true;
    return EP_OK;
}

ep_code ep_row_map(ep_feed_runner *runner, const ep_emit *emit, ep_error *err) {
    ep_unit_table *table = &runner->unit->tables[emit->target];
    ep_eval *c = &runner->eval;
    uint64_t *failed;
    EP_TRY(ep_unit_add_row(table, &failed, err));
    size_t row = table->batch->n_rows - 1;
    c->emit = emit->id;
    c->failed = failed;
    c->owner = (ep_str){0};
    c->owner_is_platform = false;
    c->has_event_time = c->event_time_failed = false;
    runner->n_pending = 0;
    const ep_lane *lane = ep_lane_of(runner->lanes, emit, c);
    if (lane)
        map_lane(runner, emit, lane, table->batch, row, failed);
    else
        map_fields(runner, emit, table->batch, row, failed);
    if (c->no_memory)
        return ep_fail(err, EP_E_NOMEM, "out of memory mapping a record of the feed %s", runner->feed->name);
    if (emit->n_days > 0)
        fill_days(emit, table->batch, row, failed);
    uint32_t group;
    EP_TRY(find_group(runner, emit, &group, err));
    table->record_of[row] = (uint32_t)runner->unit->n_records - 1;
    table->group_of[row] = group;
    return flush_pending(runner, emit, row, group, err);
}
