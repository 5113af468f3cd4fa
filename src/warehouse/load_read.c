#include "warehouse/load_read.h"

/* Pieces with rows for another look that a slice may keep beyond its own, while it goes on. */
enum { KEPT_PIECES = 32 };

/* A source that is being read. */
typedef struct reading {
    ep_loader *l;
    const char *path;
    ep_pipeline *pipeline;
    size_t most_pieces;            /* that may be kept while a slice goes on */
    int64_t n_records, size_bytes; /* taken here */
    int64_t offset;                /* of the last piece's end */
} reading;

static void tell(const reading *r, const ep_piece *piece) {
    const ep_load_options *options = r->l->options;
    const ep_load_progress progress = {r->path, r->l->n_done, r->l->n_bad, (int64_t)piece->offset,
                                       ep_pipeline_size(r->pipeline)};
    if (options->progress)
        options->progress(options->context, &progress);
}

static ep_code next_piece(reading *r, ep_piece **ret, ep_error *err) {
    EP_TRY(ep_warehouse_stopping(r->l->w, err));
    return ep_pipeline_next(r->pipeline, ret, err);
}

/* The piece is the batch's from here on, whatever happens. */
static void keep(ep_loader *l, ep_piece *piece) {
    piece->next = l->pieces;
    l->pieces = piece;
    l->n_pieces++;
    l->memory_bytes += piece->memory_bytes;
}

static ep_code accept_piece(reading *r, ep_piece *piece, ep_error *err) {
    ep_loader *l = r->l;
    ep_load_part *p = &l->parts[l->n_parts - 1];
    ep_code code = ep_load_keep_columns(p, r->pipeline, err);
    if (code == EP_OK)
        code = ep_load_take_piece(l, p, piece, err);
    r->n_records += (int64_t)piece->unit->n_records;
    r->size_bytes += (int64_t)piece->size_bytes;
    r->offset = (int64_t)piece->offset;
    tell(r, piece);
    return code;
}

static ep_code flow_more(void *context, bool *ret_more, ep_error *err) {
    reading *r = context;
    ep_piece *piece = NULL;
    *ret_more = false;
    if (r->l->n_pieces >= r->most_pieces)
        return EP_OK;
    EP_TRY(next_piece(r, &piece, err));
    if (!piece)
        return EP_OK;
    keep(r->l, piece);
    *ret_more = true;
    return accept_piece(r, piece, err);
}

/* A feed whose slices go on has one table. */
static void flow_done(void *context, const ep_batch *batch) {
    ep_loader *l = ((reading *)context)->l;
    ep_piece **place = &l->pieces;
    while ((*place)->unit->tables[0].batch != batch)
        place = &(*place)->next;
    ep_piece *piece = *place;
    *place = piece->next;
    l->n_pieces--;
    l->memory_bytes -= piece->memory_bytes;
    ep_piece_give(l->pool, piece);
}

/* What is left of the source fills no row group: to share it would leave two of them part-filled, which the engine writes again with their
 * neighbours. */
static bool is_nearly_read(const reading *r) {
    double left = (double)(ep_pipeline_size(r->pipeline) - r->offset);
    return left >= 0 && left * (double)r->n_records < (double)EP_ROW_GROUP_ROWS * (double)r->size_bytes;
}

static bool flow_enough(void *context) {
    const reading *r = context;
    return ep_load_is_full(r->l) || is_nearly_read(r);
}

/* Merges what is held. Where that is one insert, it goes on with the pieces that come, until the batch is full or one of them needs more than that:
 * then no thread of the engine waits for us to collect a slice, and row groups are written whole by each of them. */
static ep_code merge_slice(reading *r, ep_error *err) {
    ep_loader *l = r->l;
    const ep_held_flow flow = {.context = r, .more = flow_more, .done = flow_done, .enough = flow_enough};
    r->most_pieces = l->n_pieces + KEPT_PIECES;
    l->tx->flow = ep_tx_can_flow(l->tx) && !flow_enough(r) ? &flow : NULL;
    ep_code code = EP_OK;
    for (bool left = true; code == EP_OK && left;) {
        code = ep_tx_merge(l->tx, ep_late_reject, &l->late, err);
        l->tx->flow = NULL;
        if (code == EP_OK)
            code = ep_tx_slice(l->tx, &left, err);
    }
    l->tx->flow = NULL;
    EP_TRY(code);
    ep_load_give_pieces(l);
    ep_load_note_merged(l);
    return EP_OK;
}

ep_code ep_load_read(ep_loader *l, const char *path, ep_pipeline *pipeline, const ep_load_position *found,
                     int64_t generation, const ep_load_position *from, ep_error *err) {
    reading r = {.l = l, .path = path, .pipeline = pipeline};
    ep_load_position before = *found, at = *from;
    bool started = false;
    for (ep_piece *piece;;) {
        EP_TRY(next_piece(&r, &piece, err));
        if (!piece)
            break;
        /* A snapshot that was whole and grew is another one: all of it counts, not only what is new. */
        if (!started && found->complete && generation == found->generation &&
            ep_feed_delivery(l->feed) == EP_D_SNAPSHOT) {
            ep_piece_give(l->pool, piece);
            return ep_fail(err, EP_E_CONFLICT, "a snapshot grew");
        }
        keep(l, piece);
        if (!started)
            EP_TRY(ep_load_begin_part(l, path, &before, generation, &at, err));
        started = true;
        EP_TRY(accept_piece(&r, piece, err));
        if (!l->tx->holding)
            ep_load_give_pieces(l);
        if (!ep_load_is_full(l) && ep_load_is_slice_full(l))
            EP_TRY(merge_slice(&r, err));
        if (ep_load_is_full(l)) {
            at = l->parts[l->n_parts - 1].after;
            before = at;
            before.generation = generation;
            EP_TRY(ep_load_finish_batch(l, err));
            started = false;
        }
    }
    if (!started && found->complete && at.resume.n_raws == found->resume.n_raws &&
        generation == found->generation)
        return EP_OK; /* nothing new */
    if (!started)     /* the last batch ended just here: the position still learns that this is the end */
        EP_TRY(ep_load_begin_part(l, path, &before, generation, &at, err));
    l->parts[l->n_parts - 1].after.complete = true;
    return EP_OK;
}
