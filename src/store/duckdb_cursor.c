#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/duckdb_private.h"

/* How a cell of the engine is read. */
enum reading {
    READ_BOOL,
    READ_I8,
    READ_I16,
    READ_I32,
    READ_I64,
    READ_U8,
    READ_U16,
    READ_U32,
    READ_U64,
    READ_I128,
    READ_DATE,
    READ_S, /* seconds, milliseconds, nanoseconds to microseconds */
    READ_MS,
    READ_US,
    READ_NS,
    READ_TIME_NS,
    READ_TEXT,
    READ_FLOAT,
    READ_DOUBLE,
    READ_ENUM8,
    READ_ENUM16,
    READ_ENUM32,
    READ_NOTHING, /* the type of a bare NULL */
    READ_AS_TEXT, /* none of ours: the engine itself must write it */
};

struct column {
    enum reading reading;
    const void *data;
    uint64_t *validity; /* NULL: no NULLs in this chunk */
    char **names;       /* of an ENUM */
    uint32_t n_names;
    char number[32]; /* text of a double of the current row */
};

struct cursor {
    struct ep_cursor base;
    duckdb_prepared_statement statement;
    duckdb_result result;
    duckdb_data_chunk chunk;
    struct column *columns;
    idx_t row, n_rows; /* within the chunk */
    bool at_end;
    char *sql; /* for the texts of errors */
};

static const struct {
    duckdb_type engine;
    enum reading reading;
    ep_type type;
    uint8_t precision;
} twins[] = {
    {DUCKDB_TYPE_BOOLEAN, READ_BOOL, EP_T_BOOL, 0},
    {DUCKDB_TYPE_TINYINT, READ_I8, EP_T_INT, 0},
    {DUCKDB_TYPE_SMALLINT, READ_I16, EP_T_INT, 0},
    {DUCKDB_TYPE_INTEGER, READ_I32, EP_T_INT, 0},
    {DUCKDB_TYPE_BIGINT, READ_I64, EP_T_INT, 0},
    {DUCKDB_TYPE_UTINYINT, READ_U8, EP_T_INT, 0},
    {DUCKDB_TYPE_USMALLINT, READ_U16, EP_T_INT, 0},
    {DUCKDB_TYPE_UINTEGER, READ_U32, EP_T_INT, 0},
    {DUCKDB_TYPE_UBIGINT, READ_U64, EP_T_DECIMAL, 20},
    {DUCKDB_TYPE_HUGEINT, READ_I128, EP_T_DECIMAL, 38},
    {DUCKDB_TYPE_DATE, READ_DATE, EP_T_DATE, 0},
    {DUCKDB_TYPE_TIME, READ_I64, EP_T_TIME, 0},
    {DUCKDB_TYPE_TIME_NS, READ_TIME_NS, EP_T_TIME, 0},
    {DUCKDB_TYPE_TIMESTAMP, READ_US, EP_T_TIMESTAMP, 0},
    {DUCKDB_TYPE_TIMESTAMP_TZ, READ_US, EP_T_TIMESTAMP, 0},
    {DUCKDB_TYPE_TIMESTAMP_S, READ_S, EP_T_TIMESTAMP, 0},
    {DUCKDB_TYPE_TIMESTAMP_MS, READ_MS, EP_T_TIMESTAMP, 0},
    {DUCKDB_TYPE_TIMESTAMP_NS, READ_NS, EP_T_TIMESTAMP, 0},
    {DUCKDB_TYPE_VARCHAR, READ_TEXT, EP_T_TEXT, 0},
    {DUCKDB_TYPE_BLOB, READ_TEXT, EP_T_BLOB, 0},
    {DUCKDB_TYPE_FLOAT, READ_FLOAT, EP_T_TEXT, 0},
    {DUCKDB_TYPE_DOUBLE, READ_DOUBLE, EP_T_TEXT, 0},
    {DUCKDB_TYPE_SQLNULL, READ_NOTHING, EP_T_TEXT, 0},
};

static void describe_decimal(duckdb_logical_type type, struct column *column, ep_column_def *def) {
    def->type = EP_T_DECIMAL;
    def->precision = duckdb_decimal_width(type);
    def->scale = duckdb_decimal_scale(type);
    switch (duckdb_decimal_internal_type(type)) {
    case DUCKDB_TYPE_SMALLINT: column->reading = READ_I16; break;
    case DUCKDB_TYPE_INTEGER: column->reading = READ_I32; break;
    case DUCKDB_TYPE_BIGINT: column->reading = READ_I64; break;
    default: column->reading = READ_I128; break;
    }
}

static ep_code describe_enum(duckdb_logical_type type, struct column *column, ep_error *err) {
    switch (duckdb_enum_internal_type(type)) {
    case DUCKDB_TYPE_UTINYINT: column->reading = READ_ENUM8; break;
    case DUCKDB_TYPE_USMALLINT: column->reading = READ_ENUM16; break;
    default: column->reading = READ_ENUM32; break;
    }
    column->n_names = duckdb_enum_dictionary_size(type);
    column->names = ep_calloc(column->n_names, sizeof *column->names);
    bool complete = column->names != NULL;
    for (uint32_t i = 0; complete && i < column->n_names; i++)
        complete = (column->names[i] = duckdb_enum_dictionary_value(type, i)) != NULL;
    return complete ? EP_OK : ep_fail(err, EP_E_NOMEM, "out of memory");
}

static ep_code describe(duckdb_logical_type type, struct column *column, ep_column_def *def, ep_error *err) {
    duckdb_type id = duckdb_get_type_id(type);
    def->type = EP_T_TEXT;
    column->reading = READ_AS_TEXT;
    if (id == DUCKDB_TYPE_ENUM)
        return describe_enum(type, column, err);
    if (id == DUCKDB_TYPE_DECIMAL)
        describe_decimal(type, column, def);
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++)
        if (twins[i].engine == id) {
            column->reading = twins[i].reading;
            def->type = twins[i].type;
            def->precision = twins[i].precision;
        }
    return EP_OK;
}

static ep_code describe_columns(struct cursor *cursor, bool *ret_as_text, ep_error *err) {
    size_t n = duckdb_column_count(&cursor->result);
    cursor->columns = ep_calloc(n, sizeof *cursor->columns);
    cursor->base.columns = ep_calloc(n, sizeof *cursor->base.columns);
    if (!cursor->columns || !cursor->base.columns)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    cursor->base.n_columns = n;
    for (size_t i = 0; i < n; i++) {
        cursor->base.columns[i].name = ep_strdup(duckdb_column_name(&cursor->result, i));
        duckdb_logical_type type = duckdb_column_logical_type(&cursor->result, i);
        ep_code code = !cursor->base.columns[i].name || !type
                           ? ep_fail(err, EP_E_NOMEM, "out of memory")
                           : describe(type, &cursor->columns[i], &cursor->base.columns[i], err);
        duckdb_destroy_logical_type(&type);
        EP_TRY(code);
        *ret_as_text = *ret_as_text || cursor->columns[i].reading == READ_AS_TEXT;
    }
    return EP_OK;
}

static void release_columns(struct cursor *cursor) {
    for (size_t i = 0; cursor->columns && i < cursor->base.n_columns; i++) {
        for (uint32_t k = 0; cursor->columns[i].names && k < cursor->columns[i].n_names; k++)
            duckdb_free(cursor->columns[i].names[k]);
        ep_free(cursor->columns[i].names);
    }
    ep_free(cursor->columns);
    cursor->columns = NULL;
}

void ep_duckdb_cursor_close(ep_cursor *base) {
    struct cursor *cursor = (struct cursor *)base;
    duckdb_destroy_data_chunk(&cursor->chunk);
    duckdb_destroy_result(&cursor->result);
    duckdb_destroy_prepare(&cursor->statement);
    release_columns(cursor);
    ep_free(cursor->sql);
    cursor->sql = NULL;
}

/* Back to a cursor without a result. */
static void reset(struct cursor *cursor) {
    ep_duckdb_cursor_close(&cursor->base);
    for (size_t i = 0; i < cursor->base.n_columns; i++)
        ep_free((void *)cursor->base.columns[i].name);
    ep_free(cursor->base.columns);
    cursor->base.columns = NULL;
    cursor->base.n_columns = 0;
}

static ep_code start(struct cursor *cursor, duckdb_connection connection, const char *sql,
                     const ep_value *params, size_t n_params, bool *ret_as_text, ep_error *err) {
    cursor->sql = ep_strdup(sql);
    if (!cursor->sql)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    EP_TRY(ep_duckdb_prepare(connection, sql, params, n_params, &cursor->statement, err));
    EP_TRY(ep_duckdb_execute(cursor->statement, true, sql, &cursor->result, err));
    return describe_columns(cursor, ret_as_text, err);
}

/* The statement once more, with the columns that are none of ours written as text by the engine: "SELECT c0, c1::VARCHAR AS name
 * FROM (statement) AS t(c0, c1)". */
static ep_code put_as_text(const struct cursor *cursor, const char *sql, ep_buf *ret, ep_error *err) {
    ep_str text = ep_str_trim(ep_str_from(sql));
    while (text.len > 0 && strchr("; \t\r\n", text.ptr[text.len - 1]))
        text.len--;
    ep_buf_puts(ret, "SELECT ");
    for (size_t i = 0; i < cursor->base.n_columns; i++) {
        bool cast = cursor->columns[i].reading == READ_AS_TEXT;
        ep_buf_printf(ret, "%sc%zu%s AS ", i > 0 ? ", " : "", i, cast ? "::VARCHAR" : "");
        ep_buf_put_ident(ret, ep_str_from(cursor->base.columns[i].name));
    }
    ep_buf_puts(ret, " FROM (");
    ep_buf_put_str(ret, text);
    ep_buf_puts(ret, "\n) AS t(");
    for (size_t i = 0; i < cursor->base.n_columns; i++)
        ep_buf_printf(ret, "%sc%zu", i > 0 ? ", " : "", i);
    ep_buf_puts(ret, ")");
    return ep_buf_check(ret, err);
}

static ep_code start_as_text(struct cursor *cursor, duckdb_connection connection, const char *sql,
                             const ep_value *params, size_t n_params, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf wrapped = {0};
    bool as_text = false;
    if (duckdb_prepared_statement_type(cursor->statement) != DUCKDB_STATEMENT_TYPE_SELECT)
        return ep_fail(
            err, EP_E_ARG,
            "a statement that is no SELECT gives a column without a type of ours: cast it to text");
    EP_TRY(put_as_text(cursor, sql, &wrapped, err));
    reset(cursor);
    EP_TRY(start(cursor, connection, wrapped.data, params, n_params, &as_text, err));
    return as_text ? ep_fail(err, EP_E_BUG, "a column cannot become text") : EP_OK;
}

ep_code ep_duckdb_query(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                        ep_cursor **ret, ep_error *err) {
    duckdb_connection connection = ((ep_duckdb *)store)->connection;
    struct cursor *cursor = ep_calloc(1, sizeof *cursor);
    bool as_text = false;
    if (!cursor)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    cursor->base.store = store;
    cursor->base.ops = store->ops;
    ep_code code = start(cursor, connection, sql, params, n_params, &as_text, err);
    if (code == EP_OK && as_text)
        code = start_as_text(cursor, connection, sql, params, n_params, err);
    if (code != EP_OK) {
        reset(cursor);
        ep_free(cursor);
        return code;
    }
    *ret = &cursor->base;
    return EP_OK;
}

static ep_code fetch(struct cursor *cursor, ep_error *err) {
    duckdb_destroy_data_chunk(&cursor->chunk);
    cursor->row = 0;
    cursor->n_rows = 0;
    cursor->chunk = duckdb_fetch_chunk(cursor->result);
    if (!cursor->chunk) {
        /* The end and an error look alike. */
        const char *message = duckdb_result_error(&cursor->result);
        if (message)
            return ep_duckdb_fail(err, cursor->sql, message);
        cursor->at_end = true;
        return EP_OK;
    }
    cursor->n_rows = duckdb_data_chunk_get_size(cursor->chunk);
    for (size_t i = 0; i < cursor->base.n_columns; i++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(cursor->chunk, i);
        cursor->columns[i].data = duckdb_vector_get_data(vector);
        cursor->columns[i].validity = duckdb_vector_get_validity(vector);
    }
    return EP_OK;
}

static bool is_null(const struct column *column, idx_t row) {
    return column->reading == READ_NOTHING ||
           (column->validity && !(column->validity[row / 64] >> (row % 64) & 1));
}

/* The fewest digits that read back as the same number. */
static void write_double(double value, int digits, bool is_float, char out[32]) {
    do
        snprintf(out, 32, "%.*g", digits, value);
    while (digits++ < 17 && (is_float ? strtof(out, NULL) != (float)value : strtod(out, NULL) != value) &&
           !isnan(value));
}

static ep_code prepare_row(struct cursor *cursor, ep_error *err) {
    for (size_t i = 0; i < cursor->base.n_columns; i++) {
        struct column *column = &cursor->columns[i];
        if (is_null(column, cursor->row))
            continue;
        if (column->reading == READ_FLOAT)
            write_double(((const float *)column->data)[cursor->row], 6, true, column->number);
        else if (column->reading == READ_DOUBLE)
            write_double(((const double *)column->data)[cursor->row], 15, false, column->number);
        else if (column->reading == READ_I128) {
            ep_int128 value = ((const ep_int128 *)column->data)[cursor->row], limit = ep_pow10(38);
            if (value >= limit || value <= -limit)
                return ep_fail_field(err, EP_E_STORE, cursor->base.columns[i].name,
                                     "an integer of more than 38 digits");
        }
    }
    return EP_OK;
}

ep_code ep_duckdb_cursor_next(ep_cursor *base, bool *ret_row, ep_error *err) {
    struct cursor *cursor = (struct cursor *)base;
    *ret_row = false;
    cursor->row++;
    while (!cursor->at_end && cursor->row >= cursor->n_rows) {
        EP_TRY(fetch(cursor, err));
        if (cursor->n_rows > 0)
            break;
    }
    if (cursor->at_end)
        return EP_OK;
    EP_TRY(prepare_row(cursor, err));
    *ret_row = true;
    return EP_OK;
}

/* Moments before year 1 and after 9999, infinity among them, become the first and the last of ours. */
static int64_t clamp(int64_t value, int64_t min, int64_t max) {
    return value < min ? min : value > max ? max : value;
}

static int64_t floor_div(int64_t value, int64_t by) {
    return value / by - (value % by < 0);
}

static int64_t read_i64(const struct column *column, idx_t row) {
    switch (column->reading) {
    case READ_BOOL:
    case READ_U8:
    case READ_ENUM8: return ((const uint8_t *)column->data)[row];
    case READ_U16:
    case READ_ENUM16: return ((const uint16_t *)column->data)[row];
    case READ_U32:
    case READ_ENUM32: return ((const uint32_t *)column->data)[row];
    case READ_I8: return ((const int8_t *)column->data)[row];
    case READ_I16: return ((const int16_t *)column->data)[row];
    case READ_I32:
    case READ_DATE: return ((const int32_t *)column->data)[row];
    default: return ((const int64_t *)column->data)[row];
    }
}

static int64_t read_moment(const struct column *column, idx_t row) {
    int64_t value = read_i64(column, row);
    switch (column->reading) {
    case READ_S: return clamp(value, EP_TS_MIN / 1000000, EP_TS_MAX / 1000000 + 1) * 1000000;
    case READ_MS: return clamp(value, EP_TS_MIN / 1000, EP_TS_MAX / 1000 + 1) * 1000;
    case READ_NS:
        return value == INT64_MAX ? EP_TS_MAX : value == -INT64_MAX ? EP_TS_MIN : floor_div(value, 1000);
    default: return value;
    }
}

static ep_str read_text(const struct column *column, idx_t row) {
    switch (column->reading) {
    case READ_FLOAT:
    case READ_DOUBLE: return ep_str_from(column->number);
    case READ_ENUM8:
    case READ_ENUM16:
    case READ_ENUM32: return ep_str_from(column->names[read_i64(column, row)]);
    default: {
        const duckdb_string_t *cell = &((const duckdb_string_t *)column->data)[row];
        uint32_t len = cell->value.inlined.length;
        return (ep_str){
            duckdb_string_is_inlined(*cell) ? cell->value.inlined.inlined : cell->value.pointer.ptr, len};
    }
    }
}

ep_value ep_duckdb_cursor_get(const ep_cursor *base, size_t index) {
    const struct cursor *cursor = (const struct cursor *)base;
    const struct column *column = &cursor->columns[index];
    const ep_column_def *def = &base->columns[index];
    ep_value value = ep_v_null(def->type);
    value.precision = def->precision;
    value.scale = def->scale;
    if (cursor->row >= cursor->n_rows || is_null(column, cursor->row))
        return value;
    value.state = EP_VALUE;
    switch (def->type) {
    case EP_T_TEXT:
    case EP_T_BLOB: value.text = read_text(column, cursor->row); break;
    case EP_T_DECIMAL:
        if (column->reading == READ_I128)
            value.i128 = ((const ep_int128 *)column->data)[cursor->row];
        else if (column->reading == READ_U64)
            value.i128 = ((const uint64_t *)column->data)[cursor->row];
        else
            value.i128 = read_i64(column, cursor->row);
        break;
    case EP_T_DATE:
        value.i64 = clamp(read_i64(column, cursor->row), floor_div(EP_TS_MIN, EP_DAY_US),
                          floor_div(EP_TS_MAX, EP_DAY_US));
        break;
    case EP_T_TIME:
        value.i64 = read_i64(column, cursor->row);
        if (column->reading == READ_TIME_NS)
            value.i64 /= 1000;
        break;
    case EP_T_TIMESTAMP: value.i64 = clamp(read_moment(column, cursor->row), EP_TS_MIN, EP_TS_MAX); break;
    default: value.i64 = read_i64(column, cursor->row); break;
    }
    return value;
}
