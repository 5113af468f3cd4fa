#include <stdatomic.h>
#include <string.h>

#include "store/duckdb_guard.h"
#include "store/duckdb_private.h"

/* ep_stream(): a table function whose threads each take a batch, copy it vector by vector and take the next. When the source has had enough, each
 * goes on to the end of a row group of its own: what does not fill one is written again later. */

/* Rows of a batch that are to be copied. */
struct portion {
    const ep_batch *batch; /* NULL: none */
    const uint32_t *rows;
    size_t n_rows, next_row;
};

/* The stream that a statement reads; the lock guards all but the constants. */
typedef struct ep_duckdb_stream {
    const ep_stream_source *source;
    idx_t connection_id;
    int n_threads;
    duckdb_logical_type *types;
    pthread_mutex_t lock;
    pthread_cond_t no_pullers;
    int n_pullers, n_running; /* alive; of these, not yet at their end */
    struct portion *left;     /* n_left of at most n_threads, from threads that ended at a row group's end */
    size_t n_left;
    bool at_end;
    ep_error error; /* of the source or of a value */
} ep_duckdb_stream;

/* What one of the engine's threads is copying. */
struct puller {
    ep_duckdb_stream *stream;
    struct portion at;
    size_t n_in_group;   /* rows in the row group that this thread fills */
    bool closing, ended; /* takes only what is left; takes nothing */
};

static idx_t take_id(duckdb_client_context context) {
    idx_t id = duckdb_client_context_get_connection_id(context);
    duckdb_destroy_client_context(&context);
    return id;
}

/* Only the connection that runs ep_duckdb_insert_stream() may read its stream. */
static void bind_stream(duckdb_bind_info info) {
    ep_duckdb_file *file = duckdb_bind_get_extra_info(info);
    duckdb_client_context context = NULL;
    duckdb_table_function_get_client_context(info, &context);
    idx_t connection_id = take_id(context);
    pthread_mutex_lock(&file->stream_lock);
    ep_duckdb_stream *stream =
        file->stream && file->stream->connection_id == connection_id ? file->stream : NULL;
    pthread_mutex_unlock(&file->stream_lock);
    if (!stream) {
        duckdb_bind_set_error(info, "ep_stream() is for ep_store_insert_stream()");
        return;
    }
    for (size_t i = 0; i < stream->source->schema->n_columns; i++)
        duckdb_bind_add_result_column(info, stream->source->schema->columns[i].name, stream->types[i]);
    duckdb_bind_set_bind_data(info, stream, NULL);
}

static void init_stream(duckdb_init_info info) {
    const ep_duckdb_stream *stream = duckdb_init_get_bind_data(info);
    duckdb_init_set_max_threads(info, (idx_t)stream->n_threads);
}

static void batch_done(ep_duckdb_stream *stream, struct portion *portion) {
    if (portion->batch && stream->source->done)
        stream->source->done(stream->source->context, portion->batch);
    portion->batch = NULL;
}

static void free_puller(void *data) {
    struct puller *puller = data;
    ep_duckdb_stream *stream = puller->stream;
    pthread_mutex_lock(&stream->lock);
    batch_done(stream, &puller->at);
    stream->n_running -= !puller->ended;
    ep_free(puller);
    if (--stream->n_pullers == 0)
        pthread_cond_signal(&stream->no_pullers);
    pthread_mutex_unlock(&stream->lock);
}

static void init_puller(duckdb_init_info info) {
    struct puller *puller = ep_calloc(1, sizeof *puller);
    if (!puller) {
        duckdb_init_set_error(info, "out of memory");
        return;
    }
    ep_duckdb_stream *stream = puller->stream = duckdb_init_get_bind_data(info);
    pthread_mutex_lock(&stream->lock);
    stream->n_pullers++;
    stream->n_running++;
    pthread_mutex_unlock(&stream->lock);
    duckdb_init_set_init_data(info, puller, free_puller);
}

/* After an error the engine's threads may still be leaving when the statement has already returned. */
static void wait_for_pullers(ep_duckdb_stream *stream) {
    pthread_mutex_lock(&stream->lock);
    while (stream->n_pullers > 0)
        pthread_cond_wait(&stream->no_pullers, &stream->lock);
    pthread_mutex_unlock(&stream->lock);
}

/* The first error stays: what follows is its consequence. */
static void keep_error(ep_duckdb_stream *stream, const ep_error *err) {
    if (stream->error.code == EP_OK)
        stream->error = *err;
    stream->at_end = true;
}

/* At the end of a row group, when the source has had enough: the rest of the batch goes to a thread that still fills one, or becomes a small
 * group of its own when this is the last. */
static void maybe_end(struct puller *puller) {
    ep_duckdb_stream *stream = puller->stream;
    if (puller->n_in_group > 0 || puller->closing || stream->at_end || !stream->source->enough ||
        !stream->source->enough(stream->source->context))
        return;
    puller->closing = true;
    if (stream->n_running == 1)
        return;
    if (puller->at.batch)
        stream->left[stream->n_left++] = puller->at;
    puller->at.batch = NULL;
    puller->ended = true;
    stream->n_running--;
}

/* A batch with rows, or none at the end. */
static void take_next(struct puller *puller) {
    ep_duckdb_stream *stream = puller->stream;
    struct portion *at = &puller->at;
    ep_error err = {0};
    while (!stream->at_end && !at->batch) {
        ep_code code =
            stream->source->next(stream->source->context, &at->batch, &at->rows, &at->n_rows, &err);
        at->next_row = 0;
        if (at->batch && !at->rows)
            at->n_rows = at->batch->n_rows;
        if (code != EP_OK) {
            at->batch = NULL;
            keep_error(stream, &err);
        } else if (!at->batch) {
            stream->at_end = true;
        } else if (!at->batch->sealed) {
            ep_fail(&err, EP_E_BUG, "ep_stream(): the batch is not sealed");
            keep_error(stream, &err);
        } else if (at->n_rows == 0) {
            batch_done(stream, at);
        }
    }
}

/* Rows to copy, if there are any for this thread. */
static bool find_rows(struct puller *puller) {
    ep_duckdb_stream *stream = puller->stream;
    struct portion *at = &puller->at;
    pthread_mutex_lock(&stream->lock);
    if (at->batch && at->next_row == at->n_rows)
        batch_done(stream, at);
    maybe_end(puller);
    if (!puller->ended && !at->batch && stream->n_left > 0)
        *at = stream->left[--stream->n_left];
    if (!puller->closing && !at->batch)
        take_next(puller);
    bool failed = stream->error.code != EP_OK;
    pthread_mutex_unlock(&stream->lock);
    return at->batch && !failed;
}

static bool has_failed(ep_duckdb_stream *stream, const ep_error *err) {
    pthread_mutex_lock(&stream->lock);
    if (err)
        keep_error(stream, err);
    bool failed = stream->error.code != EP_OK;
    pthread_mutex_unlock(&stream->lock);
    return failed;
}

static void copy_rows(duckdb_function_info info, duckdb_data_chunk output) {
    struct puller *puller = duckdb_function_get_local_init_data(info);
    ep_duckdb_stream *stream = puller->stream;
    struct portion *at = &puller->at;
    ep_error err = {0};
    if (!find_rows(puller)) {
        duckdb_data_chunk_set_size(output, 0);
        if (has_failed(stream, NULL))
            duckdb_function_set_error(info, "the source of the rows failed");
        return;
    }
    size_t n = at->n_rows - at->next_row, most = EP_ROW_GROUP_ROWS - puller->n_in_group;
    if (most > duckdb_vector_size())
        most = duckdb_vector_size();
    if (n > most)
        n = most;
    bool copies = stream->source->text == EP_TEXT_COPIED;
    if (ep_duckdb_fill(output, at->batch, at->rows, at->next_row, n, copies, &err) != EP_OK) {
        (void)has_failed(stream, &err);
        duckdb_function_set_error(info, "a value does not fit");
        return;
    }
    at->next_row += n;
    puller->n_in_group = (puller->n_in_group + n) % EP_ROW_GROUP_ROWS;
}

struct registration {
    ep_duckdb *duck;
    duckdb_state state;
};

static void register_function(void *argument) {
    struct registration *r = argument;
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_table_function_set_name(function, "ep_stream");
    duckdb_table_function_set_extra_info(function, r->duck->file, NULL);
    duckdb_table_function_set_bind(function, bind_stream);
    duckdb_table_function_set_init(function, init_stream);
    duckdb_table_function_set_local_init(function, init_puller);
    duckdb_table_function_set_function(function, copy_rows);
    r->state = duckdb_register_table_function(r->duck->connection, function);
    duckdb_destroy_table_function(&function);
}

ep_code ep_duckdb_register_stream(ep_duckdb *duck, ep_error *err) {
    struct registration registration = {duck, DuckDBError};
    EP_TRY(ep_duckdb_guard(register_function, &registration, err));
    return registration.state == DuckDBSuccess
               ? EP_OK
               : ep_fail(err, EP_E_STORE, "DuckDB refuses the function ep_stream()");
}

static ep_code set_stream(ep_duckdb_file *file, ep_duckdb_stream *stream, ep_error *err) {
    ep_code code = EP_OK;
    pthread_mutex_lock(&file->stream_lock);
    if (stream && file->stream)
        code = ep_fail(err, EP_E_BUSY, "another ep_stream() runs on this file");
    else
        file->stream = stream;
    pthread_mutex_unlock(&file->stream_lock);
    return code;
}

/* The engine's threads insert side by side only while it need not keep the order of rows. That is a setting of the whole file, but for this
 * statement alone: temporary tables that are filled without order take three times the memory. It is set by another connection, since the
 * stream's own may be in a transaction that failed. */
static ep_code keep_order(ep_duckdb_file *file, bool keep, ep_error *err) {
    duckdb_connection connection = NULL;
    if (duckdb_connect(file->database, &connection) != DuckDBSuccess)
        return ep_fail(err, EP_E_STORE, "DuckDB opens no connection for a setting");
    ep_code code = ep_duckdb_command(
        connection, keep ? "SET preserve_insertion_order = true" : "SET preserve_insertion_order = false",
        err);
    duckdb_disconnect(&connection);
    return code;
}

static ep_code run_statement(ep_store *store, const char *sql, const ep_duckdb_stream *stream,
                             int64_t *ret_changed, ep_error *err) {
    ep_duckdb_file *file = ((ep_duckdb *)store)->file;
    bool without_order = stream->source->side_by_side && stream->n_threads > 1;
    ep_error of_setting = {0};
    if (without_order)
        EP_TRY(keep_order(file, false, err));
    ep_code code = ep_duckdb_run(store, sql, NULL, 0, ret_changed, err);
    ep_code set = without_order ? keep_order(file, true, &of_setting) : EP_OK;
    if (code != EP_OK || set == EP_OK)
        return code;
    *err = of_setting;
    return set;
}

static ep_code run_stream(ep_store *store, const char *sql, ep_duckdb_stream *stream, int64_t *ret_changed,
                          ep_error *err) {
    ep_duckdb_file *file = ((ep_duckdb *)store)->file;
    EP_TRY(set_stream(file, stream, err));
    ep_code code = run_statement(store, sql, stream, ret_changed, err);
    wait_for_pullers(stream);
    while (stream->n_left > 0)
        batch_done(stream, &stream->left[--stream->n_left]);
    (void)!set_stream(file, NULL, NULL);
    if (code != EP_OK && stream->error.code != EP_OK)
        *err = stream->error;
    return code == EP_OK ? EP_OK : err->code;
}

ep_code ep_duckdb_insert_stream(ep_store *store, const char *sql, const ep_stream_source *source,
                                int n_threads, int64_t *ret_changed, ep_error *err) {
    ep_duckdb *duck = (ep_duckdb *)store;
    duckdb_client_context context = NULL;
    ep_duckdb_stream stream = {
        .source = source,
        .n_threads = n_threads > 0 ? n_threads : duck->file->n_threads,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .no_pullers = PTHREAD_COND_INITIALIZER,
    };
    duckdb_connection_get_client_context(duck->connection, &context);
    if (!context)
        return ep_fail(err, EP_E_NOMEM, "out of memory");
    stream.connection_id = take_id(context);
    stream.left = ep_calloc((size_t)stream.n_threads, sizeof *stream.left);
    ep_code code = stream.left ? ep_duckdb_types_new(source->schema, &stream.types, err)
                               : ep_fail(err, EP_E_NOMEM, "out of memory");
    if (code == EP_OK)
        code = run_stream(store, sql, &stream, ret_changed, err);
    ep_duckdb_types_free(stream.types, source->schema->n_columns);
    ep_free(stream.left);
    pthread_cond_destroy(&stream.no_pullers);
    pthread_mutex_destroy(&stream.lock);
    return code;
}
