#include "record/batch.h"

#include <string.h>

#define DEFAULT_ROWS 64

/* Every state at and beyond n_rows is absent (0): adding a row writes nothing. */

enum storage { STORE_TEXT, STORE_I128, STORE_I64 };

static enum storage storage_of(const ep_column_def *def) {
    if (def->type == EP_T_TEXT || def->type == EP_T_BLOB)
        return STORE_TEXT;
    return def->type == EP_T_DECIMAL && def->precision > 18 ? STORE_I128 : STORE_I64;
}

static ep_code out_of_memory(ep_error *err, size_t n_rows) {
    return ep_fail(err, EP_E_NOMEM, "out of memory for a batch of %zu rows", n_rows);
}

static void *resized(void *old, size_t n_rows, size_t cell_bytes) {
    size_t total;
    return __builtin_mul_overflow(n_rows, cell_bytes, &total) ? NULL : ep_realloc(old, total);
}

/* After a failure the column is as large as before or larger, and stays valid. */
static bool resize_column(const ep_column_def *def, ep_column *column, size_t n_old, size_t n_new) {
    uint8_t *state = resized(column->state, n_new, sizeof *state);
    if (!state)
        return false;
    column->state = state;
    memset(state + n_old, EP_ABSENT, n_new - n_old);
    void *cells = NULL;
    switch (storage_of(def)) {
    case STORE_TEXT:
        if ((cells = resized(column->text, n_new, sizeof *column->text)))
            column->text = cells;
        break;
    case STORE_I128:
        if ((cells = resized(column->i128, n_new, sizeof *column->i128)))
            column->i128 = cells;
        break;
    case STORE_I64:
        if ((cells = resized(column->i64, n_new, sizeof *column->i64)))
            column->i64 = cells;
        break;
    }
    return cells != NULL;
}

static ep_code resize(ep_batch *batch, size_t capacity, ep_error *err) {
    for (size_t i = 0; i < batch->schema->n_columns; i++)
        if (!resize_column(&batch->schema->columns[i], &batch->columns[i], batch->capacity, capacity))
            return out_of_memory(err, capacity);
    batch->capacity = capacity;
    return EP_OK;
}

ep_code ep_batch_new(const ep_schema *schema, size_t capacity, ep_batch **ret, ep_error *err) {
    EP_CLEANUP(ep_batch_free) ep_batch *batch = ep_calloc(1, sizeof *batch);
    if (!batch)
        return out_of_memory(err, capacity);
    batch->schema = schema;
    batch->columns = ep_calloc(schema->n_columns, sizeof *batch->columns);
    if (!batch->columns)
        return out_of_memory(err, capacity);
    EP_TRY(resize(batch, capacity ? capacity : DEFAULT_ROWS, err));
    *ret = batch;
    batch = NULL;
    return EP_OK;
}

void ep_batch_free(ep_batch **batch) {
    if (!batch || !*batch)
        return;
    ep_batch *old = *batch;
    for (size_t i = 0; old->columns && i < old->schema->n_columns; i++) {
        ep_free(old->columns[i].state);
        ep_free(old->columns[i].text);
        ep_free(old->columns[i].i64);
        ep_free(old->columns[i].i128);
    }
    ep_free(old->columns);
    ep_arena_done(&old->arena);
    ep_free(old);
    *batch = NULL;
}

ep_code ep_batch_grow(ep_batch *batch, ep_error *err) {
    size_t more = batch->capacity / 2 + 1;
    if (batch->capacity > SIZE_MAX - more)
        return out_of_memory(err, batch->capacity);
    return resize(batch, batch->capacity + more, err);
}

size_t ep_batch_bytes(const ep_batch *batch) {
    static const size_t cell_bytes[] = {
        [STORE_TEXT] = sizeof(ep_str), [STORE_I128] = sizeof(ep_int128), [STORE_I64] = sizeof(int64_t)};
    size_t row_bytes = 0;
    for (size_t i = 0; i < batch->schema->n_columns; i++)
        row_bytes += sizeof *batch->columns[i].state + cell_bytes[storage_of(&batch->schema->columns[i])];
    return batch->capacity * row_bytes + batch->arena.used_bytes;
}

void ep_batch_drop_row(ep_batch *batch) {
    if (batch->n_rows == 0)
        return;
    batch->n_rows--;
    for (size_t i = 0; i < batch->schema->n_columns; i++)
        batch->columns[i].state[batch->n_rows] = EP_ABSENT;
}

void ep_batch_seal(ep_batch *batch) {
    batch->sealed = true;
}

void ep_batch_reset(ep_batch *batch) {
    for (size_t i = 0; i < batch->schema->n_columns; i++)
        memset(batch->columns[i].state, EP_ABSENT, batch->n_rows);
    batch->n_rows = 0;
    batch->sealed = false;
    ep_arena_reset(&batch->arena);
}

ep_code ep_batch_copy_text(ep_batch *batch, size_t row, size_t column, ep_str text, ep_error *err) {
    char *copy = text.len > 0 ? ep_arena_alloc(&batch->arena, text.len) : (char *)(uintptr_t) "";
    if (!copy)
        return ep_fail_field(err, EP_E_NOMEM, batch->schema->columns[column].name,
                             "out of memory for a text of %zu bytes", text.len);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    ep_batch_set_text(batch, row, column, (ep_str){copy, text.len});
    return EP_OK;
}

ep_value ep_batch_get(const ep_batch *batch, size_t row, size_t column) {
    const ep_column_def *def = &batch->schema->columns[column];
    const ep_column *cells = &batch->columns[column];
    ep_value value = {.type = def->type,
                      .state = (ep_state)cells->state[row],
                      .precision = def->precision,
                      .scale = def->scale};
    if (value.state != EP_VALUE)
        return value;
    if (cells->text)
        value.text = cells->text[row];
    else if (cells->i128)
        value.i128 = cells->i128[row];
    else
        value.i64 = cells->i64[row];
    if (def->type == EP_T_DECIMAL && cells->i64)
        value.i128 = value.i64;
    return value;
}
