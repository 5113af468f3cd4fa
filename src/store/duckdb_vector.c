#include <inttypes.h>
#include <string.h>

#include "store/duckdb_guard.h"
#include "store/duckdb_private.h"

/* Strings up to this length lie in the cell itself (duckdb_string_t). */
#define INLINE_BYTES 12

struct types_job {
    const ep_schema *schema;
    duckdb_logical_type *types;
};

static duckdb_logical_type new_type(const ep_column_def *column) {
    static const duckdb_type ids[EP_N_TYPES] = {
        [EP_T_TEXT] = DUCKDB_TYPE_VARCHAR, [EP_T_BOOL] = DUCKDB_TYPE_BOOLEAN,
        [EP_T_INT] = DUCKDB_TYPE_BIGINT,   [EP_T_DECIMAL] = DUCKDB_TYPE_DECIMAL,
        [EP_T_DATE] = DUCKDB_TYPE_DATE,    [EP_T_TIME] = DUCKDB_TYPE_TIME,
        [EP_T_BLOB] = DUCKDB_TYPE_BLOB,    [EP_T_TIMESTAMP] = DUCKDB_TYPE_TIMESTAMP,
    };
    if (column->type == EP_T_DECIMAL)
        return duckdb_create_decimal_type(column->precision, column->scale);
    return duckdb_create_logical_type(ids[column->type]);
}

static void make_types(void *argument) {
    struct types_job *job = argument;
    for (size_t i = 0; i < job->schema->n_columns; i++)
        job->types[i] = new_type(&job->schema->columns[i]);
}

void ep_duckdb_types_free(duckdb_logical_type *types, size_t n) {
    for (size_t i = 0; types && i < n; i++)
        duckdb_destroy_logical_type(&types[i]);
    ep_free(types);
}

ep_code ep_duckdb_types_new(const ep_schema *schema, duckdb_logical_type **ret, ep_error *err) {
    struct types_job job = {schema, ep_calloc(schema->n_columns, sizeof(duckdb_logical_type))};
    if (!job.types)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    ep_code code = ep_duckdb_guard(make_types, &job, err);
    if (code != EP_OK)
        ep_duckdb_types_free(job.types, schema->n_columns);
    else
        *ret = job.types;
    return code;
}

/* One column on its way: n rows of a batch, by index or from `first` on. Row i of the vector is `at(i)` of the batch. */
struct fill {
    duckdb_vector vector;
    void *data;
    const ep_column_def *def;
    const ep_column *column;
    const uint32_t *rows; /* NULL: first, first + 1, ... */
    size_t first, n;
    bool copy_text;
    size_t n_ok; /* where it stopped: n, or the row with a value out of range */
};

static inline size_t at(const struct fill *f, size_t i) {
    return f->rows ? f->rows[i] : f->first + i;
}

/* NULL cells hold anything: they are written as zero, and are never a reason to stop. */
static bool put_validity(const struct fill *f) {
    const uint8_t *state = f->column->state;
    size_t i = 0;
    while (i < f->n && state[at(f, i)] == EP_VALUE)
        i++;
    if (i == f->n)
        return false;
    duckdb_vector_ensure_validity_writable(f->vector);
    uint64_t *validity = duckdb_vector_get_validity(f->vector);
    for (; i < f->n; i++)
        if (state[at(f, i)] != EP_VALUE)
            validity[i / 64] &= ~(UINT64_C(1) << (i % 64));
    return true;
}

/* Copies 64-bit values within [min, max] into cells of a type; `nulls` costs a look at the state of each row. */
#define FILL_INTEGERS(type, values, min, max)                                         \
    do {                                                                              \
        type *out_ = f->data;                                                         \
        size_t n_wrong_ = 0;                                                          \
        for (size_t i_ = 0; i_ < f->n; i_++) {                                        \
            size_t row_ = at(f, i_);                                                  \
            bool valid_ = !nulls || f->column->state[row_] == EP_VALUE;               \
            n_wrong_ += valid_ && ((values)[row_] < (min) || (values)[row_] > (max)); \
            out_[i_] = valid_ ? (type)(values)[row_] : 0;                             \
        }                                                                             \
        if (n_wrong_ > 0) {                                                           \
            size_t i_ = 0, row_ = at(f, 0);                                           \
            while (f->column->state[row_] != EP_VALUE ||                              \
                   ((values)[row_] >= (min) && (values)[row_] <= (max)))              \
                row_ = at(f, ++i_);                                                   \
            return i_;                                                                \
        }                                                                             \
        return f->n;                                                                  \
    } while (0)

static size_t fill_decimals(const struct fill *f, bool nulls) {
    int precision = f->def->precision;
    ep_int128 limit = ep_pow10(precision) - 1;
    if (precision > 18)
        FILL_INTEGERS(ep_int128, f->column->i128, -limit, limit);
    int64_t limit64 = (int64_t)limit;
    if (precision > 9)
        FILL_INTEGERS(int64_t, f->column->i64, -limit64, limit64);
    if (precision > 4)
        FILL_INTEGERS(int32_t, f->column->i64, -limit64, limit64);
    FILL_INTEGERS(int16_t, f->column->i64, -limit64, limit64);
}

static size_t fill_integers(const struct fill *f, bool nulls) {
    const int64_t *values = f->column->i64;
    switch (f->def->type) {
    case EP_T_BOOL: FILL_INTEGERS(uint8_t, values, 0, 1);
    case EP_T_DATE: FILL_INTEGERS(int32_t, values, EP_TS_MIN / EP_DAY_US, EP_TS_MAX / EP_DAY_US);
    case EP_T_TIME: FILL_INTEGERS(int64_t, values, 0, EP_DAY_US - 1);
    case EP_T_TIMESTAMP: FILL_INTEGERS(int64_t, values, EP_TS_MIN, EP_TS_MAX);
    case EP_T_DECIMAL: return fill_decimals(f, nulls);
    case EP_T_INT:
        if (!f->rows && !nulls) {
            memcpy(f->data, values + f->first, f->n * sizeof *values);
            return f->n;
        }
        FILL_INTEGERS(int64_t, values, INT64_MIN, INT64_MAX);
    case EP_T_TEXT:
    case EP_T_BLOB:
    case EP_N_TYPES: break;
    }
    return 0;
}

/* The first `len` of at most eight bytes, the first one lowest, zeros above; no loop, since short texts are most of all texts. */
static inline uint64_t load_bytes(const char *text, size_t len) {
    uint64_t word = 0;
    uint32_t first, last;
    if (len == 8) {
        memcpy(&word, text, 8);
    } else if (len >= 4) {
        memcpy(&first, text, 4);
        memcpy(&last, text + len - 4, 4);
        word = first | (uint64_t)last << (8 * (len - 4));
    } else if (len > 0) {
        size_t middle = len / 2;
        word = (uint8_t)text[0] | (uint64_t)(uint8_t)text[middle] << (8 * middle) |
               (uint64_t)(uint8_t)text[len - 1] << (8 * (len - 1));
    }
    return word;
}

/* Whether one of eight bytes is NUL or no ASCII. Above a NUL byte it may see one too many: the decoder decides. */
static inline bool is_odd(uint64_t word) {
    const uint64_t high = UINT64_C(0x8080808080808080), ones = UINT64_C(0x0101010101010101);
    return ((word | ((word - ones) & ~word)) & high) != 0;
}

/* Most text is ASCII: eight bytes at a time, the last ones twice rather than one by one, and the decoder only for the rest. */
static bool is_text(const char *text, size_t len) {
    if (len < 8)
        return !is_odd(load_bytes(text, len) | UINT64_C(0x6161616161616161) << (8 * len)) ||
               ep_utf8_valid(text, len);
    for (size_t i = 0; i + 8 < len; i += 8)
        if (is_odd(load_bytes(text + i, 8)))
            return ep_utf8_valid(text, len);
    return !is_odd(load_bytes(text + len - 8, 8)) || ep_utf8_valid(text, len);
}

/* A text of at most INLINE_BYTES. */
static inline void put_inline(duckdb_string_t *out, ep_str text) {
    uint64_t first = load_bytes(text.ptr, text.len < 8 ? text.len : 8);
    uint32_t rest = text.len > 8 ? (uint32_t)load_bytes(text.ptr + 8, text.len - 8) : 0;
    out->value.inlined.length = (uint32_t)text.len;
    memcpy(out->value.inlined.inlined, &first, 8);
    memcpy(out->value.inlined.inlined + 8, &rest, 4);
}

/* Writes the cells themselves: the library's own function checks UTF-8 by turning bad text into NULL. */
static size_t fill_text(const struct fill *f, bool nulls) {
    duckdb_string_t *out = f->data;
    bool check = f->def->type == EP_T_TEXT;
    for (size_t i = 0; i < f->n; i++) {
        size_t row = at(f, i);
        if (nulls && f->column->state[row] != EP_VALUE) {
            put_inline(&out[i], (ep_str){0});
            continue;
        }
        ep_str text = f->column->text[row];
        if (text.len > UINT32_MAX || (check && !is_text(text.ptr, text.len)))
            return i;
        if (text.len <= INLINE_BYTES) {
            put_inline(&out[i], text);
        } else if (f->copy_text) {
            duckdb_unsafe_vector_assign_string_element_len(f->vector, i, text.ptr, text.len);
        } else {
            out[i].value.pointer.length = (uint32_t)text.len;
            memcpy(out[i].value.pointer.prefix, text.ptr, sizeof out[i].value.pointer.prefix);
            out[i].value.pointer.ptr = (char *)text.ptr;
        }
    }
    return f->n;
}

static void fill_column(void *argument) {
    struct fill *f = argument;
    bool nulls = put_validity(f);
    if (f->def->type == EP_T_TEXT || f->def->type == EP_T_BLOB)
        f->n_ok = fill_text(f, nulls);
    else
        f->n_ok = fill_integers(f, nulls);
}

static ep_code fail_value(const struct fill *f, ep_error *err) {
    size_t row = at(f, f->n_ok);
    ep_fail_field(err, EP_E_ARG, f->def->name, "row %zu holds no valid %s", row, ep_type_name(f->def->type));
    err->row = (int64_t)row;
    return EP_E_ARG;
}

ep_code ep_duckdb_fill(duckdb_data_chunk chunk, const ep_batch *batch, const uint32_t *rows, size_t first_row,
                       size_t n, bool copy_text, ep_error *err) {
    for (size_t c = 0; c < batch->schema->n_columns; c++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, c);
        struct fill f = {
            .vector = vector,
            .data = duckdb_vector_get_data(vector),
            .def = &batch->schema->columns[c],
            .column = &batch->columns[c],
            .rows = rows ? rows + first_row : NULL,
            .first = first_row,
            .n = n,
            .copy_text = copy_text,
        };
        EP_TRY(ep_duckdb_guard(fill_column, &f, err));
        if (f.n_ok < n)
            return fail_value(&f, err);
    }
    duckdb_data_chunk_set_size(chunk, n);
    return EP_OK;
}
