#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/duckdb_private.h"

/* A second instance of a file in one process would lose rows, and closing it would drop the lock on the file that
 * keeps other processes out. So every open file stands here. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static ep_duckdb_file *open_files;

static bool is_same_file(const ep_duckdb_file *a, const ep_duckdb_file *b) {
    return strcmp(a->path, b->path) == 0 || (a->inode != 0 && a->inode == b->inode && a->device == b->device);
}

static void identify(ep_duckdb_file *file) {
    struct stat status;
    if (stat(file->path, &status) == 0) {
        file->device = status.st_dev;
        file->inode = status.st_ino;
    }
}

static ep_code register_file(ep_duckdb_file *file, ep_error *err) {
    ep_code code = EP_OK;
    if (!file->path)
        return EP_OK;
    pthread_mutex_lock(&open_lock);
    for (ep_duckdb_file *other = open_files; other; other = other->next_open)
        if (is_same_file(other, file))
            code = ep_fail(err, EP_E_BUSY, "%s is already open in this process", file->path);
    if (code == EP_OK) {
        file->next_open = open_files;
        open_files = file;
    }
    pthread_mutex_unlock(&open_lock);
    return code;
}

static void unregister_file(ep_duckdb_file *file) {
    pthread_mutex_lock(&open_lock);
    for (ep_duckdb_file **at = &open_files; *at; at = &(*at)->next_open)
        if (*at == file) {
            *at = file->next_open;
            break;
        }
    pthread_mutex_unlock(&open_lock);
}

/* Absolute, without links: DuckDB compares its allowed folders as texts, and "prefix:name" would name an extension. The last part need
 * not exist. */
static ep_code canonical_path(const char *path, char **ret, ep_error *err) {
    char real[PATH_MAX];
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    if (realpath(path, real)) {
        ep_buf_puts(&buf, real);
    } else {
        if (errno != ENOENT)
            return ep_fail_errno(err, errno, "cannot open", path);
        const char *slash = strrchr(path, '/');
        size_t n_folder = slash ? (size_t)(slash - path) : 0;
        char *folder = slash ? ep_strndup(path, n_folder > 0 ? n_folder : 1) : ep_strdup(".");
        if (!folder)
            return ep_fail(err, EP_E_NOMEM, "out of memory");
        bool found = realpath(folder, real) != NULL;
        int errnum = errno;
        ep_free(folder);
        if (!found)
            return ep_fail_errno(err, errnum, "no folder for", path);
        ep_buf_puts(&buf, strcmp(real, "/") == 0 ? "" : real);
        ep_buf_printf(&buf, "/%s", slash ? slash + 1 : path);
    }
    EP_TRY(ep_buf_check(&buf, err));
    *ret = buf.data;
    buf = (ep_buf){0};
    return EP_OK;
}

/* Says what the library says less well or not at all. */
static ep_code check_file(const char *path, bool read_only, ep_error *err) {
    struct stat status;
    if (stat(path, &status) != 0)
        return read_only || errno != ENOENT ? ep_fail_errno(err, errno, "cannot open", path) : EP_OK;
    if (S_ISDIR(status.st_mode))
        return ep_fail(err, EP_E_ARG, "%s is a folder, not a DuckDB file", path);
    if (!S_ISREG(status.st_mode))
        return ep_fail(err, EP_E_ARG, "%s is not an ordinary file", path);
    if (access(path, read_only ? R_OK : R_OK | W_OK) != 0)
        return ep_fail_errno(err, errno, read_only ? "cannot read" : "cannot write", path);
    return EP_OK;
}

static ep_code set(duckdb_config config, const char *name, const char *value, ep_error *err) {
    if (duckdb_set_config(config, name, value) != DuckDBSuccess)
        return ep_fail(err, EP_E_ARG, "DuckDB refuses %s = %s", name, value);
    return EP_OK;
}

static ep_code set_number(duckdb_config config, const char *name, int64_t value, const char *unit,
                          ep_error *err) {
    char text[48];
    snprintf(text, sizeof text, "%lld%s", (long long)value, unit);
    return set(config, name, text, err);
}

static ep_code configure(duckdb_config config, const ep_store_options *options, int n_threads,
                         ep_error *err) {
    EP_TRY(set(config, "access_mode", options->read_only ? "READ_ONLY" : "READ_WRITE", err));
    EP_TRY(set(config, "autoinstall_known_extensions", "false", err));
    EP_TRY(set(config, "autoload_known_extensions", "false", err));
    EP_TRY(set(config, "allow_community_extensions", "false", err));
    EP_TRY(set(config, "allow_unsigned_extensions", "false", err));
    int64_t memory = options->memory_limit_bytes > 0 ? options->memory_limit_bytes : INT64_C(512) << 20;
    EP_TRY(set_number(config, "memory_limit", memory, "B", err));
    EP_TRY(set_number(config, "threads", n_threads, "", err));
    /* New files: strings are compressed with a shared dictionary (dict_fsst), smaller and a fifth faster to write than what older versions read. */
    EP_TRY(set(config, "storage_compatibility_version", "v1.5.0", err));
    /* A row group that is full is written, not kept until it has company. */
    EP_TRY(set(config, "write_buffer_row_group_count", "1", err));
    /* As PostgreSQL sorts. */
    EP_TRY(set(config, "default_null_order", "NULLS_LAST_ON_ASC_FIRST_ON_DESC", err));
    int64_t checkpoint = options->checkpoint_bytes > 0 ? options->checkpoint_bytes : INT64_C(256) << 20;
    return set_number(config, "checkpoint_threshold", checkpoint, "B", err);
}

static ep_code open_database(ep_duckdb_file *file, const ep_store_options *options, ep_error *err) {
    duckdb_config config = NULL;
    char *message = NULL;
    if (duckdb_create_config(&config) != DuckDBSuccess)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    ep_code code = configure(config, options, file->n_threads, err);
    if (code == EP_OK && duckdb_open_ext(file->path ? file->path : ":memory:", &file->database, config,
                                         &message) != DuckDBSuccess)
        code = ep_duckdb_fail(err, NULL, message);
    duckdb_free(message);
    duckdb_destroy_config(&config);
    return code;
}

/* Afterwards no statement reaches a file outside the folder, loads code or changes a setting. The order matters: a later
 * statement makes the earlier ones impossible. `CALL enable_logging(storage = 'file')` stays possible (1.5.6) and breaks the
 * instance, one more reason why SQL of users never comes here. */
static ep_code lock_down(duckdb_connection connection, const ep_store_options *options, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    char *path = NULL;
    ep_buf_puts(&sql, "SET GLOBAL TimeZone = 'UTC'; ");
    if (options->allowed_folder) {
        EP_TRY(canonical_path(options->allowed_folder, &path, err));
        ep_buf_puts(&sql, "SET allowed_directories = [");
        ep_buf_put_literal(&sql, ep_str_from(path));
        ep_buf_puts(&sql, "]; ");
        ep_free(path);
        path = NULL;
    }
    if (options->temp_folder)
        EP_TRY(canonical_path(options->temp_folder, &path, err));
    ep_buf_puts(&sql, "SET temp_directory = ");
    ep_buf_put_literal(&sql, ep_str_from(path ? path : ""));
    ep_free(path);
    if (!options->read_only)
        ep_buf_puts(&sql, "; SET allowed_configs = ['preserve_insertion_order']"); /* duckdb_stream.c */
    ep_buf_puts(&sql, "; SET enable_external_access = false; SET lock_configuration = true");
    EP_TRY(ep_buf_check(&sql, err));
    return ep_duckdb_command(connection, sql.data, err);
}

static ep_code check_library(ep_error *err) {
    const char *version = duckdb_library_version();
    if (strncmp(version, "v1.5.", 5) != 0)
        return ep_fail(err, EP_E_CONFIG, "libduckdb is %s, this program needs v1.5", version);
    return EP_OK;
}

static void free_file(ep_duckdb_file *file) {
    if (!file)
        return;
    duckdb_close(&file->database);
    unregister_file(file);
    pthread_mutex_destroy(&file->stream_lock);
    ep_free(file->path);
    ep_free(file);
}

/* Connects; the connection holds the file from here on, also when it fails. */
static ep_code connect_file(ep_duckdb_file *file, ep_duckdb **ret, ep_error *err) {
    ep_duckdb *duck = ep_calloc(1, sizeof *duck);
    if (!duck)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    duck->base.ops = &ep_store_duckdb;
    if (duckdb_connect(file->database, &duck->connection) != DuckDBSuccess) {
        ep_free(duck);
        return ep_fail(err, EP_E_NOMEM, "DuckDB gives no connection");
    }
    pthread_mutex_lock(&open_lock);
    file->n_connections++;
    pthread_mutex_unlock(&open_lock);
    duck->file = file;
    *ret = duck;
    return EP_OK;
}

static ep_code open_file(const ep_store_options *options, ep_duckdb_file **ret, ep_error *err) {
    ep_duckdb_file *file = ep_calloc(1, sizeof *file);
    if (!file)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    pthread_mutex_init(&file->stream_lock, NULL);
    file->n_threads = options->n_threads > 0 ? options->n_threads : (int)sysconf(_SC_NPROCESSORS_ONLN);
    ep_code code = EP_OK;
    if (options->location[0] != '\0') {
        code = canonical_path(options->location, &file->path, err);
        if (code == EP_OK)
            code = check_file(file->path, options->read_only, err);
        if (code == EP_OK) {
            identify(file);
            code = register_file(file, err);
        }
    } else if (options->read_only) {
        code = ep_fail(err, EP_E_ARG, "a store in memory cannot be read only");
    }
    if (code == EP_OK)
        code = open_database(file, options, err);
    if (code != EP_OK) {
        free_file(file);
        return code;
    }
    if (file->path && file->inode == 0) {
        pthread_mutex_lock(&open_lock);
        identify(file);
        pthread_mutex_unlock(&open_lock);
    }
    *ret = file;
    return EP_OK;
}

ep_code ep_duckdb_open(const ep_store_options *options, ep_store **ret, ep_error *err) {
    ep_duckdb_file *file = NULL;
    ep_duckdb *duck = NULL;
    EP_TRY(check_library(err));
    EP_TRY(open_file(options, &file, err));
    ep_code code = connect_file(file, &duck, err);
    if (code != EP_OK) {
        free_file(file);
        return code;
    }
    code = ep_duckdb_register_stream(duck, err);
    if (code == EP_OK)
        code = lock_down(duck->connection, options, err);
    if (code != EP_OK)
        ep_duckdb_close(&duck->base);
    else
        *ret = &duck->base;
    return code;
}

ep_code ep_duckdb_share(ep_store *store, ep_store **ret, ep_error *err) {
    ep_duckdb *duck = NULL;
    EP_TRY(connect_file(((ep_duckdb *)store)->file, &duck, err));
    *ret = &duck->base;
    return EP_OK;
}

void ep_duckdb_close(ep_store *store) {
    ep_duckdb *duck = (ep_duckdb *)store;
    duckdb_disconnect(&duck->connection);
    pthread_mutex_lock(&open_lock);
    bool last = --duck->file->n_connections == 0;
    pthread_mutex_unlock(&open_lock);
    if (last)
        free_file(duck->file);
    ep_free(duck);
}
