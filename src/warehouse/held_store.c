/* What is held on its way into the store: rows to stage, to probe, to insert. */
#include "warehouse/held.h"

#include <stdlib.h>
#include <string.h>

static int by_place(const void *a, const void *b) {
    const ep_held_at *x = a, *y = b;
    if (x->part != y->part)
        return x->part < y->part ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

typedef struct row_list {
    uint32_t *items;
    size_t n, capacity;
} row_list;

static void row_list_done(row_list *list) {
    ep_free(list->items);
}

static ep_code add_row(row_list *list, uint32_t row, ep_error *err) {
    EP_TRY(ep_grow((void **)&list->items, &list->capacity, list->n + 1, sizeof *list->items, err));
    list->items[list->n++] = row;
    return EP_OK;
}

ep_code ep_held_stage(ep_held *held, ep_store *store, int64_t *ret_n, ep_error *err) {
    EP_CLEANUP(row_list_done) row_list rows = {0};
    EP_CLEANUP(ep_buf_done) ep_buf name = {0};
    ep_buf_printf(&name, "stage_%s", held->table->name);
    EP_TRY(ep_buf_check(&name, err));
    *ret_n = (int64_t)held->n_staged;
    if (held->n_staged > 1)
        qsort(held->staged, held->n_staged, sizeof *held->staged, by_place);
    for (size_t i = 0, end; i < held->n_staged; i = end) {
        uint32_t part = held->staged[i].part;
        rows.n = 0;
        for (end = i; end < held->n_staged && held->staged[end].part == part; end++)
            EP_TRY(add_row(&rows, held->staged[end].row, err));
        const ep_batch *batch = held->parts[part - held->first_part].batch;
        EP_TRY(ep_store_append(store, name.data, batch, rows.items, rows.n, err));
    }
    held->n_staged = 0;
    return EP_OK;
}

/* Some columns of a table's batches, appended to a table that has these. */
typedef struct projection {
    ep_column_def *defs;
    ep_column *columns; /* of the batch that is appended */
    size_t *from;
    size_t n;
} projection;

static void projection_done(projection *p) {
    ep_free(p->defs);
    ep_free(p->columns);
    ep_free(p->from);
}

static ep_code projection_init(projection *p, const ep_table *t, ep_error *err) {
    p->defs = ep_calloc(t->stage.n_columns, sizeof *p->defs);
    p->columns = ep_calloc(t->stage.n_columns, sizeof *p->columns);
    p->from = ep_calloc(t->stage.n_columns, sizeof *p->from);
    return p->defs && p->columns && p->from ? EP_OK : ep_fail(err, EP_E_NOMEM, "out of memory for a batch");
}

static void project(projection *p, const ep_table *t, int column) {
    p->defs[p->n] = t->stage.columns[column];
    p->from[p->n++] = (size_t)column;
}

static ep_code make_table(const projection *p, ep_store *store, const char *name, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    ep_buf_printf(&sql, "drop table if exists %s; create temp table %s (", name, name);
    for (size_t c = 0; c < p->n; c++) {
        ep_buf_puts(&sql, c ? ", " : "");
        ep_buf_put_ident(&sql, ep_str_from(p->defs[c].name));
        ep_buf_puts(&sql, " ");
        ep_store_put_type(store, &p->defs[c], &sql);
    }
    ep_buf_puts(&sql, ")");
    EP_TRY(ep_buf_check(&sql, err));
    return ep_store_exec(store, sql.data, err);
}

static ep_code append(const projection *p, ep_store *store, const char *name, const ep_batch *batch,
                      const uint32_t *rows, size_t n_rows, ep_error *err) {
    if (n_rows == 0)
        return EP_OK; /* and there may be no batch any more */
    ep_schema schema = {p->defs, p->n};
    for (size_t c = 0; c < p->n; c++)
        p->columns[c] = batch->columns[p->from[c]];
    ep_batch view = {.schema = &schema, .columns = p->columns, .n_rows = batch->n_rows, .sealed = true};
    return ep_store_append(store, name, &view, rows, n_rows, err);
}

ep_code ep_held_probe(ep_held *held, ep_store *store, int64_t to, ep_error *err) {
    const ep_table *t = held->table;
    EP_CLEANUP(row_list_done) row_list rows = {0};
    EP_CLEANUP(ep_buf_done) ep_buf name = {0};
    EP_CLEANUP(projection_done) projection p = {0};
    ep_buf_printf(&name, "probe_%s", t->name);
    EP_TRY(ep_buf_check(&name, err));
    EP_TRY(projection_init(&p, t, err));
    project(&p, t, t->c_row);
    if (t->keyed)
        project(&p, t, t->c_key);
    for (size_t i = 0; i < held->n_identity && !t->keyed; i++)
        project(&p, t, (int)held->identity[i]);
    EP_TRY(make_table(&p, store, name.data, err));
    for (size_t i = 0; i < held->n_parts; i++) {
        const ep_held_part *part = &held->parts[i];
        rows.n = 0;
        for (size_t k = 0; !part->given && k < part->n; k++)
            if (part->rows[k] != EP_HELD_GONE && part->batch->columns[t->c_at].i64[part->rows[k]] <= to)
                EP_TRY(add_row(&rows, part->rows[k], err));
        EP_TRY(append(&p, store, name.data, part->batch, rows.items, rows.n, err));
    }
    return EP_OK;
}

/* Where each parent was first named, in the order of the batches. */
static ep_code list_parents(const ep_held_set *set, ep_held_at **ret, ep_error *err) {
    ep_held_at *places = ep_calloc(set->n + 1, sizeof *places);
    size_t n = 0;
    if (!places)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a batch");
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i].key >= 0)
            places[n++] = set->slots[i].at;
    qsort(places, n, sizeof *places, by_place);
    *ret = places;
    return EP_OK;
}

static void places_free(ep_held_at **places) {
    ep_free(*places);
}

ep_code ep_held_put_parents(ep_held *held, ep_store *store, size_t link, ep_error *err) {
    const ep_table *t = held->table;
    EP_CLEANUP(places_free) ep_held_at *places = NULL;
    EP_CLEANUP(row_list_done) row_list rows = {0};
    EP_CLEANUP(ep_buf_done) ep_buf name = {0};
    size_t n = held->parents[link].n;
    EP_CLEANUP(projection_done) projection p = {0};
    ep_buf_printf(&name, "parents_%s_%zu", t->name, link);
    EP_TRY(ep_buf_check(&name, err));
    EP_TRY(projection_init(&p, t, err));
    project(&p, t, t->links[link].stage_column);
    for (size_t k = 0; k < t->links[link].n_from; k++)
        project(&p, t, t->links[link].from[k]);
    EP_TRY(make_table(&p, store, name.data, err));
    EP_TRY(list_parents(&held->parents[link], &places, err));
    for (size_t i = 0, end; i < n; i = end) {
        rows.n = 0;
        for (end = i; end < n && places[end].part == places[i].part; end++)
            EP_TRY(add_row(&rows, places[end].row, err));
        const ep_batch *batch = held->parts[places[i].part - held->first_part].batch;
        EP_TRY(append(&p, store, name.data, batch, rows.items, rows.n, err));
    }
    return EP_OK;
}

static ep_code drop_table(ep_store *store, const ep_buf *name, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf sql = {0};
    EP_TRY(ep_buf_check(name, err));
    ep_buf_printf(&sql, "drop table %s", name->data);
    EP_TRY(ep_buf_check(&sql, err));
    return ep_store_exec(store, sql.data, err);
}

ep_code ep_held_drop_parents(const ep_table *t, ep_store *store, size_t link, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf name = {0};
    ep_buf_printf(&name, "parents_%s_%zu", t->name, link);
    return drop_table(store, &name, err);
}

static void drop_gone(ep_held_part *part) {
    size_t n = 0;
    for (size_t i = 0; i < part->n; i++)
        if (part->rows[i] != EP_HELD_GONE)
            part->rows[n++] = part->rows[i];
    part->n = n;
}

/* The parts one by one, without what was set apart, and then those of the flow. */
typedef struct stream {
    ep_held *held;
    const ep_held_flow *flow;
    bool ended;        /* the flow is, or there is none */
    size_t next;       /* part */
    size_t n_compared; /* parts that were compared with the table */
    size_t n_given;    /* rows */
} stream;

/* The next part with rows. It does not move past an empty last one, in which the next batch may begin. */
static ep_held_part *find_part(stream *s) {
    for (; s->next < s->held->n_parts; s->next++) {
        ep_held_part *part = &s->held->parts[s->next];
        if (part->given)
            continue;
        drop_gone(part);
        if (part->n > 0)
            return part;
        if (s->next + 1 == s->held->n_parts)
            break;
    }
    return NULL;
}

static ep_code next_part(void *context, const ep_batch **ret, const uint32_t **rows, size_t *n_rows,
                         ep_error *err) {
    stream *s = context;
    ep_held_part *part = find_part(s);
    *ret = NULL;
    for (bool more; !part && !s->ended; part = find_part(s)) {
        EP_TRY(s->flow->more(s->flow->context, &more, err));
        s->ended = !more;
    }
    if (part && s->next >= s->n_compared && part->min_at <= s->flow->after) {
        s->ended = true;
        return EP_OK;
    }
    if (!part)
        return EP_OK;
    part->given = true;
    s->next++;
    s->n_given += part->n;
    *ret = part->batch;
    *rows = part->rows;
    *n_rows = part->n;
    return EP_OK;
}

ep_code ep_held_send(ep_held *held, ep_store *store, ep_error *err) {
    const ep_table *t = held->table;
    EP_CLEANUP(ep_buf_done) ep_buf name = {0};
    EP_CLEANUP(projection_done) projection p = {0};
    ep_buf_printf(&name, "held_%s", t->name);
    EP_TRY(ep_buf_check(&name, err));
    EP_TRY(projection_init(&p, t, err));
    for (size_t c = 0; c < t->stage.n_columns; c++)
        project(&p, t, (int)c);
    EP_TRY(make_table(&p, store, name.data, err));
    for (size_t i = 0; i < held->n_parts; i++) {
        ep_held_part *part = &held->parts[i];
        drop_gone(part);
        EP_TRY(append(&p, store, name.data, part->batch, part->rows, part->n, err));
    }
    held->sent = true;
    return EP_OK;
}

static ep_code insert_sent(ep_held *held, ep_store *store, const char *sql, int64_t *ret_n, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf name = {0};
    EP_TRY(ep_store_run(store, sql, NULL, 0, ret_n, err));
    ep_buf_printf(&name, "held_%s", held->table->name);
    return drop_table(store, &name, err);
}

static void part_done(void *context, const ep_batch *batch) {
    stream *s = context;
    ep_held_part *part = &s->held->parts[s->next];
    do
        part--;
    while (part->batch != batch);
    if (!s->flow || part->n_apart > 0)
        return;
    part->batch = NULL;
    s->flow->done(s->flow->context, batch);
}

static bool has_enough(void *context) {
    const stream *s = context;
    return s->flow && s->flow->enough(s->flow->context);
}

static ep_code insert_stream(ep_held *held, ep_store *store, const char *sql, const ep_held_flow *flow,
                             size_t *ret_expected, int64_t *ret_n, ep_error *err) {
    stream s = {.held = held, .flow = flow, .ended = !flow, .n_compared = held->n_parts};
    const ep_stream_source source = {
        .schema = &held->table->stage,
        .context = &s,
        .next = next_part,
        .done = part_done,
        .enough = has_enough,
        .text = flow ? EP_TEXT_STRAIGHT : EP_TEXT_STAYS,
        .side_by_side = flow,
    };
    EP_TRY(ep_store_insert_stream(store, sql, &source, 0, ret_n, err));
    *ret_expected = s.n_given;
    return EP_OK;
}

ep_code ep_held_insert(ep_held *held, ep_store *store, const char *sql, const ep_held_flow *flow,
                       ep_error *err) {
    size_t expected = held->n_rows;
    int64_t n;
    EP_TRY(held->sent ? insert_sent(held, store, sql, &n, err)
                      : insert_stream(held, store, sql, flow, &expected, &n, err));
    if ((size_t)n != expected)
        return ep_fail(err, EP_E_BUG, "%zu rows of %s were held, %lld inserted", expected, held->table->name,
                       (long long)n);
    held->n_rows -= expected;
    return EP_OK;
}

/* What the `insert` of sql/transaction.sql names, without versions that rows are bound to. */
static void project_stored(projection *p, const ep_table *t) {
    const int system[] = {t->c_at, t->c_seq, t->c_hash, t->c_record, t->c_load};
    for (size_t i = 0; i < t->stored.n; i++)
        for (size_t c = 0; c < t->stage.n_columns; c++)
            if (strcmp(t->stage.columns[c].name, t->stored.items[i].name) == 0)
                project(p, t, (int)c);
    for (size_t i = 0; i < sizeof system / sizeof *system; i++)
        project(p, t, system[i]);
}

ep_code ep_held_append(ep_held *held, ep_store *store, ep_error *err) {
    EP_CLEANUP(projection_done) projection p = {0};
    EP_TRY(projection_init(&p, held->table, err));
    project_stored(&p, held->table);
    for (size_t i = 0; i < held->n_parts; i++) {
        ep_held_part *part = &held->parts[i];
        drop_gone(part);
        EP_TRY(append(&p, store, held->table->name, part->batch, part->rows, part->n, err));
        held->n_rows -= part->n;
        part->given = true;
    }
    return EP_OK;
}
