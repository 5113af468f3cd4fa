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
    ep_buf buf;
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

static void put_key(ep_buf *buf, const ep_table *table, const ep_value *values) {
    ep_value name = ep_v_cstr(table->name);
    ep_buf_reset(buf);
    put_part(buf, &name);
    for (size_t i = 0; i < table->contract->n_key; i++)
        put_part(buf, &values[i]);
}

ep_code ep_durable_key(const ep_warehouse *w, const ep_table *table, const ep_value *values, int64_t *ret,
                       ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf buf = {0};
    uint8_t digest[32];
    put_key(&buf, table, values);
    EP_TRY(ep_buf_check(&buf, err));
    if (table->personal)
        ep_hmac_sha256(w->secret, sizeof w->secret, buf.data, buf.len, digest);
    else
        ep_sha256_of(buf.data, buf.len, digest);
    *ret = ep_id63(digest);
    return EP_OK;
}

static ep_code key_of(ep_stamper *s, const ep_table *table, const ep_value *values, int64_t *ret,
                      ep_error *err) {
    put_key(&s->buf, table, values);
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

/* Content of a row: every sent cell under its name; equal contents of one key are one change. */
static ep_code content_of(ep_stamper *s, const ep_table *t, const ep_batch *batch, size_t row, int64_t *ret,
                          ep_error *err) {
    ep_buf *buf = &s->buf;
    ep_buf_reset(buf);
    for (size_t i = 0; i < t->n_content; i++) {
        const ep_column *column = &batch->columns[t->content[i].field];
        ep_state state = column->state[row];
        if (state == EP_ABSENT)
            continue;
        ep_buf_add(buf, &t->content[i].tag, sizeof t->content[i].tag);
        ep_buf_putc(buf, (char)('0' + state));
        if (state != EP_VALUE)
            continue;
        if (column->text) {
            uint32_t len = (uint32_t)column->text[row].len;
            ep_buf_add(buf, &len, sizeof len);
            ep_buf_put_str(buf, column->text[row]);
        } else if (column->i128) {
            ep_buf_add(buf, &column->i128[row], sizeof column->i128[row]);
        } else {
            ep_buf_add(buf, &column->i64[row], sizeof column->i64[row]);
        }
    }
    EP_TRY(ep_buf_check(buf, err));
    *ret = ep_content_hash(buf->data, buf->len);
    return EP_OK;
}

static int64_t event_time(const ep_contract *c, const ep_batch *batch, size_t row) {
    if (c->valid_time < 0 || batch->columns[c->valid_time].state[row] != EP_VALUE)
        return EP_TS_MIN;
    int64_t value = batch->columns[c->valid_time].i64[row];
    return c->schema.columns[c->valid_time].type == EP_T_DATE ? value * EP_DAY_US : value;
}

static int64_t present_mask(const ep_table *t, const ep_batch *batch, size_t row) {
    int64_t mask = 0;
    for (size_t f = 0; f < t->contract->n_fields; f++)
        if (batch->columns[f].state[row] != EP_ABSENT)
            mask |= t->bit[f];
    return mask;
}

static ep_code stamp_links(ep_stamper *s, const ep_table *t, ep_batch *batch, size_t row, ep_error *err) {
    for (size_t l = 0; l < t->n_links; l++) {
        const ep_link *link = &t->links[l];
        ep_value values[8];
        bool known = true;
        for (size_t k = 0; k < link->n_from; k++) {
            values[k] = ep_batch_get(batch, row, (size_t)link->from[k]);
            known = known && values[k].state == EP_VALUE;
        }
        if (!known)
            continue;
        int64_t key;
        EP_TRY(key_of(s, link->table, values, &key, err));
        ep_batch_set_i64(batch, row, (size_t)link->stage_column, key);
    }
    return EP_OK;
}

static ep_code stamp_row(ep_stamper *s, const ep_table *t, ep_unit *unit, ep_unit_table *table, size_t row,
                         int64_t unit_no, ep_error *err) {
    const ep_contract *c = t->contract;
    ep_batch *batch = table->batch;
    uint32_t record = table->record_of[row], group = table->group_of[row];
    int64_t hash;
    ep_batch_set_i64(batch, row, (size_t)t->c_row, unit_no << 32 | (int64_t)row);
    ep_batch_set_i64(batch, row, (size_t)t->c_record, (int64_t)unit->records[record].raw.at.record);
    ep_batch_set_i64(batch, row, (size_t)t->c_group, (int64_t)(group - unit->records[record].first_group));
    ep_batch_set_i64(batch, row, (size_t)t->c_at, event_time(c, batch, row));
    EP_TRY(content_of(s, t, batch, row, &hash, err));
    ep_batch_set_i64(batch, row, (size_t)t->c_hash, hash);
    bool sequenced = c->sequence >= 0 && batch->columns[c->sequence].state[row] == EP_VALUE;
    ep_batch_set_i64(batch, row, (size_t)t->c_seq, sequenced ? batch->columns[c->sequence].i64[row] : 0);
    if (t->keyed) {
        ep_value values[8];
        int64_t key;
        for (size_t k = 0; k < c->n_key; k++)
            values[k] = ep_batch_get(batch, row, (size_t)c->key[k]);
        EP_TRY(key_of(s, t, values, &key, err));
        bool deleted = c->deleted >= 0 && batch->columns[c->deleted].state[row] == EP_VALUE &&
                       batch->columns[c->deleted].i64[row];
        ep_batch_set_i64(batch, row, (size_t)t->c_key, key);
        ep_batch_set_i64(batch, row, (size_t)t->c_present, present_mask(t, batch, row));
        ep_batch_set_i64(batch, row, (size_t)t->c_deleted, deleted);
    }
    return stamp_links(s, t, batch, row, err);
}

ep_code ep_stamper_run(ep_stamper *s, ep_unit *unit, int64_t unit_no, ep_error *err) {
    for (size_t i = 0; i < unit->n_tables; i++) {
        const ep_table *t = ep_plan_find(s->w->plan, unit->tables[i].contract->name);
        for (size_t row = 0; row < unit->tables[i].batch->n_rows; row++)
            if (!unit->groups[unit->tables[i].group_of[row]].rejected)
                EP_TRY(stamp_row(s, t, unit, &unit->tables[i], row, unit_no, err));
    }
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
