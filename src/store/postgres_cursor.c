#include <stdlib.h>
#include <string.h>

#include "store/postgres_private.h"

/* A result row by row: libpq holds one, the server goes on when it was read. */
struct cursor {
    struct ep_cursor base;
    PGresult *row;    /* the current one, or the first that tells the columns */
    ep_value *values; /* of the current row */
    char *sql;        /* for the texts of errors */
    bool first_waits; /* `row` was fetched to learn the columns and not handed out yet */
    bool at_end;
};

/* How many rows of an unfinished result are read away before the server is told to stop. */
#define DRAIN_ROWS 1000

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_OID = 26,
    OID_DATE = 1082,
    OID_TIME = 1083,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700
};

/* Types that are ours; all others come as text in the engine's own writing. */
static const struct {
    Oid engine;
    ep_type type;
} twins[] = {
    {OID_BOOL, EP_T_BOOL},
    {OID_BYTEA, EP_T_BLOB},
    {OID_INT8, EP_T_INT},
    {OID_INT2, EP_T_INT},
    {OID_INT4, EP_T_INT},
    {OID_OID, EP_T_INT},
    {OID_DATE, EP_T_DATE},
    {OID_TIME, EP_T_TIME},
    {OID_TIMESTAMP, EP_T_TIMESTAMP},
    {OID_TIMESTAMPTZ, EP_T_TIMESTAMP},
    {OID_NUMERIC, EP_T_DECIMAL},
};

static ep_column_def describe(const PGresult *result, int column) {
    ep_column_def def = {.type = EP_T_TEXT};
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
        if (twins[i].engine == PQftype(result, column))
            def.type = twins[i].type;
    if (def.type == EP_T_DECIMAL) {
        /* numeric(p,s) as a modifier; a sum has none, and each of its values says its own scale. */
        int modifier = PQfmod(result, column);
        int precision = modifier < 4 ? EP_DECIMAL_MAX_PRECISION : (modifier - 4) >> 16 & 0xffff;
        int scale = modifier < 4 ? 0 : (modifier - 4) & 0x7ff;
        bool ours = precision <= EP_DECIMAL_MAX_PRECISION && scale <= precision;
        def.precision = (uint8_t)(ours ? precision : EP_DECIMAL_MAX_PRECISION);
        def.scale = (uint8_t)(ours ? scale : 0);
    }
    return def;
}

static ep_code describe_columns(struct cursor *cursor, ep_error *err) {
    size_t n = (size_t)PQnfields(cursor->row);
    cursor->base.columns = ep_calloc(n + 1, sizeof *cursor->base.columns);
    cursor->values = ep_calloc(n + 1, sizeof *cursor->values);
    if (!cursor->base.columns || !cursor->values)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    cursor->base.n_columns = n;
    for (size_t i = 0; i < n; i++) {
        cursor->base.columns[i] = describe(cursor->row, (int)i);
        cursor->values[i] = ep_v_null(cursor->base.columns[i].type);
        cursor->base.columns[i].name = ep_strdup(PQfname(cursor->row, (int)i));
        if (!cursor->base.columns[i].name)
            return ep_fail(err, EP_E_NOMEM, "out of memory");
    }
    return EP_OK;
}

/* Bytes are written over their own hexadecimal digits: the row is ours. */
static bool read_cell(ep_column_def *def, ep_str text, ep_value *ret) {
    *ret = (ep_value){.type = def->type, .state = EP_VALUE, .precision = def->precision, .scale = def->scale};
    switch (def->type) {
    case EP_T_TEXT: ret->text = text; return true;
    case EP_T_BOOL: ret->i64 = ep_str_is(text, "t"); return true;
    case EP_T_INT: return ep_int_parse(text, &ret->i64) == EP_NUM_OK;
    case EP_T_DECIMAL: return ep_pg_read_decimal(text, &ret->i128, &ret->scale);
    case EP_T_DATE: return ep_pg_read_date(text, &ret->i64);
    case EP_T_TIME: return ep_pg_read_time(text, &ret->i64);
    case EP_T_TIMESTAMP: return ep_pg_read_timestamp(text, &ret->i64);
    case EP_T_BLOB:
        ret->text.ptr = text.ptr;
        return ep_pg_read_bytea(text, (char *)(uintptr_t)text.ptr, &ret->text.len);
    case EP_N_TYPES: break;
    }
    return false;
}

static ep_code read_row(struct cursor *cursor, ep_error *err) {
    for (size_t i = 0; i < cursor->base.n_columns; i++) {
        ep_column_def *def = &cursor->base.columns[i];
        int column = (int)i;
        cursor->values[i] = ep_v_null(def->type);
        cursor->values[i].precision = def->precision;
        cursor->values[i].scale = def->scale;
        if (PQgetisnull(cursor->row, 0, column))
            continue;
        ep_str text = {PQgetvalue(cursor->row, 0, column), (size_t)PQgetlength(cursor->row, 0, column)};
        if (!read_cell(def, text, &cursor->values[i]))
            return ep_fail_field(err, EP_E_STORE, def->name,
                                 "a value is no %s of ours: cast it, for example to decimal(38,6) or text",
                                 ep_type_name(def->type));
    }
    return EP_OK;
}

static PGconn *connection_of(const struct cursor *cursor) {
    return ((ep_postgres *)cursor->base.store)->connection;
}

/* The next row into cursor->row, or the end. */
static ep_code fetch(struct cursor *cursor, ep_error *err) {
    PGconn *connection = connection_of(cursor);
    PQclear(cursor->row);
    cursor->row = PQgetResult(connection);
    switch (PQresultStatus(cursor->row)) {
    case PGRES_SINGLE_TUPLE: return EP_OK;
    case PGRES_TUPLES_OK: /* of no rows, or after the last one */
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY: cursor->at_end = true; return EP_OK;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        cursor->at_end = true;
        if (PQresultStatus(cursor->row) != PGRES_COPY_OUT)
            PQputCopyEnd(connection, "not asked for");
        for (char *data; PQgetCopyData(connection, &data, 0) > 0;)
            PQfreemem(data);
        return ep_fail(err, EP_E_BUG, "COPY is not run by SQL");
    default: cursor->at_end = true; return ep_pg_fail(err, cursor->sql, connection, cursor->row);
    }
}

void ep_pg_cursor_close(ep_cursor *base) {
    struct cursor *cursor = (struct cursor *)base;
    ep_postgres *pg = (ep_postgres *)base->store;
    size_t n = 0;
    PQclear(cursor->row);
    cursor->row = NULL;
    /* Stopping the server ends a transaction; there, what is left is read away. */
    for (PGresult *result; (result = PQgetResult(pg->connection)); PQclear(result))
        if (++n == DRAIN_ROWS && !base->store->in_transaction)
            ep_pg_interrupt(base->store);
    ep_free(cursor->values);
    ep_free(cursor->sql);
    cursor->values = NULL;
    cursor->sql = NULL;
}

static ep_code send(struct cursor *cursor, const ep_value *params, size_t n_params, ep_error *err) {
    PGconn *connection = connection_of(cursor);
    EP_CLEANUP(ep_pg_params_done) ep_pg_params p = {0};
    if (ep_pg_params_init(&p, params, n_params, err) != EP_OK)
        return ep_sql_prefix(err, cursor->sql);
    if (!PQsendQueryParams(connection, cursor->sql, (int)n_params, p.types, p.values, p.lengths, p.formats,
                           0))
        return ep_pg_fail(err, cursor->sql, connection, NULL);
    if (!PQsetSingleRowMode(connection))
        return ep_fail(err, EP_E_BUG, "the connection gives no single rows");
    EP_TRY(fetch(cursor, err));
    cursor->first_waits = !cursor->at_end;
    return describe_columns(cursor, err);
}

ep_code ep_pg_query(ep_store *store, const char *sql, const ep_value *params, size_t n_params,
                    ep_cursor **ret, ep_error *err) {
    if (ep_sql_is_transaction(ep_sql_first(sql)))
        return ep_fail(err, EP_E_BUG, "transactions are not opened or closed by SQL");
    struct cursor *cursor = ep_calloc(1, sizeof *cursor);
    if (!cursor || !(cursor->sql = ep_strdup(sql))) {
        ep_free(cursor);
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    }
    cursor->base.store = store;
    cursor->base.ops = &ep_store_postgres;
    ep_code code = send(cursor, params, n_params, err);
    if (code == EP_OK) {
        *ret = &cursor->base;
        return EP_OK;
    }
    ep_pg_cursor_close(&cursor->base);
    for (size_t i = 0; i < cursor->base.n_columns; i++)
        ep_free((void *)(uintptr_t)cursor->base.columns[i].name);
    ep_free(cursor->base.columns);
    ep_free(cursor);
    return code;
}

ep_code ep_pg_cursor_next(ep_cursor *base, bool *ret_row, ep_error *err) {
    struct cursor *cursor = (struct cursor *)base;
    *ret_row = false;
    if (!cursor->first_waits && !cursor->at_end)
        EP_TRY(fetch(cursor, err));
    cursor->first_waits = false;
    if (cursor->at_end) {
        for (size_t i = 0; i < base->n_columns; i++)
            cursor->values[i] = ep_v_null(base->columns[i].type);
        return EP_OK;
    }
    EP_TRY(read_row(cursor, err));
    *ret_row = true;
    return EP_OK;
}

ep_value ep_pg_cursor_get(const ep_cursor *base, size_t column) {
    return ((const struct cursor *)base)->values[column];
}
