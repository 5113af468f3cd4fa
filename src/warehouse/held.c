#include "warehouse/held.h"
#include "base/hash.h"

#include <string.h>

enum { FIRST_SLOTS = 1024 };

#define EMPTY (-1)

/* In the place of a part: rows of this identity are set apart. */
#define NOWHERE UINT32_MAX

/* Of a part without rows; greater than every number, since parts are searched by it. */
#define NO_UNIT INT64_MAX

static ep_code grow_set(ep_held_set *set, ep_error *err) {
    size_t capacity = set->capacity ? set->capacity * 2 : FIRST_SLOTS;
    ep_held_slot *slots = ep_malloc_table(capacity * sizeof *slots);
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
    if (set->n * 4 >= set->capacity * 3)
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

static bool has(const ep_held_set *set, int64_t key) {
    if (set->n == 0)
        return false;
    size_t i = (size_t)key & (set->capacity - 1);
    while (set->slots[i].key != EMPTY && set->slots[i].key != key)
        i = (i + 1) & (set->capacity - 1);
    return set->slots[i].key == key;
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
    *held = (ep_held){.table = table, .parents = parents, .min_time = INT64_MAX, .before_until = INT64_MIN};
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
    ep_free(held->numbers);
    ep_free(held->staged);
    ep_free(held->seen.slots);
    ep_free(held->before.slots);
    *held = (ep_held){0};
}

/* Keys are compared with the table in each slice, so they are not kept. */
void ep_held_reset(ep_held *held) {
    held->first_part += held->n_parts;
    held->n_parts = held->n_rows = held->n_staged = 0;
    held->sent = false;
    held->min_time = INT64_MAX;
    if (held->table->keyed)
        reset_set(&held->seen);
    for (size_t l = 0; l < held->table->n_links; l++)
        reset_set(&held->parents[l]);
}

void ep_held_restart(ep_held *held, int64_t until) {
    ep_held_set last = held->seen;
    ep_held_reset(held);
    held->seen = held->before;
    held->before = last;
    held->before_until = until;
    reset_set(&held->seen);
    held->first_part = 0;
}

bool ep_held_can(const ep_table *table) {
    return table->contract->kind == EP_K_TRANSACTION || (table->keyed && !table->versions);
}

/* A number for the row's identity, or EMPTY when a part of it is missing. Different identities may share a number: then both rows are set
 * apart for nothing. */
static int64_t number_of(const ep_held *held, const ep_batch *batch, size_t row) {
    if (held->table->keyed)
        return batch->columns[held->table->c_key].i64[row];
    uint64_t number = 0;
    for (size_t i = 0; i < held->n_identity; i++) {
        const ep_column *column = &batch->columns[held->identity[i]];
        if (column->state[row] != EP_VALUE)
            return EMPTY;
        uint64_t cell = column->text   ? ep_xxh3(column->text[row].ptr, column->text[row].len)
                        : column->i128 ? ep_xxh3(&column->i128[row], sizeof column->i128[row])
                                       : (uint64_t)column->i64[row] * UINT64_C(0xff51afd7ed558ccd);
        number = (number ^ cell) * UINT64_C(0x9E3779B97F4A7C15);
        number ^= number >> 32;
    }
    return (int64_t)(number & INT64_MAX);
}

/* Parts keep their memory from batch to batch. */
ep_code ep_held_part_begin(ep_held *held, const ep_batch *batch, ep_error *err) {
    if (held->n_parts > 0 && held->parts[held->n_parts - 1].unit_no == NO_UNIT)
        held->n_parts--; /* none of its rows was accepted: only the last part may be without */
    EP_TRY(ep_grow_zeroed((void **)&held->parts, &held->parts_capacity, held->n_parts + 1,
                          sizeof *held->parts, err));
    ep_held_part *part = &held->parts[held->n_parts];
    EP_TRY(ep_grow((void **)&part->rows, &part->capacity, batch->n_rows + 1, sizeof *part->rows, err));
    *part = (ep_held_part){
        .batch = batch,
        .rows = part->rows,
        .capacity = part->capacity,
        .unit_no = NO_UNIT,
        .min_at = INT64_MAX,
    };
    held->n_parts++;
    EP_TRY(ep_grow((void **)&held->numbers, &held->numbers_capacity, batch->n_rows + 1, sizeof *held->numbers,
                   err));
    for (size_t row = 0; row < batch->n_rows; row++)
        held->numbers[row] = number_of(held, batch, row);
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

/* NULL: dropped by a reset. */
static ep_held_part *part_of(const ep_held *held, ep_held_at at) {
    return at.part != NOWHERE && at.part >= held->first_part ? &held->parts[at.part - held->first_part]
                                                             : NULL;
}

static ep_code put_apart(ep_held *held, ep_held_at at, ep_error *err) {
    EP_TRY(ep_grow((void **)&held->staged, &held->staged_capacity, held->n_staged + 1, sizeof *held->staged,
                   err));
    held->staged[held->n_staged++] = at;
    part_of(held, at)->n_apart++;
    return EP_OK;
}

/* Rows are in order and different, so the i-th is at least i. */
static uint32_t *find_row(ep_held_part *part, uint32_t row) {
    for (size_t i = row < part->n ? row + 1 : part->n; i-- > 0;)
        if (part->rows[i] == row)
            return &part->rows[i];
    return NULL;
}

static ep_code take_out(ep_held *held, ep_held_at at, bool *ret_there, ep_error *err) {
    uint32_t *row = find_row(part_of(held, at), at.row);
    *ret_there = row;
    if (!row)
        return EP_OK;
    *row = EP_HELD_GONE;
    held->n_rows--;
    return put_apart(held, at, err);
}

/* A parent is named also by rows that are set apart. */
static ep_code note_parents(ep_held *held, const ep_batch *batch, uint32_t row, ep_held_at at,
                            ep_error *err) {
    for (size_t l = 0; l < held->table->n_links; l++) {
        const ep_column *keys = &batch->columns[held->table->links[l].stage_column];
        ep_held_slot *slot;
        bool is_new;
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
    if (time < held->min_time)
        held->min_time = time;
}

/* The identity was seen before: the same again, or a rival, which takes the first one out where it still can. */
static ep_code add_again(ep_held *held, ep_held_slot *first, ep_held_at at, ep_held_verdict *ret,
                         ep_error *err) {
    const ep_held_part *part = part_of(held, at), *other = part_of(held, first->at);
    bool there;
    if (other && other->batch && same_change(held, other->batch, first->at.row, part->batch, at.row)) {
        *ret = EP_HELD_DUPLICATE;
        return EP_OK;
    }
    if (other && !other->given)
        EP_TRY(take_out(held, first->at, &there, err));
    first->at.part = NOWHERE;
    return put_apart(held, at, err);
}

/* The set is larger than the processor's caches: a row's slot is asked for some rows before. A macro, since GCC drops calls that only fetch. */
enum { AHEAD = 12 };
#define FETCH_AHEAD(held, batch, row)                                                                      \
    do {                                                                                                   \
        if ((row) + AHEAD < (batch)->n_rows && (held)->seen.capacity > 0)                                  \
            __builtin_prefetch(                                                                            \
                &(held)->seen.slots[(size_t)(held)->numbers[(row) + AHEAD] & ((held)->seen.capacity - 1)], \
                1);                                                                                        \
    } while (0)

ep_code ep_held_add(ep_held *held, uint32_t row, ep_held_verdict *ret, ep_error *err) {
    ep_held_part *part = &held->parts[held->n_parts - 1];
    const ep_batch *batch = part->batch;
    ep_held_at at = {(uint32_t)(held->first_part + held->n_parts - 1), row};
    ep_held_slot *slot;
    int64_t number = held->numbers[row], time = batch->columns[held->table->c_at].i64[row];
    bool is_new = true, whole = number != EMPTY;
    *ret = EP_HELD;
    if (part->unit_no == NO_UNIT)
        part->unit_no = batch->columns[held->table->c_row].i64[row] >> 32;
    FETCH_AHEAD(held, batch, row);
    if (whole)
        EP_TRY(find_or_add(&held->seen, number, at, &slot, &is_new, err));
    if (!is_new) {
        EP_TRY(add_again(held, slot, at, ret, err));
    } else if (whole && time <= held->before_until && has(&held->before, number)) {
        slot->at.part = NOWHERE;
        is_new = false;
        EP_TRY(put_apart(held, at, err));
    }
    if (*ret == EP_HELD_DUPLICATE)
        return EP_OK;
    note_time(held, batch, row);
    EP_TRY(note_parents(held, batch, row, at, err));
    if (!is_new)
        return EP_OK;
    if (!whole)
        return put_apart(held, at, err);
    part->rows[part->n++] = row;
    part->min_at = time < part->min_at ? time : part->min_at;
    held->n_rows++;
    return EP_OK;
}

ep_code ep_held_set_apart(ep_held *held, int64_t row_no, ep_error *err) {
    size_t from = 0, to = held->n_parts;
    bool there;
    /* Units come in order. */
    while (to - from > 1) {
        size_t middle = from + (to - from) / 2;
        if (held->parts[middle].unit_no <= row_no >> 32)
            from = middle;
        else
            to = middle;
    }
    const ep_held_at at = {(uint32_t)(held->first_part + from), (uint32_t)(row_no & UINT32_MAX)};
    EP_TRY(take_out(held, at, &there, err));
    return there ? EP_OK : ep_fail(err, EP_E_BUG, "a held row of %s is not there", held->table->name);
}
