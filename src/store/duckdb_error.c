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

static bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (c & 0x80) != 0;
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

/* A value may hold quotes itself, so all from the first quote to the last one of its kind goes; numbers go one by one, but
 * not those of "DECIMAL(18,4)" or "INT32". */
static void put_masked(ep_buf *buf, ep_str text) {
    size_t i = 0;
    while (i < text.len) {
        char c = text.ptr[i];
        /* Not the apostrophe of "can't". */
        if (c == '"' || (c == '\'' && (i == 0 || !is_word(text.ptr[i - 1])))) {
            size_t last = text.len;
            while (last > i + 1 && text.ptr[last - 1] != c)
                last--;
            ep_buf_puts(buf, c == '"' ? "\"...\"" : "'...'");
            i = last > i + 1 ? last : text.len;
        } else if (text.len - i > 8 && memcmp(text.ptr + i, "DECIMAL(", 8) == 0) {
            while (i < text.len && text.ptr[i] != ')')
                ep_buf_putc(buf, text.ptr[i++]);
        } else if (c >= '0' && c <= '9') {
            ep_buf_puts(buf, "...");
            while (i < text.len && (is_word(text.ptr[i]) || strchr(".:-+", text.ptr[i])))
                i++;
        } else if (is_word(c)) {
            while (i < text.len && is_word(text.ptr[i]))
                ep_buf_putc(buf, text.ptr[i++]);
        } else {
            ep_buf_putc(buf, c);
            i++;
        }
    }
}

void ep_duckdb_put_head(ep_buf *buf, const char *sql) {
    size_t n = 0, n_words = 0;
    bool blank = false;
    for (; *sql && n < 60 && !strchr("'(=$;", *sql); sql++) {
        if (*sql == '-' && sql[1] == '-') {
            while (sql[1] && sql[1] != '\n')
                sql++;
            continue;
        }
        if (strchr(" \t\r\n", *sql)) {
            blank = n > 0;
            continue;
        }
        if (blank && (++n_words == 5 || (*sql >= '0' && *sql <= '9')))
            break;
        if (blank)
            ep_buf_putc(buf, ' ');
        blank = false;
        ep_buf_putc(buf, *sql);
        n++;
    }
    if (n > 0)
        ep_buf_puts(buf, ": ");
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
    if (kind && kind->has_cause)
        code = find_cause(message, code);
    if (code == EP_E_BUSY && find(message, "set lock on file"))
        return fail_locked(err, message);
    if (sql)
        ep_duckdb_put_head(&text, sql);
    if (kind)
        ep_buf_printf(&text, "%s Error: ", kind->name);
    if (!kind || kind->quotes_values)
        put_masked(&text, message);
    else
        ep_buf_put_str(&text, message);
    while (text.len > 0 && strchr(" \n\t", text.data[text.len - 1]))
        text.data[--text.len] = '\0';
    return ep_fail(err, code, "%s", text.failed || !text.data ? "the engine refused a statement" : text.data);
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

ep_code ep_duckdb_prefix(ep_error *err, const char *sql) {
    EP_CLEANUP(ep_buf_done) ep_buf head = {0};
    ep_duckdb_put_head(&head, sql);
    /* ep_fail_prefix() writes the colon. */
    if (head.failed || head.len < 2)
        return err->code;
    return ep_fail_prefix(err, "%.*s", (int)head.len - 2, head.data);
}
