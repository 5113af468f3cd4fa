#include "warehouse/stage.h"
#include "base/hash.h"

#include <string.h>

/* A direct-mapped memory of natural keys seen lately: sellers, products and customers come again and again. */
enum { CACHE_SLOTS = 8192, CACHE_BYTES = 88 };

typedef struct cache_slot {
    int64_t key;
    uint32_t len; /* 0: empty */
    char bytes[CACHE_BYTES];
} cache_slot;

struct ep_stamper {
    const ep_warehouse *w;
    const ep_feed *feed;
    ep_sha256 *sha;
    cache_slot *cache;
    ep_buf buf;    /* the key at work */
    char *content; /* the row at work, as it is hashed */
    size_t content_capacity;
    uint32_t *rows; /* accepted ones of the table at work */
    size_t rows_capacity;
};

ep_code ep_stamper_new(const ep_warehouse *w, const ep_feed *feed, ep_stamper **ret, ep_error *err) {
    EP_CLEANUP(ep_stamper_free) ep_stamper *s = ep_calloc(1, sizeof *s);
    if (!s || !(s->cache = ep_calloc(CACHE_SLOTS, sizeof *s->cache)))
        return ep_fail(err, EP_E_NOMEM, "out of memory for keys");
    s->w = w;
    s->feed = feed;
    EP_TRY(ep_sha256_new(&s->sha, err));
    *ret = s;
    s = NULL;
    return EP_OK;
}

void ep_stamper_free(ep_stamper **stamper) {
    if (!stamper || !*stamper)
        return;
    ep_sha256_free(&(*stamper)->sha);
    ep_free((*stamper)->cache);
    ep_buf_done(&(*stamper)->buf);
    ep_free((*stamper)->content);
    ep_free((*stamper)->rows);
    ep_free(*stamper);
    *stamper = NULL;
}

/* Length-prefixed canonical text: ("ab","c") and ("a","bc") differ. */
static void put_part(ep_buf *buf, const ep_value *value) {
    size_t start = buf->len;
    ep_buf_add(buf, "\0\0\0\0", 4);
    ep_value_put(buf, value);
    if (buf->failed)
        return;
    uint32_t len = (uint32_t)(buf->len - start - 4);
    memcpy(buf->data + start, &len, 4);
}

static void put_text_part(ep_buf *buf, ep_str text) {
    uint32_t len = (uint32_t)text.len;
    ep_buf_add(buf, &len, sizeof len);
    ep_buf_put_str(buf, text);
}

/* A key begins with its table's name. */
static void begin_key(ep_buf *buf, const ep_table *table) {
    ep_buf_reset(buf);
    put_text_part(buf, ep_str_from(table->name));
}

ep_code ep_durable_key(const ep_warehouse *w, const ep_table *table, const ep_value *values, int64_t *ret,
                       ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    uint8_t digest[32];
    begin_key(&buf, table);
    for (size_t i = 0; i < table->contract->n_key; i++)
        put_part(&buf, &values[i]);
    EP_TRY(ep_buf_check(&buf, err));
    if (table->personal)
        ep_hmac_sha256(w->secret, sizeof w->secret, buf.data, buf.len, digest);
    else
        ep_sha256_of(buf.data, buf.len, digest);
    *ret = ep_id63(digest);
    return EP_OK;
}

/* The same over the bytes in s->buf, remembered. */
static ep_code key_of(ep_stamper *s, const ep_table *table, int64_t *ret, ep_error *err) {
    EP_TRY(ep_buf_check(&s->buf, err));
    cache_slot *slot = &s->cache[ep_xxh3(s->buf.data, s->buf.len) % CACHE_SLOTS];
    if (slot->len == s->buf.len && memcmp(slot->bytes, s->buf.data, s->buf.len) == 0) {
        *ret = slot->key;
        return EP_OK;
    }
    uint8_t digest[32];
    if (table->personal) {
        ep_hmac_sha256(s->w->secret, sizeof s->w->secret, s->buf.data, s->buf.len, digest);
    } else {
        ep_sha256_init(s->sha);
        ep_sha256_add(s->sha, s->buf.data, s->buf.len);
        ep_sha256_end(s->sha, digest);
    }
    *ret = ep_id63(digest);
    if (s->buf.len <= CACHE_BYTES) {
        slot->len = (uint32_t)s->buf.len;
        slot->key = *ret;
        memcpy(slot->bytes, s->buf.data, s->buf.len);
    }
    return EP_OK;
}

static void put_cell_part(ep_buf *buf, const ep_batch *batch, size_t row, size_t field) {
    const ep_column *column = &batch->columns[field];
    if (column->text && column->state[row] == EP_VALUE && batch->schema->columns[field].type == EP_T_TEXT) {
        put_text_part(buf, column->text[row]);
        return;
    }
    ep_value value = ep_batch_get(batch, row, field);
    put_part(buf, &value);
}

/* Rows of one table of a unit that were accepted: a column at a time. */
typedef struct stamping {
    ep_stamper *s;
    const ep_table *t;
    const ep_unit *unit;
    const ep_unit_table *table;
    ep_batch *batch;
    const uint32_t *rows;
    size_t n_rows;
} stamping;

/* Bytes of a cell in a row's content besides its text: name, state, length or number. */
enum { CELL_BYTES = 8 + 1 + 16 };

/* Most texts are short: two copies that may overlap instead of a call. */
static inline void put_bytes(char *at, const char *bytes, size_t len) {
    if (len > EP_SHORT_BYTES) {
        memcpy(at, bytes, len);
    } else if (len >= 8) {
        memcpy(at, bytes, 8);
        memcpy(at + len - 8, bytes + len - 8, 8);
    } else if (len >= 4) {
        memcpy(at, bytes, 4);
        memcpy(at + len - 4, bytes + len - 4, 4);
    } else if (len > 0) { /* the first, the middle and the last are all there are */
        at[0] = bytes[0];
        at[len / 2] = bytes[len / 2];
        at[len - 1] = bytes[len - 1];
    }
}

/* Writes a cell; there is room. */
static inline char *put_content(char *at, uint64_t tag, const ep_column *column, size_t row) {
    ep_state state = (ep_state)column->state[row];
    if (state == EP_ABSENT)
        return at;
    memcpy(at, &tag, sizeof tag);
    at[sizeof tag] = (char)('0' + state);
    at += sizeof tag + 1;
    if (state != EP_VALUE)
        return at;
    if (column->text) {
        uint32_t len = (uint32_t)column->text[row].len;
        memcpy(at, &len, sizeof len);
        put_bytes(at + sizeof len, column->text[row].ptr, len);
        return at + sizeof len + len;
    }
    if (column->i128) {
        memcpy(at, &column->i128[row], sizeof column->i128[row]);
        return at + sizeof column->i128[row];
    }
    memcpy(at, &column->i64[row], sizeof column->i64[row]);
    return at + sizeof column->i64[row];
}

/* Content of a row: every sent cell under its name; equal contents of one key are one change. */
static ep_code stamp_content(const stamping *g, ep_error *err) {
    const ep_table *t = g->t;
    ep_stamper *s = g->s;
    for (size_t i = 0; i < g->n_rows; i++) {
        size_t row = g->rows[i], size = t->n_content * CELL_BYTES;
        for (size_t c = 0; c < t->n_content; c++) {
            const ep_column *column = &g->batch->columns[t->content[c].field];
            if (column->text && column->state[row] == EP_VALUE)
                size += column->text[row].len;
        }
        EP_TRY(ep_grow((void **)&s->content, &s->content_capacity, size, 1, err));
        char *at = s->content;
        for (size_t c = 0; c < t->n_content; c++)
            at = put_content(at, t->content[c].tag, &g->batch->columns[t->content[c].field], row);
        ep_batch_set_i64(g->batch, row, (size_t)t->c_hash,
                         ep_content_hash(s->content, (size_t)(at - s->content)));
    }
    return EP_OK;
}

static void stamp_places(const stamping *g, int64_t unit_no) {
    const ep_unit *unit = g->unit;
    for (size_t i = 0; i < g->n_rows; i++) {
        size_t row = g->rows[i];
        const ep_unit_record *record = &unit->records[g->table->record_of[row]];
        ep_batch_set_i64(g->batch, row, (size_t)g->t->c_row, unit_no << 32 | (int64_t)row);
        ep_batch_set_i64(g->batch, row, (size_t)g->t->c_record, (int64_t)record->raw.at.record);
        ep_batch_set_i64(g->batch, row, (size_t)g->t->c_group,
                         (int64_t)(g->table->group_of[row] - record->first_group));
    }
}

static bool has_value(const ep_batch *batch, int field, size_t row) {
    return field >= 0 && batch->columns[field].state[row] == EP_VALUE;
}

static void stamp_order(const stamping *g) {
    const ep_contract *c = g->t->contract;
    const ep_batch *batch = g->batch;
    int64_t unit_us =
        c->valid_time >= 0 && c->schema.columns[c->valid_time].type == EP_T_DATE ? EP_DAY_US : 1;
    for (size_t i = 0; i < g->n_rows; i++) {
        size_t row = g->rows[i];
        bool timed = has_value(batch, c->valid_time, row), sequenced = has_value(batch, c->sequence, row);
        ep_batch_set_i64(g->batch, row, (size_t)g->t->c_at,
                         timed ? batch->columns[c->valid_time].i64[row] * unit_us : EP_TS_MIN);
        ep_batch_set_i64(g->batch, row, (size_t)g->t->c_seq,
                         sequenced ? batch->columns[c->sequence].i64[row] : 0);
    }
}

static int64_t present_mask(const ep_table *t, const ep_batch *batch, size_t row) {
    int64_t mask = 0;
    for (size_t f = 0; f < t->contract->n_fields; f++)
        if (batch->columns[f].state[row] != EP_ABSENT)
            mask |= t->bit[f];
    return mask;
}

static ep_code stamp_keys(const stamping *g, ep_error *err) {
    const ep_contract *c = g->t->contract;
    ep_batch *batch = g->batch;
    for (size_t i = 0; i < g->n_rows; i++) {
        size_t row = g->rows[i];
        int64_t key;
        begin_key(&g->s->buf, g->t);
        for (size_t k = 0; k < c->n_key; k++)
            put_cell_part(&g->s->buf, batch, row, (size_t)c->key[k]);
        EP_TRY(key_of(g->s, g->t, &key, err));
        bool deleted = has_value(batch, c->deleted, row) && batch->columns[c->deleted].i64[row];
        ep_batch_set_i64(batch, row, (size_t)g->t->c_key, key);
        ep_batch_set_i64(batch, row, (size_t)g->t->c_present, present_mask(g->t, batch, row));
        ep_batch_set_i64(batch, row, (size_t)g->t->c_deleted, deleted);
    }
    return EP_OK;
}

static ep_code stamp_link(const stamping *g, const ep_link *link, ep_error *err) {
    for (size_t i = 0; i < g->n_rows; i++) {
        size_t row = g->rows[i];
        bool known = true;
        begin_key(&g->s->buf, link->table);
        for (size_t k = 0; known && k < link->n_from; k++) {
            known = has_value(g->batch, link->from[k], row);
            if (known)
                put_cell_part(&g->s->buf, g->batch, row, (size_t)link->from[k]);
        }
        if (!known)
            continue;
        int64_t key;
        EP_TRY(key_of(g->s, link->table, &key, err));
        ep_batch_set_i64(g->batch, row, (size_t)link->stage_column, key);
    }
    return EP_OK;
}

/* Rows whose group was not rejected. */
static ep_code accepted_rows(ep_stamper *s, const ep_unit *unit, const ep_unit_table *table, size_t *ret_n,
                             ep_error *err) {
    size_t n = 0, n_rows = table->batch->n_rows;
    EP_TRY(ep_grow((void **)&s->rows, &s->rows_capacity, n_rows, sizeof *s->rows, err));
    for (size_t row = 0; row < n_rows; row++) {
        s->rows[n] = (uint32_t)row;
        n += !unit->groups[table->group_of[row]].rejected;
    }
    *ret_n = n;
    return EP_OK;
}

static ep_code stamp_table(ep_stamper *s, ep_unit *unit, ep_unit_table *table, int64_t unit_no,
                           ep_error *err) {
    const ep_table *t = ep_plan_find(s->w->plan, table->contract->name);
    stamping g = {.s = s, .t = t, .unit = unit, .table = table, .batch = table->batch};
    EP_TRY(accepted_rows(s, unit, table, &g.n_rows, err));
    g.rows = s->rows;
    stamp_places(&g, unit_no);
    stamp_order(&g);
    EP_TRY(stamp_content(&g, err));
    if (t->keyed)
        EP_TRY(stamp_keys(&g, err));
    for (size_t l = 0; l < t->n_links; l++)
        EP_TRY(stamp_link(&g, &t->links[l], err));
    return EP_OK;
}

ep_code ep_stamper_run(ep_stamper *s, ep_unit *unit, int64_t unit_no, ep_error *err) {
    for (size_t i = 0; i < unit->n_tables; i++)
        EP_TRY(stamp_table(s, unit, &unit->tables[i], unit_no, err));
    return EP_OK;
}

ep_code ep_stage_schemas(const ep_warehouse *w, const ep_feed *feed, ep_feed_schemas *ret, ep_error *err) {
    size_t n = ep_feed_n_targets(feed);
    ret->per_target = ep_calloc(n + 1, sizeof *ret->per_target);
    if (!ret->per_target)
        return ep_fail(err, EP_E_NOMEM, "out of memory for a feed's tables");
    for (size_t i = 0; i < n; i++) {
        const ep_table *t = ep_plan_find(w->plan, ep_feed_target(feed, i)->name);
        if (!t || !t->fed)
            return ep_fail(err, EP_E_CONFIG, "feed %s emits %s, which is not a table that feeds fill",
                           ep_feed_name(feed), ep_feed_target(feed, i)->name);
        ret->per_target[i] = t->stage;
    }
    return EP_OK;
}

void ep_stage_schemas_done(ep_feed_schemas *schemas) {
    ep_free(schemas->per_target);
    schemas->per_target = NULL;
}
