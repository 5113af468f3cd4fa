#include "feed/runner.h"

#include <string.h>

/* Groups of a record, and what decides over them after all records of a run are mapped. */

#define NEAR_GROUPS 8 /* searched one by one; those beyond are in the table */
#define OWNER_TAG   (UINT64_C(1) << 63)

ep_code ep_record_platform_group(ep_feed_runner *runner, uint32_t *ret, ep_error *err) {
    if (runner->platform_group == EP_NO_GROUP)
        EP_TRY(ep_unit_add_group(runner->unit, EP_STR(""), true, &runner->platform_group, err));
    *ret = runner->platform_group;
    return EP_OK;
}

ep_code ep_record_unknown_group(ep_feed_runner *runner, uint32_t *ret, ep_error *err) {
    if (runner->unknown_group == EP_NO_GROUP)
        EP_TRY(ep_unit_add_group(runner->unit, EP_STR(""), false, &runner->unknown_group, err));
    *ret = runner->unknown_group;
    return EP_OK;
}

ep_code ep_record_group(ep_feed_runner *runner, ep_str owner, uint32_t *ret, ep_error *err) {
    ep_unit *unit = runner->unit;
    const ep_unit_record *record = &unit->records[unit->n_records - 1];
    uint32_t near = record->n_groups < NEAR_GROUPS ? record->n_groups : NEAR_GROUPS;
    for (uint32_t i = record->first_group; i < record->first_group + near; i++)
        if (ep_str_eq(unit->groups[i].owner, owner)) {
            *ret = i;
            return EP_OK;
        }
    if (record->n_groups < NEAR_GROUPS)
        return ep_unit_add_group(unit, owner, true, ret, err);
    uint32_t *known = ep_seen_find(runner->eval.seen, OWNER_TAG, (ep_str){0}, owner, EP_NO_GROUP);
    if (!known)
        return ep_fail(err, EP_E_NOMEM, "out of memory for the groups of a record");
    if (*known == EP_NO_GROUP)
        EP_TRY(ep_unit_add_group(unit, owner, true, known, err));
    *ret = *known;
    return EP_OK;
}

static void reject_all(ep_unit *unit, const ep_unit_record *record) {
    for (uint32_t i = 0; i < record->n_groups; i++)
        unit->groups[record->first_group + i].rejected = true;
}

static void reject_for(ep_unit *unit, const ep_reason *reason) {
    if (reason->severity != EP_S_ERROR)
        return;
    if (reason->group == UINT32_MAX)
        reject_all(unit, &unit->records[reason->record]);
    else
        unit->groups[reason->group].rejected = true;
}

/* Checks one row alone, only to know whether it is rejected: its reasons are beyond the limit of what is kept. */
static ep_code recheck_row(ep_unit *unit, const ep_unit_table *table, size_t row, ep_reasons *scratch,
                           ep_error *err) {
    size_t n_rows = table->batch->n_rows;
    ep_reasons_reset(scratch);
    table->batch->n_rows = row + 1;
    ep_code code = ep_contract_check(table->contract, table->batch, row, table->record_of, table->group_of,
                                     table->failed, scratch, err);
    table->batch->n_rows = n_rows;
    for (size_t i = 0; code == EP_OK && i < scratch->n; i++)
        reject_for(unit, &scratch->items[i]);
    return code;
}

/* Reasons of a record beyond the limit are not kept, but each still rejects its own group, and no other. */
static ep_code recheck(ep_feed_runner *runner, const uint32_t *n_of, size_t first_record, ep_error *err) {
    EP_CLEANUP(ep_reasons_done) ep_reasons scratch = {0};
    ep_unit *unit = runner->unit;
    for (size_t i = 0; i < unit->n_tables; i++) {
        const ep_unit_table *table = &unit->tables[i];
        for (size_t row = runner->uses[i].first_new; row < table->batch->n_rows; row++)
            if (n_of[table->record_of[row] - first_record] >= EP_MAX_REASONS_PER_RECORD &&
                !unit->groups[table->group_of[row]].rejected)
                EP_TRY(recheck_row(unit, table, row, &scratch, err));
    }
    return EP_OK;
}

/* Orders the new reasons by record, those of a record as they came, and keeps the first ones of each: so the outcome is the same
 * however records are spread over runs. `n_of` counts per record and is spent. */
static ep_code order_reasons(ep_unit *unit, uint32_t *n_of, size_t first_record, size_t first_reason,
                             ep_error *err) {
    ep_reasons *reasons = &unit->reasons;
    size_t n = reasons->n - first_reason, n_kept = 0;
    ep_reason *sorted = ep_malloc(n * sizeof(*sorted));
    uint32_t *place = ep_malloc((unit->n_records - first_record) * sizeof(*place));
    if (!sorted || !place) {
        ep_free(sorted);
        ep_free(place);
        return ep_fail(err, EP_E_NOMEM, "out of memory for %zu reasons", n);
    }
    for (size_t i = 0; i < unit->n_records - first_record; i++) {
        place[i] = (uint32_t)n_kept;
        n_of[i] = n_of[i] < EP_MAX_REASONS_PER_RECORD ? n_of[i] : EP_MAX_REASONS_PER_RECORD;
        n_kept += n_of[i];
    }
    for (size_t i = first_reason; i < reasons->n; i++) {
        size_t record = reasons->items[i].record - first_record;
        if (n_of[record] == 0)
            continue;
        n_of[record]--;
        sorted[place[record]++] = reasons->items[i];
    }
    memcpy(reasons->items + first_reason, sorted, n_kept * sizeof(*sorted));
    reasons->n = first_reason + n_kept;
    reasons->n_dropped += n - n_kept;
    ep_free(sorted);
    ep_free(place);
    return EP_OK;
}

static ep_code settle_reasons(ep_feed_runner *runner, size_t first_record, size_t first_reason,
                              size_t n_dropped, ep_error *err) {
    ep_unit *unit = runner->unit;
    ep_reasons *reasons = &unit->reasons;
    uint32_t *n_of = ep_calloc(unit->n_records - first_record, sizeof(*n_of));
    if (!n_of)
        return ep_fail(err, EP_E_NOMEM, "out of memory for %zu reasons", reasons->n - first_reason);
    for (size_t i = first_reason; i < reasons->n; i++)
        n_of[reasons->items[i].record - first_record]++;
    ep_code code = EP_OK;
    if (reasons->n_dropped != n_dropped)
        code = recheck(runner, n_of, first_record, err);
    if (code == EP_OK)
        code = order_reasons(unit, n_of, first_record, first_reason, err);
    ep_free(n_of);
    return code;
}

static void reject_whole_records(ep_unit *unit, size_t first_record) {
    for (size_t i = first_record; i < unit->n_records; i++) {
        const ep_unit_record *record = &unit->records[i];
        for (uint32_t g = 0; g < record->n_groups; g++)
            if (unit->groups[record->first_group + g].rejected) {
                reject_all(unit, record);
                break;
            }
    }
}

ep_code ep_check_rows(ep_feed_runner *runner, ep_error *err) {
    ep_unit *unit = runner->unit;
    for (size_t i = 0; i < unit->n_tables; i++) {
        const ep_unit_table *table = &unit->tables[i];
        size_t from = runner->uses[i].first_unchecked;
        runner->uses[i].first_unchecked = table->batch->n_rows;
        if (table->batch->n_rows > from)
            EP_TRY(ep_contract_check(table->contract, table->batch, from, table->record_of, table->group_of,
                                     table->failed, &unit->reasons, err));
    }
    return EP_OK;
}

ep_code ep_finish_run(ep_feed_runner *runner, size_t first_record, size_t first_reason, size_t n_dropped,
                      ep_error *err) {
    ep_unit *unit = runner->unit;
    EP_TRY(ep_check_rows(runner, err));
    for (size_t i = first_reason; i < unit->reasons.n; i++)
        reject_for(unit, &unit->reasons.items[i]);
    if (unit->reasons.n > first_reason)
        EP_TRY(settle_reasons(runner, first_record, first_reason, n_dropped, err));
    if (runner->feed->atomic_record)
        reject_whole_records(unit, first_record);
    return EP_OK;
}
