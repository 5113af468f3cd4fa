#include "warehouse/quarantine.h"
#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT(n) \
    { .name = n, .type = EP_T_TEXT }
#define INT(n) \
    { .name = n, .type = EP_T_INT }
#define TIME(n) \
    { .name = n, .type = EP_T_TIMESTAMP }

/* In the order of books.quarantine. */
enum {
    Q_ID,
    Q_LOAD,
    Q_FEED,
    Q_FEED_HASH,
    Q_CONTRACTS,
    Q_SOURCE,
    Q_RECORD,
    Q_LINE,
    Q_OFFSET,
    Q_SIZE,
    Q_GROUP,
    Q_OWNER,
    Q_N_ROWS,
    Q_ROWS,
    Q_STATUS,
    Q_CODES,
    Q_REASONS,
    Q_RAW,
    Q_OCCURRENCE,
    Q_COLUMNS,
    Q_RECEIVED,
    Q_RECORDED,
    Q_CLOSED,
    Q_CLOSED_LOAD,
    N_Q
};
static const ep_column_def quarantine_columns[N_Q] = {
    INT("quarantine_id"),
    INT("load_id"),
    TEXT("feed"),
    TEXT("feed_hash"),
    TEXT("contract_versions"),
    TEXT("source"),
    INT("record"),
    INT("line"),
    INT("byte_offset"),
    INT("size_bytes"),
    INT("group_no"),
    TEXT("owner"),
    INT("n_rows"),
    TEXT("rows_by_table"),
    TEXT("status"),
    TEXT("codes"),
    TEXT("reasons"),
    {.name = "raw", .type = EP_T_BLOB},
    INT("occurrence"),
    TEXT("columns"),
    TIME("received_at"),
    TIME("recorded_at"),
    TIME("closed_at"),
    INT("closed_load_id"),
};
static const ep_schema quarantine_schema = {quarantine_columns, N_Q};

enum { F_LOAD, F_RECORD, F_CODE, F_SEVERITY, F_TABLE, F_FIELD, F_RULE, F_OWNER, F_FOUND, N_F };
static const ep_column_def finding_columns[N_F] = {
    INT("load_id"), INT("record"), TEXT("code"),  TEXT("severity"), TEXT("table_name"),
    TEXT("field"),  TEXT("rule"),  TEXT("owner"), TIME("found_at"),
};
static const ep_schema finding_schema = {finding_columns, N_F};

enum { W_ID, W_TABLE, W_KEY, N_W };
static const ep_column_def waiting_columns[N_W] = {INT("quarantine_id"), TEXT("table_name"),
                                                   INT("parent_key")};
static const ep_schema waiting_schema = {waiting_columns, N_W};

struct ep_set_aside {
    ep_warehouse *w;
    ep_batch *quarantine, *finding, *waiting;
};

ep_code ep_set_aside_new(ep_warehouse *w, ep_set_aside **ret, ep_error *err) {
    EP_CLEANUP(ep_set_aside_free) ep_set_aside *s = ep_calloc(1, sizeof *s);
    if (!s)
        return ep_fail(err, EP_E_NOMEM, "out of memory for the quarantine");
    s->w = w;
    EP_TRY(ep_batch_new(&quarantine_schema, 256, &s->quarantine, err));
    EP_TRY(ep_batch_new(&finding_schema, 256, &s->finding, err));
    EP_TRY(ep_batch_new(&waiting_schema, 16, &s->waiting, err));
    *ret = s;
    s = NULL;
    return EP_OK;
}

void ep_set_aside_free(ep_set_aside **s) {
    if (!s || !*s)
        return;
    ep_batch_free(&(*s)->quarantine);
    ep_batch_free(&(*s)->finding);
    ep_batch_free(&(*s)->waiting);
    ep_free(*s);
    *s = NULL;
}

int64_t ep_quarantine_id(int64_t load_id, uint64_t record, int64_t group, bool late) {
    char text[96];
    int len =
        snprintf(text, sizeof text, "%" PRId64 "/%" PRIu64 "/%" PRId64 "/%d", load_id, record, group, late);
    return ep_id63_of(text, (size_t)len);
}

ep_code ep_columns_put(const ep_str *columns, size_t n, char delimiter, ep_buf *ret, ep_error *err) {
    if (n == 0)
        return EP_OK;
    ep_buf_putc(ret, '[');
    ep_buf_put_json(ret, (ep_str){&delimiter, 1});
    for (size_t i = 0; i < n; i++) {
        ep_buf_puts(ret, ", ");
        ep_buf_put_json(ret, columns[i]);
    }
    ep_buf_putc(ret, ']');
    return ep_buf_check(ret, err);
}

static const char *severity_name(ep_severity severity) {
    static const char *const names[] = {"info", "warning", "error"};
    return names[severity];
}

static void put_reason(ep_buf *json, const ep_reason *r) {
    ep_buf_puts(json, json->len > 1 ? ", {" : "{");
    ep_buf_printf(json, "\"code\": \"%s\", \"severity\": \"%s\", \"contract\": ", ep_reason_name(r->code),
                  severity_name(r->severity));
    ep_buf_put_json(json, ep_str_from(r->contract));
    ep_buf_puts(json, ", \"field\": ");
    ep_buf_put_json(json, ep_str_from(r->field));
    ep_buf_puts(json, ", \"detail\": ");
    ep_buf_put_json(json, ep_str_from(r->detail));
    ep_buf_putc(json, '}');
}

static bool concerns(const ep_reason *r, uint32_t record, uint32_t group) {
    return r->record == record && (r->group == group || r->group == UINT32_MAX);
}

/* All reasons of a group as JSON, and their distinct codes. Reasons of a unit are ordered by record; `from` is a hint. */
static void put_reasons(const ep_reasons *reasons, size_t from, uint32_t record, uint32_t group, ep_buf *json,
                        ep_buf *codes) {
    bool seen[EP_N_REASONS] = {false};
    ep_buf_putc(json, '[');
    for (size_t i = from; i < reasons->n && reasons->items[i].record <= record; i++) {
        const ep_reason *r = &reasons->items[i];
        if (!concerns(r, record, group))
            continue;
        put_reason(json, r);
        if (r->severity == EP_S_ERROR && !seen[r->code]) {
            ep_buf_puts(codes, codes->len ? "," : "");
            ep_buf_puts(codes, ep_reason_name(r->code));
            seen[r->code] = true;
        }
    }
    ep_buf_putc(json, ']');
}

static size_t put_rows(const ep_unit *unit, const size_t *first_row, uint32_t group, ep_buf *json) {
    size_t total = 0;
    ep_buf_putc(json, '{');
    for (size_t t = 0; t < unit->n_tables; t++) {
        size_t n = 0;
        const ep_unit_table *table = &unit->tables[t];
        uint32_t record = unit->groups[group].record;
        for (size_t row = first_row[t]; row < table->batch->n_rows && table->record_of[row] <= record; row++)
            n += table->group_of[row] == group;
        if (n == 0)
            continue;
        ep_buf_puts(json, total ? ", " : "");
        ep_buf_put_json(json, ep_str_from(table->contract->name));
        ep_buf_printf(json, ": %zu", n);
        total += n;
    }
    ep_buf_putc(json, '}');
    return total;
}

static ep_code set_text(ep_batch *batch, size_t column, const char *text, ep_error *err) {
    return ep_batch_copy_text(batch, batch->n_rows - 1, column, ep_str_from(text), err);
}

static void put_contract_versions(const ep_feed *feed, ep_buf *buf) {
    for (size_t i = 0; i < ep_feed_n_targets(feed); i++) {
        const ep_contract *c = ep_feed_target(feed, i);
        ep_buf_printf(buf, "%s%s %s %.12s", i ? ", " : "", c->name, c->version, c->hash);
    }
}

/* The cells that early and late groups share. */
static ep_code begin_row(ep_set_aside *s, const ep_set_aside_source *source, const ep_coordinates *at,
                         ep_str raw, uint32_t occurrence, ep_error *err) {
    ep_batch *b = s->quarantine;
    EP_CLEANUP(ep_buf_done) ep_buf versions = {0};
    put_contract_versions(source->feed, &versions);
    EP_TRY(ep_buf_check(&versions, err));
    EP_TRY(ep_batch_add_row(b, err));
    size_t row = b->n_rows - 1;
    ep_batch_set_i64(b, row, Q_LOAD, source->load_id);
    EP_TRY(set_text(b, Q_FEED, ep_feed_name(source->feed), err));
    EP_TRY(set_text(b, Q_FEED_HASH, ep_feed_hash(source->feed), err));
    EP_TRY(ep_batch_copy_text(b, row, Q_CONTRACTS, (ep_str){versions.data, versions.len}, err));
    EP_TRY(set_text(b, Q_SOURCE, source->source, err));
    ep_batch_set_i64(b, row, Q_RECORD, (int64_t)at->record);
    ep_batch_set_i64(b, row, Q_LINE, (int64_t)at->line);
    ep_batch_set_i64(b, row, Q_OFFSET, (int64_t)at->offset);
    ep_batch_set_i64(b, row, Q_SIZE, at->size_bytes);
    EP_TRY(ep_batch_copy_text(b, row, Q_RAW, raw, err));
    ep_batch_set_i64(b, row, Q_OCCURRENCE, occurrence);
    if (source->columns)
        EP_TRY(set_text(b, Q_COLUMNS, source->columns, err));
    ep_batch_set_i64(b, row, Q_RECEIVED, source->received_at);
    ep_batch_set_i64(b, row, Q_RECORDED, ep_now_us());
    return EP_OK;
}

static ep_code add_group(ep_set_aside *s, const ep_set_aside_source *source, const ep_unit *unit,
                         const size_t *first_row, size_t first_reason, uint32_t g, ep_error *err) {
    const ep_group *group = &unit->groups[g];
    const ep_unit_record *record = &unit->records[group->record];
    EP_CLEANUP(ep_buf_done) ep_buf reasons = {0};
    EP_CLEANUP(ep_buf_done) ep_buf codes = {0};
    EP_CLEANUP(ep_buf_done) ep_buf rows = {0};
    put_reasons(&unit->reasons, first_reason, group->record, g, &reasons, &codes);
    size_t n_rows = put_rows(unit, first_row, g, &rows);
    ep_buf_puts(&codes, "");
    EP_TRY(ep_buf_check(&reasons, err));
    EP_TRY(ep_buf_check(&codes, err));
    EP_TRY(ep_buf_check(&rows, err));
    EP_TRY(begin_row(s, source, &record->raw.at, record->raw.raw, record->raw.occurrence, err));
    ep_batch *b = s->quarantine;
    size_t row = b->n_rows - 1;
    int64_t group_no = g - record->first_group;
    ep_batch_set_i64(b, row, Q_ID, ep_quarantine_id(source->load_id, record->raw.at.record, group_no, false));
    ep_batch_set_i64(b, row, Q_GROUP, group_no);
    if (group->owner_known)
        EP_TRY(ep_batch_copy_text(b, row, Q_OWNER, group->owner, err));
    ep_batch_set_i64(b, row, Q_N_ROWS, (int64_t)n_rows);
    EP_TRY(ep_batch_copy_text(b, row, Q_ROWS, (ep_str){rows.data, rows.len}, err));
    EP_TRY(set_text(b, Q_STATUS, "open", err));
    EP_TRY(ep_batch_copy_text(b, row, Q_CODES, (ep_str){codes.data, codes.len}, err));
    return ep_batch_copy_text(b, row, Q_REASONS, (ep_str){reasons.data, reasons.len}, err);
}

static ep_code add_finding(ep_set_aside *s, const ep_set_aside_source *source, const ep_unit *unit,
                           const ep_reason *r, ep_error *err) {
    ep_batch *b = s->finding;
    EP_TRY(ep_batch_add_row(b, err));
    size_t row = b->n_rows - 1;
    ep_batch_set_i64(b, row, F_LOAD, source->load_id);
    ep_batch_set_i64(b, row, F_RECORD, (int64_t)unit->records[r->record].raw.at.record);
    EP_TRY(set_text(b, F_CODE, ep_reason_name(r->code), err));
    EP_TRY(set_text(b, F_SEVERITY, severity_name(r->severity), err));
    EP_TRY(set_text(b, F_TABLE, r->contract, err));
    EP_TRY(set_text(b, F_FIELD, r->field, err));
    EP_TRY(set_text(b, F_RULE, r->detail, err));
    if (r->group != UINT32_MAX && unit->groups[r->group].owner_known)
        EP_TRY(ep_batch_copy_text(b, row, F_OWNER, unit->groups[r->group].owner, err));
    ep_batch_set_i64(b, row, F_FOUND, source->received_at);
    return EP_OK;
}

static ep_code add_findings(ep_set_aside *s, const ep_set_aside_source *source, const ep_unit *unit,
                            ep_error *err) {
    for (size_t i = 0; i < unit->reasons.n; i++) {
        const ep_reason *r = &unit->reasons.items[i];
        bool set_aside = r->group != UINT32_MAX && unit->groups[r->group].rejected;
        if (r->severity != EP_S_ERROR && !set_aside)
            EP_TRY(add_finding(s, source, unit, r, err));
    }
    return EP_OK;
}

ep_code ep_set_aside_unit(ep_set_aside *s, const ep_set_aside_source *source, const ep_unit *unit,
                          ep_error *err) {
    /* Rows and reasons lie in the order of the records: one walk over all of them. */
    size_t *first_row = ep_calloc(unit->n_tables + 1, sizeof *first_row), first_reason = 0;
    ep_code code = first_row ? EP_OK : ep_fail(err, EP_E_NOMEM, "out of memory for the quarantine");
    for (uint32_t g = 0; code == EP_OK && g < unit->n_groups; g++) {
        uint32_t record = unit->groups[g].record;
        if (!unit->groups[g].rejected)
            continue;
        for (size_t t = 0; t < unit->n_tables; t++)
            while (first_row[t] < unit->tables[t].batch->n_rows &&
                   unit->tables[t].record_of[first_row[t]] < record)
                first_row[t]++;
        while (first_reason < unit->reasons.n && unit->reasons.items[first_reason].record < record)
            first_reason++;
        code = add_group(s, source, unit, first_row, first_reason, g, err);
    }
    ep_free(first_row);
    return code == EP_OK ? add_findings(s, source, unit, err) : code;
}

/* Rows a table and reasons of a group's rejections; returns the rows in all. */
static int64_t put_late(const ep_rejected *rejected, size_t n, ep_buf *rows, ep_buf *reasons) {
    int64_t total = 0;
    ep_buf_putc(rows, '{');
    ep_buf_putc(reasons, '[');
    for (size_t i = 0; i < n; i++) {
        const ep_rejected *r = &rejected[i];
        total += r->n_rows;
        if (i > 0 && strcmp(r->table, rejected[i - 1].table) == 0)
            continue;
        int64_t of_table = 0;
        for (size_t k = i; k < n && strcmp(rejected[k].table, r->table) == 0; k++)
            of_table += rejected[k].n_rows;
        ep_buf_printf(rows, "%s\"%s\": %" PRId64, i ? ", " : "", r->table, of_table);
        if (r->code == EP_R_PARENT && !r->parent_table)
            continue;
        ep_buf_printf(reasons,
                      "%s{\"code\": \"%s\", \"severity\": \"error\", \"contract\": \"%s\", \"field\": \"\", "
                      "\"detail\": \"%s%s\"}",
                      reasons->len > 1 ? ", " : "", ep_reason_name(r->code), r->table,
                      r->parent_table ? "no row yet in " : "another event has the same identity",
                      r->parent_table ? r->parent_table : "");
    }
    ep_buf_putc(rows, '}');
    ep_buf_putc(reasons, ']');
    return total;
}

static ep_code add_waiting(ep_set_aside *s, int64_t id, const ep_rejected *rejected, ep_error *err) {
    if (!rejected->waits || !rejected->parent_table)
        return EP_OK;
    EP_TRY(ep_batch_add_row(s->waiting, err));
    size_t row = s->waiting->n_rows - 1;
    ep_batch_set_i64(s->waiting, row, W_ID, id);
    ep_batch_set_i64(s->waiting, row, W_KEY, rejected->parent_key);
    return ep_batch_copy_text(s->waiting, row, W_TABLE, ep_str_from(rejected->parent_table), err);
}

ep_code ep_set_aside_late(ep_set_aside *s, const ep_set_aside_source *source, const ep_rejected *rejected,
                          size_t n, ep_str raw, const ep_coordinates *at, uint32_t occurrence,
                          ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf rows = {0};
    EP_CLEANUP(ep_buf_done) ep_buf reasons = {0};
    int64_t n_rows = put_late(rejected, n, &rows, &reasons);
    EP_TRY(ep_buf_check(&rows, err));
    EP_TRY(ep_buf_check(&reasons, err));
    EP_TRY(begin_row(s, source, at, raw, occurrence, err));
    ep_batch *b = s->quarantine;
    size_t row = b->n_rows - 1;
    int64_t id = ep_quarantine_id(rejected->load_id, rejected->record, rejected->group, true);
    ep_batch_set_i64(b, row, Q_ID, id);
    ep_batch_set_i64(b, row, Q_LOAD, rejected->load_id);
    ep_batch_set_i64(b, row, Q_GROUP, rejected->group);
    EP_TRY(set_text(b, Q_OWNER, rejected->owner, err));
    ep_batch_set_i64(b, row, Q_N_ROWS, n_rows);
    EP_TRY(ep_batch_copy_text(b, row, Q_ROWS, (ep_str){rows.data, rows.len}, err));
    EP_TRY(set_text(b, Q_STATUS, rejected->waits ? "waiting" : "open", err));
    EP_TRY(set_text(b, Q_CODES, ep_reason_name(rejected->code), err));
    EP_TRY(ep_batch_copy_text(b, row, Q_REASONS, (ep_str){reasons.data, reasons.len}, err));
    for (size_t i = 0; i < n; i++)
        EP_TRY(add_waiting(s, id, &rejected[i], err));
    return EP_OK;
}

static ep_code update_reasons(ep_warehouse *w, int64_t id, const char *codes, const ep_buf *reasons,
                              ep_error *err) {
    const ep_value params[] = {ep_v_int(id), ep_v_cstr(codes),
                               ep_v_text((ep_str){reasons->data, reasons->len})};
    return ep_store_run(w->store,
                        "update books.quarantine set codes = $2, reasons = $3 where quarantine_id = $1",
                        params, 3, NULL, err);
}

ep_code ep_set_aside_refused(ep_set_aside *s, int64_t id, const ep_unit *unit, uint32_t group,
                             ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf reasons = {0};
    EP_CLEANUP(ep_buf_done) ep_buf codes = {0};
    put_reasons(&unit->reasons, 0, unit->groups[group].record, group, &reasons, &codes);
    ep_buf_puts(&codes, "");
    EP_TRY(ep_buf_check(&reasons, err));
    EP_TRY(ep_buf_check(&codes, err));
    return update_reasons(s->w, id, codes.data, &reasons, err);
}

ep_code ep_set_aside_again(ep_set_aside *s, int64_t id, const ep_rejected *rejected, size_t n,
                           ep_buf *ret_rows, ep_error *err) {
    EP_CLEANUP(ep_buf_done) ep_buf reasons = {0};
    int64_t n_rows = put_late(rejected, n, ret_rows, &reasons);
    EP_TRY(ep_buf_check(ret_rows, err));
    EP_TRY(ep_buf_check(&reasons, err));
    EP_TRY(update_reasons(s->w, id, ep_reason_name(rejected->code), &reasons, err));
    const ep_value params[] = {ep_v_int(id), ep_v_cstr(rejected->waits ? "waiting" : "open"),
                               ep_v_text((ep_str){ret_rows->data, ret_rows->len}), ep_v_int(n_rows)};
    EP_TRY(ep_store_run(
        s->w->store,
        "update books.quarantine set status = $2, rows_by_table = $3, n_rows = $4 where quarantine_id = $1",
        params, 4, NULL, err));
    EP_TRY(ep_store_run(s->w->store, "delete from books.waiting_parent where quarantine_id = $1", params, 1,
                        NULL, err));
    for (size_t i = 0; i < n; i++)
        EP_TRY(add_waiting(s, id, &rejected[i], err));
    return EP_OK;
}

ep_code ep_set_aside_flush(ep_set_aside *s, ep_error *err) {
    const struct {
        const char *table;
        ep_batch *batch;
    } all[] = {{"books.quarantine", s->quarantine},
               {"books.finding", s->finding},
               {"books.waiting_parent", s->waiting}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].batch->n_rows == 0)
            continue;
        ep_batch_seal(all[i].batch);
        EP_TRY(ep_store_append(s->w->store, all[i].table, all[i].batch, NULL, 0, err));
        ep_batch_reset(all[i].batch);
    }
    return EP_OK;
}
