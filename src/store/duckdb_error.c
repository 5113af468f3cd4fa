#include <string.h>

#include "store/duckdb_private.h"

/* Kinds of errors. Those not listed are EP_E_STORE and taken to quote values. */
static const struct kind {
    const char *name; /* as in front of the message */
    duckdb_error_type type;
    ep_code code;
    bool quotes_values; /* of rows */
    bool has_cause;     /* its text may say more, see `causes` */
} kinds[] = {
    {"Constraint", DUCKDB_ERROR_CONSTRAINT, EP_E_RECORD, true, false},
    {"Conversion", DUCKDB_ERROR_CONVERSION, EP_E_RECORD, true, false},
    {"Out of Range", DUCKDB_ERROR_OUT_OF_RANGE, EP_E_RECORD, true, false},
    {"Catalog", DUCKDB_ERROR_CATALOG, EP_E_STORE, false, false},
    {"Binder", DUCKDB_ERROR_BINDER, EP_E_STORE, false, false},
    {"Parser", DUCKDB_ERROR_PARSER, EP_E_STORE, false, false},
    {"Dependency", DUCKDB_ERROR_DEPENDENCY, EP_E_STORE, false, false},
    {"Not implemented", DUCKDB_ERROR_NOT_IMPLEMENTED, EP_E_STORE, false, false},
    {"TransactionContext", DUCKDB_ERROR_TRANSACTION, EP_E_STORE, true, true},
    {"IO", DUCKDB_ERROR_IO, EP_E_IO, false, true},
    {"Permission", DUCKDB_ERROR_PERMISSION, EP_E_PERMISSION, false, false},
    {"Out of Memory", DUCKDB_ERROR_OUT_OF_MEMORY, EP_E_NOMEM, false, true},
    {"INTERRUPT", DUCKDB_ERROR_INTERRUPT, EP_E_CANCELLED, false, false},
    {"Serialization", DUCKDB_ERROR_SERIALIZATION, EP_E_CORRUPT, false, false},
    {"INTERNAL", DUCKDB_ERROR_INTERNAL, EP_E_BUG, true, false},
    {"FATAL", DUCKDB_ERROR_FATAL, EP_E_STORE, true, true},
};

/* What a text says more exactly than its kind; the first that fits. */
static const struct {
    const char *part;
    ep_code code;
} causes[] = {
    {"Could not set lock on file", EP_E_BUSY},
    {"No space left", EP_E_FULL},
    {"Disk quota exceeded", EP_E_FULL},
    {"max_temp_directory_size", EP_E_FULL},
    {"not a valid DuckDB database file", EP_E_CORRUPT},
    {"Corrupt", EP_E_CORRUPT},
    {"corrupt", EP_E_CORRUPT},
    {"checksum", EP_E_CORRUPT},
    {"Permission denied", EP_E_PERMISSION},
    {"Operation not permitted", EP_E_PERMISSION},
    {"Read-only file system", EP_E_PERMISSION},
    {"No such file", EP_E_NOT_FOUND},
    {"No files found", EP_E_NOT_FOUND},
    {"Cannot allocate memory", EP_E_NOMEM},
    /* Another transaction has changed the same row, key or table: a second try sees its work. */
    {"onflict", EP_E_BUSY},
    {"duplicate key", EP_E_BUSY},
};

static const struct kind *kind_of(ep_str *message) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t n = strlen(kinds[i].name);
        if (ep_str_starts(*message, kinds[i].name) && message->len > n + 8 &&
            memcmp(message->ptr + n, " Error: ", 8) == 0) {
            message->ptr += n + 8;
            message->len -= n + 8;
            return &kinds[i];
        }
    }
    return NULL;
}

/* Where the last occurrence begins, or len. */
static size_t find_last(ep_str text, const char *part) {
    size_t n = strlen(part);
    for (size_t i = text.len; i-- > 0;)
        if (text.len - i >= n && memcmp(text.ptr + i, part, n) == 0)
            return i;
    return text.len;
}

static const char *find(ep_str text, const char *part) {
    return memmem(text.ptr, text.len, part, strlen(part));
}

static ep_code find_cause(ep_str message, ep_code code) {
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (find(message, causes[i].part))
            return causes[i].code;
    return code;
}

/* "Could not set lock on file "F": Conflicting lock is held in PROGRAM (PID n) ..." */
static ep_code fail_locked(ep_error *err, ep_str message) {
    const char *end = message.ptr + message.len;
    const char *pid = find(message, "(PID ");
    const char *file = memchr(message.ptr, '"', message.len);
    const char *file_end = file ? memchr(file + 1, '"', (size_t)(end - file - 1)) : NULL;
    const char *pid_end = pid ? memchr(pid, ')', (size_t)(end - pid)) : NULL;
    return ep_fail(err, EP_E_BUSY, "another process has %.*s open %.*s",
                   file_end ? (int)(file_end - file - 1) : 8, file_end ? file + 1 : "the file",
                   pid_end ? (int)(pid_end - pid + 1) : 0, pid_end ? pid : "");
}

static ep_code fail(ep_error *err, const char *sql, const struct kind *kind, ep_str message) {
    EP_CLEANUP(ep_buf_done) ep_buf text = {0};
    ep_code code = kind ? kind->code : EP_E_STORE;
    /* The excerpt of the statement says little on one line. */
    message.len = find_last(message, "\nLINE ");
    message.len = find_last(message, "\nStack Trace");
    /* The engine's advice at a full memory is about its own settings, which are locked. */
    size_t advice = find_last(message, "\nPossible solutions");
    bool advised = kind && kind->code == EP_E_NOMEM && advice < message.len;
    message.len = advised ? advice : message.len;
    if (kind && kind->has_cause)
        code = find_cause(message, code);
    if (code == EP_E_BUSY && find(message, "set lock on file"))
        return fail_locked(err, message);
    if (sql)
        ep_sql_put_head(&text, sql);
    if (kind)
        ep_buf_printf(&text, "%s Error: ", kind->name);
    if (!kind || kind->quotes_values)
        ep_sql_put_masked(&text, message);
    else
        ep_buf_put_str(&text, message);
    while (text.len > 0 && strchr(" \n\t", text.data[text.len - 1]))
        text.data[--text.len] = '\0';
    if (advised)
        ep_buf_puts(&text, "; raise memory_limit_mb in entrepot.yaml (of a query: query_memory_limit_mb)");
    return ep_fail(err, code, "%s",
                   text.failed || !text.data
                       ? "the engine refused a statement; out of memory for what it said"
                       : text.data);
}

ep_code ep_duckdb_fail(ep_error *err, const char *sql, const char *message) {
    ep_str text = ep_str_from(message);
    if (text.len == 0)
        return ep_fail(err, EP_E_STORE, "%.20s: DuckDB gave no reason", sql ? sql : "open");
    const struct kind *kind = kind_of(&text);
    return fail(err, sql, kind, text);
}

ep_code ep_duckdb_fail_type(ep_error *err, const char *sql, duckdb_error_type type, const char *message) {
    const struct kind *kind = NULL;
    ep_str text = ep_str_from(message);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !kind; i++)
        if (kinds[i].type == type)
            kind = &kinds[i];
    const struct kind *named = kind_of(&text);
    return fail(err, sql, named ? named : kind, text);
}
