#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/postgres_private.h"

/* Older minor versions have known holes in what isolates sellers. */
#define MIN_VERSION 150018

/* Waiting longer than this for a lock means that something is wrong, and says so. */
#define LOCK_TIMEOUT "300s"

/* One row of what a session must have. Set by a statement, not by the connection string: poolers pass statements on. */
static const struct {
    const char *name, *value;
} session[] = {
    {"client_encoding", "UTF8"},
    {"timezone", "UTC"},
    {"datestyle", "ISO, YMD"},
    {"intervalstyle", "postgres"},
    {"bytea_output", "hex"},
    {"standard_conforming_strings", "on"},
    {"extra_float_digits", "1"},
    {"client_min_messages", "warning"},
    {"lock_timeout", LOCK_TIMEOUT},
    {"statement_timeout", "0"},
    /* The tables of the star stand in a schema called as in the embedded engine, so that one text names them on both. */
    {"search_path", "main"},
    /* Staged rows come in a known number, most of it once: compiling their statements costs more than it gains. */
    {"jit", "off"},
    /* What merges look up was written lately and is in memory; taken for a disk that seeks, whole tables would be read instead. */
    {"random_page_cost", "1.1"},
    /* On Citus, a query of the owner may join by another column than the one that spreads the tables; elsewhere nobody reads it. */
    {"citus.enable_repartition_joins", "on"},
};

static void ignore_notice(void *context, const PGresult *result) {
    (void)context, (void)result;
}

/* A parameter of the address: the last one counts. */
static const char *option_value(const PQconninfoOption *options, const char *keyword) {
    for (; options && options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val;
    return NULL;
}

/* A password in a file of settings would be in every copy and backup of it. The address itself is not shown: it may hold one. */
static ep_code check_location(const char *location, ep_error *err) {
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(location, &message);
    PQfreemem(message);
    if (!options)
        return ep_fail(
            err, EP_E_ARG,
            "the store's address is no PostgreSQL URI (postgres://user@host:port/database?parameter=value)");
    bool password = option_value(options, "password") || option_value(options, "sslpassword");
    PQconninfoFree(options);
    if (password)
        return ep_fail(
            err, EP_E_ARG,
            "the store's address holds a password: leave it out, and give it in PGPASSWORD, in the file named by "
            "PGPASSFILE, or in a service file");
    return EP_OK;
}

ep_code ep_store_check_location(const char *location, ep_error *err) {
    ep_str text = ep_str_from(location);
    if (!ep_str_starts(text, "postgres://") && !ep_str_starts(text, "postgresql://"))
        return EP_OK;
    return check_location(location, err);
}

static ep_code put_settings(const ep_postgres *pg, ep_buf *sql, ep_error *err) {
    ep_buf_puts(sql, "SELECT ");
    for (size_t i = 0; i < sizeof session / sizeof *session; i++)
        ep_buf_printf(sql, "%sset_config('%s', '%s', false)", i ? ", " : "", session[i].name,
                      session[i].value);
    if (pg->read_only)
        ep_buf_puts(sql, ", set_config('default_transaction_read_only', 'on', false)");
    /* Sorts and hashes of a statement may each take this much; several of them run in one. */
    int64_t memory = pg->memory_limit_bytes > 0 ? pg->memory_limit_bytes : INT64_C(512) << 20;
    ep_buf_printf(sql, ", set_config('work_mem', '%" PRId64 "kB', false)", memory / 8 / 1024);
    ep_buf_printf(sql, ", set_config('temp_buffers', '%" PRId64 "kB', false)", memory / 8 / 1024);
    return ep_buf_check(sql, err);
}

static ep_code prepare_session(ep_postgres *pg, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    int number = PQserverVersion(pg->connection);
    if (number < MIN_VERSION)
        return ep_fail(err, EP_E_STORE, "PostgreSQL %s is too old: at least %d.%d is needed",
                       PQparameterStatus(pg->connection, "server_version"), MIN_VERSION / 10000,
                       MIN_VERSION % 10000);
    snprintf(pg->version, sizeof pg->version, "PostgreSQL %d.%d", number / 10000, number % 10000);
    EP_TRY(put_settings(pg, &sql, err));
    PGresult *result = PQexec(pg->connection, sql.data);
    ep_code code =
        PQresultStatus(result) == PGRES_TUPLES_OK ? EP_OK : ep_pg_fail(err, NULL, pg->connection, result);
    PQclear(result);
    return code == EP_OK ? EP_OK : ep_fail_prefix(err, "settings of the session");
}

static void set_cancel(ep_postgres *pg, PGcancel *cancel) {
    pthread_mutex_lock(&pg->cancel_lock);
    PQfreeCancel(pg->cancel);
    pg->cancel = cancel;
    pthread_mutex_unlock(&pg->cancel_lock);
}

/* No SQLSTATE comes with a refused connection: the text is all there is, and it names no secret. */
static ep_code fail_connect(const PGconn *connection, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sentence = {0};
    const char *message = PQerrorMessage(connection);
    static const struct {
        const char *part;
        ep_code code;
    } kinds[] = {
        {"no password supplied", EP_E_PERMISSION}, {"authentication failed", EP_E_PERMISSION},
        {"no pg_hba.conf entry", EP_E_PERMISSION}, {"is not permitted to log in", EP_E_PERMISSION},
        {"does not exist", EP_E_NOT_FOUND}, /* database or role; a missing socket says "No such file" */
    };
    ep_code code = EP_E_UNAVAILABLE;
    for (size_t i = 0; code == EP_E_UNAVAILABLE && i < sizeof kinds / sizeof *kinds; i++)
        if (strstr(message, kinds[i].part))
            code = kinds[i].code;
    ep_str text = ep_str_trim(ep_str_from(message));
    while (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    ep_buf_put_str(&sentence, text);
    ep_buf_puts(&sentence, "");
    const char *advice =
        code == EP_E_PERMISSION ? "; the password comes from PGPASSWORD, PGPASSFILE or a service file" : "";
    return ep_fail(err, code, "PostgreSQL cannot be reached: %s%s", sentence.failed ? "" : sentence.data,
                   advice);
}

static ep_code connect_store(ep_postgres *pg, ep_error *err) {
    /* The address overrides what stands before it, and is overridden by what stands behind it. */
    static const char *const names[] = {"application_name", "connect_timeout", "keepalives_idle", "dbname",
                                        NULL};
    const char *values[] = {"entrepot", "15", "60", pg->location, NULL};
    pg->connection = PQconnectdbParams(names, values, 1);
    if (!pg->connection)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    if (PQstatus(pg->connection) != CONNECTION_OK)
        return fail_connect(pg->connection, err);
    PQsetNoticeReceiver(pg->connection, ignore_notice, NULL);
    PQsetErrorContextVisibility(pg->connection, PQSHOW_CONTEXT_NEVER);
    set_cancel(pg, PQgetCancel(pg->connection));
    return prepare_session(pg, err);
}

static ep_code open_location(const char *location, bool read_only, int64_t memory_limit_bytes, ep_store **ret,
                             ep_error *err) {
    EP_TRY(check_location(location, err));
    ep_postgres *pg = ep_calloc(1, sizeof *pg);
    if (!pg)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    pg->base.ops = &ep_store_postgres;
    pg->read_only = read_only;
    pg->memory_limit_bytes = memory_limit_bytes;
    pthread_mutex_init(&pg->cancel_lock, NULL);
    pg->location = ep_strdup(location);
    ep_code code = pg->location ? connect_store(pg, err) : ep_fail(err, EP_E_NOMEM, "out of memory");
    if (code == EP_OK)
        *ret = &pg->base;
    else
        ep_pg_close(&pg->base);
    return code;
}

ep_code ep_pg_open(const ep_store_options *options, ep_store **ret, ep_error *err) {
    return open_location(options->location, options->read_only, options->memory_limit_bytes, ret, err);
}

ep_code ep_pg_share(ep_store *store, ep_store **ret, ep_error *err) {
    const ep_postgres *pg = (const ep_postgres *)store;
    return open_location(pg->location, pg->read_only, pg->memory_limit_bytes, ret, err);
}

/* Another session: temporary tables are gone, and what was not committed. */
ep_code ep_pg_recover(ep_store *store, ep_error *err) {
    ep_postgres *pg = (ep_postgres *)store;
    set_cancel(pg, NULL);
    PQfinish(pg->connection);
    pg->connection = NULL;
    return connect_store(pg, err);
}

void ep_pg_close(ep_store *store) {
    ep_postgres *pg = (ep_postgres *)store;
    set_cancel(pg, NULL);
    PQfinish(pg->connection);
    pthread_mutex_destroy(&pg->cancel_lock);
    ep_free(pg->location);
    ep_free(pg);
}

void ep_pg_interrupt(ep_store *store) {
    ep_postgres *pg = (ep_postgres *)store;
    char ignored[256];
    pthread_mutex_lock(&pg->cancel_lock);
    if (pg->cancel)
        (void)PQcancel(pg->cancel, ignored, sizeof ignored);
    pthread_mutex_unlock(&pg->cancel_lock);
}
