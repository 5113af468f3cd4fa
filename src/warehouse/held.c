#include "warehouse/held.h"
#include "base/hash.h"

#include <string.h>

enum { FIRST_SLOTS = 1024 };

#define EMPTY (-1)

/* Of a part without rows; greater than every number, since parts are searched by it. */
#define NO_UNIT INT64_MAX

static ep_code grow_set(ep_held_set *set, ep_error *err) {
    size_t capacity = set->capacity ? set->capacity * 2 : FIRST_SLOTS;
    ep_held_slot *slots = ep_malloc(capacity * sizeof *slots);
    if (!slots)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a batch");
    for (size_t i = 0; i < capacity; i++)
        slots[i].key = EMPTY;
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->slots[i].key == EMPTY)
            continue;
        size_t at = (size_t)set->slots[i].key & (capacity - 1);
        while (slots[at].key != EMPTY)
            at = (at + 1) & (capacity - 1);
        slots[at] = set->slots[i];
    }
    ep_free(set->slots);
    set->slots = slots;
    set->capacity = capacity;
    return EP_OK;
}

/* The key's slot; *ret_new tells that it was put there now. Keys are hashes: their low bits are as good as any. */
static ep_code find_or_add(ep_held_set *set, int64_t key, ep_held_at at, ep_held_slot **ret, bool *ret_new,
                           ep_error *err) {
    if (set->n * 2 >= set->capacity)
        EP_TRY(grow_set(set, err));
    size_t i = (size_t)key & (set->capacity - 1);
    while (set->slots[i].key != EMPTY && set->slots[i].key != key)
        i = (i + 1) & (set->capacity - 1);
    *ret = &set->slots[i];
    *ret_new = set->slots[i].key == EMPTY;
    if (*ret_new) {
        set->slots[i] = (ep_held_slot){key, at};
        set->n++;
    }
    return EP_OK;
}

static void reset_set(ep_held_set *set) {
    for (size_t i = 0; i < set->capacity && set->n > 0; i++)
        set->slots[i].key = EMPTY;
    set->n = 0;
}

/* The fields whose cells tell rows apart: the natural key, or the event's identity with seller and time. */
static void list_identity(ep_held *held) {
    const ep_contract *c = held->table->contract;
    const int *fields = held->table->keyed ? c->key : c->identity;
    size_t n = held->table->keyed ? c->n_key : c->n_identity;
    for (size_t i = 0; i < n; i++)
        held->identity[held->n_identity++] = (size_t)fields[i];
    if (held->table->keyed)
        return;
    const int more[] = {c->owner, c->valid_time};
    for (size_t i = 0; i < 2; i++) {
        bool known = more[i] < 0;
        for (size_t k = 0; k < held->n_identity; k++)
            known = known || held->identity[k] == (size_t)more[i];
        if (!known)
            held->identity[held->n_identity++] = (size_t)more[i];
    }
}

ep_code ep_held_init(ep_held *held, const ep_table *table, ep_error *err) {
    ep_held_set *parents = ep_calloc(table->n_links + 1, sizeof *parents);
    if (!parents)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a batch");
    *held = (ep_held){.table = table, .parents = parents};
    list_identity(held);
    return EP_OK;
}

void ep_held_done(ep_held *held) {
    for (size_t i = 0; i < held->parts_capacity; i++)
        ep_free(held->parts[i].rows);
    for (size_t l = 0; held->parents && l < held->table->n_links; l++)
        ep_free(held->parents[l].slots);
    ep_free(held->parents);
    ep_free(held->parts);
    ep_free(held->staged);
    ep_free(held->seen.slots);
    *held = (ep_held){0};
}

void ep_held_reset(ep_held *held) {
    held->n_parts = held->n_rows = held->n_staged = 0;
    held->sent = false;
    reset_set(&held->seen);
    for (size_t l = 0; l < held->table->n_links; l++)
        reset_set(&held->parents[l]);
}

bool ep_held_can(const ep_table *table) {
    return table->contract->kind == EP_K_TRANSACTION || (table->keyed && !table->versions);
}

/* Parts keep their memory from batch to batch. */
ep_code ep_held_part_begin(ep_held *held, const ep_batch *batch, ep_error *err) {
    if (held->n_parts > 0 && held->parts[held->n_parts - 1].unit_no == NO_UNIT)
        held->n_parts--; /* none of its rows was accepted: only the last part may be without */
    EP_TRY(ep_grow_zeroed((void **)&held->parts, &held->parts_capacity, held->n_parts + 1,
                          sizeof *held->parts, err));
    ep_held_part *part = &held->parts[held->n_parts];
    EP_TRY(ep_grow((void **)&part->rows, &part->capacity, batch->n_rows + 1, sizeof *part->rows, err));
    part->batch = batch;
    part->n = 0;
    part->unit_no = NO_UNIT;
    held->n_parts++;
    return EP_OK;
}

static bool same_cell(const ep_column *a, size_t x, const ep_column *b, size_t y) {
    if (a->state[x] != b->state[y])
        return false;
    if (a->state[x] != EP_VALUE)
        return true;
    if (a->text)
        return ep_str_eq(a->text[x], b->text[y]);
    return a->i128 ? a->i128[x] == b->i128[y] : a->i64[x] == b->i64[y];
}

/* Identity, sequence and content of a held row and another. */
static bool same_change(const ep_held *held, const ep_batch *a, size_t x, const ep_batch *b, size_t y) {
    const ep_table *t = held->table;
    const int system[] = {t->c_at, t->c_seq, t->c_hash};
    for (size_t i = 0; i < 3; i++)
        if (a->columns[system[i]].i64[x] != b->columns[system[i]].i64[y])
            return false;
    for (size_t i = 0; i < held->n_identity; i++)
        if (!same_cell(&a->columns[held->identity[i]], x, &b->columns[held->identity[i]], y))
            return false;
    return true;
}

/* A number for the row's identity, never negative; false when a part of it is missing. Different identities may share a number: then
 * both rows are set apart for nothing. */
static bool number_of(const ep_held *held, const ep_batch *batch, size_t row, int64_t *ret) {
    if (held->table->keyed) {
        *ret = batch->columns[held->table->c_key].i64[row];
        return true;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < held->n_identity; i++) {
        const ep_column *column = &batch->columns[held->identity[i]];
        if (column->state[row] != EP_VALUE)
            return false;
        uint64_t cell = column->text   ? ep_xxh3(column->text[row].ptr, column->text[row].len)
                        : column->i128 ? ep_xxh3(&column->i128[row], sizeof column->i128[row])
                                       : (uint64_t)column->i64[row] * UINT64_C(0xff51afd7ed558ccd);
        number = (number ^ cell) * UINT64_C(0x9E3779B97F4A7C15);
        number ^= number >> 32;
    }
    *ret = (int64_t)(number & INT64_MAX);
    return true;
}

static ep_code put_apart(ep_held *held, uint32_t part, uint32_t row, ep_error *err) {
    EP_TRY(ep_grow((void **)&held->staged, &held->staged_capacity, held->n_staged + 1, sizeof *held->staged,
                   err));
    held->staged[held->n_staged++] = (ep_held_at){part, row};
    return EP_OK;
}

static ep_code take_out(ep_held *held, ep_held_at at, ep_error *err) {
    uint32_t *row = &held->parts[at.part].rows[at.index];
    if (*row == EP_HELD_GONE)
        return EP_OK;
    EP_TRY(put_apart(held, at.part, *row, err));
    *row = EP_HELD_GONE;
    held->n_rows--;
    return EP_OK;
}

static ep_code note_parents(ep_held *held, const ep_batch *batch, uint32_t row, ep_held_at at,
                            ep_error *err) {
    for (size_t l = 0; l < held->table->n_links; l++) {
        const ep_column *keys = &batch->columns[held->table->links[l].stage_column];
        ep_held_slot *slot;
        bool is_new;
        at.index = row; /* of the batch: a parent is named also by rows that are set apart */
        if (keys->state[row] == EP_VALUE)
            EP_TRY(find_or_add(&held->parents[l], keys->i64[row], at, &slot, &is_new, err));
    }
    return EP_OK;
}

static void note_time(ep_held *held, const ep_batch *batch, uint32_t row) {
    const ep_contract *c = held->table->contract;
    int64_t time = batch->columns[held->table->c_at].i64[row];
    if (c->bind_time >= 0 && batch->columns[c->bind_time].state[row] == EP_VALUE &&
        batch->columns[c->bind_time].i64[row] < time)
        time = batch->columns[c->bind_time].i64[row];
    if ((held->n_rows == 0 && held->n_staged == 0) || time < held->min_time)
        held->min_time = time;
}

ep_code ep_held_add(ep_held *held, uint32_t row, ep_held_verdict *ret, ep_error *err) {
    ep_held_part *part = &held->parts[held->n_parts - 1];
    const ep_batch *batch = part->batch;
    ep_held_at at = {(uint32_t)(held->n_parts - 1), (uint32_t)part->n};
    ep_held_slot *slot;
    int64_t number;
    bool is_new;
    *ret = EP_HELD;
    if (part->unit_no == NO_UNIT)
        part->unit_no = batch->columns[held->table->c_row].i64[row] >> 32;
    bool whole = number_of(held, batch, row, &number);
    if (whole) {
        EP_TRY(find_or_add(&held->seen, number, at, &slot, &is_new, err));
        const ep_held_part *other = &held->parts[slot->at.part];
        uint32_t first = is_new ? row : other->rows[slot->at.index];
        if (!is_new && first != EP_HELD_GONE && same_change(held, other->batch, first, batch, row)) {
            *ret = EP_HELD_DUPLICATE;
            return EP_OK;
        }
        whole = is_new;
        if (!is_new)
            EP_TRY(take_out(held, slot->at, err));
    }
    note_time(held, batch, row);
    EP_TRY(note_parents(held, batch, row, at, err));
    if (!whole)
        return put_apart(held, at.part, row, err);
    part->rows[part->n++] = row;
    held->n_rows++;
    return EP_OK;
}

ep_code ep_held_set_apart(ep_held *held, int64_t row_no, ep_error *err) {
    size_t from = 0, to = held->n_parts;
    /* Units come in order. */
    while (to - from > 1) {
        size_t middle = from + (to - from) / 2;
        if (held->parts[middle].unit_no <= row_no >> 32)
            from = middle;
        else
            to = middle;
    }
    uint32_t row = (uint32_t)(row_no & UINT32_MAX);
    ep_held_part *part = &held->parts[from];
    for (uint32_t i = 0; i < part->n; i++)
        if (part->rows[i] == row)
            return take_out(held, (ep_held_at){(uint32_t)from, i}, err);
    return ep_fail(err, EP_E_BUG, "a held row of %s is not there", held->table->name);
}
