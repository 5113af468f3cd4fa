/* Runs a file of SQL on a DuckDB file with nothing of the program in between: the other side of every benchmark.
 *
 * usage: duckdb_sql [--threads N] [--set NAME=VALUE].. [--var NAME=TEXT].. [--time] DATABASE FILE.sql
 *
 * --set     a setting of the engine
 * --var     a text that the SQL reads with getvariable('NAME')
 * --time    seconds of each statement on standard error
 *
 * A line a statement that changed rows: how many. Results of queries are not printed; COPY .. TO '/dev/stdout' does that.
 * Exit status: 0 done, 1 a statement failed (the ones before it stay done), 2 usage, 3 the database or the file does not open.
 *
 * Set for the engine, as a loader would: preserve_insertion_order=false, and the storage format of 1.5, which is faster to write than the one it
 * makes by itself. All else is as the engine has it. */
#include <duckdb.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_VARS = 16, OK = 0, FAILED = 1, USAGE = 2, ENVIRONMENT = 3 };

typedef struct session {
    duckdb_config config;
    duckdb_database database;
    duckdb_connection connection;
    const char *vars[MAX_VARS]; /* NAME=TEXT */
    int n_vars;
    bool timed;
} session;

__attribute__((format(printf, 2, 3))) static int fail(int status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("duckdb_sql: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return status;
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* NAME=VALUE as a setting of the engine. */
static int set_option(session *s, const char *name, const char *value) {
    if (duckdb_set_config(s->config, name, value) != DuckDBSuccess)
        return fail(USAGE, "the engine has no setting %s=%s", name, value);
    return OK;
}

static int set_pair(session *s, char *pair) {
    char *value = strchr(pair, '=');
    if (!value)
        return fail(USAGE, "%s is not NAME=VALUE", pair);
    *value = '\0';
    return set_option(s, pair, value + 1);
}

static int read_arguments(session *s, int argc, char **argv, const char **ret_database,
                          const char **ret_file) {
    const char *names[2] = {0};
    int n_names = 0, status = OK;
    for (int i = 1; i < argc && status == OK; i++) {
        if (strcmp(argv[i], "--time") == 0)
            s->timed = true;
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            status = set_option(s, "threads", argv[++i]);
        else if (strcmp(argv[i], "--set") == 0 && i + 1 < argc)
            status = set_pair(s, argv[++i]);
        else if (strcmp(argv[i], "--var") == 0 && i + 1 < argc && s->n_vars < MAX_VARS)
            s->vars[s->n_vars++] = argv[++i];
        else if (argv[i][0] != '-' && n_names < 2)
            names[n_names++] = argv[i];
        else
            status = fail(USAGE, "%s: not an option, or its value is missing", argv[i]);
    }
    if (status == OK && n_names != 2)
        status = fail(
            USAGE,
            "usage: duckdb_sql [--threads N] [--set NAME=VALUE].. [--var NAME=TEXT].. [--time] DATABASE FILE.sql");
    *ret_database = names[0];
    *ret_file = names[1];
    return status;
}

/* SET VARIABLE name = 'text', quotes doubled; names are letters and underscores. */
static int set_variable(const session *s, const char *var) {
    size_t name_len = strspn(var, "abcdefghijklmnopqrstuvwxyz_");
    if (name_len == 0 || var[name_len] != '=')
        return fail(USAGE, "%s is not NAME=TEXT", var);
    const char *text = var + name_len + 1;
    char *sql = malloc(2 * strlen(var) + 32);
    if (!sql)
        return fail(ENVIRONMENT, "out of memory");
    char *to = sql + sprintf(sql, "SET VARIABLE %.*s = '", (int)name_len, var);
    for (; *text; *to++ = *text++)
        if (*text == '\'')
            *to++ = '\'';
    memcpy(to, "'", 2);
    duckdb_state state = duckdb_query(s->connection, sql, NULL);
    free(sql);
    return state == DuckDBSuccess ? OK : fail(FAILED, "the variable in %s cannot be set", var);
}

static int open_database(session *s, const char *path) {
    char *error = NULL;
    if (duckdb_open_ext(path, &s->database, s->config, &error) != DuckDBSuccess) {
        int status = fail(ENVIRONMENT, "%s: %s", path, error ? error : "does not open");
        duckdb_free(error);
        return status;
    }
    if (duckdb_connect(s->database, &s->connection) != DuckDBSuccess)
        return fail(ENVIRONMENT, "%s: no connection", path);
    int status = OK;
    for (int i = 0; i < s->n_vars && status == OK; i++)
        status = set_variable(s, s->vars[i]);
    return status;
}

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    if (text) {
        rewind(file);
        size_t n = fread(text, 1, (size_t)size, file);
        text[n] = '\0';
    }
    if (file)
        fclose(file);
    return text;
}

static int run_statement(const session *s, duckdb_extracted_statements statements, idx_t index) {
    duckdb_prepared_statement prepared = NULL;
    duckdb_result result = {0};
    double started = now_s();
    int status = OK;
    if (duckdb_prepare_extracted_statement(s->connection, statements, index, &prepared) != DuckDBSuccess)
        status = fail(FAILED, "statement %" PRIu64 ": %s", index + 1, duckdb_prepare_error(prepared));
    else if (duckdb_execute_prepared(prepared, &result) != DuckDBSuccess)
        status = fail(FAILED, "statement %" PRIu64 ": %s", index + 1, duckdb_result_error(&result));
    else if (duckdb_result_return_type(result) == DUCKDB_RESULT_TYPE_CHANGED_ROWS)
        printf("%" PRIu64 "\n", duckdb_rows_changed(&result));
    if (status == OK && s->timed)
        fprintf(stderr, "statement %" PRIu64 ": %.3f s\n", index + 1, now_s() - started);
    duckdb_destroy_result(&result);
    duckdb_destroy_prepare(&prepared);
    return status;
}

static int run_file(const session *s, const char *path) {
    char *text = read_file(path);
    if (!text)
        return fail(ENVIRONMENT, "%s: cannot be read", path);
    duckdb_extracted_statements statements = NULL;
    idx_t n = duckdb_extract_statements(s->connection, text, &statements);
    int status = n > 0 ? OK : fail(FAILED, "%s: %s", path, duckdb_extract_statements_error(statements));
    for (idx_t i = 0; i < n && status == OK; i++)
        status = run_statement(s, statements, i);
    duckdb_destroy_extracted(&statements);
    free(text);
    return status;
}

int main(int argc, char **argv) {
    session s = {0};
    const char *database, *file;
    if (duckdb_create_config(&s.config) != DuckDBSuccess)
        return fail(ENVIRONMENT, "out of memory");
    int status = set_option(&s, "preserve_insertion_order", "false");
    if (status == OK)
        status = set_option(&s, "storage_compatibility_version", "v1.5.0");
    if (status == OK)
        status = read_arguments(&s, argc, argv, &database, &file);
    if (status == OK)
        status = open_database(&s, database);
    if (status == OK)
        status = run_file(&s, file);
    duckdb_disconnect(&s.connection);
    duckdb_close(&s.database);
    duckdb_destroy_config(&s.config);
    return status;
}
