#include "feed/runner.h"

#include <inttypes.h>
#include <string.h>

#define FIRST_ROWS 256

static size_t words_of(const ep_contract *contract) {
    return (contract->n_fields + 63) / 64;
}

static ep_code new_table(ep_unit_table *table, const ep_contract *contract, const ep_schema *schema,
                         ep_error *err) {
    table->contract = contract;
    return ep_batch_new(schema, FIRST_ROWS, &table->batch, err);
}

ep_code ep_unit_new(const ep_feed *feed, const ep_feed_schemas *schemas, ep_unit **ret, ep_error *err) {
    EP_CLEANUP(ep_unit_free) ep_unit *unit = ep_calloc(1, sizeof(*unit));
    if (!unit || !(unit->tables = ep_calloc(feed->n_targets, sizeof(*unit->tables))))
        return ep_fail(err, EP_E_NOMEM, "out of memory for a unit of the feed %s", feed->name);
    unit->n_tables = feed->n_targets;
    for (size_t i = 0; i < feed->n_targets; i++)
        EP_TRY(new_table(&unit->tables[i], feed->targets[i],
                         schemas ? &schemas->per_target[i] : &feed->targets[i]->schema, err));
    *ret = unit;
    unit = NULL;
    return EP_OK;
}

void ep_unit_reset(ep_unit *unit) {
    unit->n_records = unit->n_groups = 0;
    for (size_t i = 0; i < unit->n_tables; i++)
        ep_batch_reset(unit->tables[i].batch);
    ep_reasons_reset(&unit->reasons);
    ep_arena_reset(&unit->arena);
}

void ep_unit_free(ep_unit **unit) {
    if (!unit || !*unit)
        return;
    ep_unit *old = *unit;
    for (size_t i = 0; i < old->n_tables; i++) {
        ep_batch_free(&old->tables[i].batch);
        ep_free(old->tables[i].record_of);
        ep_free(old->tables[i].group_of);
        ep_free(old->tables[i].failed);
    }
    ep_free(old->tables);
    ep_free(old->records);
    ep_free(old->groups);
    ep_reasons_done(&old->reasons);
    ep_arena_done(&old->arena);
    ep_free(old);
    *unit = NULL;
}

static ep_code grow_table(ep_unit_table *table, ep_error *err) {
    size_t capacity = table->batch->capacity, words = words_of(table->contract);
    uint32_t *record_of = ep_realloc(table->record_of, capacity * sizeof(*record_of));
    if (record_of)
        table->record_of = record_of;
    uint32_t *group_of = record_of ? ep_realloc(table->group_of, capacity * sizeof(*group_of)) : NULL;
    if (group_of)
        table->group_of = group_of;
    uint64_t *failed = group_of ? ep_realloc(table->failed, capacity * words * sizeof(*failed)) : NULL;
    if (!failed)
        return ep_fail(err, EP_E_NOMEM, "out of memory for %zu rows of %s", capacity, table->contract->name);
    table->failed = failed;
    table->capacity = capacity;
    return EP_OK;
}

size_t ep_unit_bytes(const ep_unit *unit) {
    size_t bytes = unit->arena.used_bytes + unit->records_capacity * sizeof(*unit->records) +
                   unit->groups_capacity * sizeof(*unit->groups);
    for (size_t i = 0; i < unit->n_tables; i++)
        bytes += ep_batch_bytes(unit->tables[i].batch);
    return bytes;
}

ep_code ep_unit_add_row(ep_unit_table *table, uint64_t **ret_failed, ep_error *err) {
    EP_TRY(ep_batch_add_row(table->batch, err));
    ep_code code = table->batch->n_rows > table->capacity ? grow_table(table, err) : EP_OK;
    if (code != EP_OK) {
        ep_batch_drop_row(table->batch);
        return code;
    }
    size_t words = words_of(table->contract);
    *ret_failed = table->failed + (table->batch->n_rows - 1) * words;
    memset(*ret_failed, 0, words * sizeof(**ret_failed));
    return EP_OK;
}

ep_code ep_unit_add_record(ep_unit *unit, const ep_raw *raw, ep_error *err) {
    if (unit->n_records >= UINT32_MAX - 1)
        return ep_fail(err, EP_E_BUG, "a unit of more than %" PRIu32 " records", UINT32_MAX - 1);
    EP_TRY(ep_grow((void **)&unit->records, &unit->records_capacity, unit->n_records + 1,
                   sizeof(*unit->records), err));
    unit->records[unit->n_records++] = (ep_unit_record){.raw = *raw, .first_group = (uint32_t)unit->n_groups};
    return EP_OK;
}

ep_code ep_unit_add_group(ep_unit *unit, ep_str owner, bool owner_known, uint32_t *ret, ep_error *err) {
    EP_TRY(ep_grow((void **)&unit->groups, &unit->groups_capacity, unit->n_groups + 1, sizeof(*unit->groups),
                   err));
    *ret = (uint32_t)unit->n_groups++;
    unit->groups[*ret] =
        (ep_group){.record = (uint32_t)unit->n_records - 1, .owner = owner, .owner_known = owner_known};
    unit->records[unit->n_records - 1].n_groups++;
    return EP_OK;
}
