#include "warehouse/pipeline.h"
#include "base/hash.h"
#include "source/file.h"
#include "warehouse/archive.h"
#include "warehouse/stage.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* Pieces that may be under way besides two a worker: enough to keep the workers busy while the store merges a slice. Where records become many
 * rows, memory bounds them. */
enum { PIECE_RECORDS = 4096, MAX_WORKERS = 64, READ_AHEAD = 14, AHEAD_BYTES = 32 << 20 };

typedef enum { FREE, CUT, BUSY, DONE } slot_state;

typedef struct slot {
    slot_state state;
    ep_piece *piece; /* NULL while free */
    ep_raw raws[PIECE_RECORDS];
    size_t n_raws;
    bool end;
    ep_code code;
    ep_error error;
} slot;

struct ep_pipeline {
    const ep_warehouse *w;
    const ep_feed *feed;
    const ep_feed_meta *meta;
    ep_piece_pool *pool;
    ep_resume resume;
    uint64_t first_unit;
    ep_file *file;
    ep_splitter *splitter;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping;
    slot *slots;
    size_t n_slots;
    uint64_t n_cut, n_taken, n_next; /* pieces cut, taken by workers, handed out */
    size_t most_ahead,
        least_ahead;      /* pieces cut and not handed out: at most so many, which are at least so many */
    size_t largest_bytes; /* memory of the largest piece so far */
    pthread_t reader, workers[MAX_WORKERS];
    size_t n_workers;
    bool has_reader;
    ep_str *columns;
    size_t n_columns;
    char delimiter;
    /* the reader's own */
    uint64_t n_raws, n_records, digest, offset;
};

static uint64_t add_digest(uint64_t digest, ep_str raw) {
    return (digest ^ ep_xxh3(raw.ptr, raw.len)) * UINT64_C(0x9E3779B97F4A7C15) + raw.len;
}

/* Waits for the slot of the next piece; NULL when stopping. */
static slot *free_slot(ep_pipeline *p) {
    pthread_mutex_lock(&p->lock);
    slot *s = &p->slots[p->n_cut % p->n_slots];
    while (!p->stopping && p->n_cut - p->n_next >= p->most_ahead)
        pthread_cond_wait(&p->changed, &p->lock);
    bool stopping = p->stopping;
    pthread_mutex_unlock(&p->lock);
    return stopping ? NULL : s;
}

static void publish(ep_pipeline *p, slot *s, slot_state state) {
    pthread_mutex_lock(&p->lock);
    s->state = state;
    p->n_cut++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* The last slot of a stream: its end, or the error that ended it. */
static void publish_end(ep_pipeline *p, ep_code code, const ep_error *err) {
    slot *s = free_slot(p);
    if (!s)
        return;
    s->end = true;
    s->code = code;
    if (code != EP_OK)
        s->error = *err;
    publish(p, s, DONE);
}

/* Records that were loaded before: their digest must be the same. */
static ep_code skip(ep_pipeline *p, const ep_raw **raws, size_t *n, ep_error *err) {
    while (*n > 0 && p->n_raws < p->resume.n_raws) {
        p->digest = add_digest(p->digest, (*raws)->raw);
        p->n_raws++;
        (*raws)++;
        (*n)--;
        if (p->n_raws == p->resume.n_raws && p->digest != p->resume.digest)
            return ep_fail(err, EP_E_CONFLICT, "the source changed in its part that was loaded before");
    }
    return EP_OK;
}

static ep_code cut_pieces(ep_pipeline *p, ep_block *b, const ep_raw *raws, size_t n, ep_error *err) {
    EP_TRY(skip(p, &raws, &n, err));
    while (n > 0) {
        slot *s = free_slot(p);
        if (!s)
            return ep_fail(err, EP_E_CANCELLED, "stopped");
        ep_piece *piece;
        EP_TRY(ep_piece_take(p->pool, &piece, err));
        s->piece = piece;
        s->n_raws = n < PIECE_RECORDS ? n : PIECE_RECORDS;
        memcpy(s->raws, raws, s->n_raws * sizeof *raws);
        piece->size_bytes = 0;
        for (size_t i = 0; i < s->n_raws; i++) {
            p->digest = add_digest(p->digest, raws[i].raw);
            piece->size_bytes += raws[i].raw.len;
        }
        p->n_raws += s->n_raws;
        piece->n_raws = p->n_raws;
        piece->digest = p->digest;
        piece->offset = p->offset;
        piece->block = b;
        s->end = false;
        s->code = EP_OK;
        atomic_fetch_add(&b->n_users, 1);
        publish(p, s, CUT);
        raws += s->n_raws;
        n -= s->n_raws;
    }
    return EP_OK;
}

static void free_columns(ep_str *columns, size_t n) {
    for (size_t i = 0; columns && i < n; i++)
        ep_free((char *)(uintptr_t)columns[i].ptr);
    ep_free(columns);
}

static ep_code keep_columns(ep_pipeline *p, ep_error *err) {
    size_t n;
    const ep_str *columns = ep_splitter_columns(p->splitter, &n);
    if (p->columns || n == 0)
        return EP_OK;
    ep_str *copy = ep_calloc(n, sizeof *copy);
    bool whole = copy;
    for (size_t i = 0; whole && i < n; i++) {
        copy[i] = (ep_str){ep_strndup(columns[i].ptr, columns[i].len), columns[i].len};
        whole = copy[i].ptr;
    }
    if (!whole) {
        free_columns(copy, n);
        return ep_fail(err, EP_E_NOMEM, "out of memory for the header");
    }
    pthread_mutex_lock(&p->lock);
    p->n_columns = n;
    p->delimiter = ep_splitter_delimiter(p->splitter);
    p->columns = copy;
    pthread_mutex_unlock(&p->lock);
    return EP_OK;
}

static ep_code read_block(ep_pipeline *p, bool *ret_last, ep_error *err) {
    ep_block *b;
    EP_TRY(ep_block_take(p->pool, &b, err));
    size_t len, n = 0;
    const ep_raw *raws = NULL;
    ep_code code = ep_file_read(p->file, b->data, EP_BLOCK_BYTES, EP_PADDING, &len, ret_last, err);
    if (code == EP_E_CANCELLED)
        code = ep_warehouse_stopping(p->w, err);
    p->offset += code == EP_OK ? len : 0;
    if (code == EP_OK)
        code = ep_splitter_feed(p->splitter, (ep_str){b->data, len}, *ret_last, &b->arena, &raws, &n, err);
    if (code == EP_OK)
        code = keep_columns(p, err);
    if (code == EP_OK)
        code = cut_pieces(p, b, raws, n, err);
    ep_block_give(p->pool, b);
    return code;
}

static void *read_all(void *context) {
    ep_pipeline *p = context;
    ep_error err = {0};
    ep_code code = EP_OK;
    for (bool last = false; code == EP_OK && !last;)
        code = read_block(p, &last, &err);
    if (code == EP_OK && p->n_raws < p->resume.n_raws)
        code = ep_fail(&err, EP_E_CONFLICT, "the source is shorter than what was loaded of it");
    publish_end(p, code, &err);
    return NULL;
}

/* What a worker needs besides the slot. */
typedef struct tools {
    ep_feed_runner *runner;
    ep_stamper *stamper;
    bool has_columns;
} tools;

static ep_code work_on(ep_pipeline *p, tools *t, slot *s, uint64_t number, ep_error *err) {
    if (!t->has_columns && p->columns) {
        ep_feed_runner_set_columns(t->runner, p->columns, p->n_columns, p->delimiter);
        t->has_columns = true;
    }
    ep_unit *unit = s->piece->unit;
    EP_TRY(ep_feed_runner_run(t->runner, s->raws, s->n_raws, p->meta, unit, err));
    EP_TRY(ep_stamper_run(t->stamper, unit, (int64_t)(p->first_unit + number), err));
    s->piece->memory_bytes = s->piece->size_bytes + ep_unit_bytes(unit);
    return ep_feed_keeps_archive(p->feed) ? ep_archive_pack(unit, &s->piece->archive, err) : EP_OK;
}

/* The next piece that is cut; NULL when nothing more comes. */
static slot *take(ep_pipeline *p, uint64_t *ret_number) {
    pthread_mutex_lock(&p->lock);
    slot *s = NULL;
    while (!p->stopping) {
        s = &p->slots[p->n_taken % p->n_slots];
        if (p->n_taken < p->n_cut)
            break;
        s = NULL;
        pthread_cond_wait(&p->changed, &p->lock);
    }
    if (s && s->end)
        s = NULL; /* the others see it too */
    if (s) {
        *ret_number = p->n_taken++;
        s->state = BUSY;
    }
    pthread_mutex_unlock(&p->lock);
    return s;
}

/* As many pieces like the largest may be under way as memory allows. */
static void note_size(ep_pipeline *p, const ep_piece *piece) {
    if (piece->memory_bytes <= p->largest_bytes)
        return;
    p->largest_bytes = piece->memory_bytes;
    size_t most = AHEAD_BYTES / p->largest_bytes;
    p->most_ahead = most < p->least_ahead ? p->least_ahead : most > p->n_slots ? p->n_slots : most;
}

static void *work(void *context) {
    ep_pipeline *p = context;
    tools t = {0};
    ep_error err = {0};
    ep_code ready = ep_feed_runner_new(p->feed, &t.runner, &err);
    if (ready == EP_OK)
        ready = ep_stamper_new(p->w, p->feed, &t.stamper, &err);
    uint64_t number = 0;
    for (slot *s; (s = take(p, &number));) {
        s->code = ready;
        s->error = err;
        if (ready == EP_OK)
            s->code = work_on(p, &t, s, number, &s->error);
        pthread_mutex_lock(&p->lock);
        s->state = DONE;
        note_size(p, s->piece);
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);
    }
    ep_stamper_free(&t.stamper);
    ep_feed_runner_free(&t.runner);
    return NULL;
}

static size_t count_workers(const ep_warehouse *w) {
    long n = w->settings.threads > 0 ? (long)w->settings.threads : sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > MAX_WORKERS ? MAX_WORKERS : (size_t)n;
}

static ep_code start_threads(ep_pipeline *p, ep_error *err) {
    size_t n = count_workers(p->w);
    if (pthread_create(&p->reader, NULL, read_all, p) != 0)
        return ep_fail(err, EP_E_NOMEM, "cannot start a thread");
    p->has_reader = true;
    for (; p->n_workers < n; p->n_workers++)
        if (pthread_create(&p->workers[p->n_workers], NULL, work, p) != 0)
            return ep_fail(err, EP_E_NOMEM, "cannot start a thread");
    return EP_OK;
}

ep_code ep_pipeline_start(const ep_warehouse *w, const ep_feed *feed, ep_piece_pool *pool, const char *path,
                          const ep_feed_meta *meta, const ep_resume *resume, uint64_t first_unit,
                          ep_pipeline **ret, ep_error *err) {
    ep_pipeline *p = ep_calloc(1, sizeof *p);
    if (!p)
        return ep_fail(err, EP_E_NOMEM, "out of memory for loading");
    p->w = w;
    p->feed = feed;
    p->meta = meta;
    p->pool = pool;
    p->resume = *resume;
    p->first_unit = first_unit;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->n_slots = count_workers(w) * 2 + READ_AHEAD;
    /* Until the first piece tells how large they are, one a worker, and one more. */
    p->most_ahead = p->least_ahead = count_workers(w) + 1;
    p->slots = ep_calloc(p->n_slots, sizeof *p->slots);
    ep_code code = p->slots ? EP_OK : ep_fail(err, EP_E_NOMEM, "out of memory for loading");
    if (code == EP_OK)
        code = ep_file_open(path, w->cancelled, &p->file, err);
    if (code == EP_OK)
        code = ep_splitter_new(ep_feed_decode(feed), &p->splitter, err);
    if (code == EP_OK)
        ep_splitter_count_occurrences(p->splitter, ep_feed_needs_occurrence(feed));
    if (code == EP_OK)
        code = start_threads(p, err);
    if (code != EP_OK)
        ep_pipeline_stop(&p);
    *ret = p;
    return code;
}

ep_code ep_pipeline_next(ep_pipeline *p, ep_piece **ret, ep_error *err) {
    pthread_mutex_lock(&p->lock);
    slot *s = &p->slots[p->n_next % p->n_slots];
    while (s->state != DONE)
        pthread_cond_wait(&p->changed, &p->lock);
    pthread_mutex_unlock(&p->lock);
    *ret = NULL;
    if (s->code != EP_OK) {
        if (err)
            *err = s->error;
        return s->code;
    }
    if (s->end)
        return EP_OK;
    if (p->n_next == 0 && p->resume.n_raws > 0)
        p->n_records = p->resume.next_record;
    ep_piece *piece = *ret = s->piece;
    size_t n = piece->unit->n_records;
    if (n > 0)
        p->n_records = piece->unit->records[n - 1].raw.at.record + 1;
    piece->next_record = p->n_records;
    pthread_mutex_lock(&p->lock);
    p->n_next++;
    s->piece = NULL;
    s->state = FREE;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return EP_OK;
}

void ep_pipeline_stop(ep_pipeline **pipeline) {
    if (!pipeline || !*pipeline)
        return;
    ep_pipeline *p = *pipeline;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    if (p->has_reader)
        pthread_join(p->reader, NULL);
    for (size_t i = 0; i < p->n_workers; i++)
        pthread_join(p->workers[i], NULL);
    for (size_t i = 0; p->slots && i < p->n_slots; i++)
        ep_piece_give(p->pool, p->slots[i].piece);
    free_columns(p->columns, p->n_columns);
    ep_free(p->slots);
    ep_splitter_free(&p->splitter);
    ep_file_close(&p->file);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    ep_free(p);
    *pipeline = NULL;
}

int64_t ep_pipeline_size(const ep_pipeline *p) {
    return ep_file_size(p->file);
}

const ep_str *ep_pipeline_columns(ep_pipeline *p, size_t *ret_n, char *ret_delimiter) {
    pthread_mutex_lock(&p->lock);
    *ret_n = p->n_columns;
    *ret_delimiter = p->delimiter;
    pthread_mutex_unlock(&p->lock);
    return p->columns;
}
