#ifndef EP_RECORD_BATCH_H
#define EP_RECORD_BATCH_H

#include "record/value.h"

typedef struct ep_column_def {
    const char *name; /* lives as long as the schema */
    ep_type type;
    uint8_t precision, scale; /* decimals only: precision 1..38; up to 18 stored as int64, above as int128 */
} ep_column_def;

typedef struct ep_schema {
    const ep_column_def *columns;
    size_t n_columns;
} ep_schema;

/* Values of one column; `state[row]` is an ep_state. Exactly one of the arrays is used, by type: text (TEXT, BLOB),
 * i128 (DECIMAL with precision > 18), i64 (all others). */
typedef struct ep_column {
    uint8_t *state;
    ep_str *text;
    int64_t *i64;
    ep_int128 *i128;
} ep_column;

/**
 * A columnar batch: mutable while built, then sealed; one owner at a time. Text cells are views into the batch's arena or
 * into memory that the builder promises to keep as long as the batch.
 */
typedef struct ep_batch {
    const ep_schema *schema; /* outlives the batch */
    ep_column *columns;      /* schema->n_columns */
    size_t n_rows;
    size_t capacity;
    ep_arena arena;
    bool sealed;
} ep_batch;

EP_CHECK ep_code ep_batch_new(const ep_schema *schema, size_t capacity, ep_batch **ret, ep_error *err);
void ep_batch_free(ep_batch **batch);
/** Adds one row, all cells absent; its index is n_rows - 1 afterwards. Grows by half: half of what is there, at most, lies idle. */
EP_CHECK static inline ep_code ep_batch_add_row(ep_batch *batch, ep_error *err);
/** Takes the last row back (a row that turned out not to exist). */
void ep_batch_drop_row(ep_batch *batch);
void ep_batch_seal(ep_batch *batch);
/** Empties for reuse: n_rows 0, arena reset, not sealed. */
void ep_batch_reset(ep_batch *batch);

/** Sets a cell of an unsealed batch to NULL. */
static inline void ep_batch_set_null(ep_batch *batch, size_t row, size_t column) {
    batch->columns[column].state[row] = EP_NULL;
}

/** Columns of i64 only; set_i128 takes DECIMAL of any precision. */
static inline void ep_batch_set_i64(ep_batch *batch, size_t row, size_t column, int64_t value) {
    batch->columns[column].state[row] = EP_VALUE;
    batch->columns[column].i64[row] = value;
}
static inline void ep_batch_set_i128(ep_batch *batch, size_t row, size_t column, ep_int128 value) {
    ep_column *cells = &batch->columns[column];
    cells->state[row] = EP_VALUE;
    if (cells->i128)
        cells->i128[row] = value;
    else
        cells->i64[row] = (int64_t)value;
}

/** TEXT and BLOB: the view must live as long as the batch. */
static inline void ep_batch_set_text(ep_batch *batch, size_t row, size_t column, ep_str view) {
    batch->columns[column].state[row] = EP_VALUE;
    batch->columns[column].text[row] = view;
}

/** Copies the text into the arena first. */
EP_CHECK ep_code ep_batch_copy_text(ep_batch *batch, size_t row, size_t column, ep_str text, ep_error *err);
/** Memory that it holds: for all rows that fit in, and the texts in its arena. */
size_t ep_batch_bytes(const ep_batch *batch);
/** The cell as a value (a view into the batch). */
ep_value ep_batch_get(const ep_batch *batch, size_t row, size_t column);

/* By half; only for the inline code below. */
EP_CHECK ep_code ep_batch_grow(ep_batch *batch, ep_error *err);
static inline ep_code ep_batch_add_row(ep_batch *batch, ep_error *err) {
    if (batch->n_rows == batch->capacity)
        EP_TRY(ep_batch_grow(batch, err));
    batch->n_rows++; /* cells beyond the last row are always absent */
    return EP_OK;
}

#endif
